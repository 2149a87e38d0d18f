/* A host that steps several unzipped FMUs at once, each in a thread, loaded and unloaded in turn.

   usage: threads <guid> <library> <resource location> [<library> <resource location>] ...

   The last instance of each thread is not freed, as a host that is in a hurry to end. Sets the
   sink's temperature, outside the envelope too, and expects the power that the first thread gets.
*/
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "fmi2FunctionTypes.h"

/* With -DSOLVER='"live"' TESPy solves, which takes its time. */
#ifdef SOLVER
enum { ROUNDS = 2, STEPS = 4, MOST = 16 };
#else
#define SOLVER "map"
enum { ROUNDS = 5, STEPS = 20, MOST = 16 };
#endif

static const char *guid;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static fmi2Real powers[STEPS];

static void print_log(fmi2ComponentEnvironment environment, fmi2String instance, fmi2Status status,
                      fmi2String category, fmi2String message, ...) {
    (void)environment, (void)instance, (void)category;
    (void)status, (void)message;
}

static const fmi2CallbackFunctions callbacks = {print_log, calloc, free, NULL, NULL};

#define CALL(name, ...) ((name##TYPE *)dlsym(library, #name))(__VA_ARGS__)

static void need(int right, const char *what) {
    if (right) return;
    printf("failed: %s\n", what);
    fflush(stdout);
    _Exit(5);
}

static void *host(void *arguments) {
    char **paths = arguments;
    for (int round = 0; round < ROUNDS; round++) {
        void *library = dlopen(paths[0], RTLD_NOW);
        need(library != NULL, "dlopen");
        fmi2Component instance = CALL(fmi2Instantiate, "one", fmi2CoSimulation, guid, paths[1],
                                      &callbacks, fmi2False, fmi2True);
        need(instance != NULL, "fmi2Instantiate");
        fmi2ValueReference solver = 28;
        fmi2String chosen = SOLVER;
        need(CALL(fmi2SetString, instance, &solver, 1, &chosen) == fmi2OK, "fmi2SetString");
        CALL(fmi2SetupExperiment, instance, fmi2False, 0.0, 0.0, fmi2False, 0.0);
        CALL(fmi2EnterInitializationMode, instance);
        CALL(fmi2ExitInitializationMode, instance);
        for (int step = 0; step < STEPS; step++) {
            fmi2ValueReference input = 2, output = 5;
            fmi2Real value = 290.0 + 2.5 * step, result = 0.0;
            CALL(fmi2SetReal, instance, &input, 1, &value);
            need(CALL(fmi2DoStep, instance, step, 1.0, fmi2True) == fmi2OK, "fmi2DoStep");
            CALL(fmi2GetReal, instance, &output, 1, &result);
            need(result > 100.0, "a power");
            pthread_mutex_lock(&lock);
            if (powers[step] == 0.0) powers[step] = result;
            need(result == powers[step], "equal powers");
            pthread_mutex_unlock(&lock);
        }
        void *state = NULL;
        need(CALL(fmi2GetFMUstate, instance, &state) == fmi2OK, "fmi2GetFMUstate");
        need(CALL(fmi2SetFMUstate, instance, state) == fmi2OK, "fmi2SetFMUstate");
        if (round == ROUNDS - 1) break;
        CALL(fmi2FreeInstance, instance);
        dlclose(library);
    }
    return NULL;
}

int main(int count, char **arguments) {
    pthread_t threads[MOST];
    int number = (count - 2) / 2;
    if (number < 1 || number > MOST) return 2;
    guid = arguments[1];
    for (int i = 0; i < number; i++)
        pthread_create(&threads[i], NULL, host, &arguments[2 + 2 * i]);
    for (int i = 0; i < number; i++) pthread_join(threads[i], NULL);
    return 0;
}
