/* A host that steps an FMU through a year of minutes: inside the envelope, outside, off, and now and
   then with an input without meaning. Every 10,000 steps it stores the state as bytes, takes another
   step, goes back to the bytes and repeats the step, which has to give the same bits.

   usage: year <library> <resource location> <guid>

   Prints the log, how many steps had which status, and sums of all results in hexadecimal digits.
*/
#include <dlfcn.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fmi2FunctionTypes.h"

enum { INPUTS = 5, RESULTS = 18, STATUS = 23, STATUSES = 5 };

#ifndef MINUTES
#define MINUTES 525600
#endif

static void print_log(fmi2ComponentEnvironment environment, fmi2String instance, fmi2Status status,
                      fmi2String category, fmi2String message, ...) {
    va_list arguments;
    (void)environment, (void)instance;
    printf("log %d %s: ", status, category);
    va_start(arguments, message);
    vprintf(message, arguments);
    va_end(arguments);
    putchar('\n');
}

static void need(int right, const char *what) {
    if (right) return;
    printf("failed: %s\n", what);
    exit(5);
}

#define FMI(name) name##TYPE *name = (name##TYPE *)dlsym(library, #name)

int main(int count, char **arguments) {
    fmi2CallbackFunctions callbacks = {print_log, calloc, free, NULL, NULL};
    if (count != 4) return 2;
    void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        printf("%s\n", dlerror());
        return 3;
    }
    FMI(fmi2Instantiate);
    FMI(fmi2SetupExperiment);
    FMI(fmi2EnterInitializationMode);
    FMI(fmi2ExitInitializationMode);
    FMI(fmi2SetReal);
    FMI(fmi2DoStep);
    FMI(fmi2GetReal);
    FMI(fmi2GetInteger);
    FMI(fmi2GetFMUstate);
    FMI(fmi2SetFMUstate);
    FMI(fmi2FreeFMUstate);
    FMI(fmi2SerializedFMUstateSize);
    FMI(fmi2SerializeFMUstate);
    FMI(fmi2DeSerializeFMUstate);
    FMI(fmi2Terminate);
    FMI(fmi2FreeInstance);
    fmi2Component one = fmi2Instantiate("one", fmi2CoSimulation, arguments[3], arguments[2],
                                        &callbacks, fmi2False, fmi2True);
    if (!one) return 4;
    fmi2ValueReference input[INPUTS], result[RESULTS], status = STATUS;
    for (unsigned i = 0; i < INPUTS; i++) input[i] = i;
    for (unsigned i = 0; i < RESULTS; i++) result[i] = INPUTS + i;
    double start[INPUTS], values[INPUTS], results[RESULTS], again[RESULTS], sums[RESULTS] = {0.0};
    long counts[STATUSES] = {0};
    fmi2SetupExperiment(one, fmi2False, 0.0, 0.0, fmi2False, 0.0);
    fmi2EnterInitializationMode(one);
    need(fmi2GetReal(one, input, INPUTS, start) == fmi2OK, "start values");
    fmi2ExitInitializationMode(one);
    for (int minute = 0; minute < MINUTES; minute++) {
        double day = minute / 1440.0, season = cos(6.283185307179586 * day / 365.0);
        values[0] = minute % 90 < 30 ? 0.0 : 1.0 + 0.2 * sin(0.01 * minute);
        values[1] = start[1] - 8.0 * season + 2.0 * sin(6.283185307179586 * day);
        values[2] = start[2] + 10.0 * season + 15.0 * sin(0.003 * minute);
        values[3] = start[3] * (1.0 + 0.2 * sin(0.02 * minute));
        values[4] = minute % 5000 ? start[4] * (1.0 + 0.2 * cos(0.02 * minute)) : -1.0;
        fmi2FMUstate state = NULL, copy = NULL;
        size_t size = 0;
        char bytes[4096];
        if (minute % 10000 == 0) {
            need(fmi2GetFMUstate(one, &state) == fmi2OK, "fmi2GetFMUstate");
            need(fmi2SerializedFMUstateSize(one, state, &size) == fmi2OK && size < sizeof bytes,
                 "fmi2SerializedFMUstateSize");
            need(fmi2SerializeFMUstate(one, state, bytes, size) == fmi2OK, "fmi2SerializeFMUstate");
        }
        need(fmi2SetReal(one, input, INPUTS, values) == fmi2OK, "fmi2SetReal");
        need(fmi2DoStep(one, 60.0 * minute, 60.0, fmi2False) == fmi2OK, "fmi2DoStep");
        need(fmi2GetReal(one, result, RESULTS, results) == fmi2OK, "fmi2GetReal");
        if (state) {
            need(fmi2DeSerializeFMUstate(one, bytes, size, &copy) == fmi2OK,
                 "fmi2DeSerializeFMUstate");
            need(fmi2SetFMUstate(one, copy) == fmi2OK, "fmi2SetFMUstate");
            fmi2FreeFMUstate(one, &state);
            fmi2FreeFMUstate(one, &copy);
            fmi2SetReal(one, input, INPUTS, values);
            fmi2DoStep(one, 60.0 * minute, 60.0, fmi2False);
            fmi2GetReal(one, result, RESULTS, again);
            need(memcmp(results, again, sizeof results) == 0, "a step repeated bit for bit");
        }
        fmi2Integer found = 0;
        need(fmi2GetInteger(one, &status, 1, &found) == fmi2OK, "fmi2GetInteger");
        counts[found]++;
        for (int i = 0; i < RESULTS; i++) sums[i] += results[i];
    }
    need(fmi2Terminate(one) == fmi2OK, "fmi2Terminate");
    fmi2FreeInstance(one);
    printf("statuses");
    for (int i = 0; i < STATUSES; i++) printf(" %ld", counts[i]);
    printf("\nsums");
    for (int i = 0; i < RESULTS; i++) printf(" %a", sums[i]);
    putchar('\n');
    dlclose(library);
    return 0;
}
