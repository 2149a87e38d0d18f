/* A building with floor heating and its weather, as an FMU in plain C: the partner of the heat pump in the
   SSP example. House, weather, brine and thermostat are those of examples/house.py.

       C_floor dT_floor/dt = Q_flow_heating - UA_floor (T_floor - T_room)
       C_room  dT_room/dt  = UA_floor (T_floor - T_room) - UA_outside (T_room - T_outside) + gains
       T_outside           = its mean and waves of a year, a day, and spells of 9.3 and 23.7 days
       T_brine             = its mean and a wave of a year
       Q_flow_sink_set     = max(0, UA_outside (T_set - T_outside) - gains + gain (T_set - T_room))
       d discomfort/dt     = max(0, T_set - tolerated - T_room)

   Time 0 is the begin of the day first_day, counted from New Year. At the start the room has its set-point
   and the floor what keeps it there in the weather of that moment.

   The heat pump's sink inlet is the water that returns from the floor, T_sink_in = T_floor. It is
   asked for the heat that the house loses, and for more where the room is cold. What it gave comes
   as energy since the start, since the heat flow of a machine that cycles within a step is not the
   mean of it: the floor receives the energy of one step evenly over the next. A step is integrated
   by Runge and Kutta's method of order four in parts of at most 60 s, against an hour and more of time
   constant. The energies are integrated with it, so that what came in, what left and what is stored balance to rounding.
   HeatPumpTwin.mo has the same equations. Outputs follow from states, time and parameters alone:
   there is no direct feedthrough. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fmi2Functions.h"

enum { T_FLOOR, T_ROOM, E_HEATING, E_LOSS, E_GAINS, DISCOMFORT, STATES };

/* By value reference, as in modelDescription.xml. */
enum {
    E_GIVEN,
    Q_FLOW_SINK_SET, T_SOURCE_IN, T_SINK_IN, M_FLOW_SOURCE, M_FLOW_SINK,
    ROOM, OUTSIDE, HEATING_ENERGY, LOSS_ENERGY, GAINS_ENERGY, STORED_ENERGY, KELVIN_HOURS,
    C_FLOOR, C_ROOM, UA_FLOOR, UA_OUTSIDE, GAINS,
    T_OUTSIDE_MEAN, YEAR_AMPLITUDE, DAY_AMPLITUDE, SPELL_AMPLITUDE, LONG_SPELL_AMPLITUDE,
    T_BRINE_MEAN, T_BRINE_AMPLITUDE, T_SET, GAIN, TOLERATED, FIRST_DAY, FLOW_BRINE, FLOW_WATER,
    VARIABLES
};

static const double START[VARIABLES] = {
    [C_FLOOR] = 1e7, [C_ROOM] = 8e6, [UA_FLOOR] = 700.0, [UA_OUTSIDE] = 160.0, [GAINS] = 500.0,
    [T_OUTSIDE_MEAN] = 282.65, [YEAR_AMPLITUDE] = 9.5, [DAY_AMPLITUDE] = 4.0,
    [SPELL_AMPLITUDE] = 3.5, [LONG_SPELL_AMPLITUDE] = 2.0,
    [T_BRINE_MEAN] = 281.15, [T_BRINE_AMPLITUDE] = 4.0, [T_SET] = 294.15, [GAIN] = 500.0,
    [TOLERATED] = 1.0, [FIRST_DAY] = 0.0, [FLOW_BRINE] = 0.38, [FLOW_WATER] = 0.27,
};

typedef struct {
    double value[VARIABLES];
    double state[STATES];
    double floor_at_start;  /* K */
    double heating;         /* heat flow into the floor over a step, W */
    double received;        /* of E_GIVEN before it, J */
    double time;
    bool started;
} Building;

/* A wave of height 1 over days since New Year, both lengths in days. */
static double wave(double day, double period, double highest) {
    return cos(2.0 * 3.14159265358979323846 * (day - highest) / period);
}

static double day_of_year(const Building *b, double time) {
    return b->value[FIRST_DAY] + time / 86400.0;
}

static double outside(const Building *b, double time) {
    double day = day_of_year(b, time);
    const double *v = b->value;
    return v[T_OUTSIDE_MEAN] + v[YEAR_AMPLITUDE] * wave(day, 365.0, 202.5) +
           v[DAY_AMPLITUDE] * wave(day, 1.0, 0.625) + v[SPELL_AMPLITUDE] * wave(day, 9.3, 6.0) +
           v[LONG_SPELL_AMPLITUDE] * wave(day, 23.7, 14.0);
}

static double brine(const Building *b, double time) {
    return b->value[T_BRINE_MEAN] -
           b->value[T_BRINE_AMPLITUDE] * wave(day_of_year(b, time), 365.0, 59.0);
}

/* What keeps the room at its set-point if the weather stays; negative where it is too warm for that. */
static double steady_demand(const Building *b, double T_outside) {
    const double *v = b->value;
    return v[UA_OUTSIDE] * (v[T_SET] - T_outside) - v[GAINS];
}

static void derivatives(const Building *b, double time, const double *x, double *dx) {
    const double *v = b->value;
    double floor_to_room = v[UA_FLOOR] * (x[T_FLOOR] - x[T_ROOM]);
    dx[E_HEATING] = b->heating;
    dx[E_LOSS] = v[UA_OUTSIDE] * (x[T_ROOM] - outside(b, time));
    dx[T_FLOOR] = (b->heating - floor_to_room) / v[C_FLOOR];
    dx[E_GAINS] = v[GAINS];
    dx[T_ROOM] = (floor_to_room - dx[E_LOSS] + dx[E_GAINS]) / v[C_ROOM];
    dx[DISCOMFORT] = fmax(0.0, v[T_SET] - v[TOLERATED] - x[T_ROOM]);
}

static void advance(Building *b, double h) {
    double k[4][STATES], x[STATES];
    static const double at[4] = {0.0, 0.5, 0.5, 1.0};
    for (int stage = 0; stage < 4; stage++) {
        for (int i = 0; i < STATES; i++)
            x[i] = b->state[i] + (stage ? at[stage] * h * k[stage - 1][i] : 0.0);
        derivatives(b, b->time + at[stage] * h, x, k[stage]);
    }
    for (int i = 0; i < STATES; i++)
        b->state[i] += h / 6.0 * (k[0][i] + 2.0 * k[1][i] + 2.0 * k[2][i] + k[3][i]);
    b->time += h;
}

static void set_outputs(Building *b) {
    double *v = b->value, *x = b->state, T_outside = outside(b, b->time);
    if (!b->started) {
        x[T_ROOM] = v[T_SET];
        x[T_FLOOR] = v[T_SET] + fmax(0.0, steady_demand(b, T_outside)) / v[UA_FLOOR];
        b->floor_at_start = x[T_FLOOR];
    }
    v[Q_FLOW_SINK_SET] =
        fmax(0.0, steady_demand(b, T_outside) + v[GAIN] * (v[T_SET] - x[T_ROOM]));
    v[T_SOURCE_IN] = brine(b, b->time);
    v[T_SINK_IN] = x[T_FLOOR];
    v[M_FLOW_SOURCE] = v[FLOW_BRINE];
    v[M_FLOW_SINK] = v[FLOW_WATER];
    v[ROOM] = x[T_ROOM];
    v[OUTSIDE] = T_outside;
    v[HEATING_ENERGY] = x[E_HEATING];
    v[LOSS_ENERGY] = x[E_LOSS];
    v[GAINS_ENERGY] = x[E_GAINS];
    v[STORED_ENERGY] = v[C_FLOOR] * (x[T_FLOOR] - b->floor_at_start) +
                       v[C_ROOM] * (x[T_ROOM] - v[T_SET]);
    v[KELVIN_HOURS] = x[DISCOMFORT] / 3600.0;
}

static void reset(Building *b) {
    memset(b, 0, sizeof *b);
    memcpy(b->value, START, sizeof START);
    set_outputs(b);
}

/* FMI ----------------------------------------------------------------------------------------- */

const char *fmi2GetTypesPlatform(void) { return fmi2TypesPlatform; }
const char *fmi2GetVersion(void) { return fmi2Version; }

fmi2Component fmi2Instantiate(fmi2String name, fmi2Type type, fmi2String guid, fmi2String location,
                              const fmi2CallbackFunctions *host, fmi2Boolean visible,
                              fmi2Boolean logging) {
    (void)location, (void)visible, (void)logging;
    if (type != fmi2CoSimulation || !guid || strcmp(guid, GUID)) {
        if (host && host->logger)
            host->logger(host->componentEnvironment, name, fmi2Error, "logStatusError",
                         "expected co-simulation and guid " GUID);
        return NULL;
    }
    Building *b = malloc(sizeof *b);
    if (b) reset(b);
    return b;
}

void fmi2FreeInstance(fmi2Component c) { free(c); }

fmi2Status fmi2SetupExperiment(fmi2Component c, fmi2Boolean t, fmi2Real tolerance, fmi2Real start,
                               fmi2Boolean s, fmi2Real stop) {
    (void)t, (void)tolerance, (void)s, (void)stop;
    ((Building *)c)->time = start;
    set_outputs(c);
    return fmi2OK;
}

fmi2Status fmi2EnterInitializationMode(fmi2Component c) { return (void)c, fmi2OK; }

fmi2Status fmi2ExitInitializationMode(fmi2Component c) {
    set_outputs(c);
    ((Building *)c)->started = true;
    return fmi2OK;
}

fmi2Status fmi2Terminate(fmi2Component c) { return (void)c, fmi2OK; }

fmi2Status fmi2Reset(fmi2Component c) {
    reset(c);
    return fmi2OK;
}

fmi2Status fmi2DoStep(fmi2Component c, fmi2Real time, fmi2Real step, fmi2Boolean fixed) {
    (void)fixed;
    Building *b = c;
    int parts = (int)fmax(1.0, ceil(step / 60.0));
    /* A step of no length passes nothing on. */
    if (step > 0.0) {
        b->heating = (b->value[E_GIVEN] - b->received) / step;
        b->received = b->value[E_GIVEN];
    }
    b->time = time;
    for (int i = 0; i < parts; i++) advance(b, step / parts);
    b->time = time + step;
    set_outputs(b);
    return fmi2OK;
}

fmi2Status fmi2GetReal(fmi2Component c, const fmi2ValueReference r[], size_t n, fmi2Real value[]) {
    for (size_t i = 0; i < n; i++) {
        if (r[i] >= VARIABLES) return fmi2Error;
        value[i] = ((Building *)c)->value[r[i]];
    }
    return fmi2OK;
}

fmi2Status fmi2SetReal(fmi2Component c, const fmi2ValueReference r[], size_t n,
                       const fmi2Real value[]) {
    Building *b = c;
    for (size_t i = 0; i < n; i++) {
        bool is_parameter = r[i] >= C_FLOOR && r[i] < VARIABLES;
        if (r[i] != E_GIVEN && (!is_parameter || b->started)) return fmi2Error;
        b->value[r[i]] = value[i];
    }
    if (!b->started) set_outputs(b);
    return fmi2OK;
}

/* Accepted without effect, and what the description says there is none of. */

fmi2Status fmi2SetDebugLogging(fmi2Component c, fmi2Boolean on, size_t n, const fmi2String name[]) {
    return (void)c, (void)on, (void)n, (void)name, fmi2OK;
}

#define NO_VALUES(name, type)                                                                      \
    fmi2Status fmi2##name(fmi2Component c, const fmi2ValueReference r[], size_t n, type v[]) {     \
        return (void)c, (void)r, (void)v, n ? fmi2Error : fmi2OK;                                  \
    }
NO_VALUES(GetInteger, fmi2Integer)
NO_VALUES(GetBoolean, fmi2Boolean)
NO_VALUES(GetString, fmi2String)
NO_VALUES(SetInteger, const fmi2Integer)
NO_VALUES(SetBoolean, const fmi2Boolean)
NO_VALUES(SetString, const fmi2String)

#define NO_STATUS(name, type)                                                                      \
    fmi2Status fmi2##name(fmi2Component c, const fmi2StatusKind kind, type *v) {                   \
        return (void)c, (void)kind, (void)v, fmi2Discard;                                          \
    }
NO_STATUS(GetStatus, fmi2Status)
NO_STATUS(GetRealStatus, fmi2Real)
NO_STATUS(GetIntegerStatus, fmi2Integer)
NO_STATUS(GetBooleanStatus, fmi2Boolean)
NO_STATUS(GetStringStatus, fmi2String)

fmi2Status fmi2CancelStep(fmi2Component c) { return (void)c, fmi2Error; }

fmi2Status fmi2GetFMUstate(fmi2Component c, fmi2FMUstate *s) { return (void)c, (void)s, fmi2Error; }
fmi2Status fmi2SetFMUstate(fmi2Component c, fmi2FMUstate s) { return (void)c, (void)s, fmi2Error; }
fmi2Status fmi2FreeFMUstate(fmi2Component c, fmi2FMUstate *s) { return (void)c, (void)s, fmi2Error; }
fmi2Status fmi2SerializedFMUstateSize(fmi2Component c, fmi2FMUstate s, size_t *n) {
    return (void)c, (void)s, (void)n, fmi2Error;
}
fmi2Status fmi2SerializeFMUstate(fmi2Component c, fmi2FMUstate s, fmi2Byte b[], size_t n) {
    return (void)c, (void)s, (void)b, (void)n, fmi2Error;
}
fmi2Status fmi2DeSerializeFMUstate(fmi2Component c, const fmi2Byte b[], size_t n, fmi2FMUstate *s) {
    return (void)c, (void)b, (void)n, (void)s, fmi2Error;
}

fmi2Status fmi2GetDirectionalDerivative(fmi2Component c, const fmi2ValueReference u[], size_t nu,
                                        const fmi2ValueReference k[], size_t nk,
                                        const fmi2Real dk[], fmi2Real du[]) {
    return (void)c, (void)u, (void)nu, (void)k, (void)nk, (void)dk, (void)du, fmi2Error;
}
fmi2Status fmi2SetRealInputDerivatives(fmi2Component c, const fmi2ValueReference r[], size_t n,
                                       const fmi2Integer order[], const fmi2Real v[]) {
    return (void)c, (void)r, (void)n, (void)order, (void)v, fmi2Error;
}
fmi2Status fmi2GetRealOutputDerivatives(fmi2Component c, const fmi2ValueReference r[], size_t n,
                                        const fmi2Integer order[], fmi2Real v[]) {
    return (void)c, (void)r, (void)n, (void)order, (void)v, fmi2Error;
}
