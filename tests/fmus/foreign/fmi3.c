/* The same FMU of FMI 3.0. Functions that are missing here are generated: they refuse. */

#include "fmi3FunctionTypes.h"
#include "model.h"

const char *fmi3GetVersion(void) { return "3.0"; }

fmi3Instance fmi3InstantiateCoSimulation(void) { return new_instance(0); }
fmi3Instance fmi3InstantiateModelExchange(void) { return new_instance(1); }
void fmi3FreeInstance(fmi3Instance c) { free(c); }
fmi3Status fmi3EnterInitializationMode(fmi3Instance c) { return fmi3OK; }
fmi3Status fmi3ExitInitializationMode(fmi3Instance c) { return fmi3OK; }
fmi3Status fmi3Terminate(fmi3Instance c) { return fmi3OK; }

fmi3Status fmi3GetFloat64(Instance *m, const fmi3ValueReference vr[], size_t n, fmi3Float64 value[], size_t k) {
    for (size_t i = 0; i < n; i++) value[i] = value_of(m, vr[i]);
    return fmi3OK;
}
fmi3Status fmi3SetFloat64(Instance *m, const fmi3ValueReference vr[], size_t n, const fmi3Float64 value[], size_t k) {
    for (size_t i = 0; i < n; i++) m->values[vr[i]] = value[i];
    return fmi3OK;
}
fmi3Status fmi3DoStep(Instance *m, fmi3Float64 t, fmi3Float64 h, fmi3Boolean no_set, fmi3Boolean *event,
                      fmi3Boolean *end, fmi3Boolean *early, fmi3Float64 *last) {
    m->steps++;
    *event = *end = *early = fmi3False;
    *last = t + h;
#ifdef STOP_AT
    *end = m->steps == STOP_AT;
#endif
    return fmi3OK;
}

fmi3Status fmi3EnterEventMode(Instance *m) { return fmi3OK; }
fmi3Status fmi3EnterContinuousTimeMode(Instance *m) { return fmi3OK; }
fmi3Status fmi3UpdateDiscreteStates(Instance *m, fmi3Boolean *again, fmi3Boolean *end, fmi3Boolean *nominals,
                                    fmi3Boolean *values, fmi3Boolean *is_defined, fmi3Float64 *next) {
    *again = *end = *nominals = *values = fmi3False;
    settle(m);
    *is_defined = !m->is_after_event;
    *next = EVENT;
    return fmi3OK;
}
fmi3Status fmi3SetTime(Instance *m, fmi3Float64 time) {
    m->time = time;
    return fmi3OK;
}
fmi3Status fmi3SetContinuousStates(Instance *m, const fmi3Float64 x[], size_t n) {
    m->power = x[0];
    return fmi3OK;
}
fmi3Status fmi3GetContinuousStates(Instance *m, fmi3Float64 x[], size_t n) {
    x[0] = m->power;
    return fmi3OK;
}
fmi3Status fmi3GetNominalsOfContinuousStates(Instance *m, fmi3Float64 x[], size_t n) {
    x[0] = 1.0;
    return fmi3OK;
}
fmi3Status fmi3GetContinuousStateDerivatives(Instance *m, fmi3Float64 dx[], size_t n) {
    dx[0] = derivative(m);
    return fmi3OK;
}
fmi3Status fmi3GetEventIndicators(Instance *m, fmi3Float64 z[], size_t n) {
    for (size_t i = 0; i < n; i++) z[i] = m->power - LEVEL;
    return fmi3OK;
}
fmi3Status fmi3CompletedIntegratorStep(Instance *m, fmi3Boolean no_set, fmi3Boolean *event, fmi3Boolean *end) {
    *event = *end = fmi3False;
    return fmi3OK;
}
