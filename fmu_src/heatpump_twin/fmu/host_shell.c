/* The FMU's FMI 2.0 co-simulation functions, forwarded to pythonfmu's unmodified library beside it.

   pythonfmu's library ends the host's process in cases that it cannot be blamed for by a user: see
   docs/upstream/. This shell lets nothing through that leads there, starts Python where the host has
   none, and adds what FMI asks of any FMU: states, statuses, checked references, readable logs.

   What it knows of the FMU comes from resources/host_shell.txt, which the build writes from
   modelDescription.xml: a line "guid <guid>", a line "state <get and set> <serialise>" of 0 or 1,
   and a line "<reference> <type> <phases> <name>" for each variable. <type> is R, I, B or S;
   <phases> is the sum of those Phase values in which a host may set it. A line "shares" says that
   the slave is the heat pump's, which hands over memory and messages as follows.

   After initialisation the slave shares the memory in which it keeps inputs, results and status, and
   the numbers of its performance map. Steps inside the envelope are then answered here, and values
   are read and set here, without a word of Python; everything else goes to the slave as before.
*/
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmi2Functions.h"
#include "native_map.h"
#include "python_host.h"
#include "sharing.h"

enum {
    ALIVE = INSTANTIATED | INITIALIZATION | STEP_COMPLETE | STEP_FAILED | TERMINATED,
    READABLE = INITIALIZATION | STEP_COMPLETE | STEP_FAILED | TERMINATED,
    WRITABLE = INSTANTIATED | INITIALIZATION | STEP_COMPLETE,
};

typedef struct {
    fmi2ValueReference reference;
    char type;
    int phases;
    char *name;
} Variable;

/* What a state of the shell itself consists of. */
typedef struct {
    fmi2Real last_successful_time;
    uint32_t phase, last_step;
} Own;

/* A state that the host holds: pythonfmu's and the shell's own. */
typedef struct State {
    struct State *next;
    fmi2FMUstate inner;
    Own own;
} State;

typedef struct Instance {
    struct Instance *next;
    fmi2Component inner; /* pythonfmu's */
    Phase phase;
    char *name;
    char *guid;
    bool has_state, has_serialised_state, shares;
    Variable *variables;
    size_t variable_count;
    State *states;
    fmi2CallbackFunctions host;       /* a copy: a host need not keep its own */
    fmi2CallbackFunctions to_us;      /* what pythonfmu gets */
    bool logging;
    char **categories;                /* the host's choice; none means all */
    size_t category_count;
    fmi2Status worst;                 /* of the messages that the slave logged in this call */
    fmi2Status last_step;
    fmi2Real last_successful_time;
    /* What the slave shares, as sharing.h says: inputs and results by value reference, and its
       state. NULL when it shares nothing. */
    double *values;
    int64_t *state;
    NativeMap *map;
} Instance;

/* pythonfmu's functions --------------------------------------------------------------------- */

#define FORWARDED(X)                                                                               \
    X(Instantiate) X(FreeInstance) X(SetupExperiment) X(EnterInitializationMode)                   \
    X(ExitInitializationMode) X(Terminate) X(Reset) X(GetReal) X(GetInteger) X(GetBoolean)         \
    X(GetString) X(SetReal) X(SetInteger) X(SetBoolean) X(SetString) X(GetFMUstate)                \
    X(SetFMUstate) X(FreeFMUstate) X(SerializedFMUstateSize) X(SerializeFMUstate)                  \
    X(DeSerializeFMUstate) X(DoStep)

static struct {
#define MEMBER(name) fmi2##name##TYPE *name;
    FORWARDED(MEMBER)
#undef MEMBER
    void (*finalize)(void);
} slave;

/* Under `instances_lock`. */
static Instance *instances;
static void *slave_library;
static size_t slave_users, instantiating;

/* Log --------------------------------------------------------------------------------------- */

static const char *category_of(fmi2Status status) {
    switch (status) {
    case fmi2Warning: return "logStatusWarning";
    case fmi2Discard: return "logStatusDiscard";
    case fmi2Error: return "logStatusError";
    case fmi2Fatal: return "logStatusFatal";
    default: return "logAll";
    }
}

/* To the host's logger, or where it has none to the standard error stream.

   The logger takes a format of printf's kind. The text goes as the format, each % doubled, and not
   as "%s" with an argument: hosts that format show the same either way, but one that takes no
   further arguments would show "%s" and lose the message. */
static void to_host(const fmi2CallbackFunctions *host, const char *name, fmi2Status status,
                    const char *category, const char *message) {
    if (!host || !host->logger) {
        fprintf(stderr, "%s: %s\n", name ? name : "FMU", message);
        return;
    }
    char *format = malloc(2 * strlen(message) + 1), *end = format;
    if (!format) return;
    for (const char *c = message; *c; c++) {
        if (*c == '%') *end++ = '%';
        *end++ = *c;
    }
    *end = 0;
    host->logger(host->componentEnvironment, name ? name : "", status,
                 category && *category ? category : category_of(status), format);
    free(format);
}

/* Errors are always told; the rest as the host has chosen. */
static bool is_wanted(const Instance *instance, fmi2Status status, const char *category) {
    if (status >= fmi2Error) return true;
    if (!instance->logging) return false;
    for (size_t i = 0; i < instance->category_count; i++) {
        if (!strcmp(instance->categories[i], "logAll")) return true;
        if (!strcmp(instance->categories[i], category)) return true;
    }
    return instance->category_count == 0;
}

static void report(const Instance *instance, fmi2Status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *message = text_of(format, arguments);
    va_end(arguments);
    if (is_wanted(instance, status, category_of(status)))
        to_host(&instance->host, instance->name, status, NULL, message);
    free(message);
}

/* pythonfmu's logger. It gives the slave's text in place of the format, so that it is no format. */
static void from_slave(fmi2ComponentEnvironment environment, fmi2String name, fmi2Status status,
                       fmi2String category, fmi2String message, ...) {
    Instance *instance = environment;
    (void)name;
    if (!category || !*category) category = category_of(status);
    if (status > instance->worst) instance->worst = status;
    if (message && is_wanted(instance, status, category))
        to_host(&instance->host, instance->name, status, category, message);
}

/* The frame of each call -------------------------------------------------------------------- */

static const char *phase_name(Phase phase) {
    switch (phase) {
    case INSTANTIATED: return "before initialisation";
    case INITIALIZATION: return "in initialisation mode";
    case STEP_COMPLETE: return "between steps";
    case STEP_FAILED: return "after a discarded step";
    case TERMINATED: return "after its end";
    default: return "after a fatal error";
    }
}

static bool is_instance(const Instance *candidate) {
    lock(&instances_lock);
    const Instance *instance = instances;
    while (instance && instance != candidate) instance = instance->next;
    unlock(&instances_lock);
    return instance != NULL;
}

/* Whether a call may go on: a known instance in one of the phases in which FMI allows it. */
static fmi2Status enter(fmi2Component component, const char *call, int phases) {
    Instance *instance = component;
    if (!is_instance(instance)) {
        to_host(NULL, NULL, fmi2Error, NULL, "called with an instance that is none, or is freed");
        return fmi2Error;
    }
    instance->worst = fmi2OK;
    if (instance->phase & phases) return fmi2OK;
    report(instance, fmi2Error, "%s is not allowed %s", call, phase_name(instance->phase));
    return instance->phase == FATAL ? fmi2Fatal : fmi2Error;
}

#define ENTER(call, phases)                                                                        \
    Instance *instance = c;                                                                        \
    {                                                                                              \
        fmi2Status refused = enter(c, call, phases);                                               \
        if (refused != fmi2OK) return refused;                                                     \
    }

/* Memory of the slave ------------------------------------------------------------------------ */

static void unshare(Instance *instance) {
    native_map_free(instance->map);
    instance->map = NULL;
    instance->values = NULL;
    instance->state = NULL;
}

/* A double holds every address that processes are given today, up to 2**53. */
static void *pointer_of(fmi2Real address) { return (void *)(uintptr_t)address; }

static void share(Instance *instance) {
    fmi2ValueReference references[ADDRESSES];
    fmi2Real found[ADDRESSES] = {0};
    unshare(instance);
    if (!instance->shares) return;
    for (int i = 0; i < ADDRESSES; i++) references[i] = FIRST_ADDRESS + (fmi2ValueReference)i;
    if (slave.GetReal(instance->inner, references, ADDRESSES, found) != fmi2OK || !found[ADDRESS_OF_VALUES])
        return;
    instance->map = native_map_make(pointer_of(found[ADDRESS_OF_NUMBERS]),
                                    (size_t)found[ADDRESS_OF_NUMBER_COUNT]);
    if (!instance->map) return;
    instance->values = pointer_of(found[ADDRESS_OF_VALUES]);
    instance->state = pointer_of(found[ADDRESS_OF_STATE]);
}

static bool are_below(const fmi2ValueReference references[], size_t count, unsigned limit) {
    for (size_t i = 0; i < count; i++)
        if (references[i] >= limit) return false;
    return true;
}

/* Hand over what the slave has to say.

   Not through pythonfmu's queue, which keeps the text of each message for ever. A message begins
   with the digit of its status and ends with END_OF_MESSAGE. */
static void take_messages(Instance *instance) {
    const fmi2ValueReference reference = MESSAGES;
    fmi2Real count = 0.0;
    fmi2String texts = NULL;
    if (instance->state) count = (fmi2Real)instance->state[STATE_MESSAGES];
    else if (slave.GetReal(instance->inner, &reference, 1, &count) != fmi2OK) return;
    if (!count || slave.GetString(instance->inner, &reference, 1, &texts) != fmi2OK) return;
    char *all = text("%s", texts);
    for (char *message = all, *end; (end = strchr(message, END_OF_MESSAGE)); message = end + 1) {
        *end = 0;
        from_slave(instance, NULL, (fmi2Status)(*message - '0'), NULL, message + 1);
    }
    free(all);
}

/* What the host gets for what pythonfmu answered.

   A slave of pythonfmu can answer no warning. It logs one, and FMI says that a call which logged
   something that is not quite right, and from which the run can go on, returns a warning. */
static fmi2Status leave(Instance *instance, fmi2Status status) {
    if (status == fmi2Fatal) {
        /* pythonfmu has let go of the slave once too often: nothing may touch it again. */
        instance->phase = FATAL;
        instance->inner = NULL;
        unshare(instance);
    } else if (instance->shares) {
        take_messages(instance);
    }
    return status == fmi2OK && instance->worst > fmi2OK ? fmi2Warning : status;
}

/* pythonfmu hands over what the slave logged at the end of a call, but not of these. */
static void fetch_log(Instance *instance) {
    fmi2ValueReference none = 0;
    fmi2Real nothing = 0.0;
    leave(instance, slave.GetReal(instance->inner, &none, 0, &nothing));
}

static fmi2Status unsupported(fmi2Component c, const char *call, fmi2Status answer) {
    ENTER(call, ALIVE);
    report(instance, answer, "%s: this FMU does not provide it, as its modelDescription.xml says",
           call);
    return answer;
}

/* Whether Python can read a text: pythonfmu does not look and goes on with a null pointer. */
static bool is_utf8(const char *string) {
    for (const unsigned char *c = (const unsigned char *)string; *c;) {
        unsigned code = *c++;
        if (code < 0x80) continue;
        int more = code >= 0xF0 ? 3 : code >= 0xE0 ? 2 : 1;
        static const unsigned least[] = {0, 0x80, 0x800, 0x10000};
        if (code < 0xC2 || code > 0xF4) return false;
        code &= 0x3Fu >> more;
        for (int i = 0; i < more; i++, c++) {
            if ((*c & 0xC0) != 0x80) return false;
            code = code << 6 | (*c & 0x3F);
        }
        if (code < least[more] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
    }
    return true;
}

/* Where the FMU lies ------------------------------------------------------------------------ */

/* Percent signs of an URI taken back; NULL where one is not followed by two hexadecimal digits. */
static char *decoded(const char *uri) {
    char *result = text("%s", uri), *end = result;
    for (const char *c = uri; *c; c++) {
        char code[3] = {0};
        if (*c != '%') {
            *end++ = *c;
            continue;
        }
        for (int i = 0; i < 2 && isxdigit((unsigned char)c[1]); i++) code[i] = *++c;
        *end = (char)strtol(code, NULL, 16);
        if (!code[1] || !*end++) {
            free(result);
            return NULL;
        }
    }
    *end = 0;
    return result;
}

/* The path part of a file URI, or a path as it is. NULL for other schemes and other machines. */
static const char *path_part(const char *location) {
    if (strncmp(location, "file:", 5) == 0) {
        location += 5;
        if (strncmp(location, "//", 2) == 0) {
            location += 2;
            if (strncmp(location, "localhost/", 10) == 0) location += 9;
        }
    }
#ifdef _WIN32
    if (location[0] == '/' && isalpha((unsigned char)location[1]) && location[2] == ':') location++;
    return isalpha((unsigned char)location[0]) && location[1] == ':' ? location : NULL;
#else
    return *location == '/' ? location : NULL;
#endif
}

static bool holds(const char *folder, const char *file) {
    char *path = text("%s/%s", folder, file);
    bool result = is_file(path);
    free(path);
    return result;
}

/* The resources' folder as a path, or NULL and a problem. */
static char *resources_path(const char *location, char **problem) {
    const char *part = location ? path_part(location) : NULL;
    if (!part) {
        *problem = text("the resource location '%s' is no URI of a folder on this machine, as "
                        "file:///path/to/resources is", location ? location : "(none)");
        return NULL;
    }
    /* Some hosts leave the path as it is where FMI wants it percent-encoded. */
    char *candidates[] = {decoded(part), text("%s", part)}, *found = NULL;
    for (int i = 0; i < 2; i++) {
        char *folder = candidates[i];
        if (folder && !found && holds(folder, "host_shell.txt")) found = usable_path(folder);
        free(folder);
    }
    if (!found) {
        *problem = text("the resource location '%s' holds no resources of this FMU: "
                        "host_shell.txt is not there", location);
    } else if (strstr(found, "%20")) {
        *problem = text("the FMU is unzipped in %s, and pythonfmu takes the %%20 in that name for a "
                        "space: unzip it elsewhere", found);
    } else if (!is_utf8(found)) {
        *problem = text("the FMU is unzipped in %s, whose name is not UTF-8, which pythonfmu cannot "
                        "read: unzip it elsewhere", found);
    } else if (!holds(found, "slavemodule.txt")) {
        *problem = text("%s holds no slavemodule.txt: resources are missing", found);
    }
    if (*problem) {
        free(found);
        found = NULL;
    }
    return found;
}

static bool read_description(Instance *instance, const char *resources) {
    char *path = text("%s/host_shell.txt", resources);
    FILE *file = fopen(path, "r");
    free(path);
    if (!file) return false;
    char line[1024], name[1024];
    while (fgets(line, sizeof line, file)) {
        Variable variable = {0};
        int get_set, serialise;
        if (sscanf(line, "guid %1023[^\n]", name) == 1 && !instance->guid) {
            instance->guid = text("%s", name);
        } else if (sscanf(line, "state %d %d", &get_set, &serialise) == 2) {
            instance->has_state = get_set;
            instance->has_serialised_state = serialise;
        } else if (!strcmp(line, "shares\n")) {
            instance->shares = true;
        } else if (sscanf(line, "%u %c %d %1023[^\n]", &variable.reference, &variable.type,
                          &variable.phases, name) == 4) {
            Variable *more = realloc(instance->variables,
                                     (instance->variable_count + 1) * sizeof variable);
            if (!more) break;
            variable.name = text("%s", name);
            instance->variables = more;
            instance->variables[instance->variable_count++] = variable;
        }
    }
    fclose(file);
    return instance->guid != NULL;
}

/* pythonfmu's library ----------------------------------------------------------------------- */

/* Opened with the first instance and closed with the last, so that a host which loads an FMU many
   times, unzipped anew, does not keep each. Returns NULL or the problem. */
static char *begin_instantiation(void) {
    char *problem = NULL;
    lock(&instances_lock);
    if (!slave_library) {
        const char *folder = own_folder();
        char *path = text("%s/pythonfmu-export" LIBRARY_SUFFIX, folder ? folder : ".");
        char *usable = usable_path(path), *reason = NULL;
        slave_library = open_library(usable, &reason);
        if (!slave_library)
            problem = text("the library of pythonfmu cannot be loaded: %s", reason);
        free(reason);
        free(usable);
        free(path);
    }
    if (slave_library) {
#define LOAD(name) slave.name = (fmi2##name##TYPE *)find_symbol(slave_library, "fmi2" #name);
        FORWARDED(LOAD)
#undef LOAD
        slave.finalize = (void (*)(void))find_symbol(slave_library, "finalizePythonInterpreter");
        slave_users++;
        instantiating++;
    }
    unlock(&instances_lock);
    return problem;
}

static void stop_using_slave_library(void) {
    if (--slave_users == 0) {
        close_library(slave_library);
        slave_library = NULL;
    }
}

/* pythonfmu keeps an object whose only use is to end a Python that it started itself, and destroys
   it twice at the process's exit, which aborts the host after correct results. It has started none
   here, so the object goes at once, as soon as no thread can be using it. */
static void end_instantiation(bool success) {
    lock(&instances_lock);
    if (--instantiating == 0) slave.finalize();
    if (!success) stop_using_slave_library();
    unlock(&instances_lock);
}

/* Life cycle -------------------------------------------------------------------------------- */

FMI2_Export const char *fmi2GetTypesPlatform(void) { return fmi2TypesPlatform; }

FMI2_Export const char *fmi2GetVersion(void) { return fmi2Version; }

static void forget_categories(Instance *instance) {
    for (size_t i = 0; i < instance->category_count; i++) free(instance->categories[i]);
    free(instance->categories);
    instance->categories = NULL;
    instance->category_count = 0;
}

static void forget(Instance *instance) {
    for (size_t i = 0; i < instance->variable_count; i++) free(instance->variables[i].name);
    free(instance->variables);
    forget_categories(instance);
    free(instance->guid);
    free(instance->name);
    free(instance);
}

/* NULL, or the problem that keeps the instance from being made. */
static char *make(Instance *instance, fmi2String guid, fmi2String location, fmi2Boolean visible) {
    char *problem = NULL, *remark = NULL;
    char *resources = resources_path(location, &problem);
    if (!resources) return problem;
    if (!read_description(instance, resources)) {
        problem = text("%s/host_shell.txt cannot be read", resources);
    } else if (!guid || strcmp(guid, instance->guid)) {
        problem = text("the guid '%s' is not this FMU's, which is '%s': the host took it from "
                       "another modelDescription.xml", guid ? guid : "(none)", instance->guid);
    } else {
        problem = provide_python(&remark);
    }
    if (remark) report(instance, fmi2Warning, "%s", remark);
    free(remark);
    if (!problem) problem = begin_instantiation();
    if (!problem) {
#ifdef _WIN32
        char *uri = text("file:///%s", resources);
#else
        char *uri = text("file://%s", resources);
#endif
        instance->to_us = (fmi2CallbackFunctions){from_slave, calloc, free, NULL, instance};
        /* The shell logs under the host's name; Python has no use for it and may not know it. */
        instance->inner = slave.Instantiate("heat pump", fmi2CoSimulation, guid, uri,
                                            &instance->to_us, visible, fmi2True);
        end_instantiation(instance->inner != NULL);
        free(uri);
        if (!instance->inner)
            problem = text("the Python part of the FMU did not start, for the reason logged before; "
                           "if a package is missing, install those in %s/requirements.txt into the "
                           "environment of the host's Python", resources);
    }
    free(resources);
    return problem;
}

FMI2_Export fmi2Component fmi2Instantiate(fmi2String name, fmi2Type type, fmi2String guid,
                                          fmi2String location,
                                          const fmi2CallbackFunctions *functions,
                                          fmi2Boolean visible, fmi2Boolean logging) {
    Instance *instance = calloc(1, sizeof *instance);
    if (!instance) return NULL;
    if (functions) instance->host = *functions;
    instance->name = text("%s", name ? name : "");
    instance->logging = logging;
    instance->phase = INSTANTIATED;
    char *problem = !name || !*name         ? text("the instance has no name")
                    : type != fmi2CoSimulation ? text("this FMU is for co-simulation only")
                                               : make(instance, guid, location, visible);
    if (problem) {
        report(instance, fmi2Error, "fmi2Instantiate: %s", problem);
        free(problem);
        forget(instance);
        return NULL;
    }
    fetch_log(instance);
    lock(&instances_lock);
    instance->next = instances;
    instances = instance;
    unlock(&instances_lock);
    return instance;
}

FMI2_Export void fmi2FreeInstance(fmi2Component c) {
    Instance *instance = c;
    if (!instance || enter(instance, "fmi2FreeInstance", ALIVE | FATAL) != fmi2OK) return;
    unshare(instance);
    for (State *state = instance->states, *next; state; state = next) {
        next = state->next;
        if (instance->inner) slave.FreeFMUstate(instance->inner, &state->inner);
        free(state);
    }
    if (instance->inner) slave.FreeInstance(instance->inner);
    lock(&instances_lock);
    Instance **link = &instances;
    while (*link && *link != instance) link = &(*link)->next;
    if (*link) *link = instance->next;
    /* After a fatal error pythonfmu's part was left as it was, so its library has to stay. */
    if (instance->inner) stop_using_slave_library();
    unlock(&instances_lock);
    forget(instance);
}

FMI2_Export fmi2Status fmi2SetDebugLogging(fmi2Component c, fmi2Boolean logging, size_t count,
                                           const fmi2String categories[]) {
    ENTER("fmi2SetDebugLogging", ALIVE);
    for (size_t i = 0; i < count; i++)
        if (!categories || !categories[i]) {
            report(instance, fmi2Error, "fmi2SetDebugLogging: a category is null");
            return fmi2Error;
        }
    forget_categories(instance);
    instance->logging = logging;
    instance->categories = calloc(count + 1, sizeof *instance->categories);
    if (!instance->categories) return fmi2Error;
    for (size_t i = 0; i < count; i++) instance->categories[i] = text("%s", categories[i]);
    instance->category_count = count;
    return fmi2OK;
}

FMI2_Export fmi2Status fmi2SetupExperiment(fmi2Component c, fmi2Boolean has_tolerance,
                                           fmi2Real tolerance, fmi2Real start,
                                           fmi2Boolean has_stop, fmi2Real stop) {
    ENTER("fmi2SetupExperiment", INSTANTIATED);
    if (!isfinite(start)) {
        report(instance, fmi2Error, "fmi2SetupExperiment: a start at %g has no meaning", start);
        return fmi2Error;
    }
    instance->last_successful_time = start;
    return leave(instance, slave.SetupExperiment(instance->inner, has_tolerance, tolerance, start,
                                                 has_stop, stop));
}

/* A call without arguments that ends in the next phase. */
static fmi2Status move_on(Instance *instance, fmi2Status status, Phase next) {
    status = leave(instance, status);
    if (status <= fmi2Warning) instance->phase = next;
    return status;
}

FMI2_Export fmi2Status fmi2EnterInitializationMode(fmi2Component c) {
    ENTER("fmi2EnterInitializationMode", INSTANTIATED);
    return move_on(instance, slave.EnterInitializationMode(instance->inner), INITIALIZATION);
}

FMI2_Export fmi2Status fmi2ExitInitializationMode(fmi2Component c) {
    ENTER("fmi2ExitInitializationMode", INITIALIZATION);
    fmi2Status status =
        move_on(instance, slave.ExitInitializationMode(instance->inner), STEP_COMPLETE);
    if (instance->phase == STEP_COMPLETE) share(instance);
    return status;
}

FMI2_Export fmi2Status fmi2Terminate(fmi2Component c) {
    ENTER("fmi2Terminate", STEP_COMPLETE | STEP_FAILED);
    return move_on(instance, slave.Terminate(instance->inner), TERMINATED);
}

FMI2_Export fmi2Status fmi2Reset(fmi2Component c) {
    ENTER("fmi2Reset", ALIVE);
    unshare(instance);
    fmi2Status status = move_on(instance, slave.Reset(instance->inner), INSTANTIATED);
    if (instance->phase != FATAL) fetch_log(instance);
    return status;
}

/* Variables --------------------------------------------------------------------------------- */

static const Variable *variable_of(const Instance *instance, fmi2ValueReference reference) {
    /* pythonfmu counts references from 0, so the first look is nearly always right. */
    if (reference < instance->variable_count &&
        instance->variables[reference].reference == reference)
        return &instance->variables[reference];
    for (size_t i = 0; i < instance->variable_count; i++)
        if (instance->variables[i].reference == reference) return &instance->variables[i];
    return NULL;
}

/* A reference that pythonfmu does not know ends in an exception, after which it must not be used. */
static bool are_valid(const Instance *instance, const char *call, char type,
                      const fmi2ValueReference references[], size_t count, const void *values,
                      bool set) {
    if (count && (!references || !values)) {
        report(instance, fmi2Error, "%s: no place for %zu values was given", call, count);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const Variable *variable = variable_of(instance, references[i]);
        if (!variable || variable->type != type) {
            report(instance, fmi2Error, "%s: value reference %u is %s", call, references[i],
                   variable ? "of another type" : "unknown");
            return false;
        }
        if (set && !(variable->phases & (int)instance->phase)) {
            report(instance, fmi2Error, "%s: %s must not be set %s", call, variable->name,
                   phase_name(instance->phase));
            return false;
        }
        if (set && type == 'S' && !((const fmi2String *)values)[i]) {
            report(instance, fmi2Error, "%s: the text for %s is null", call, variable->name);
            return false;
        }
        if (set && type == 'S' && !is_utf8(((const fmi2String *)values)[i])) {
            report(instance, fmi2Error, "%s: the text for %s is not UTF-8", call, variable->name);
            return false;
        }
    }
    return true;
}

/* Read or set in shared memory; false where the slave has to be asked. */
static bool get_shared_Real(const Instance *instance, const fmi2ValueReference references[],
                            size_t count, fmi2Real values[]) {
    if (!instance->values || !are_below(references, count, SHARED_REALS)) return false;
    for (size_t i = 0; i < count; i++) values[i] = instance->values[references[i]];
    return true;
}

static bool set_shared_Real(Instance *instance, const fmi2ValueReference references[],
                            size_t count, const fmi2Real values[]) {
    if (!instance->values || !are_below(references, count, MAP_INPUTS)) return false;
    for (size_t i = 0; i < count; i++) instance->values[references[i]] = values[i];
    return true;
}

static bool get_shared_Integer(const Instance *instance, const fmi2ValueReference references[],
                               size_t count, fmi2Integer values[]) {
    if (!instance->state || count != 1 || references[0] != STATUS_REFERENCE) return false;
    values[0] = (fmi2Integer)instance->state[STATE_STATUS];
    return true;
}

#define NOTHING_SHARED(name)                                                                       \
    static bool name(const void *instance, const void *references, size_t count,                   \
                     const void *values) {                                                         \
        (void)instance, (void)references, (void)count, (void)values;                               \
        return false;                                                                              \
    }
NOTHING_SHARED(set_shared_Integer)
NOTHING_SHARED(get_shared_Boolean)
NOTHING_SHARED(set_shared_Boolean)
NOTHING_SHARED(get_shared_String)
NOTHING_SHARED(set_shared_String)

#define GET_AND_SET(Type, letter)                                                                  \
    FMI2_Export fmi2Status fmi2Get##Type(fmi2Component c, const fmi2ValueReference references[],   \
                                         size_t count, fmi2##Type values[]) {                      \
        ENTER("fmi2Get" #Type, READABLE);                                                          \
        if (!are_valid(instance, "fmi2Get" #Type, letter, references, count, values, false))       \
            return fmi2Error;                                                                      \
        if (get_shared_##Type(instance, references, count, values)) return fmi2OK;                 \
        return count ? leave(instance, slave.Get##Type(instance->inner, references, count,         \
                                                       values))                                    \
                     : fmi2OK;                                                                     \
    }                                                                                              \
    FMI2_Export fmi2Status fmi2Set##Type(fmi2Component c, const fmi2ValueReference references[],   \
                                         size_t count, const fmi2##Type values[]) {                \
        ENTER("fmi2Set" #Type, WRITABLE);                                                          \
        if (!are_valid(instance, "fmi2Set" #Type, letter, references, count, values, true))        \
            return fmi2Error;                                                                      \
        if (set_shared_##Type(instance, references, count, values)) return fmi2OK;                 \
        return count ? leave(instance, slave.Set##Type(instance->inner, references, count,         \
                                                       values))                                    \
                     : fmi2OK;                                                                     \
    }

GET_AND_SET(Real, 'R')
GET_AND_SET(Integer, 'I')
GET_AND_SET(Boolean, 'B')
GET_AND_SET(String, 'S')

FMI2_Export fmi2Status fmi2GetDirectionalDerivative(
    fmi2Component c, const fmi2ValueReference unknowns[], size_t unknown_count,
    const fmi2ValueReference knowns[], size_t known_count, const fmi2Real known_changes[],
    fmi2Real unknown_changes[]) {
    (void)unknowns, (void)unknown_count, (void)knowns, (void)known_count, (void)known_changes;
    (void)unknown_changes;
    return unsupported(c, "fmi2GetDirectionalDerivative", fmi2Error);
}

FMI2_Export fmi2Status fmi2SetRealInputDerivatives(fmi2Component c,
                                                   const fmi2ValueReference references[],
                                                   size_t count, const fmi2Integer orders[],
                                                   const fmi2Real values[]) {
    (void)references, (void)count, (void)orders, (void)values;
    return unsupported(c, "fmi2SetRealInputDerivatives", fmi2Error);
}

FMI2_Export fmi2Status fmi2GetRealOutputDerivatives(fmi2Component c,
                                                    const fmi2ValueReference references[],
                                                    size_t count, const fmi2Integer orders[],
                                                    fmi2Real values[]) {
    (void)references, (void)count, (void)orders, (void)values;
    return unsupported(c, "fmi2GetRealOutputDerivatives", fmi2Error);
}

/* Steps ------------------------------------------------------------------------------------- */

FMI2_Export fmi2Status fmi2DoStep(fmi2Component c, fmi2Real time, fmi2Real size,
                                  fmi2Boolean no_set_state_before) {
    ENTER("fmi2DoStep", STEP_COMPLETE);
    /* FMI has no step of length 0, but masters use one to pass on inputs. */
    if (!(size >= 0.0) || !isfinite(time + size)) {
        report(instance, fmi2Error, "fmi2DoStep: a step of %g from %g has no meaning", size, time);
        return fmi2Error;
    }
    if (instance->map &&
        native_map_answer(instance->map, instance->values, instance->values + MAP_INPUTS)) {
        instance->state[STATE_STATUS] = STATUS_INSIDE;
        instance->state[STATE_COUNTS + STATUS_INSIDE]++;
        instance->last_step = fmi2OK;
    } else {
        instance->last_step =
            leave(instance, slave.DoStep(instance->inner, time, size, no_set_state_before));
    }
    if (instance->last_step == fmi2Discard) instance->phase = STEP_FAILED;
    if (instance->last_step <= fmi2Warning) instance->last_successful_time = time + size;
    return instance->last_step;
}

FMI2_Export fmi2Status fmi2CancelStep(fmi2Component c) {
    ENTER("fmi2CancelStep", ALIVE);
    report(instance, fmi2Error, "fmi2CancelStep: no step is running; each ends before it returns");
    return fmi2Error;
}

static fmi2Status answer_status(fmi2Component c, const char *call, bool known, const void *value) {
    ENTER(call, ALIVE);
    if (known && value) return fmi2OK;
    report(instance, fmi2Discard, "%s: no such status is kept", call);
    return fmi2Discard;
}

FMI2_Export fmi2Status fmi2GetStatus(fmi2Component c, const fmi2StatusKind kind,
                                     fmi2Status *value) {
    fmi2Status status = answer_status(c, "fmi2GetStatus", kind == fmi2DoStepStatus, value);
    if (status == fmi2OK) *value = ((Instance *)c)->last_step;
    return status;
}

FMI2_Export fmi2Status fmi2GetRealStatus(fmi2Component c, const fmi2StatusKind kind,
                                         fmi2Real *value) {
    fmi2Status status =
        answer_status(c, "fmi2GetRealStatus", kind == fmi2LastSuccessfulTime, value);
    if (status == fmi2OK) *value = ((Instance *)c)->last_successful_time;
    return status;
}

FMI2_Export fmi2Status fmi2GetIntegerStatus(fmi2Component c, const fmi2StatusKind kind,
                                            fmi2Integer *value) {
    (void)kind;
    return answer_status(c, "fmi2GetIntegerStatus", false, value);
}

/* A slave refuses a step only to end the run. */
FMI2_Export fmi2Status fmi2GetBooleanStatus(fmi2Component c, const fmi2StatusKind kind,
                                            fmi2Boolean *value) {
    fmi2Status status = answer_status(c, "fmi2GetBooleanStatus", kind == fmi2Terminated, value);
    if (status == fmi2OK) *value = ((Instance *)c)->phase == STEP_FAILED;
    return status;
}

FMI2_Export fmi2Status fmi2GetStringStatus(fmi2Component c, const fmi2StatusKind kind,
                                           fmi2String *value) {
    (void)kind;
    return answer_status(c, "fmi2GetStringStatus", false, value);
}

/* State ------------------------------------------------------------------------------------- */

/* Before pythonfmu's bytes: whose they are, and whether they are whole. Bytes that it cannot read
   would end in an exception. */
typedef struct {
    char magic[8];
    uint64_t guid, length, sum; /* of all but the sum itself */
    Own own;
} Header;

/* The last sign is the version of this layout. */
static const char MAGIC[8] = "HPTWIN2";

/* FNV-1a, going on from a sum. */
static uint64_t sum_of(uint64_t sum, const void *bytes, size_t length) {
    for (size_t i = 0; i < length; i++)
        sum = (sum ^ ((const unsigned char *)bytes)[i]) * UINT64_C(1099511628211);
    return sum;
}

static const uint64_t EMPTY_SUM = UINT64_C(14695981039346656037);

static Header header_of(const Instance *instance, const void *bytes, size_t length, Own own) {
    Header header = {{0}, sum_of(EMPTY_SUM, instance->guid, strlen(instance->guid)), length, 0, own};
    memcpy(header.magic, MAGIC, sizeof MAGIC);
    header.sum = sum_of(sum_of(EMPTY_SUM, &header, sizeof header), bytes, length);
    return header;
}

/* The link to a state of this instance; NULL after a log line where there is none such. */
static State **link_of(Instance *instance, const char *call, fmi2FMUstate handle) {
    for (State **link = &instance->states; *link; link = &(*link)->next)
        if (*link == handle) return link;
    report(instance, fmi2Error, "%s: the state is none of this instance", call);
    return NULL;
}

#define ENTER_STATE(call, provided, valid)                                                         \
    ENTER(call, ALIVE);                                                                            \
    if (!instance->provided) return unsupported(c, call, fmi2Error);                               \
    if (!(valid)) {                                                                                \
        report(instance, fmi2Error, call ": an argument is null");                                 \
        return fmi2Error;                                                                          \
    }

static fmi2Status hold(Instance *instance, fmi2FMUstate inner, Own own, fmi2FMUstate *handle) {
    State *state = calloc(1, sizeof *state);
    if (!state) return fmi2Error;
    *state = (State){instance->states, inner, own};
    instance->states = state;
    *handle = state;
    return fmi2OK;
}

FMI2_Export fmi2Status fmi2FreeFMUstate(fmi2Component c, fmi2FMUstate *handle) {
    ENTER_STATE("fmi2FreeFMUstate", has_state, true);
    if (!handle || !*handle) return fmi2OK;
    State **link = link_of(instance, "fmi2FreeFMUstate", *handle);
    if (!link) return fmi2Error;
    State *state = *link;
    fmi2Status status = leave(instance, slave.FreeFMUstate(instance->inner, &state->inner));
    *link = state->next;
    free(state);
    *handle = NULL;
    return status;
}

FMI2_Export fmi2Status fmi2GetFMUstate(fmi2Component c, fmi2FMUstate *handle) {
    ENTER_STATE("fmi2GetFMUstate", has_state, handle);
    /* A state given is to be overwritten. */
    if (*handle) {
        fmi2Status status = fmi2FreeFMUstate(c, handle);
        if (status > fmi2Warning) return status;
    }
    fmi2FMUstate inner = NULL;
    fmi2Status status = leave(instance, slave.GetFMUstate(instance->inner, &inner));
    if (status > fmi2Warning) return status;
    Own own = {instance->last_successful_time, instance->phase, instance->last_step};
    return hold(instance, inner, own, handle) == fmi2OK ? status : fmi2Error;
}

FMI2_Export fmi2Status fmi2SetFMUstate(fmi2Component c, fmi2FMUstate handle) {
    ENTER_STATE("fmi2SetFMUstate", has_state, handle);
    State **link = link_of(instance, "fmi2SetFMUstate", handle);
    if (!link) return fmi2Error;
    Own own = (*link)->own;
    fmi2Status status =
        move_on(instance, slave.SetFMUstate(instance->inner, (*link)->inner), (Phase)own.phase);
    if (status <= fmi2Warning) {
        instance->last_successful_time = own.last_successful_time;
        instance->last_step = (fmi2Status)own.last_step;
    }
    /* Parameters may have come back with the state. */
    if (instance->phase == STEP_COMPLETE || instance->phase == STEP_FAILED ||
        instance->phase == TERMINATED)
        share(instance);
    else
        unshare(instance);
    return status;
}

FMI2_Export fmi2Status fmi2SerializedFMUstateSize(fmi2Component c, fmi2FMUstate handle,
                                                  size_t *size) {
    ENTER_STATE("fmi2SerializedFMUstateSize", has_serialised_state, handle && size);
    State **link = link_of(instance, "fmi2SerializedFMUstateSize", handle);
    if (!link) return fmi2Error;
    fmi2Status status =
        leave(instance, slave.SerializedFMUstateSize(instance->inner, (*link)->inner, size));
    *size += sizeof(Header);
    return status;
}

FMI2_Export fmi2Status fmi2SerializeFMUstate(fmi2Component c, fmi2FMUstate handle,
                                             fmi2Byte bytes[], size_t size) {
    ENTER_STATE("fmi2SerializeFMUstate", has_serialised_state, handle && bytes);
    State **link = link_of(instance, "fmi2SerializeFMUstate", handle);
    if (!link) return fmi2Error;
    size_t length = 0;
    fmi2Status status =
        leave(instance, slave.SerializedFMUstateSize(instance->inner, (*link)->inner, &length));
    if (status > fmi2Warning) return status;
    if (size < length + sizeof(Header)) {
        report(instance, fmi2Error, "fmi2SerializeFMUstate: %zu bytes are too few for %zu", size,
               length + sizeof(Header));
        return fmi2Error;
    }
    fmi2Byte *content = bytes + sizeof(Header);
    status = leave(instance, slave.SerializeFMUstate(instance->inner, (*link)->inner, content,
                                                     length));
    if (status > fmi2Warning) return status;
    Header header = header_of(instance, content, length, (*link)->own);
    memcpy(bytes, &header, sizeof header);
    return status;
}

FMI2_Export fmi2Status fmi2DeSerializeFMUstate(fmi2Component c, const fmi2Byte bytes[], size_t size,
                                               fmi2FMUstate *handle) {
    ENTER_STATE("fmi2DeSerializeFMUstate", has_serialised_state, bytes && handle);
    const fmi2Byte *content = bytes + sizeof(Header);
    Header header = {{0}, 0, 0, 0, {0}};
    if (size >= sizeof header) memcpy(&header, bytes, sizeof header);
    const char *fault = NULL;
    if (memcmp(header.magic, MAGIC, sizeof MAGIC)) {
        fault = "are no state of a heat pump FMU of this version";
    } else if (header.length > size - sizeof header) {
        fault = "are cut off";
    } else {
        size_t length = (size_t)header.length;
        Header expected = header_of(instance, content, length, header.own);
        if (header.guid != expected.guid) fault = "are the state of another machine or build";
        else if (header.sum != expected.sum) fault = "are damaged";
    }
    if (fault) {
        report(instance, fmi2Error, "fmi2DeSerializeFMUstate: the %zu bytes %s; nothing is changed",
               size, fault);
        return fmi2Error;
    }
    fmi2FMUstate inner = NULL;
    fmi2Status status = leave(instance, slave.DeSerializeFMUstate(instance->inner, content,
                                                                  (size_t)header.length, &inner));
    if (status > fmi2Warning) return status;
    return hold(instance, inner, header.own, handle) == fmi2OK ? status : fmi2Error;
}
