/* One instance of the FMU, and all that a process has of them. */
#ifndef HEATPUMP_TWIN_INSTANCE_H
#define HEATPUMP_TWIN_INSTANCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fmi2FunctionTypes.h"
#include "fmu_variables.h"
#include "heat_pump.h"
#include "live.h"
#include "log.h"

/* What a state consists of beside that of the core: numbers alone, so that it may be copied. */
typedef struct {
    Phase phase;
    Solver solver;
    OnFailure on_failure;
    Status status;
    fmi2Status last_step;
    bool is_stale; /* inputs were set in the initialisation mode and not answered */
    double last_successful_time;
    double inputs[INPUTS];
    uint64_t counts[STATUSES]; /* of steps */
    bool reset_totals, was_reset;
    bool is_set_point_given[SET_POINTS];
} Frame;

/* A state that the host holds. */
typedef struct FmuState {
    struct FmuState *next;
    Frame frame;
    unsigned char core[]; /* bytes of the core */
} FmuState;

typedef struct Instance {
    struct Instance *next;
    atomic_int use;
    char *name, *guid, *resources;
    Log log;
    HeatPump *heat_pump;
    Live *live; /* NULL until it is needed */
    Frame frame;
    double results[RESULTS], operation[OPERATIONS]; /* of the core */
    FmuState *start, *states;
} Instance;

typedef enum { ENTERED, UNKNOWN, BUSY } Entry;

/* A new instance, known from now on; NULL without memory. */
Instance *instance_make(fmi2String name, const fmi2CallbackFunctions *functions, bool logging);

/* Begin a call on an instance, which no other call may enter until it is left. BUSY is one that is
   called from inside its own logger or from another thread. */
Entry instance_enter(Instance *instance);
void instance_leave(Instance *instance);

/* Take over what the core shows. */
void instance_take_results(Instance *instance);

/* Free it, or let the call do it that it is in. False for an instance that is none. */
bool instance_free(Instance *instance);

#endif
