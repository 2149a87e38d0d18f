/* All that a later answer depends on, and its bytes. */
#ifndef HEATPUMP_TWIN_STATE_H
#define HEATPUMP_TWIN_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heat_pump_layout.h"
#include "sha256.h"

/* What flows from one step into the next has its place here; with steady answers nothing does but
   the results that are held. */
typedef struct {
    double parameters[PARAMETERS];
    double results[RESULTS];
} State;

/* Eight bytes that say what it is, the layout, the hash of the map, and the numbers. */
enum { STATE_SIZE = 8 + 8 + SHA256_SIZE + 8 * (PARAMETERS + RESULTS) };

void state_write(const State *state, const uint8_t map_hash[SHA256_SIZE],
                 uint8_t bytes[STATE_SIZE]);

/* False, and the state as it was, for bytes that state_write cannot have written for this map. */
bool state_read(State *state, const uint8_t map_hash[SHA256_SIZE], const uint8_t *bytes,
                size_t size);

#endif
