/* See heat_pump.h. */
#include "heat_pump.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "declared.h"
#include "dynamics.h"
#include "map_file.h"
#include "notes.h"
#include "state.h"
#include "steady.h"

/* Time as it passes ----------------------------------------------------------------------------- */

static bool is_dynamic(const State *state) {
    return (Dynamics)state->parameters[PARAMETER_dynamics] == DYNAMICS_dynamic;
}

static Inertia inertia_of(const HeatPump *heat_pump) {
    const double *is = heat_pump->state.parameters, *design = heat_pump->map.is.design;
    double units = is[PARAMETER_number_of_units];
    return (Inertia){
        .lag = {is[PARAMETER_source_lag], is[PARAMETER_sink_lag]},
        .mass = {is[PARAMETER_source_residence_time] * design[INPUT_m_flow_source] * units,
                 is[PARAMETER_sink_residence_time] * design[INPUT_m_flow_sink] * units},
    };
}

/* The streams, with the flows that take the heat while the machine is on. */
static Streams streams_of(const HeatPump *heat_pump, const double inputs[INPUTS],
                          const Plan *plan, bool is_on) {
    Streams streams = {
        .m_flow = {inputs[INPUT_m_flow_source], inputs[INPUT_m_flow_sink]},
        .h_in = {medium_enthalpy(&heat_pump->map, SIDE_source, inputs[INPUT_T_source_in]),
                 medium_enthalpy(&heat_pump->map, SIDE_sink, inputs[INPUT_T_sink_in])},
    };
    for (int k = 0; k < SIDES; k++) {
        if (is_on) streams.m_flow[k] = plan->on_flow[k];
        if (!(streams.m_flow[k] > LEAST_FLOW)) streams.m_flow[k] = 0.0;
    }
    return streams;
}

static void start_or_stop(HeatPump *heat_pump, const Plan *plan, bool is_on) {
    State *state = &heat_pump->state;
    Run *run = &state->run;
    const double *is = state->parameters;
    run->is_running = is_on;
    run->since_change = 0.0;
    if (is_on && !plan->is_mean) {
        run->since_start = 0.0;
        run->operation[OPERATION_starts] += 1.0;
        run->thermal.extra_power = is[PARAMETER_start_power_ratio] * plan->on[RESULT_P_el];
    } else {
        /* What is taken now, less what the machine takes at rest; none after a mean. */
        double now = run->steady[RESULT_P_el] + run->thermal.extra_power;
        run->thermal.extra_power = plan->is_mean ? 0.0 : now - plan->off[RESULT_P_el];
    }
}

/* Power of auxiliaries that run on, W of all units; at the design point's flows. */
static double running_on(const HeatPump *heat_pump) {
    const State *state = &heat_pump->state;
    const Constants *is = &heat_pump->map.is;
    double power = is->auxiliary_power + (is->source_pump_power + is->sink_pump_power);
    double left = state->parameters[PARAMETER_pump_run_on_time] - state->run.since_change;
    return left > TIME_ROUND_OFF ? power * state->parameters[PARAMETER_number_of_units] : 0.0;
}

/* What is gone towards in this interval, with auxiliaries that run on. */
static void set_target(const HeatPump *heat_pump, double target[RESULTS]) {
    const Run *run = &heat_pump->state.run;
    memcpy(target, run->steady, sizeof run->steady);
    if (run->is_running != 0.0 || !is_dynamic(&heat_pump->state)) return;
    double more = running_on(heat_pump);
    target[RESULT_P_el] += more;
    target[RESULT_Q_flow_loss] += more;
}

static void add(Run *run, Operation operation, double value) {
    const Declared *of = &DECLARED_OPERATION[operation];
    double *sum = &run->operation[operation];
    *sum = fmin(fmax(*sum + value, of->least), of->largest);
}

/* Heat that cycling gave of what is asked for, as seconds of the least speed. */
static double given_of_share(const State *state, const Plan *plan, const Energies *energies,
                             double duration) {
    if ((Control)state->parameters[PARAMETER_control] != CONTROL_heat_flow)
        return state->run.is_running * duration;
    return energies->of_side[SIDE_sink] / plan->least_heat;
}

static void count(State *state, const Plan *plan, const Energies *energies, double duration) {
    Run *run = &state->run;
    bool is_on = run->is_running != 0.0;
    add(run, OPERATION_E_el, energies->el);
    add(run, OPERATION_E_loss, energies->loss);
    add(run, OPERATION_E_sink, energies->of_side[SIDE_sink]);
    add(run, OPERATION_E_source, energies->of_side[SIDE_source]);
    add(run, OPERATION_E_unmet, duration * (is_on ? plan->unmet_on : plan->unmet_off));
    if (is_on) add(run, OPERATION_run_time, duration * (plan->is_mean ? plan->share : 1.0));
    run->deficit = plan->wants == WANTS_SHARE
                       ? run->deficit + plan->share * duration -
                             given_of_share(state, plan, energies, duration)
                       : 0.0;
    run->deficit = fmin(fmax(run->deficit, -LONG_AGO), LONG_AGO);
    run->time += duration;
    run->since_change += duration;
    run->since_start += duration;
    double whole = floor(run->time + 0.5);
    if (fabs(run->time - whole) <= TIME_ROUND_OFF) run->time = whole;
}

/* Nothing is decided and no auxiliary stops for so long, s; at most what is left of the step. */
static double undisturbed(const State *state, const Plan *plan, double left, double interval,
                          bool dynamic) {
    double duration = fmin(left, control_rest(state, plan, interval));
    double pumps = state->parameters[PARAMETER_pump_run_on_time] - state->run.since_change;
    if (dynamic && state->run.is_running == 0.0 && pumps > TIME_ROUND_OFF)
        duration = fmin(duration, pumps);
    return left - duration < TIME_ROUND_OFF ? left : duration;
}

static void begin(HeatPump *heat_pump, const double inputs[INPUTS], const Inertia *inertia,
                  const Streams *streams) {
    Run *run = &heat_pump->state.run;
    double off[RESULTS];
    control_off(heat_pump, inputs, off);
    dynamics_begin(&run->thermal, streams, off);
    run->stored_at_reset = dynamics_stored(&run->thermal, inertia);
}

/* Go on to the end of a step, from one start or stop to the next. */
static void go_on(HeatPump *heat_pump, const Plan *plan, const double inputs[INPUTS],
                  double step_size) {
    State *state = &heat_pump->state;
    Run *run = &state->run;
    bool dynamic = is_dynamic(state), is_on = run->is_running != 0.0;
    Inertia inertia = inertia_of(heat_pump);
    Streams streams = {{0.0}, {0.0}};
    /* The demand is looked at by the second; less often in steps of more than a day. */
    double target[RESULTS], left = step_size, interval = fmax(1.0, step_size / MOST_INTERVALS);
    if (dynamic) {
        streams = streams_of(heat_pump, inputs, plan, is_on);
        if (run->has_begun == 0.0) begin(heat_pump, inputs, &inertia, &streams);
    }
    run->has_begun = 1.0;
    memcpy(run->inputs, inputs, sizeof run->inputs);
    /* Nothing that goes on without a plan needs it, and one that no control follows may be none. */
    run->inputs[INPUT_compressor_speed] = 0.0;
    memcpy(run->on_flow, plan->on_flow, sizeof run->on_flow);
    for (int piece = 0; piece == 0 || left > 0.0; piece++) {
        double T_sink_out = dynamic ? medium_temperature(&heat_pump->map, SIDE_sink,
                                                         run->thermal.h[SIDE_sink])
                                    : (is_on ? plan->on : plan->off)[RESULT_T_sink_out];
        is_on = control_switch(state, plan, T_sink_out);
        if (is_on != (run->is_running != 0.0)) {
            start_or_stop(heat_pump, plan, is_on);
            if (dynamic) streams = streams_of(heat_pump, inputs, plan, is_on);
        }
        memcpy(run->steady, is_on ? plan->on : plan->off, sizeof run->steady);
        set_target(heat_pump, target);
        double duration = piece < 2 * MOST_INTERVALS
                              ? undisturbed(state, plan, left, interval, dynamic)
                              : left;
        Energies energies;
        if (dynamic) {
            Parameter time_of_power =
                is_on ? PARAMETER_start_power_time : PARAMETER_stop_power_time;
            dynamics_advance(&run->thermal, &heat_pump->decay, &inertia, &streams, target,
                             state->parameters[time_of_power], duration, &energies);
        } else {
            energies = (Energies){
                .el = duration * target[RESULT_P_el],
                .loss = duration * target[RESULT_Q_flow_loss],
                .of_side = {duration * target[RESULT_Q_flow_source],
                            duration * target[RESULT_Q_flow_sink]},
            };
        }
        count(state, plan, &energies, duration);
        left -= duration;
    }
    double *results = state->results, *operation = run->operation;
    memcpy(results, target, sizeof state->results);
    operation[OPERATION_Q_flow_stored] = 0.0;
    if (dynamic) {
        set_target(heat_pump, target); /* auxiliaries may have stopped at the very end */
        dynamics_results(&heat_pump->map, &run->thermal, &streams, target, is_on, results);
        operation[OPERATION_Q_flow_stored] = results[RESULT_P_el] + results[RESULT_Q_flow_source] -
                                             results[RESULT_Q_flow_sink] -
                                             results[RESULT_Q_flow_loss];
        operation[OPERATION_E_stored] =
            dynamics_stored(&run->thermal, &inertia) - run->stored_at_reset;
    }
    operation[OPERATION_Q_flow_unmet] = is_on ? plan->unmet_on : plan->unmet_off;
    operation[OPERATION_speed_used] = is_on ? plan->speed : 0.0;
    operation[OPERATION_frost_factor] = is_on ? plan->frost_factor : 1.0;
}

/* What is held is the steady answer and the streams of then: the machine goes on towards it. */
static void hold(HeatPump *heat_pump, double step_size) {
    const Run *run = &heat_pump->state.run;
    bool is_on = run->is_running != 0.0;
    if (run->has_begun == 0.0) return;
    Plan plan = {.wants = is_on ? WANTS_ON : WANTS_OFF,
                 .at_once = true,
                 .has_on = is_on,
                 .share = 1.0,
                 .speed = run->operation[OPERATION_speed_used],
                 .frost_factor = run->operation[OPERATION_frost_factor]};
    double inputs[INPUTS];
    memcpy(plan.on, run->steady, sizeof plan.on);
    memcpy(plan.off, run->steady, sizeof plan.off);
    memcpy(plan.on_flow, run->on_flow, sizeof plan.on_flow);
    memcpy(inputs, run->inputs, sizeof inputs);
    go_on(heat_pump, &plan, inputs, step_size);
}

/* Steps ----------------------------------------------------------------------------------------- */

Status heat_pump_step(HeatPump *heat_pump, const double inputs[INPUTS], double step_size,
                      Notes *notes) {
    Plan plan;
    notes->count = 0;
    step_size = step_size > 0.0 ? fmin(step_size, LONG_AGO) : 0.0;
    Status status = control_plan(heat_pump, inputs, &plan, notes);
    char why[NOTE_SIZE] = "";
    bool is_held = status == STATUS_SOLVE_FAILED || status == STATUS_INPUT_REJECTED;
    if (!is_held && !have_ranges(plan.has_on ? plan.on : plan.off, why, sizeof why)) {
        note_failure(notes, inputs, why);
        status = STATUS_SOLVE_FAILED;
        is_held = true;
    }
    if (is_held) {
        hold(heat_pump, step_size);
        return status;
    }
    go_on(heat_pump, &plan, inputs, step_size);
    bool is_on = heat_pump->state.run.is_running != 0.0;
    return is_on ? plan.status_on : STATUS_OFF;
}

void heat_pump_begin(HeatPump *heat_pump) {
    Run *run = &heat_pump->state.run;
    *run = (Run){
        .since_change = LONG_AGO,
        .since_start = LONG_AGO,
        /* They belong to the results, which stay. */
        .operation = {[OPERATION_speed_used] = run->operation[OPERATION_speed_used],
                      [OPERATION_frost_factor] = run->operation[OPERATION_frost_factor],
                      [OPERATION_Q_flow_stored] = run->operation[OPERATION_Q_flow_stored],
                      [OPERATION_Q_flow_unmet] = run->operation[OPERATION_Q_flow_unmet]},
    };
}

void heat_pump_reset_totals(HeatPump *heat_pump) {
    Run *run = &heat_pump->state.run;
    static const Operation totals[] = {OPERATION_E_el,     OPERATION_E_sink,   OPERATION_E_source,
                                       OPERATION_E_loss,   OPERATION_E_stored, OPERATION_E_unmet,
                                       OPERATION_starts,   OPERATION_run_time};
    for (size_t i = 0; i < sizeof totals / sizeof totals[0]; i++) run->operation[totals[i]] = 0.0;
    if (run->has_begun == 0.0 || !is_dynamic(&heat_pump->state)) return;
    Inertia inertia = inertia_of(heat_pump);
    run->stored_at_reset = dynamics_stored(&run->thermal, &inertia);
}

/* Life ------------------------------------------------------------------------------------------ */

/* What is kept between steps belongs to the parameters of then. */
static void forget(HeatPump *heat_pump) { heat_pump->decay = (Decay){.duration = -1.0}; }

HeatPump *heat_pump_make(const void *map_file, size_t size, char *why, size_t why_size) {
    HeatPump *heat_pump = malloc(sizeof *heat_pump);
    if (!heat_pump) {
        snprintf(why, why_size, "memory is short");
        return NULL;
    }
    if (!map_read(&heat_pump->map, map_file, size, heat_pump->map_hash, why, why_size)) {
        free(heat_pump);
        return NULL;
    }
    const Constants *is = &heat_pump->map.is;
    State *state = &heat_pump->state;
    memcpy(state->parameters, is->start, sizeof state->parameters);
    map_at_rest(&heat_pump->map, is->design, is->start[PARAMETER_standby_power], state->results);
    state->run = (Run){.operation = {[OPERATION_frost_factor] = 1.0}};
    for (int i = 0; i < SET_POINTS; i++) state->set_points[i] = is->start_set_points[i];
    heat_pump_begin(heat_pump);
    forget(heat_pump);
    heat_pump_use(heat_pump, NULL, NULL);
    return heat_pump;
}

void heat_pump_free(HeatPump *heat_pump) {
    if (!heat_pump) return;
    map_free(&heat_pump->map);
    free(heat_pump);
}

void heat_pump_design(const HeatPump *heat_pump, double inputs[INPUTS]) {
    memcpy(inputs, heat_pump->map.is.design, sizeof heat_pump->map.is.design);
}

double heat_pump_parameter(const HeatPump *heat_pump, Parameter parameter) {
    return heat_pump->state.parameters[parameter];
}

bool heat_pump_set_parameter(HeatPump *heat_pump, Parameter parameter, double value) {
    if (!is_parameter(parameter, value)) return false;
    heat_pump->state.parameters[parameter] = value;
    forget(heat_pump);
    return true;
}

bool heat_pump_has_coil_in_air(const HeatPump *heat_pump) {
    return heat_pump->map.is.has_coil_in_air != 0.0;
}

void heat_pump_set_point(HeatPump *heat_pump, SetPoint set_point, double value) {
    heat_pump->state.set_points[set_point] = value;
}

double heat_pump_get_set_point(const HeatPump *heat_pump, SetPoint set_point) {
    return heat_pump->state.set_points[set_point];
}

void heat_pump_operation(const HeatPump *heat_pump, double operation[OPERATIONS]) {
    memcpy(operation, heat_pump->state.run.operation, sizeof heat_pump->state.run.operation);
}

void heat_pump_use(HeatPump *heat_pump, SteadyState *steady_state, void *context) {
    heat_pump->steady_state = steady_state ? steady_state : heat_pump_map;
    heat_pump->context = steady_state ? context : heat_pump;
}

bool heat_pump_map(void *heat_pump, const double inputs[INPUTS], double results[RESULTS], char *why,
                   size_t size) {
    return map_answer(&((HeatPump *)heat_pump)->map, inputs, results, why, size);
}

void heat_pump_results(const HeatPump *heat_pump, double results[RESULTS]) {
    memcpy(results, heat_pump->state.results, sizeof heat_pump->state.results);
}

/* State ----------------------------------------------------------------------------------------- */

size_t heat_pump_state_size(const HeatPump *heat_pump) {
    (void)heat_pump; /* all are of one size */
    return STATE_SIZE;
}

void heat_pump_get_state(const HeatPump *heat_pump, void *bytes) {
    state_write(&heat_pump->state, heat_pump->map_hash, bytes);
}

bool heat_pump_set_state(HeatPump *heat_pump, const void *bytes, size_t size) {
    forget(heat_pump);
    return state_read(&heat_pump->state, heat_pump->map_hash, bytes, size);
}
