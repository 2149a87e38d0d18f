/* Steady states by TESPy: the slave in Python, asked through the functions of FMI.

   Python and pythonfmu's library are started with the first point that is asked for. Neither a host
   without Python nor a failure there does more than that points are not found.
*/
#ifndef HEATPUMP_TWIN_LIVE_H
#define HEATPUMP_TWIN_LIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "heat_pump.h"

typedef struct Live Live;

/* `resources` is the FMU's folder; the map of `heat_pump` says where a search starts. NULL without
   memory. */
Live *live_make(const char *resources, HeatPump *heat_pump);
void live_free(Live *live);

/* A SteadyState with a Live as its context. */
SteadyState live_point;

/* Whether the user has interrupted the last point. */
bool live_was_interrupted(const Live *live);

#endif
