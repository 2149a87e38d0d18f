/* A host with floating-point traps enabled, which sets a NaN, asks for parameters and forges a state.

   usage: traps <library> <resource location> <guid> <solver>

   Prints the statuses, the operating status of a last plain step, and "trapped" when a division of its
   own ends in a trap at last.
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fenv.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmi2FunctionTypes.h"

static void print_log(fmi2ComponentEnvironment environment, fmi2String instance, fmi2Status status,
                      fmi2String category, fmi2String message, ...) {
    (void)environment, (void)instance, (void)category;
    printf("log %d %s\n", status, message);
}

static void trapped(int signal) {
    (void)signal;
    puts("trapped");
    fflush(stdout);
    _Exit(0);
}

#define FMI(name) name##TYPE *name = (name##TYPE *)dlsym(library, #name)

int main(int count, char **arguments) {
    fmi2CallbackFunctions callbacks = {print_log, calloc, free, NULL, NULL};
    if (count != 5) return 2;
    void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    if (!library) return 3;
    FMI(fmi2Instantiate);
    FMI(fmi2SetupExperiment);
    FMI(fmi2EnterInitializationMode);
    FMI(fmi2ExitInitializationMode);
    FMI(fmi2SetReal);
    FMI(fmi2GetReal);
    FMI(fmi2SetString);
    FMI(fmi2GetInteger);
    FMI(fmi2DoStep);
    FMI(fmi2GetFMUstate);
    FMI(fmi2SetFMUstate);
    FMI(fmi2FreeInstance);
    feenableexcept(FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW);
    fmi2Component instance = fmi2Instantiate("one", fmi2CoSimulation, arguments[3], arguments[2],
                                             &callbacks, fmi2False, fmi2True);
    if (!instance) return 4;
    double nothing = NAN, values[23];
    fmi2ValueReference standby = 25, status = 23, solver = 28, references[23];
    fmi2String chosen = arguments[4];
    fmi2Integer found = 0;
    for (unsigned i = 0; i < 23; i++) references[i] = i;
    printf("%d ", fmi2SetReal(instance, &standby, 1, &nothing));
    printf("%d ", fmi2SetupExperiment(instance, fmi2False, 0.0, NAN, fmi2False, 0.0));
    printf("%d ", fmi2SetupExperiment(instance, fmi2False, 0.0, 0.0, fmi2False, 0.0));
    printf("%d ", fmi2SetString(instance, &solver, 1, &chosen));
    fmi2EnterInitializationMode(instance);
    double start[5];
    fmi2GetReal(instance, references, 5, start);
    for (unsigned i = 0; i < 5; i++) {
        /* Quiet, signalling, infinite. */
        unsigned long long signalling = 0x7FF0000000000001ULL;
        printf("%d ", fmi2SetReal(instance, &references[i], 1, &nothing));
        printf("%d ", fmi2GetReal(instance, references, 23, values));
        memcpy(&nothing, &signalling, sizeof nothing);
    }
    fmi2ExitInitializationMode(instance);
    printf("%d ", fmi2DoStep(instance, 0.0, 60.0, fmi2True));
    printf("%d ", fmi2DoStep(instance, NAN, NAN, fmi2True));
    printf("%d ", fmi2DoStep(instance, 1e308, 1e308, fmi2True));
    fmi2FMUstate state = NULL;
    printf("%d ", fmi2GetFMUstate(instance, &state));
    printf("%d ", fmi2SetFMUstate(instance, state));
    printf("%d ", fmi2GetReal(instance, references, 23, values));
    fmi2SetReal(instance, references, 5, start);
    printf("%d ", fmi2DoStep(instance, 0.0, 60.0, fmi2True));
    printf("%d\n", fmi2GetInteger(instance, &status, 1, &found));
    printf("operating_status %d\n", found);
    fmi2FreeInstance(instance);
    signal(SIGFPE, trapped);
    volatile double zero = 0.0;
    zero = zero / zero;
    return 5;
}
