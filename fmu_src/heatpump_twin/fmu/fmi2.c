/* The FMI 2.0 co-simulation functions, on the core: which call is allowed when, with what.

   Nothing that a host does may end its process: every argument is looked at, an instance that is
   none is noticed, and a message that the host frees the instance from is heard to its end.
*/
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "function_prefix.h"

#include "fmi2Functions.h"
#include "fmu_state.h"
#include "instance.h"
#include "location.h"
#include "platform.h"
#include "traps.h"
#include "utf8.h"

#define MAP_FILE "heat_pump.bin"
#define GUID_FILE "guid.txt"

enum {
    ALIVE = INSTANTIATED | INITIALIZATION | STEP_COMPLETE | STEP_FAILED | TERMINATED,
    READABLE = INITIALIZATION | STEP_COMPLETE | STEP_FAILED | TERMINATED,
    WRITABLE = INSTANTIATED | INITIALIZATION | STEP_COMPLETE,
};

/* The frame of each call -------------------------------------------------------------------- */

static const char *phase_name(Phase phase) {
    switch (phase) {
    case INSTANTIATED: return "before initialisation";
    case INITIALIZATION: return "in initialisation mode";
    case STEP_COMPLETE: return "between steps";
    case STEP_FAILED: return "after a step that failed";
    default: return "after its end";
    }
}

/* Whether a call may go on: a known instance in one of the phases in which FMI allows it. If not,
   the instance is left. */
static fmi2Status enter(Instance *instance, const char *call, int phases) {
    switch (instance_enter(instance)) {
    case UNKNOWN:
        fprintf(stderr, "%s was called with an instance that is none, or is freed\n", call);
        return fmi2Error;
    case BUSY:
        /* From inside the logger: a message about it would lead there again. */
        return fmi2Error;
    default:
        if (instance->frame.phase & phases) return fmi2OK;
        log_text(&instance->log, fmi2Error, "%s is not allowed %s", call,
                 phase_name(instance->frame.phase));
        instance_leave(instance);
        return fmi2Error;
    }
}

#define RUN(call, phases, work)                                                                    \
    Instance *instance = c;                                                                        \
    fmi2Status status = enter(instance, call, phases);                                             \
    if (status != fmi2OK) return status;                                                           \
    Traps of_the_host = hold_traps_off();                                                          \
    status = (work);                                                                               \
    give_traps_back(of_the_host);                                                                  \
    instance_leave(instance);                                                                      \
    return status

/* Say why a call is refused. */
#define REFUSE(...) (log_text(&instance->log, fmi2Error, __VA_ARGS__), fmi2Error)

static fmi2Status unsupported(fmi2Component c, const char *call) {
    RUN(call, ALIVE,
        REFUSE("%s: this FMU does not provide it, as its modelDescription.xml says", call));
}

/* Answers ------------------------------------------------------------------------------------ */

static bool is_failure(Status status) { return status >= STATUS_SOLVE_FAILED; }

/* What a step returns. */
static fmi2Status returned(const Frame *frame) {
    if (!is_failure(frame->status)) return fmi2OK;
    switch (frame->on_failure) {
    case FAILURE_discard: return fmi2Discard;
    case FAILURE_error: return fmi2Error;
    default: return fmi2OK;
    }
}

/* Answer the inputs and say what is to be said; `logged` is what the call returns for a failure. */
static void answer(Instance *instance, double step_size, bool is_step) {
    Notes notes;
    Frame *frame = &instance->frame;
    bool is_live = frame->solver == SOLVER_live;
    if (is_live && !instance->live)
        instance->live = live_make(instance->resources, instance->heat_pump);
    heat_pump_use(instance->heat_pump, is_live ? live_point : NULL, instance->live);
    /* What was answered before a run has not happened. */
    if (!is_step) heat_pump_begin(instance->heat_pump);
    if (frame->reset_totals && !frame->was_reset) heat_pump_reset_totals(instance->heat_pump);
    frame->was_reset = frame->reset_totals;
    frame->status = heat_pump_step(instance->heat_pump, frame->inputs, step_size, &notes);
    instance_take_results(instance);
    frame->is_stale = false;
    for (int i = 0; i < notes.count; i++) {
        char message[NOTE_SIZE + 40];
        snprintf(message, sizeof message, "operating_status %d: %s", (int)frame->status,
                 notes.note[i].text);
        log_cause(&instance->log, is_step ? returned(frame) : fmi2OK, notes.note[i].cause,
                  is_failure(frame->status), message);
    }
}

/* Until initialisation ends, outputs follow the inputs at once, as FMI wants of unknowns at
   initialisation; later only a step makes new ones. */
static void answer_if_stale(Instance *instance) {
    if (instance->frame.phase == INITIALIZATION && instance->frame.is_stale)
        answer(instance, 0.0, false);
}

static bool was_interrupted(const Instance *instance) {
    return instance->frame.solver == SOLVER_live && instance->live &&
           live_was_interrupted(instance->live);
}

/* Life cycle -------------------------------------------------------------------------------- */

FMI2_Export const char *fmi2GetTypesPlatform(void) { return fmi2TypesPlatform; }

FMI2_Export const char *fmi2GetVersion(void) { return fmi2Version; }

/* A file of the resources, or NULL and a problem. */
static void *read_resource(const char *folder, const char *name, size_t *size, char **problem) {
    char *path = text("%s/%s", folder, name), *reason = NULL;
    void *bytes = read_file(path, size, &reason);
    if (!bytes) *problem = text("a file of the FMU cannot be read: %s", reason);
    free(reason);
    free(path);
    return bytes;
}

/* NULL, or the problem that keeps the instance from being made. */
static char *load(Instance *instance, fmi2String guid, fmi2String location) {
    char *problem = NULL;
    size_t size;
    instance->resources = resources_path(location, MAP_FILE, &problem);
    if (problem) return problem;
    instance->guid = read_resource(instance->resources, GUID_FILE, &size, &problem);
    if (problem) return problem;
    instance->guid[strcspn(instance->guid, "\r\n")] = 0;
    if (!guid || strcmp(guid, instance->guid))
        return text("the guid '%s' is not this FMU's, which is '%s': the host took it from another "
                    "modelDescription.xml", guid ? guid : "(none)", instance->guid);
    void *map = read_resource(instance->resources, MAP_FILE, &size, &problem);
    if (problem) return problem;
    char why[NOTE_SIZE] = "";
    instance->heat_pump = heat_pump_make(map, size, why, sizeof why);
    free(map);
    if (!instance->heat_pump) return text("%s/" MAP_FILE ": %s", instance->resources, why);
    heat_pump_design(instance->heat_pump, instance->frame.inputs);
    instance_take_results(instance);
    instance->frame.is_stale = true;
    instance->start = state_of(instance);
    return instance->start ? NULL : text("memory is short");
}

static char *make(Instance *instance, fmi2String name, fmi2Type type, fmi2String guid,
                  fmi2String location) {
    if (!name || !*name) return text("the instance has no name");
    if (type != fmi2CoSimulation) return text("this FMU is for co-simulation only");
    return load(instance, guid, location);
}

FMI2_Export fmi2Component fmi2Instantiate(fmi2String name, fmi2Type type, fmi2String guid,
                                          fmi2String location,
                                          const fmi2CallbackFunctions *functions,
                                          fmi2Boolean visible, fmi2Boolean logging) {
    (void)visible;
    Instance *instance = instance_make(name, functions, logging != fmi2False);
    if (!instance) return NULL;
    Traps of_the_host = hold_traps_off();
    char *problem = make(instance, name, type, guid, location);
    give_traps_back(of_the_host);
    bool success = !problem;
    if (problem) log_text(&instance->log, fmi2Error, "fmi2Instantiate: %s", problem);
    free(problem);
    if (!success) instance_free(instance);
    instance_leave(instance);
    return success ? instance : NULL;
}

FMI2_Export void fmi2FreeInstance(fmi2Component c) {
    if (c && !instance_free(c))
        fprintf(stderr,
                "fmi2FreeInstance was called with an instance that is none, or is freed\n");
}

static fmi2Status set_logging(Instance *instance, bool logging, size_t count,
                              const fmi2String categories[]) {
    if (count > SIZE_MAX / sizeof(char *) - 1 || (count && !categories))
        return REFUSE("fmi2SetDebugLogging: no categories were given");
    for (size_t i = 0; i < count; i++)
        if (!categories[i]) return REFUSE("fmi2SetDebugLogging: a category is null");
    if (!log_choose(&instance->log, logging, count, categories))
        return REFUSE("fmi2SetDebugLogging: memory is short");
    return fmi2OK;
}

FMI2_Export fmi2Status fmi2SetDebugLogging(fmi2Component c, fmi2Boolean logging, size_t count,
                                           const fmi2String categories[]) {
    RUN("fmi2SetDebugLogging", ALIVE,
        set_logging(instance, logging != fmi2False, count, categories));
}

static fmi2Status set_up(Instance *instance, double start) {
    if (!isfinite(start))
        return REFUSE("fmi2SetupExperiment: a start at %g has no meaning", start);
    instance->frame.last_successful_time = start;
    return fmi2OK;
}

/* Tolerance and stop time mean nothing to a machine whose equations are solved exactly. */
FMI2_Export fmi2Status fmi2SetupExperiment(fmi2Component c, fmi2Boolean has_tolerance,
                                           fmi2Real tolerance, fmi2Real start,
                                           fmi2Boolean has_stop, fmi2Real stop) {
    (void)has_tolerance, (void)tolerance, (void)has_stop, (void)stop;
    RUN("fmi2SetupExperiment", INSTANTIATED, set_up(instance, start));
}

static fmi2Status move_to(Instance *instance, Phase phase) {
    instance->frame.phase = phase;
    return fmi2OK;
}

FMI2_Export fmi2Status fmi2EnterInitializationMode(fmi2Component c) {
    RUN("fmi2EnterInitializationMode", INSTANTIATED, move_to(instance, INITIALIZATION));
}

/* A set-point that is given and not followed is told. */
static void note_unused_set_point(Instance *instance) {
    static const struct {
        Control control;
        SetPoint unused;
        const char *unused_name, *used_name;
    } unused[] = {
        {CONTROL_heat_flow, SET_POINT_T_sink_out_set, "T_sink_out_set", "Q_flow_sink_set"},
        {CONTROL_supply_temperature, SET_POINT_Q_flow_sink_set, "Q_flow_sink_set",
         "T_sink_out_set"},
    };
    const HeatPump *heat_pump = instance->heat_pump;
    for (size_t i = 0; i < sizeof unused / sizeof unused[0]; i++) {
        if (heat_pump_parameter(heat_pump, PARAMETER_control) != unused[i].control) continue;
        if (instance->frame.is_set_point_given[unused[i].unused])
            log_text(&instance->log, fmi2OK, "%s is given and not used: control follows %s",
                     unused[i].unused_name, unused[i].used_name);
    }
}

/* A coil in a liquid cannot frost; a host may have chosen it for all its machines alike. */
static void note_unused_frost(Instance *instance) {
    const HeatPump *heat_pump = instance->heat_pump;
    if (heat_pump_parameter(heat_pump, PARAMETER_frost) == FROST_estimated &&
        !heat_pump_has_coil_in_air(heat_pump))
        log_text(&instance->log, fmi2OK,
                 "frost = 'estimated' has no effect: the source of this machine is not air");
}

static fmi2Status leave_initialization(Instance *instance) {
    answer_if_stale(instance);
    note_unused_set_point(instance);
    note_unused_frost(instance);
    return move_to(instance, STEP_COMPLETE);
}

FMI2_Export fmi2Status fmi2ExitInitializationMode(fmi2Component c) {
    RUN("fmi2ExitInitializationMode", INITIALIZATION, leave_initialization(instance));
}

static fmi2Status terminate(Instance *instance) {
    char counts[40 * STATUSES] = "";
    for (int i = 0; i < STATUSES; i++) {
        size_t length = strlen(counts);
        if (instance->frame.counts[i])
            snprintf(counts + length, sizeof counts - length, "%s%d: %llu", length ? ", " : "", i,
                     (unsigned long long)instance->frame.counts[i]);
    }
    log_text(&instance->log, fmi2OK, "steps by operating_status: %s", *counts ? counts : "none");
    return move_to(instance, TERMINATED);
}

FMI2_Export fmi2Status fmi2Terminate(fmi2Component c) {
    RUN("fmi2Terminate", STEP_COMPLETE | STEP_FAILED, terminate(instance));
}

static fmi2Status reset(Instance *instance) {
    state_restore(instance, instance->start);
    /* What kept live mode from starting may be mended by now. */
    live_free(instance->live);
    instance->live = NULL;
    return fmi2OK;
}

FMI2_Export fmi2Status fmi2Reset(fmi2Component c) { RUN("fmi2Reset", ALIVE, reset(instance)); }

/* Variables --------------------------------------------------------------------------------- */

static bool refuse(Instance *instance, const char *call, const char *problem, const char *of) {
    log_text(&instance->log, fmi2Error, "%s: %s %s", call, problem, of);
    return false;
}

static bool is_valid_text(Instance *instance, const char *call, const char *name, fmi2String value) {
    if (!value) return refuse(instance, call, "a text is null, for", name);
    return is_utf8(value) || refuse(instance, call, "a text is not UTF-8, for", name);
}

static bool are_valid(Instance *instance, const char *call, int type,
                      const fmi2ValueReference references[], size_t count, const void *values,
                      bool set) {
    if (count && (!references || !values))
        return refuse(instance, call, "no place for the values", "was given");
    for (size_t i = 0; i < count; i++) {
        const Variable *variable = references[i] < VARIABLES ? &variables[references[i]] : NULL;
        if (!variable || (int)variable->type != type) {
            log_text(&instance->log, fmi2Error, "%s: value reference %u is %s", call, references[i],
                     variable ? "of another type" : "unknown");
            return false;
        }
        if (set && !(variable->settable & (int)instance->frame.phase)) {
            log_text(&instance->log, fmi2Error, "%s: %s must not be set %s", call, variable->name,
                     phase_name(instance->frame.phase));
            return false;
        }
        if (set && type == STRING &&
            !is_valid_text(instance, call, variable->name, ((const fmi2String *)values)[i]))
            return false;
    }
    return true;
}

static fmi2Status set_parameter(Instance *instance, const Variable *variable, double value) {
    Parameter parameter = (Parameter)variable->number;
    if (heat_pump_set_parameter(instance->heat_pump, parameter, value)) return fmi2OK;
    return REFUSE("%s = %.9g has no meaning; expected %.6g to %.6g; %.6g is kept", variable->name,
                  value, variable->minimum, variable->maximum,
                  heat_pump_parameter(instance->heat_pump, parameter));
}

static double real_of(const Instance *instance, fmi2ValueReference reference) {
    int number = variables[reference].number;
    switch (variables[reference].place) {
    case IN_INPUT: return instance->frame.inputs[number];
    case IN_RESULT: return instance->results[number];
    case IN_OPERATION: return instance->operation[number];
    case IN_SET_POINT: return heat_pump_get_set_point(instance->heat_pump, (SetPoint)number);
    default: return heat_pump_parameter(instance->heat_pump, (Parameter)number);
    }
}

static fmi2Status get_real(Instance *instance, const fmi2ValueReference references[], size_t count,
                           fmi2Real values[]) {
    if (!are_valid(instance, "fmi2GetReal", REAL, references, count, values, false))
        return fmi2Error;
    answer_if_stale(instance);
    for (size_t i = 0; i < count; i++) values[i] = real_of(instance, references[i]);
    return fmi2OK;
}

static fmi2Status set_real(Instance *instance, const fmi2ValueReference references[], size_t count,
                           const fmi2Real values[]) {
    if (!are_valid(instance, "fmi2SetReal", REAL, references, count, values, true))
        return fmi2Error;
    instance->frame.is_stale = true;
    for (size_t i = 0; i < count; i++) {
        const Variable *variable = &variables[references[i]];
        int number = variable->number;
        if (variable->place == IN_INPUT) {
            /* As bytes: the value may be a NaN that signals. */
            memcpy(&instance->frame.inputs[number], &values[i], sizeof values[i]);
        } else if (variable->place == IN_SET_POINT) {
            heat_pump_set_point(instance->heat_pump, (SetPoint)number, values[i]);
            instance->frame.is_set_point_given[number] = true;
        } else if (set_parameter(instance, variable, values[i]) != fmi2OK) {
            return fmi2Error;
        }
    }
    return fmi2OK;
}

static fmi2Status get_integer(Instance *instance, const fmi2ValueReference references[],
                              size_t count, fmi2Integer values[]) {
    if (!are_valid(instance, "fmi2GetInteger", INTEGER, references, count, values, false))
        return fmi2Error;
    answer_if_stale(instance);
    for (size_t i = 0; i < count; i++)
        values[i] = references[i] == FMU_operating_status
                        ? (fmi2Integer)instance->frame.status
                        : (fmi2Integer)heat_pump_parameter(
                              instance->heat_pump, (Parameter)variables[references[i]].number);
    return fmi2OK;
}

static fmi2Status set_integer(Instance *instance, const fmi2ValueReference references[],
                              size_t count, const fmi2Integer values[]) {
    if (!are_valid(instance, "fmi2SetInteger", INTEGER, references, count, values, true))
        return fmi2Error;
    instance->frame.is_stale = true;
    for (size_t i = 0; i < count; i++)
        if (set_parameter(instance, &variables[references[i]], values[i]) != fmi2OK)
            return fmi2Error;
    return fmi2OK;
}

static fmi2Status get_boolean(Instance *instance, const fmi2ValueReference references[],
                              size_t count, fmi2Boolean values[]) {
    if (!are_valid(instance, "fmi2GetBoolean", BOOLEAN, references, count, values, false))
        return fmi2Error;
    for (size_t i = 0; i < count; i++)
        values[i] = instance->frame.reset_totals ? fmi2True : fmi2False;
    return fmi2OK;
}

static fmi2Status set_boolean(Instance *instance, const fmi2ValueReference references[],
                              size_t count, const fmi2Boolean values[]) {
    if (!are_valid(instance, "fmi2SetBoolean", BOOLEAN, references, count, values, true))
        return fmi2Error;
    instance->frame.is_stale = true;
    for (size_t i = 0; i < count; i++) instance->frame.reset_totals = values[i] != fmi2False;
    return fmi2OK;
}

/* Which of its texts a variable has. */
static int chosen(const Instance *instance, fmi2ValueReference reference) {
    switch (reference) {
    case FMU_solver: return (int)instance->frame.solver;
    case FMU_on_failure: return (int)instance->frame.on_failure;
    default:
        return (int)heat_pump_parameter(instance->heat_pump,
                                        (Parameter)variables[reference].number);
    }
}

static void set_chosen(Instance *instance, fmi2ValueReference reference, int choice) {
    switch (reference) {
    case FMU_solver: instance->frame.solver = (Solver)choice; break;
    case FMU_on_failure: instance->frame.on_failure = (OnFailure)choice; break;
    default:
        heat_pump_set_parameter(instance->heat_pump, (Parameter)variables[reference].number,
                                choice);
    }
}

static fmi2Status get_string(Instance *instance, const fmi2ValueReference references[],
                             size_t count, fmi2String values[]) {
    if (!are_valid(instance, "fmi2GetString", STRING, references, count, values, false))
        return fmi2Error;
    for (size_t i = 0; i < count; i++)
        values[i] = variables[references[i]].choices[chosen(instance, references[i])];
    return fmi2OK;
}

/* The place of a text among those that are known, or what is kept after a message. */
static fmi2Status choose(Instance *instance, fmi2ValueReference reference, fmi2String given) {
    const char *const *texts = variables[reference].choices;
    int count = variables[reference].choice_count;
    char expected[100] = "";
    for (int i = 0; i < count; i++) {
        if (!strcmp(given, texts[i])) {
            set_chosen(instance, reference, i);
            return fmi2OK;
        }
        size_t length = strlen(expected);
        snprintf(expected + length, sizeof expected - length, "%s'%s'",
                 !i ? "" : i < count - 1 ? ", " : " or ", texts[i]);
    }
    /* A text of a host may be of any length, a message shows its beginning: whole characters. */
    int shown = (int)strlen(given);
    if (shown > 60)
        for (shown = 60; ((unsigned char)given[shown] & 0xC0) == 0x80;) shown--;
    return REFUSE("%s = '%.*s%s' is not known; expected %s; '%s' is kept",
                  variables[reference].name, shown, given, given[shown] ? "..." : "", expected,
                  texts[chosen(instance, reference)]);
}

static fmi2Status set_string(Instance *instance, const fmi2ValueReference references[],
                             size_t count, const fmi2String values[]) {
    if (!are_valid(instance, "fmi2SetString", STRING, references, count, values, true))
        return fmi2Error;
    instance->frame.is_stale = true;
    for (size_t i = 0; i < count; i++)
        if (choose(instance, references[i], values[i]) != fmi2OK) return fmi2Error;
    return fmi2OK;
}

#define GET_AND_SET(Type, get, set)                                                                \
    FMI2_Export fmi2Status fmi2Get##Type(fmi2Component c, const fmi2ValueReference references[],   \
                                         size_t count, fmi2##Type values[]) {                      \
        RUN("fmi2Get" #Type, READABLE, get(instance, references, count, values));                  \
    }                                                                                              \
    FMI2_Export fmi2Status fmi2Set##Type(fmi2Component c, const fmi2ValueReference references[],   \
                                         size_t count, const fmi2##Type values[]) {                \
        RUN("fmi2Set" #Type, WRITABLE, set(instance, references, count, values));                  \
    }

GET_AND_SET(Real, get_real, set_real)
GET_AND_SET(Integer, get_integer, set_integer)
GET_AND_SET(Boolean, get_boolean, set_boolean)
GET_AND_SET(String, get_string, set_string)

FMI2_Export fmi2Status fmi2GetDirectionalDerivative(
    fmi2Component c, const fmi2ValueReference unknowns[], size_t unknown_count,
    const fmi2ValueReference knowns[], size_t known_count, const fmi2Real known_changes[],
    fmi2Real unknown_changes[]) {
    (void)unknowns, (void)unknown_count, (void)knowns, (void)known_count, (void)known_changes;
    (void)unknown_changes;
    return unsupported(c, "fmi2GetDirectionalDerivative");
}

FMI2_Export fmi2Status fmi2SetRealInputDerivatives(fmi2Component c,
                                                   const fmi2ValueReference references[],
                                                   size_t count, const fmi2Integer orders[],
                                                   const fmi2Real values[]) {
    (void)references, (void)count, (void)orders, (void)values;
    return unsupported(c, "fmi2SetRealInputDerivatives");
}

FMI2_Export fmi2Status fmi2GetRealOutputDerivatives(fmi2Component c,
                                                    const fmi2ValueReference references[],
                                                    size_t count, const fmi2Integer orders[],
                                                    fmi2Real values[]) {
    (void)references, (void)count, (void)orders, (void)values;
    return unsupported(c, "fmi2GetRealOutputDerivatives");
}

/* Steps ------------------------------------------------------------------------------------- */

static fmi2Status do_step(Instance *instance, double time, double size) {
    Frame *frame = &instance->frame;
    /* FMI has no step of length 0, but masters use one to pass on inputs. */
    if (!(size >= 0.0) || !isfinite(time + size))
        return REFUSE("fmi2DoStep: a step of %g from %g has no meaning", size, time);
    answer(instance, size, true);
    frame->counts[frame->status]++;
    frame->last_step = was_interrupted(instance) ? fmi2Discard : returned(frame);
    if (frame->last_step == fmi2OK) frame->last_successful_time = time + size;
    else frame->phase = STEP_FAILED;
    return frame->last_step;
}

FMI2_Export fmi2Status fmi2DoStep(fmi2Component c, fmi2Real time, fmi2Real size,
                                  fmi2Boolean no_set_state_before) {
    (void)no_set_state_before;
    RUN("fmi2DoStep", STEP_COMPLETE, do_step(instance, time, size));
}

FMI2_Export fmi2Status fmi2CancelStep(fmi2Component c) {
    RUN("fmi2CancelStep", ALIVE,
        REFUSE("fmi2CancelStep: no step is running; each ends before it returns"));
}

/* Discards are told as what they are: the status of the call. */
static fmi2Status answer_status(Instance *instance, const char *call, bool known) {
    if (known) return fmi2OK;
    log_text(&instance->log, fmi2Discard, "%s: no such status is kept", call);
    return fmi2Discard;
}

static fmi2Status get_status(Instance *instance, fmi2StatusKind kind, fmi2Status *value) {
    fmi2Status status =
        answer_status(instance, "fmi2GetStatus", kind == fmi2DoStepStatus && value);
    if (status == fmi2OK) *value = instance->frame.last_step;
    return status;
}

static fmi2Status get_real_status(Instance *instance, fmi2StatusKind kind, fmi2Real *value) {
    fmi2Status status =
        answer_status(instance, "fmi2GetRealStatus", kind == fmi2LastSuccessfulTime && value);
    if (status == fmi2OK) *value = instance->frame.last_successful_time;
    return status;
}

/* A step is discarded only to end the run. */
static fmi2Status get_boolean_status(Instance *instance, fmi2StatusKind kind, fmi2Boolean *value) {
    fmi2Status status =
        answer_status(instance, "fmi2GetBooleanStatus", kind == fmi2Terminated && value);
    if (status == fmi2OK)
        *value = instance->frame.phase == STEP_FAILED ? fmi2True : fmi2False;
    return status;
}

FMI2_Export fmi2Status fmi2GetStatus(fmi2Component c, const fmi2StatusKind kind,
                                     fmi2Status *value) {
    RUN("fmi2GetStatus", ALIVE, get_status(instance, kind, value));
}

FMI2_Export fmi2Status fmi2GetRealStatus(fmi2Component c, const fmi2StatusKind kind,
                                         fmi2Real *value) {
    RUN("fmi2GetRealStatus", ALIVE, get_real_status(instance, kind, value));
}

FMI2_Export fmi2Status fmi2GetIntegerStatus(fmi2Component c, const fmi2StatusKind kind,
                                            fmi2Integer *value) {
    (void)kind, (void)value;
    RUN("fmi2GetIntegerStatus", ALIVE, answer_status(instance, "fmi2GetIntegerStatus", false));
}

FMI2_Export fmi2Status fmi2GetBooleanStatus(fmi2Component c, const fmi2StatusKind kind,
                                            fmi2Boolean *value) {
    RUN("fmi2GetBooleanStatus", ALIVE, get_boolean_status(instance, kind, value));
}

FMI2_Export fmi2Status fmi2GetStringStatus(fmi2Component c, const fmi2StatusKind kind,
                                           fmi2String *value) {
    (void)kind, (void)value;
    RUN("fmi2GetStringStatus", ALIVE, answer_status(instance, "fmi2GetStringStatus", false));
}

/* State ------------------------------------------------------------------------------------- */

/* The state behind a handle; NULL after a message where there is none. */
static FmuState *state_behind(Instance *instance, const char *call, fmi2FMUstate handle) {
    FmuState **link = state_link(instance, handle);
    if (!link)
        log_text(&instance->log, fmi2Error, "%s: the state is none of this instance", call);
    return link ? *link : NULL;
}

static fmi2Status hold(Instance *instance, FmuState *state, fmi2FMUstate *handle) {
    state->next = instance->states;
    instance->states = state;
    *handle = state;
    return fmi2OK;
}

static fmi2Status free_state(Instance *instance, const char *call, fmi2FMUstate *handle) {
    if (!handle || !*handle) return fmi2OK;
    FmuState *state = state_behind(instance, call, *handle);
    if (!state) return fmi2Error;
    *state_link(instance, state) = state->next;
    free(state);
    *handle = NULL;
    return fmi2OK;
}

FMI2_Export fmi2Status fmi2FreeFMUstate(fmi2Component c, fmi2FMUstate *handle) {
    RUN("fmi2FreeFMUstate", ALIVE, free_state(instance, "fmi2FreeFMUstate", handle));
}

static fmi2Status get_state(Instance *instance, fmi2FMUstate *handle) {
    if (!handle) return REFUSE("fmi2GetFMUstate: no place for the state was given");
    FmuState *state = state_of(instance);
    if (!state) return REFUSE("fmi2GetFMUstate: memory is short");
    /* A state given is to be overwritten. */
    if (free_state(instance, "fmi2GetFMUstate", handle) != fmi2OK) {
        free(state);
        return fmi2Error;
    }
    return hold(instance, state, handle);
}

FMI2_Export fmi2Status fmi2GetFMUstate(fmi2Component c, fmi2FMUstate *handle) {
    RUN("fmi2GetFMUstate", ALIVE, get_state(instance, handle));
}

static fmi2Status set_state(Instance *instance, fmi2FMUstate handle) {
    const FmuState *state = state_behind(instance, "fmi2SetFMUstate", handle);
    if (!state) return fmi2Error;
    state_restore(instance, state);
    return fmi2OK;
}

FMI2_Export fmi2Status fmi2SetFMUstate(fmi2Component c, fmi2FMUstate handle) {
    RUN("fmi2SetFMUstate", ALIVE, set_state(instance, handle));
}

static fmi2Status get_size(Instance *instance, fmi2FMUstate handle, size_t *size) {
    if (!size) return REFUSE("fmi2SerializedFMUstateSize: no place for the size was given");
    if (!state_behind(instance, "fmi2SerializedFMUstateSize", handle)) return fmi2Error;
    *size = state_bytes_size(instance);
    return fmi2OK;
}

FMI2_Export fmi2Status fmi2SerializedFMUstateSize(fmi2Component c, fmi2FMUstate handle,
                                                  size_t *size) {
    RUN("fmi2SerializedFMUstateSize", ALIVE, get_size(instance, handle, size));
}

static fmi2Status serialise(Instance *instance, fmi2FMUstate handle, fmi2Byte bytes[],
                            size_t size) {
    const FmuState *state = state_behind(instance, "fmi2SerializeFMUstate", handle);
    if (!state) return fmi2Error;
    if (!bytes || size < state_bytes_size(instance))
        return REFUSE("fmi2SerializeFMUstate: %zu bytes are too few for %zu", bytes ? size : 0,
                      state_bytes_size(instance));
    state_to_bytes(instance, state, (unsigned char *)bytes);
    return fmi2OK;
}

FMI2_Export fmi2Status fmi2SerializeFMUstate(fmi2Component c, fmi2FMUstate handle,
                                             fmi2Byte bytes[], size_t size) {
    RUN("fmi2SerializeFMUstate", ALIVE, serialise(instance, handle, bytes, size));
}

static fmi2Status deserialise(Instance *instance, const fmi2Byte bytes[], size_t size,
                              fmi2FMUstate *handle) {
    if (!bytes || !handle) return REFUSE("fmi2DeSerializeFMUstate: an argument is null");
    const char *fault = NULL;
    FmuState *state =
        state_from_bytes(instance, (const unsigned char *)bytes, size, &fault);
    if (!state)
        return REFUSE("fmi2DeSerializeFMUstate: the %zu bytes %s; nothing is changed", size, fault);
    return hold(instance, state, handle);
}

FMI2_Export fmi2Status fmi2DeSerializeFMUstate(fmi2Component c, const fmi2Byte bytes[], size_t size,
                                               fmi2FMUstate *handle) {
    RUN("fmi2DeSerializeFMUstate", ALIVE, deserialise(instance, bytes, size, handle));
}
