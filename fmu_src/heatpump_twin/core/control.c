/* See control.h. */
#include "control.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "declared.h"
#include "frost.h"
#include "notes.h"

static double parameter(const HeatPump *heat_pump, Parameter which) {
    return heat_pump->state.parameters[which];
}

static Control control_of(const State *state) {
    return (Control)state->parameters[PARAMETER_control];
}

static double set_point(const HeatPump *heat_pump) {
    return heat_pump->state.set_points[control_of(&heat_pump->state) == CONTROL_heat_flow
                                           ? SET_POINT_Q_flow_sink_set
                                           : SET_POINT_T_sink_out_set];
}

static void of_all_units(const HeatPump *heat_pump, double results[RESULTS]) {
    double units = parameter(heat_pump, PARAMETER_number_of_units);
    for (int i = 0; i < RESULTS; i++)
        if (DECLARED_RESULT[i].is_extensive) results[i] *= units;
}

/* Search of the speed --------------------------------------------------------------------------- */

/* Demand, and what one unit is asked with the speed left open. */
typedef struct {
    HeatPump *heat_pump;
    double used[INPUTS]; /* in the envelope */
    double per_rise;     /* of the stream that really enters, over the rise at the point used */
    double wanted;       /* heat flow of one unit, W, or temperature rise, K */
    double loss;         /* of heat by frost, a share */
    double results[RESULTS];
    char *why;
    size_t size;
} Demand;

typedef enum { FOUND, BEYOND_LIMITS, NO_SOLUTION } Found;

/* What the machine gives of the demand at a speed, as logarithm of the share. */
static Found give(Demand *demand, double speed, double *log_share) {
    HeatPump *heat_pump = demand->heat_pump;
    demand->used[INPUT_compressor_speed] = speed;
    if (!steady_state(heat_pump, demand->used, demand->results, demand->why, demand->size))
        return NO_SOLUTION;
    frost_apply(&heat_pump->map, heat_pump->state.parameters, demand->used, demand->loss,
                demand->results);
    double given = demand->results[RESULT_Q_flow_sink];
    if (control_of(&heat_pump->state) == CONTROL_supply_temperature)
        given = (demand->results[RESULT_T_sink_out] - demand->used[INPUT_T_sink_in]) *
                demand->per_rise;
    *log_share = log(given / demand->wanted);
    return are_within_limits(&heat_pump->map.is, demand->results) ? FOUND : BEYOND_LIMITS;
}

/* The largest speed between one that keeps the limits and one that does not. */
static double within_limits(Demand *demand, double inside, double outside) {
    double log_share;
    for (int step = 0; step < BISECTIONS; step++) {
        double middle = 0.5 * (inside + outside);
        if (give(demand, middle, &log_share) == FOUND) inside = middle;
        else outside = middle;
    }
    return inside;
}

/* The speed at which the demand is met, between two at which too little and too much is given: a
   secant in logarithms that keeps both ends, the weight of an end that stays being halved
   (Illinois algorithm). Heat is nearly a power of speed, so few steps do. */
static bool meet(Demand *demand, double low, double high, double of_low, double of_high,
                 double *speed, Found *found) {
    double left = log(low), right = log(high), side = 0.0, of_middle;
    for (int step = 0; step < CONTROL_ITERATIONS; step++) {
        double middle = left - of_low * (right - left) / (of_high - of_low);
        *speed = exp(middle);
        *found = give(demand, *speed, &of_middle);
        if (*found == NO_SOLUTION) return false;
        if (fabs(of_middle) < CONTROL_TOLERANCE) return true;
        if (of_middle < 0.0) {
            left = middle, of_low = of_middle;
            if (side < 0.0) of_high *= 0.5;
            side = -1.0;
        } else {
            right = middle, of_high = of_middle;
            if (side > 0.0) of_low *= 0.5;
            side = 1.0;
        }
    }
    return true;
}

/* The speed for a demand. With a share below 1 it is the least speed; `is_short` says that more is
   asked for than there is. */
static Found find_speed(Demand *demand, double *speed, double *share, bool *is_short) {
    const Constants *is = &demand->heat_pump->map.is;
    double low = is->least[INPUT_compressor_speed], high = is->largest[INPUT_compressor_speed];
    double of_low, of_high;
    *speed = low, *share = 1.0, *is_short = false;
    Found at_low = give(demand, low, &of_low);
    if (at_low != FOUND) return at_low;
    if (of_low >= 0.0) {
        *share = exp(-of_low);
        return FOUND;
    }
    Found found = give(demand, high, &of_high);
    if (found == NO_SOLUTION) {
        high = within_limits(demand, low, high);
        found = give(demand, high, &of_high);
    }
    *speed = high;
    if (of_high > 0.0 && !meet(demand, low, high, of_low, of_high, speed, &found))
        found = NO_SOLUTION;
    *is_short = found != FOUND || of_high < -CONTROL_TOLERANCE;
    if (found != FOUND) *speed = within_limits(demand, low, *speed);
    return FOUND;
}

/* Plans ----------------------------------------------------------------------------------------- */

/* The mean of running at the least speed for a share of the time, and of pausing: heat is in
   proportion to the share, power by the degradation coefficient of EN 14825. */
static void set_mean(const HeatPump *heat_pump, Plan *plan) {
    double share = plan->share, Cc = parameter(heat_pump, PARAMETER_cycling_degradation);
    double *of = plan->on;
    of[RESULT_P_el] *= Cc * share + 1.0 - Cc;
    of[RESULT_Q_flow_sink] *= share;
    of[RESULT_Q_flow_source] *= share;
    of[RESULT_m_flow_refrigerant] *= share;
    of[RESULT_Q_flow_loss] = of[RESULT_P_el] + of[RESULT_Q_flow_source] - of[RESULT_Q_flow_sink];
    of[RESULT_COP] = of[RESULT_Q_flow_sink] / of[RESULT_P_el];
    of[RESULT_T_sink_out] = plan->off[RESULT_T_sink_out] +
                            share * (of[RESULT_T_sink_out] - plan->off[RESULT_T_sink_out]);
    of[RESULT_T_source_out] = plan->off[RESULT_T_source_out] +
                              share * (of[RESULT_T_source_out] - plan->off[RESULT_T_source_out]);
    plan->is_mean = true;
    plan->wants = WANTS_ON;
}

static bool has_part_load(const HeatPump *heat_pump) {
    const State *state = &heat_pump->state;
    return control_of(state) != CONTROL_speed ||
           (Dynamics)state->parameters[PARAMETER_dynamics] == DYNAMICS_dynamic;
}

/* The machine runs at a speed. */
static Status set_on(HeatPump *heat_pump, const double inputs[INPUTS], double speed, Plan *plan,
                     Notes *notes) {
    double asked[INPUTS];
    memcpy(asked, inputs, sizeof asked);
    asked[INPUT_compressor_speed] = speed;
    Status status = steady_answer(heat_pump, asked, plan->on, notes);
    if (status != STATUS_INSIDE && status != STATUS_MOVED_TO_ENVELOPE) return status;
    of_all_units(heat_pump, plan->on);
    plan->status_on = status;
    plan->has_on = true;
    plan->speed = fmin(fmax(speed, heat_pump->map.is.least[INPUT_compressor_speed]),
                       heat_pump->map.is.largest[INPUT_compressor_speed]);
    return status;
}

static void set_off(const HeatPump *heat_pump, const Inputs *taken, double results[RESULTS]) {
    at_rest(heat_pump, taken, results);
    of_all_units(heat_pump, results);
}

void control_off(const HeatPump *heat_pump, const double inputs[INPUTS], double results[RESULTS]) {
    Inputs taken;
    take_inputs(heat_pump, inputs, &taken);
    set_off(heat_pump, &taken, results);
}

/* A demand below the least speed. */
static void set_share(const HeatPump *heat_pump, double share, Plan *plan) {
    plan->wants = WANTS_SHARE;
    plan->share = share;
    plan->least_heat = plan->on[RESULT_Q_flow_sink];
    if ((PartLoad)parameter(heat_pump, PARAMETER_part_load) == PART_LOAD_mean)
        set_mean(heat_pump, plan);
}

/* Whether a real machine would be switched off here: its source is too cold or its sink too warm. */
static bool is_locked_out(const HeatPump *heat_pump, const Inputs *taken, Notes *notes) {
    const Constants *is = &heat_pump->map.is;
    bool is_cold = taken->asked[INPUT_T_source_in] < is->least[INPUT_T_source_in];
    bool is_warm = taken->asked[INPUT_T_sink_in] > is->largest[INPUT_T_sink_in];
    if (!is_cold && !is_warm) return false;
    Input input = is_cold ? INPUT_T_source_in : INPUT_T_sink_in;
    const Declared *of = &DECLARED_INPUT[input];
    add_note(notes, LOCKED_OUT, (int)input, "%s = %s is %s %s: the machine is off", of->name,
             with_unit(taken->asked[input], of->unit).text, is_cold ? "below" : "above",
             with_unit(is_cold ? is->least[input] : is->largest[input], of->unit).text);
    return true;
}

static bool goes_off_outside(const HeatPump *heat_pump) {
    OutsideEnvelope chosen = (OutsideEnvelope)parameter(heat_pump, PARAMETER_outside_envelope);
    return chosen == OUTSIDE_ENVELOPE_off || (chosen == OUTSIDE_ENVELOPE_by_control &&
                                              control_of(&heat_pump->state) != CONTROL_speed);
}

/* Whether one unit keeps the limits of pressure and temperature at a speed. */
static bool keeps_limits(HeatPump *heat_pump, const Inputs *taken, double speed) {
    const Constants *is = &heat_pump->map.is;
    double used[INPUTS], results[RESULTS];
    char why[NOTE_SIZE];
    for (int i = 0; i < INPUTS; i++)
        used[i] = fmin(fmax(taken->asked[i], is->least[i]), is->largest[i]);
    used[INPUT_compressor_speed] = speed;
    return steady_state(heat_pump, used, results, why, sizeof why) &&
           are_within_limits(is, results);
}

/* The plan of a machine that is off where it could have run; notes are of that alone. */
static bool is_switched_off(HeatPump *heat_pump, const Inputs *taken, double speed, Notes *notes) {
    if (!goes_off_outside(heat_pump)) return false;
    Notes before = *notes;
    notes->count = 0;
    if (is_locked_out(heat_pump, taken, notes)) return true;
    if (!keeps_limits(heat_pump, taken, speed)) {
        add_note(notes, LOCKED_OUT, INPUT_compressor_speed,
                 "the limits are not kept here: the machine is off");
        return true;
    }
    *notes = before;
    return false;
}

static Status plan_speed(HeatPump *heat_pump, const double inputs[INPUTS], const Inputs *taken,
                         Plan *plan, Notes *notes) {
    double speed = taken->given[INPUT_compressor_speed];
    double least = heat_pump->map.is.least[INPUT_compressor_speed];
    bool is_share = has_part_load(heat_pump) && speed > ROUND_OFF &&
                    taken->asked[INPUT_compressor_speed] < least;
    plan->at_once = !is_share;
    Status status = set_on(heat_pump, inputs, is_share ? least : inputs[INPUT_compressor_speed],
                           plan, notes);
    if (status == STATUS_OFF) {
        memcpy(plan->off, plan->on, sizeof plan->off);
        of_all_units(heat_pump, plan->off);
    }
    if (!plan->has_on) return status;
    if (status == STATUS_MOVED_TO_ENVELOPE &&
        is_switched_off(heat_pump, taken, plan->speed, notes)) {
        set_off(heat_pump, taken, plan->off);
        plan->has_on = false;
        return STATUS_OFF;
    }
    plan->wants = WANTS_ON;
    if (!is_share) return status;
    set_off(heat_pump, taken, plan->off);
    set_share(heat_pump, speed / least, plan);
    return status;
}

/* Heat that is asked for, W of all units; for a temperature what the stream needs to reach it. */
static double asked_heat(const HeatPump *heat_pump, const Inputs *taken, double wanted) {
    if (control_of(&heat_pump->state) == CONTROL_heat_flow) return wanted;
    double rise = medium_enthalpy(&heat_pump->map, SIDE_sink, wanted) -
                  medium_enthalpy(&heat_pump->map, SIDE_sink, taken->given[INPUT_T_sink_in]);
    return fmax(taken->given[INPUT_m_flow_sink] * rise, 0.0);
}

static void note_unmet(const HeatPump *heat_pump, double wanted, const Plan *plan, Notes *notes) {
    SetPoint which = control_of(&heat_pump->state) == CONTROL_heat_flow ? SET_POINT_Q_flow_sink_set
                                                                        : SET_POINT_T_sink_out_set;
    Result given = which == SET_POINT_Q_flow_sink_set ? RESULT_Q_flow_sink : RESULT_T_sink_out;
    const Declared *of = &DECLARED_SET_POINT[which];
    add_note(notes, UNMET, (int)given, "%s = %s is more than the machine gives here, %s", of->name,
             with_unit(wanted, of->unit).text, with_unit(plan->on[given], of->unit).text);
}

static Status plan_demand(HeatPump *heat_pump, const double inputs[INPUTS], const Inputs *taken,
                          Plan *plan, Notes *notes) {
    const Constants *is = &heat_pump->map.is;
    double wanted = set_point(heat_pump), units = parameter(heat_pump, PARAMETER_number_of_units);
    bool is_heat = control_of(&heat_pump->state) == CONTROL_heat_flow;
    double heat = asked_heat(heat_pump, taken, wanted);
    plan->unmet_off = heat;
    bool is_asked = is_heat ? wanted > ROUND_OFF * DECLARED_SET_POINT[SET_POINT_Q_flow_sink_set].usual
                            : wanted > taken->given[INPUT_T_sink_in];
    bool was_running = heat_pump->state.run.is_running != 0.0;
    if (!is_asked) {
        plan->unmet_off = 0.0;
        /* A minimum run time may keep it on. */
        if (!was_running) return STATUS_OFF;
    }
    if (!has_flows(taken, notes) ||
        (goes_off_outside(heat_pump) && is_locked_out(heat_pump, taken, notes))) {
        plan->at_once = true;
        return STATUS_OFF;
    }
    char why[NOTE_SIZE] = "";
    Demand demand = {.heat_pump = heat_pump,
                     .loss = loss_by_frost(heat_pump, taken),
                     .why = why,
                     .size = sizeof why};
    for (int i = 0; i < INPUTS; i++)
        demand.used[i] = fmin(fmax(taken->asked[i], is->least[i]), is->largest[i]);
    double flow = fmax(taken->asked[INPUT_m_flow_sink], is->least[INPUT_m_flow_sink]);
    demand.per_rise = demand.used[INPUT_m_flow_sink] / flow;
    demand.wanted = is_heat ? wanted / units : wanted - taken->given[INPUT_T_sink_in];
    double speed = is->least[INPUT_compressor_speed], share = 1.0;
    bool is_short = false;
    if (is_asked) {
        Found found = find_speed(&demand, &speed, &share, &is_short);
        if (found == NO_SOLUTION && heat_pump->steady_state != heat_pump_map) {
            note_failure(notes, inputs, why);
            return STATUS_SOLVE_FAILED;
        }
        if (found != FOUND && goes_off_outside(heat_pump)) {
            add_note(notes, LOCKED_OUT, INPUT_compressor_speed,
                     "no speed keeps the limits here: the machine is off");
            plan->at_once = true;
            return STATUS_OFF;
        }
    }
    Status status = set_on(heat_pump, inputs, speed, plan, notes);
    if (!plan->has_on) return status;
    plan->wants = is_asked ? WANTS_ON : WANTS_OFF;
    if (!is_asked) return status;
    if (share < 1.0) {
        set_share(heat_pump, share, plan);
        /* What a pause lacks is summed up and given later; a mean does not sum it up. */
        if (plan->wants == WANTS_SHARE) plan->unmet_off = 0.0;
        return status;
    }
    double missing = heat - plan->on[RESULT_Q_flow_sink];
    if (missing > (is_short ? 0.0 : CONTROL_SHORT * heat)) {
        plan->unmet_on = missing;
        note_unmet(heat_pump, wanted, plan, notes);
        plan->status_on = STATUS_MOVED_TO_ENVELOPE;
    }
    return plan->status_on;
}

/* Reject inputs and set-points that mean nothing; others are looked at by the steady answer. */
static bool have_set_points_meaning(const HeatPump *heat_pump, const Inputs *taken, Notes *notes) {
    SetPoint which = control_of(&heat_pump->state) == CONTROL_heat_flow ? SET_POINT_Q_flow_sink_set
                                                                        : SET_POINT_T_sink_out_set;
    const Declared *of = &DECLARED_SET_POINT[which];
    double value = heat_pump->state.set_points[which];
    double given[INPUTS];
    memcpy(given, taken->given, sizeof given);
    given[INPUT_compressor_speed] = 0.0; /* is not used */
    have_meaning(given, notes);
    if (!is_in_range(of, value))
        add_note(notes, REJECTED, INPUTS + (int)which, "%s = %s has no meaning; expected %s to %s",
                 of->name, with_unit(value, of->unit).text, plain(of->least).text,
                 with_unit(of->largest, of->unit).text);
    return notes->count == 0;
}

/* Whether the machine runs with a plan, if only until it may stop, or for a share of the time. */
static bool may_run(const State *state, const Plan *plan) {
    if (!plan->has_on) return false;
    return plan->wants != WANTS_OFF || control_switch(state, plan, NAN /* is not asked for */);
}

Status control_plan(HeatPump *heat_pump, const double inputs[INPUTS], Plan *plan, Notes *notes) {
    const Constants *is = &heat_pump->map.is;
    double units = parameter(heat_pump, PARAMETER_number_of_units);
    Inputs taken;
    *plan = (Plan){.wants = WANTS_OFF, .share = 1.0};
    take_inputs(heat_pump, inputs, &taken);
    bool is_speed = control_of(&heat_pump->state) == CONTROL_speed;
    if (!is_speed && !have_set_points_meaning(heat_pump, &taken, notes))
        return STATUS_INPUT_REJECTED;
    plan->frost_factor = 1.0 - loss_by_frost(heat_pump, &taken);
    if (!is_speed) set_off(heat_pump, &taken, plan->off);
    plan->on_flow[SIDE_source] = units * fmax(taken.asked[INPUT_m_flow_source],
                                              is->least[INPUT_m_flow_source]);
    plan->on_flow[SIDE_sink] = units * fmax(taken.asked[INPUT_m_flow_sink],
                                            is->least[INPUT_m_flow_sink]);
    Status status = is_speed ? plan_speed(heat_pump, inputs, &taken, plan, notes)
                             : plan_demand(heat_pump, inputs, &taken, plan, notes);
    if (may_run(&heat_pump->state, plan) && !has_humidity(heat_pump, notes))
        return STATUS_INPUT_REJECTED;
    return status;
}

/* Starts and stops ------------------------------------------------------------------------------ */

static bool demands_on(const State *state, const Plan *plan, double T_sink_out) {
    if (plan->wants != WANTS_SHARE) return plan->wants == WANTS_ON;
    bool is_on = state->run.is_running != 0.0;
    if (control_of(state) == CONTROL_supply_temperature) {
        double set = state->set_points[SET_POINT_T_sink_out_set];
        double allowed = state->parameters[PARAMETER_temperature_hysteresis];
        return is_on ? T_sink_out < set + allowed : T_sink_out <= set - allowed;
    }
    double allowed = state->parameters[PARAMETER_cycling_hysteresis];
    return is_on ? state->run.deficit > -allowed : state->run.deficit >= allowed;
}

/* Time until a start or a stop is allowed, s; 0 or less if it is. */
static double locked_for(const State *state, const Plan *plan) {
    const double *is = state->parameters;
    const Run *run = &state->run;
    if (plan->at_once) return 0.0;
    if (run->is_running != 0.0) return is[PARAMETER_minimum_run_time] - run->since_change;
    return fmax(is[PARAMETER_minimum_pause_time] - run->since_change,
                HOUR / is[PARAMETER_most_starts_per_hour] - run->since_start);
}

bool control_switch(const State *state, const Plan *plan, double T_sink_out) {
    bool is_on = state->run.is_running != 0.0;
    if (!plan->has_on) return false;
    return locked_for(state, plan) > TIME_ROUND_OFF ? is_on : demands_on(state, plan, T_sink_out);
}

double control_rest(const State *state, const Plan *plan, double interval) {
    bool is_on = state->run.is_running != 0.0;
    if (plan->wants != WANTS_SHARE && (plan->wants == WANTS_ON) == is_on) return INFINITY;
    double locked = locked_for(state, plan);
    /* At multiples of the interval in the machine's own time, however that is cut into steps. */
    double looks = floor((state->run.time + TIME_ROUND_OFF) / interval) + 1.0;
    double to_look = looks * interval - state->run.time;
    if (!(to_look > TIME_ROUND_OFF)) return INFINITY;
    double later = ceil((locked - to_look - TIME_ROUND_OFF) / interval);
    return to_look + fmax(later, 0.0) * interval;
}
