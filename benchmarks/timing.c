/* A host in C that measures an unzipped FMU: prints as JSON what a step costs, the first result, memory,
   and a year of minutes.

   usage: timing <library> <resource location> <guid> <steps> <inputs file>

   The file holds rows of five inputs as doubles. At each step all inputs are set, and all 18 results and
   the status are read. Times are in s, memory in bytes.
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fmi2FunctionTypes.h"

enum { INPUTS = 5, RESULTS = 18, STATUS = 23, INSTANCES = 100, YEAR = 525600 };

static void quiet(fmi2ComponentEnvironment environment, fmi2String name, fmi2Status status,
                  fmi2String category, fmi2String message, ...) {
    (void)environment, (void)name, (void)status, (void)category, (void)message;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static double resident(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
    if (file) fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

#define FMI(name) name##TYPE *name = (name##TYPE *)dlsym(library, #name)

int main(int count, char **arguments) {
    if (count != 6) return 2;
    double begin = now();
    void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    if (!library) return 3;
    FMI(fmi2Instantiate);
    FMI(fmi2SetupExperiment);
    FMI(fmi2EnterInitializationMode);
    FMI(fmi2ExitInitializationMode);
    FMI(fmi2SetReal);
    FMI(fmi2DoStep);
    FMI(fmi2GetReal);
    FMI(fmi2GetInteger);
    FMI(fmi2FreeInstance);
    fmi2CallbackFunctions callbacks = {quiet, calloc, free, NULL, NULL};
    fmi2ValueReference input[INPUTS], result[RESULTS], status = STATUS;
    for (unsigned i = 0; i < INPUTS; i++) input[i] = i;
    for (unsigned i = 0; i < RESULTS; i++) result[i] = INPUTS + i;
    fmi2Component one = NULL;
#define START(instance)                                                                            \
    instance = fmi2Instantiate("one", fmi2CoSimulation, arguments[3], arguments[2], &callbacks,    \
                               fmi2False, fmi2False);                                              \
    if (!instance) return 4;                                                                       \
    fmi2SetupExperiment(instance, fmi2False, 0.0, 0.0, fmi2False, 0.0);                            \
    fmi2EnterInitializationMode(instance);                                                         \
    fmi2ExitInitializationMode(instance)
    double values[RESULTS], sum = 0.0;
    fmi2Integer found = 0;
    START(one);
    if (fmi2DoStep(one, 0.0, 60.0, fmi2True) != fmi2OK) return 5;
    fmi2GetReal(one, result, RESULTS, values);
    double first = now() - begin;

    int steps = atoi(arguments[4]);
    FILE *file = fopen(arguments[5], "rb");
    double *rows = malloc(sizeof *rows * INPUTS * (size_t)steps);
    double *times = malloc(sizeof *times * (size_t)steps);
    if (!file || !rows || !times ||
        fread(rows, sizeof *rows * INPUTS, (size_t)steps, file) != (size_t)steps)
        return 6;
    /* Each time is that of one step; the clock itself costs about 0.03 us of it. */
    for (int i = 0; i < steps; i++) {
        double start = now();
        fmi2SetReal(one, input, INPUTS, rows + INPUTS * (size_t)i);
        fmi2DoStep(one, 60.0 * i, 60.0, fmi2True);
        fmi2GetReal(one, result, RESULTS, values);
        fmi2GetInteger(one, &status, 1, &found);
        times[i] = now() - start;
        sum += values[0];
    }
    qsort(times, (size_t)steps, sizeof *times, compare);
    double year = now();
    for (int i = 0; i < YEAR; i++) {
        fmi2SetReal(one, input, INPUTS, rows + INPUTS * (size_t)(i % steps));
        fmi2DoStep(one, 60.0 * i, 60.0, fmi2True);
        fmi2GetReal(one, result, RESULTS, values);
        fmi2GetInteger(one, &status, 1, &found);
        sum += values[0];
    }
    year = now() - year;
    double before = resident();
    fmi2Component many[INSTANCES];
    for (int i = 0; i < INSTANCES; i++) {
        START(many[i]);
        fmi2DoStep(many[i], 0.0, 60.0, fmi2True);
    }
    double memory = resident() - before;
    for (int i = 0; i < INSTANCES; i++) fmi2FreeInstance(many[i]);
    printf("{\"first_result\": %.9f, \"median\": %.9f, \"percentile_99\": %.9f, \"year\": %.6f, "
           "\"memory\": %.0f, \"sum\": %.17g}\n",
           first, times[steps / 2], times[(size_t)steps * 99 / 100], year, memory, sum);
    fmi2FreeInstance(one);
    return 0;
}
