/* The performance map of heatpump_twin.model.performance_map, evaluated without Python.

   It answers what lies inside the envelope and leaves everything else, whatever needs a word of
   explanation, to the slave. A test holds both to the same digits.
*/
#ifndef HEATPUMP_TWIN_NATIVE_MAP_H
#define HEATPUMP_TWIN_NATIVE_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "native_map_layout.h"

typedef struct NativeMap NativeMap;

/* Make a map of the numbers that heatpump_twin.core.native_map lays out; NULL if they are none. */
NativeMap *native_map_make(const double *numbers, size_t count);
void native_map_free(NativeMap *map);

/* Results at inputs, both in the order of the FMU's value references. False, and results as they
   were, where the slave has to be asked: outside the envelope, beyond a limit of the machine, no
   solution. */
bool native_map_answer(NativeMap *map, const double inputs[MAP_INPUTS],
                       double results[MAP_RESULTS]);

#endif
