/* See state.h. */
#include "state.h"

#include <string.h>

#include "bytes.h"
#include "declared.h"

static const char MAGIC[8] = {'H', 'P', 'S', 'T', 'A', 'T', 'E', '1'};

void state_write(const State *state, const uint8_t map_hash[SHA256_SIZE],
                 uint8_t bytes[STATE_SIZE]) {
    memcpy(bytes, MAGIC, sizeof MAGIC);
    uint8_t *next = put_integer(bytes + sizeof MAGIC, LAYOUT);
    memcpy(next, map_hash, SHA256_SIZE);
    next += SHA256_SIZE;
    for (int i = 0; i < PARAMETERS; i++) next = put_double(next, state->parameters[i]);
    for (int i = 0; i < RESULTS; i++) next = put_double(next, state->results[i]);
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
    *state = found;
    return true;
}
