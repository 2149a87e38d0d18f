/* All that a later answer depends on, and its bytes. */
#ifndef HEATPUMP_TWIN_STATE_H
#define HEATPUMP_TWIN_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dynamics.h"
#include "heat_pump_layout.h"
#include "sha256.h"

/* How the machine has run and what it keeps. Numbers alone; flags are 0 or 1. */
typedef struct {
    double has_begun, is_running;
    double time, since_change, since_start; /* of the run, since a start or stop, s */
    double deficit;                         /* cycling: heat lacking, s of the least speed */
    double steady[RESULTS];                 /* the answer that is gone towards, of all units */
    double inputs[INPUTS], on_flow[SIDES];  /* of the last step that was answered */
    double operation[OPERATIONS];
    double stored_at_reset; /* J */
    Thermal thermal;
} Run;

typedef struct {
    double parameters[PARAMETERS];
    double results[RESULTS];
    double set_points[SET_POINTS]; /* as the host has set them, whatever they are */
    Run run;
} State;

enum { RUN_NUMBERS = sizeof(Run) / sizeof(double) };

/* Eight bytes that say what it is, the layout, the hash of the map, and the numbers. */
enum {
    STATE_SIZE = 8 + 8 + SHA256_SIZE + 8 * (PARAMETERS + RESULTS + SET_POINTS + RUN_NUMBERS)
};

void state_write(const State *state, const uint8_t map_hash[SHA256_SIZE],
                 uint8_t bytes[STATE_SIZE]);

/* False, and the state as it was, for bytes that state_write cannot have written for this map. */
bool state_read(State *state, const uint8_t map_hash[SHA256_SIZE], const uint8_t *bytes,
                size_t size);

#endif
