/* A host that is not Python: steps an unzipped FMU through given inputs and prints what happens.

   usage: host <platform library> <resource location> <guid> <table> [<reference> <text>] ...

   <table> is a file: the numbers of inputs, real outputs, integer outputs and steps,
   the references of each, then one row of inputs a step. Prints a line "log ..." for each message,
   "status <call> <status>" for each call that is not OK, and "result ..." with all outputs a step.
   The texts are set before initialisation. Compiled with -DTIMER its calls of the system are interrupted
   a hundred times a second, with -DKEEP it does not free the instance.
   Exit codes: 2 usage, 3 library, 4 instantiation, 5 a call failed, 6 stopped by the FMU.
*/
#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#include <signal.h>
#include <sys/time.h>
#endif
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "fmi2FunctionTypes.h"

#define MOST 64

static void print_log(fmi2ComponentEnvironment environment, fmi2String instance, fmi2Status status,
                      fmi2String category, fmi2String message, ...) {
    va_list arguments;
    (void)environment;
    (void)instance;
    printf("log %d %s: ", status, category);
    va_start(arguments, message);
    vprintf(message, arguments);
    va_end(arguments);
    putchar('\n');
}

#ifdef _WIN32
static void *open_library(const char *path) { return (void *)LoadLibraryA(path); }
static void *find(void *library, const char *name) {
    return (void *)GetProcAddress((HMODULE)library, name);
}
static void close_library(void *library) { FreeLibrary((HMODULE)library); }
static const char *problem(void) { return "not loaded"; }
#else
static void *open_library(const char *path) { return dlopen(path, RTLD_NOW | RTLD_LOCAL); }
static void *find(void *library, const char *name) { return dlsym(library, name); }
static void close_library(void *library) { dlclose(library); }
static const char *problem(void) { return dlerror(); }
#endif

static void *symbol(void *library, const char *name) {
    void *found = find(library, name);
    if (!found) {
        printf("missing %s\n", name);
        exit(3);
    }
    return found;
}

#define FMI(name) name##TYPE *name = (name##TYPE *)symbol(library, #name)

static void check(const char *call, fmi2Status status) {
    if (status != fmi2OK) printf("status %s %d\n", call, status);
    if (status == fmi2Discard) exit(6);
    if (status > fmi2Warning) exit(5);
}

static void read_references(FILE *file, fmi2ValueReference *references, int count) {
    for (int i = 0; i < count; i++)
        if (fscanf(file, "%u", &references[i]) != 1) exit(2);
}

#ifdef TIMER
static void ignore(int signal) { (void)signal; }

static void set_timer(void) {
    struct sigaction action = {.sa_handler = ignore}; /* without SA_RESTART */
    struct itimerval often = {{0, 10000}, {0, 10000}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
}
#else
static void set_timer(void) {}
#endif

int main(int count, char **arguments) {
    fmi2CallbackFunctions callbacks = {print_log, calloc, free, NULL, NULL};
    if (count < 5 || count % 2 == 0) return 2;
    setvbuf(stdout, NULL, _IONBF, 0);
    set_timer();
    void *library = open_library(arguments[1]);
    if (!library) {
        printf("%s\n", problem());
        return 3;
    }
    FMI(fmi2Instantiate);
    FMI(fmi2SetupExperiment);
    FMI(fmi2EnterInitializationMode);
    FMI(fmi2ExitInitializationMode);
    FMI(fmi2SetReal);
    FMI(fmi2SetString);
    FMI(fmi2DoStep);
    FMI(fmi2GetReal);
    FMI(fmi2GetInteger);
    FMI(fmi2Terminate);
    FMI(fmi2FreeInstance);

    FILE *table = fopen(arguments[4], "r");
    int inputs, outputs, integers, steps;
    fmi2ValueReference input[MOST], output[MOST], integer[MOST];
    if (!table || fscanf(table, "%d %d %d %d", &inputs, &outputs, &integers, &steps) != 4) return 2;
    if (inputs > MOST || outputs > MOST || integers > MOST) return 2;
    read_references(table, input, inputs);
    read_references(table, output, outputs);
    read_references(table, integer, integers);

    fmi2Component instance = fmi2Instantiate("one", fmi2CoSimulation, arguments[3], arguments[2],
                                             &callbacks, fmi2False, fmi2True);
    if (!instance) return 4;
    for (int i = 5; i < count; i += 2) {
        fmi2ValueReference reference = (fmi2ValueReference)atoi(arguments[i]);
        fmi2String given = arguments[i + 1];
        check("fmi2SetString", fmi2SetString(instance, &reference, 1, &given));
    }
    check("fmi2SetupExperiment",
          fmi2SetupExperiment(instance, fmi2False, 0.0, 0.0, fmi2False, 0.0));
    check("fmi2EnterInitializationMode", fmi2EnterInitializationMode(instance));
    check("fmi2ExitInitializationMode", fmi2ExitInitializationMode(instance));
    for (int step = 0; step < steps; step++) {
        fmi2Real in[MOST], out[MOST];
        fmi2Integer number[MOST];
        for (int i = 0; i < inputs; i++)
            if (fscanf(table, "%lf", &in[i]) != 1) return 2;
        check("fmi2SetReal", fmi2SetReal(instance, input, inputs, in));
        check("fmi2DoStep", fmi2DoStep(instance, 60.0 * step, 60.0, fmi2True));
        check("fmi2GetReal", fmi2GetReal(instance, output, outputs, out));
        check("fmi2GetInteger", fmi2GetInteger(instance, integer, integers, number));
        printf("result");
        for (int i = 0; i < outputs; i++) printf(" %.17g", out[i]);
        for (int i = 0; i < integers; i++) printf(" %d", number[i]);
        putchar('\n');
    }
    check("fmi2Terminate", fmi2Terminate(instance));
#ifdef KEEP /* a host that ends without freeing */
    (void)fmi2FreeInstance;
#else
    fmi2FreeInstance(instance);
#endif
    close_library(library);
    return 0;
}
