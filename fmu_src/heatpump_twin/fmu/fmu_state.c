#include "fmu_state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"

/* The last sign is the version of this layout. */
static const char MAGIC[8] = {'H', 'P', 'T', 'W', 'I', 'N', '5', 0};

/* Magic, whose it is, length of the whole, sum of all but itself; then the numbers of the frame and
   the bytes of the core. */
enum {
    AT_OWNER = 8,
    AT_LENGTH = 16,
    AT_SUM = 24,
    AT_FRAME = 32,
    FRAME_NUMBERS = 9 + SET_POINTS + INPUTS + STATUSES,
    AT_CORE = AT_FRAME + 8 * FRAME_NUMBERS,
};

/* FNV-1a, going on from a sum. */
static uint64_t sum_of(uint64_t sum, const void *bytes, size_t length) {
    for (size_t i = 0; i < length; i++)
        sum = (sum ^ ((const unsigned char *)bytes)[i]) * UINT64_C(1099511628211);
    return sum;
}

static const uint64_t EMPTY_SUM = UINT64_C(14695981039346656037);

static uint64_t owner_of(const Instance *instance) {
    return sum_of(EMPTY_SUM, instance->guid, strlen(instance->guid));
}

static uint64_t sum_of_state(const unsigned char *bytes, size_t size) {
    return sum_of(sum_of(EMPTY_SUM, bytes, AT_SUM), bytes + AT_FRAME, size - AT_FRAME);
}

static FmuState *new_state(const Instance *instance) {
    return calloc(1, sizeof(FmuState) + heat_pump_state_size(instance->heat_pump));
}

FmuState *state_of(const Instance *instance) {
    FmuState *state = new_state(instance);
    if (!state) return NULL;
    state->frame = instance->frame;
    heat_pump_get_state(instance->heat_pump, state->core);
    return state;
}

void state_restore(Instance *instance, const FmuState *state) {
    instance->frame = state->frame;
    heat_pump_set_state(instance->heat_pump, state->core,
                        heat_pump_state_size(instance->heat_pump));
    instance_take_results(instance);
}

FmuState **state_link(Instance *instance, fmi2FMUstate handle) {
    for (FmuState **link = &instance->states; *link; link = &(*link)->next)
        if (*link == handle) return link;
    return NULL;
}

size_t state_bytes_size(const Instance *instance) {
    return AT_CORE + heat_pump_state_size(instance->heat_pump);
}

void state_to_bytes(const Instance *instance, const FmuState *state, unsigned char *bytes) {
    size_t size = state_bytes_size(instance);
    const Frame *frame = &state->frame;
    memcpy(bytes, MAGIC, sizeof MAGIC);
    put_integer(bytes + AT_OWNER, owner_of(instance));
    put_integer(bytes + AT_LENGTH, size);
    uint8_t *next = bytes + AT_FRAME;
    next = put_integer(next, (uint64_t)frame->phase);
    next = put_integer(next, (uint64_t)frame->solver);
    next = put_integer(next, (uint64_t)frame->on_failure);
    next = put_integer(next, (uint64_t)frame->status);
    next = put_integer(next, (uint64_t)frame->last_step);
    next = put_integer(next, frame->is_stale);
    next = put_double(next, frame->last_successful_time);
    for (int i = 0; i < INPUTS; i++) next = put_double(next, frame->inputs[i]);
    for (int i = 0; i < STATUSES; i++) next = put_integer(next, frame->counts[i]);
    next = put_integer(next, frame->reset_totals);
    next = put_integer(next, frame->was_reset);
    for (int i = 0; i < SET_POINTS; i++) next = put_integer(next, frame->is_set_point_given[i]);
    memcpy(next, state->core, heat_pump_state_size(instance->heat_pump));
    put_integer(bytes + AT_SUM, sum_of_state(bytes, size));
}

/* The numbers of a frame, or false if one of them can be none. Inputs may be anything: a host may
   have set it. */
static bool read_frame(Frame *frame, const unsigned char *bytes) {
    uint64_t whole[6];
    for (int i = 0; i < 6; i++, bytes += 8) whole[i] = integer_at(bytes);
    if (whole[0] != INSTANTIATED && whole[0] != INITIALIZATION && whole[0] != STEP_COMPLETE &&
        whole[0] != STEP_FAILED && whole[0] != TERMINATED)
        return false;
    if (whole[1] >= SOLVERS || whole[2] >= FAILURES || whole[3] >= STATUSES ||
        whole[4] > fmi2Error || whole[5] > 1)
        return false;
    frame->phase = (Phase)whole[0];
    frame->solver = (Solver)whole[1];
    frame->on_failure = (OnFailure)whole[2];
    frame->status = (Status)whole[3];
    frame->last_step = (fmi2Status)whole[4];
    frame->is_stale = whole[5];
    frame->last_successful_time = double_at(bytes);
    bytes += 8;
    for (int i = 0; i < INPUTS; i++, bytes += 8) frame->inputs[i] = double_at(bytes);
    for (int i = 0; i < STATUSES; i++, bytes += 8) frame->counts[i] = integer_at(bytes);
    uint64_t flags[2 + SET_POINTS];
    for (int i = 0; i < 2 + SET_POINTS; i++, bytes += 8) {
        flags[i] = integer_at(bytes);
        if (flags[i] > 1) return false;
    }
    frame->reset_totals = flags[0];
    frame->was_reset = flags[1];
    for (int i = 0; i < SET_POINTS; i++) frame->is_set_point_given[i] = flags[2 + i];
    return isfinite(frame->last_successful_time);
}

FmuState *state_from_bytes(const Instance *instance, const unsigned char *bytes, size_t size,
                           const char **fault) {
    size_t expected = state_bytes_size(instance);
    if (size < sizeof MAGIC || memcmp(bytes, MAGIC, sizeof MAGIC) != 0)
        *fault = "are no state of a heat pump FMU of this version";
    else if (size < AT_CORE || size < integer_at(bytes + AT_LENGTH))
        *fault = "are cut off";
    else if (integer_at(bytes + AT_OWNER) != owner_of(instance))
        *fault = "are the state of another machine or build";
    else if (integer_at(bytes + AT_LENGTH) != expected || size != expected ||
             integer_at(bytes + AT_SUM) != sum_of_state(bytes, expected))
        *fault = "are damaged";
    if (*fault) return NULL;
    FmuState *state = new_state(instance), *before = state_of(instance);
    if (!state || !before) {
        *fault = "found no memory";
    } else {
        memcpy(state->core, bytes + AT_CORE, expected - AT_CORE);
        /* Only the core knows its bytes: it tries them, and is what it was again. */
        if (!read_frame(&state->frame, bytes + AT_FRAME) ||
            !heat_pump_set_state(instance->heat_pump, state->core, expected - AT_CORE))
            *fault = "hold values that no state has";
        heat_pump_set_state(instance->heat_pump, before->core, expected - AT_CORE);
    }
    free(before);
    if (*fault) {
        free(state);
        return NULL;
    }
    return state;
}
