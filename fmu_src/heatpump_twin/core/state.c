/* See state.h. */
#include "state.h"

#include <math.h>
#include <string.h>

#include "bytes.h"
#include "declared.h"

/* No number of a run comes near it; sums of such numbers stay finite. */
static const double LARGEST_NUMBER = 1e30;

static const char MAGIC[8] = {'H', 'P', 'S', 'T', 'A', 'T', 'E', '2'};

void state_write(const State *state, const uint8_t map_hash[SHA256_SIZE],
                 uint8_t bytes[STATE_SIZE]) {
    memcpy(bytes, MAGIC, sizeof MAGIC);
    uint8_t *next = put_integer(bytes + sizeof MAGIC, LAYOUT);
    memcpy(next, map_hash, SHA256_SIZE);
    next += SHA256_SIZE;
    for (int i = 0; i < PARAMETERS; i++) next = put_double(next, state->parameters[i]);
    for (int i = 0; i < RESULTS; i++) next = put_double(next, state->results[i]);
    for (int i = 0; i < SET_POINTS; i++) next = put_double(next, state->set_points[i]);
    const double *run = (const double *)&state->run;
    for (int i = 0; i < RUN_NUMBERS; i++) next = put_double(next, run[i]);
}

static bool is_flag(double value) { return value == 0.0 || value == 1.0; }

/* Whether a machine can have run so. Inputs may be anything: a step has not taken them. */
static bool is_run(const Run *run) {
    const double *numbers = (const double *)run;
    for (int i = 0; i < RUN_NUMBERS; i++)
        if (!isfinite(numbers[i]) || fabs(numbers[i]) > LARGEST_NUMBER) return false;
    for (int i = 0; i < OPERATIONS; i++)
        if (!is_in_range(&DECLARED_OPERATION[i], run->operation[i])) return false;
    for (int i = 0; i < RESULTS; i++)
        if (run->has_begun != 0.0 && !is_in_range(&DECLARED_RESULT[i], run->steady[i]))
            return false;
    return is_flag(run->has_begun) && is_flag(run->is_running) && run->time >= 0.0 &&
           run->since_change >= 0.0 && run->since_start >= 0.0;
}

bool state_read(State *state, const uint8_t map_hash[SHA256_SIZE], const uint8_t *bytes,
                size_t size) {
    if (size != STATE_SIZE || memcmp(bytes, MAGIC, sizeof MAGIC) != 0) return false;
    const uint8_t *next = bytes + sizeof MAGIC;
    if (integer_at(next) != LAYOUT || memcmp(next + 8, map_hash, SHA256_SIZE) != 0) return false;
    next += 8 + SHA256_SIZE;
    State found;
    for (int i = 0; i < PARAMETERS; i++, next += 8) {
        found.parameters[i] = double_at(next);
        if (!is_parameter((Parameter)i, found.parameters[i])) return false;
    }
    for (int i = 0; i < RESULTS; i++, next += 8) {
        found.results[i] = double_at(next);
        if (!is_in_range(&DECLARED_RESULT[i], found.results[i])) return false;
    }
    for (int i = 0; i < SET_POINTS; i++, next += 8) found.set_points[i] = double_at(next);
    double *run = (double *)&found.run;
    for (int i = 0; i < RUN_NUMBERS; i++, next += 8) run[i] = double_at(next);
    if (!is_run(&found.run)) return false;
    *state = found;
    return true;
}
