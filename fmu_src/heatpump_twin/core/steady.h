/* The steady answer of one unit to any boundary: envelope, limits, outlets. */
#ifndef HEATPUMP_TWIN_STEADY_H
#define HEATPUMP_TWIN_STEADY_H

#include "heat_pump.h"
#include "map.h"
#include "state.h"

struct HeatPump {
    Map map;
    uint8_t map_hash[SHA256_SIZE];
    SteadyState *steady_state;
    void *context;
    State state;
    Decay decay; /* of the last step, which the next one can often use again */
};

/* Inputs without round-off: as given, of all units, and what of them one unit is asked. */
typedef struct {
    double given[INPUTS], asked[INPUTS];
} Inputs;

/* Whether one unit is asked for a point of its envelope. */
bool take_inputs(const HeatPump *heat_pump, const double inputs[INPUTS], Inputs *taken);

/* False, and a note of each, for inputs that no machine of this kind can have. */
bool have_meaning(const double given[INPUTS], Notes *notes);

/* False, and a note of each, for media that do not flow. */
bool has_flows(const Inputs *taken, Notes *notes);

/* False, and a note in place of all others, for a humidity that frost needs and that is none. */
bool has_humidity(const HeatPump *heat_pump, Notes *notes);

/* The share of heat that frost and defrost take with the air that enters; 0 where it is not to be
   counted, and with a humidity that has no meaning. */
double loss_by_frost(const HeatPump *heat_pump, const Inputs *taken);

/* One unit at inputs in its envelope, whatever its limits are, with a clean coil. */
bool steady_state(HeatPump *heat_pump, const double inputs[INPUTS], double results[RESULTS],
                  char *why, size_t size);
bool are_within_limits(const Constants *is, const double results[RESULTS]);

/* One unit when off. */
void at_rest(const HeatPump *heat_pump, const Inputs *taken, double results[RESULTS]);

/* One unit at any inputs; the results are for the caller to take with the statuses OFF to MOVED. */
Status steady_answer(HeatPump *heat_pump, const double inputs[INPUTS], double results[RESULTS],
                     Notes *notes);

/* Whether all are numbers in their declared ranges; says which is not. */
bool have_ranges(const double results[RESULTS], char *why, size_t size);

#endif
