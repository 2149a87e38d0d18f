/* A host that is not Python: steps an unzipped FMU and prints one output after each step.

   usage: host <unzipped FMU> <model identifier> <guid> <input reference> <output reference>
*/
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "fmi2FunctionTypes.h"

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

static void *symbol(void *library, const char *name) {
    void *found = dlsym(library, name);
    if (!found) {
        printf("missing %s\n", name);
        exit(3);
    }
    return found;
}

#define FMI(name) name##TYPE *name = (name##TYPE *)symbol(library, #name)

int main(int count, char **arguments) {
    char path[4096], resources[4096];
    fmi2CallbackFunctions callbacks = {print_log, calloc, free, NULL, NULL};
    if (count != 6) return 2;
    setvbuf(stdout, NULL, _IONBF, 0);
    snprintf(path, sizeof path, "%s/binaries/linux64/%s.so", arguments[1], arguments[2]);
    snprintf(resources, sizeof resources, "file://%s/resources", arguments[1]);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
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
    FMI(fmi2Terminate);
    FMI(fmi2FreeInstance);

    fmi2Component instance = fmi2Instantiate("one", fmi2CoSimulation, arguments[3], resources,
                                             &callbacks, fmi2False, fmi2True);
    if (!instance) return 4;
    fmi2SetupExperiment(instance, fmi2False, 0.0, 0.0, fmi2False, 0.0);
    fmi2EnterInitializationMode(instance);
    fmi2ExitInitializationMode(instance);
    fmi2ValueReference input = atoi(arguments[4]), output = atoi(arguments[5]);
    for (int step = 0; step < 5; step++) {
        fmi2Real value = 300.0 + 5.0 * step, result;
        fmi2SetReal(instance, &input, 1, &value);
        if (fmi2DoStep(instance, 60.0 * step, 60.0, fmi2True) != fmi2OK) return 5;
        fmi2GetReal(instance, &output, 1, &result);
        printf("result %.17g\n", result);
    }
    fmi2Terminate(instance);
    fmi2FreeInstance(instance);
    return 0;
}
