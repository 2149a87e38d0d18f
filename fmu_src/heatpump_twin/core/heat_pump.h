/* A heat pump as its surroundings see it: an answer to every boundary, with a status.

   Whatever is asked, heat_pump_step answers: off when the speed is 0, from the nearest point of the
   envelope when the inputs lie outside, and with the last results when an input has no meaning or
   the cycle has no solution. Notes name the variable and its value. The equations are those of
   heatpump_twin.model, stated there with their sources; tests hold both to the same digits.

   Nothing is allocated after heat_pump_make, and nothing is shared between instances: each may run
   in a thread of its own.
*/
#ifndef HEATPUMP_TWIN_HEAT_PUMP_H
#define HEATPUMP_TWIN_HEAT_PUMP_H

#include <stdbool.h>
#include <stddef.h>

#include "heat_pump_layout.h"

/* Notes of equal cause say the same thing again, maybe with another value. */
typedef struct {
    int cause;
    char text[NOTE_SIZE];
} Note;

typedef struct {
    int count;
    Note note[MOST_NOTES];
} Notes;

typedef struct HeatPump HeatPump;

/* A library of the core alone shows these functions; one that holds more keeps them to itself. */
#ifndef HEAT_PUMP_API
#define HEAT_PUMP_API
#endif

/* Steady state of one unit at inputs inside the envelope. False, and why in words of at most `size`
   bytes with their end, where there is none. */
typedef bool SteadyState(void *context, const double inputs[INPUTS], double results[RESULTS],
                         char *why, size_t size);

/* Make a heat pump of a map file, which is copied. NULL, and why in words: cut off, altered, of
   another version, no memory. Its first results are those of the machine when off. */
HEAT_PUMP_API HeatPump *heat_pump_make(const void *map_file, size_t size, char *why, size_t why_size);
HEAT_PUMP_API void heat_pump_free(HeatPump *heat_pump);

/* Inputs at the design point, from which a host starts. */
HEAT_PUMP_API void heat_pump_design(const HeatPump *heat_pump, double inputs[INPUTS]);

HEAT_PUMP_API double heat_pump_parameter(const HeatPump *heat_pump, Parameter parameter);

/* False, and nothing changed, for a value out of the declared range. */
HEAT_PUMP_API bool heat_pump_set_parameter(HeatPump *heat_pump, Parameter parameter, double value);

/* Whether frost may form, so that the parameter `frost` has an effect. */
HEAT_PUMP_API bool heat_pump_has_coil_in_air(const HeatPump *heat_pump);

/* Inputs beside those of a step: what the parameter `control` follows in place of the speed, and the
   humidity for `frost`. Any value, looked at in a step. */
HEAT_PUMP_API void heat_pump_set_point(HeatPump *heat_pump, SetPoint set_point, double value);
HEAT_PUMP_API double heat_pump_get_set_point(const HeatPump *heat_pump, SetPoint set_point);

/* Take steady states from elsewhere; from the map with NULL, as after heat_pump_make. */
HEAT_PUMP_API void heat_pump_use(HeatPump *heat_pump, SteadyState *steady_state, void *context);

/* The map itself, which is a SteadyState with the heat pump as context: limits of pressure and
   temperature are not looked at. */
HEAT_PUMP_API bool heat_pump_map(void *heat_pump, const double inputs[INPUTS], double results[RESULTS], char *why,
                   size_t size);

/* Answer the inputs of a step of a size in s; 0 passes on inputs. With the parameter dynamics =
   steady every step ends at the steady answer. With the statuses SOLVE_FAILED and INPUT_REJECTED
   that answer stays as it was. */
HEAT_PUMP_API Status heat_pump_step(HeatPump *heat_pump, const double inputs[INPUTS], double step_size,
                      Notes *notes);
/* As if the machine had been off until now: totals, minimum times and stored heat begin anew. */
HEAT_PUMP_API void heat_pump_begin(HeatPump *heat_pump);

/* Energies, starts and run time count from now. */
HEAT_PUMP_API void heat_pump_reset_totals(HeatPump *heat_pump);

HEAT_PUMP_API void heat_pump_operation(const HeatPump *heat_pump, double operation[OPERATIONS]);
HEAT_PUMP_API void heat_pump_results(const HeatPump *heat_pump, double results[RESULTS]);

/* All that a later answer depends on, as bytes that may be copied, stored and given to another
   instance of the same map. False, and nothing changed, for bytes that are no such state. */
HEAT_PUMP_API size_t heat_pump_state_size(const HeatPump *heat_pump);
HEAT_PUMP_API void heat_pump_get_state(const HeatPump *heat_pump, void *bytes);
HEAT_PUMP_API bool heat_pump_set_state(HeatPump *heat_pump, const void *bytes, size_t size);

#endif
