#include "live.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmi2Functions.h"
#include "fmu_variables.h"
#include "platform.h"
#include "python_host.h"
#include "utf8.h"

/* What pythonfmu's library says when a call fails. */
enum { SAID_SIZE = 600 };

struct Live {
    char *folder; /* of the slave, in the FMU's resources */
    HeatPump *heat_pump;
    fmi2CallbackFunctions callbacks;
    fmi2Component slave;
    char *problem; /* why there is none; it is not tried again */
    char said[SAID_SIZE];
    bool was_interrupted;
};

/* pythonfmu's library ------------------------------------------------------------------------ */

#define USED(X)                                                                                    \
    X(Instantiate) X(FreeInstance) X(SetupExperiment) X(EnterInitializationMode)                   \
    X(ExitInitializationMode) X(SetReal) X(DoStep) X(GetReal) X(GetInteger) X(GetString)

static struct {
#define MEMBER(name) fmi2##name##TYPE *name;
    USED(MEMBER)
#undef MEMBER
    void (*finalize)(void);
} slave;

/* Under `live_lock`. */
static void *slave_library;
static size_t slave_users, instantiating;

static bool find_functions(void) {
    bool all = true;
#define FIND(name)                                                                                 \
    *(void **)&slave.name = find_symbol(slave_library, "fmi2" #name);                              \
    all = all && slave.name;
    USED(FIND)
#undef FIND
    *(void **)&slave.finalize = find_symbol(slave_library, "finalizePythonInterpreter");
    return all && slave.finalize;
}

/* Opened with the first slave and closed with the last, so that a host which loads an FMU many
   times, unzipped anew, does not keep each. Returns NULL or the problem. */
static char *begin_instantiation(const char *folder) {
    char *problem = NULL;
    lock(&live_lock);
    if (!slave_library) {
        char *path = text("%s/" SLAVE_LIBRARY, folder), *reason = NULL;
        slave_library = open_library(path, &reason);
        if (!slave_library) {
            problem = text("the library of pythonfmu cannot be loaded: %s", reason);
        } else if (!find_functions()) {
            problem = text("%s is not the library of pythonfmu", path);
            close_library(slave_library);
            slave_library = NULL;
        }
        free(reason);
        free(path);
    }
    if (slave_library) {
        slave_users++;
        instantiating++;
    }
    unlock(&live_lock);
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
    lock(&live_lock);
    if (--instantiating == 0) slave.finalize();
    if (!success) stop_using_slave_library();
    unlock(&live_lock);
}

/* The slave ----------------------------------------------------------------------------------- */

/* It gives the text in place of the format, so that it is no format. */
static void keep_what_is_said(fmi2ComponentEnvironment environment, fmi2String name,
                              fmi2Status status, fmi2String category, fmi2String message, ...) {
    Live *live = environment;
    (void)name, (void)status, (void)category;
    size_t length = strlen(live->said);
    if (message) snprintf(live->said + length, SAID_SIZE - length, "%s%s", length ? "; " : "", message);
}

/* NULL, or why there is no slave. */
static char *start_slave(Live *live) {
    char *at = text("%s/slavemodule.txt", live->folder);
    bool is_there = is_file(at);
    free(at);
    if (!HAS_SLAVE_LIBRARY)
        return text("solver = live needs the library of pythonfmu, which there is for Linux and "
                    "Windows on x86-64 processors; solver = map works on this platform");
    if (!is_there)
        return text("%s holds no slavemodule.txt: the part of the FMU for solver = live is missing",
                    live->folder);
    if (strstr(live->folder, "%20"))
        return text("the FMU is unzipped in %s, and pythonfmu takes the %%20 in that name for a "
                    "space: unzip it elsewhere", live->folder);
    if (!is_utf8(live->folder))
        return text("the FMU is unzipped in %s, whose name is not UTF-8, which pythonfmu cannot "
                    "read: unzip it elsewhere", live->folder);
    char *problem = provide_python();
    if (!problem) problem = begin_instantiation(live->folder);
    if (problem) return problem;
    char *uri = text(URI_START "%s", live->folder);
    live->callbacks =
        (fmi2CallbackFunctions){keep_what_is_said, calloc, free, NULL, (fmi2ComponentEnvironment)live};
    live->slave = slave.Instantiate("heat pump", fmi2CoSimulation, "", uri, &live->callbacks,
                                    fmi2False, fmi2True);
    free(uri);
    end_instantiation(live->slave != NULL);
    if (live->slave && slave.SetupExperiment(live->slave, fmi2False, 0.0, 0.0, fmi2False, 0.0) <=
                           fmi2Warning &&
        slave.EnterInitializationMode(live->slave) <= fmi2Warning &&
        slave.ExitInitializationMode(live->slave) <= fmi2Warning)
        return NULL;
    return text("the Python part of the FMU did not start: %s. If a package is missing, install "
                "those in %s/requirements.txt into the environment of the host's Python",
                *live->said ? live->said : "no reason was given", live->folder);
}

Live *live_make(const char *resources, HeatPump *heat_pump) {
    Live *live = calloc(1, sizeof *live);
    if (!live) return NULL;
    char *folder = text("%s/live", resources);
    live->folder = usable_path(folder);
    live->heat_pump = heat_pump;
    free(folder);
    return live;
}

void live_free(Live *live) {
    if (!live) return;
    if (live->slave) {
        slave.FreeInstance(live->slave);
        lock(&live_lock);
        stop_using_slave_library();
        unlock(&live_lock);
    }
    free(live->problem);
    free(live->folder);
    free(live);
}

bool live_was_interrupted(const Live *live) { return live->was_interrupted; }

/* Points -------------------------------------------------------------------------------------- */

/* Set inputs and the map's answer there as an estimate, and do a step. */
static fmi2Status ask(Live *live, const double inputs[INPUTS]) {
    static const Result estimated[GUESSES] = {GUESS_RESULTS};
    fmi2ValueReference references[INPUTS + GUESSES];
    double values[INPUTS + GUESSES], results[RESULTS];
    char why[NOTE_SIZE];
    for (int i = 0; i < INPUTS; i++) values[i] = inputs[i];
    bool is_estimated = heat_pump_map(live->heat_pump, inputs, results, why, sizeof why);
    for (int i = 0; i < GUESSES; i++)
        values[SLAVE_GUESS + i] = is_estimated ? results[estimated[i]] : 0.0;
    for (int i = 0; i < INPUTS + GUESSES; i++) references[i] = (fmi2ValueReference)i;
    fmi2Status status = slave.SetReal(live->slave, references, INPUTS + GUESSES, values);
    return status <= fmi2Warning ? slave.DoStep(live->slave, 0.0, 1.0, fmi2True) : status;
}

static bool take(Live *live, double results[RESULTS], char *why, size_t size) {
    fmi2ValueReference references[RESULTS], status = SLAVE_STATUS, message = SLAVE_MESSAGE;
    fmi2Integer found = 0;
    fmi2String words = NULL;
    for (int i = 0; i < RESULTS; i++) references[i] = (fmi2ValueReference)(SLAVE_RESULTS + i);
    if (slave.GetInteger(live->slave, &status, 1, &found) > fmi2Warning) return false;
    if (found == SLAVE_SOLVED)
        return slave.GetReal(live->slave, references, RESULTS, results) <= fmi2Warning;
    if (slave.GetString(live->slave, &message, 1, &words) <= fmi2Warning && words)
        snprintf(why, size, "%s", words);
    return false;
}

bool live_point(void *context, const double inputs[INPUTS], double results[RESULTS], char *why,
                size_t size) {
    Live *live = context;
    live->was_interrupted = false;
    if (!live->slave && !live->problem) live->problem = start_slave(live);
    if (live->problem) {
        snprintf(why, size, "%s", live->problem);
        return false;
    }
    *live->said = 0;
    fmi2Status status = ask(live, inputs);
    snprintf(why, size, "the Python part of the FMU failed: %s", live->said);
    live->was_interrupted = status == fmi2Discard;
    bool found = status <= fmi2Discard && take(live, results, why, size);
    if (status >= fmi2Error || (!found && *live->said)) {
        /* pythonfmu has let go of the slave once too often: nothing may touch it again, and its
           library has to stay. */
        live->slave = NULL;
        live->problem = text("the Python part of the FMU failed and is not asked again before a "
                             "reset: %s", live->said);
    }
    return found;
}
