/* What the foreign FMUs of the tests compute. Units are degC and kW, and the heat of the evaporator
 * is negative. The numbers are invented.
 *
 * The electric power follows its steady value as a state of first order in model exchange; in
 * co-simulation it has its steady value at once. In model exchange the power grows by STEP_UP at
 * the time EVENT, which lies inside a step, and, where LEVEL is defined, by STEP_UP once it reaches
 * that: an event of time and one of state. */

#include <math.h>
#include <stdlib.h>

#define TIME_CONSTANT 5.0
#define EVENT 95.0
#define STEP_UP 0.1
#ifndef LEVEL
#define LEVEL INFINITY
#endif

enum { T_BRINE, T_WATER, SPEED, N_PUMPS, P_COMP, Q_CON, Q_EVA, N_VALUES };

typedef struct {
    double values[N_VALUES];
    double time, power;
    int steps, is_after_event, is_above, is_model_exchange;
} Instance;

static Instance *new_instance(int is_model_exchange) {
    Instance *m = calloc(1, sizeof *m);
    m->values[SPEED] = m->values[N_PUMPS] = 1.0;
    m->is_model_exchange = is_model_exchange;
    return m;
}

static double steady_power(const double *v) {
    return v[SPEED] * (0.5 + 0.012 * (v[T_WATER] - v[T_BRINE])) * v[N_PUMPS];
}

static void settle(Instance *m) {
    m->is_after_event = m->time >= EVENT - 1e-9;
    m->is_above = m->is_above || m->power >= LEVEL;
}

static double derivative(const Instance *m) {
    double target = steady_power(m->values) + STEP_UP * (m->is_after_event + m->is_above);
    return (target - m->power) / TIME_CONSTANT;
}

static double value_of(Instance *m, unsigned reference) {
    double *v = m->values;
    v[P_COMP] = m->is_model_exchange ? m->power : steady_power(v);
    v[Q_CON] = v[SPEED] * (5.2 + 0.09 * v[T_BRINE]) * v[N_PUMPS];
    v[Q_EVA] = v[P_COMP] - v[Q_CON];
#ifdef NAN_AT
    if (m->steps == NAN_AT) v[P_COMP] = NAN;
#endif
    return v[reference];
}
