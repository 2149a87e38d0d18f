/* An FMU of FMI 2.0 with three outputs. Functions that are missing here are generated: they refuse. */

#include "fmi2FunctionTypes.h"
#include "model.h"

const char *fmi2GetTypesPlatform(void) { return fmi2TypesPlatform; }
const char *fmi2GetVersion(void) { return "2.0"; }

fmi2Component fmi2Instantiate(fmi2String name, fmi2Type type) { return new_instance(type == fmi2ModelExchange); }
void fmi2FreeInstance(fmi2Component c) { free(c); }
fmi2Status fmi2SetDebugLogging(fmi2Component c) { return fmi2OK; }
fmi2Status fmi2SetupExperiment(fmi2Component c) { return fmi2OK; }
fmi2Status fmi2EnterInitializationMode(fmi2Component c) { return fmi2OK; }
fmi2Status fmi2ExitInitializationMode(fmi2Component c) { return fmi2OK; }
fmi2Status fmi2Terminate(fmi2Component c) { return fmi2OK; }

fmi2Status fmi2GetReal(Instance *m, const fmi2ValueReference vr[], size_t n, fmi2Real value[]) {
    for (size_t i = 0; i < n; i++) value[i] = value_of(m, vr[i]);
    return fmi2OK;
}
fmi2Status fmi2SetReal(Instance *m, const fmi2ValueReference vr[], size_t n, const fmi2Real value[]) {
    for (size_t i = 0; i < n; i++) m->values[vr[i]] = value[i];
    return fmi2OK;
}
fmi2Status fmi2DoStep(Instance *m) {
    m->steps++;
#ifdef STOP_AT
    if (m->steps == STOP_AT) return fmi2Discard;
#endif
    return fmi2OK;
}

fmi2Status fmi2EnterEventMode(Instance *m) { return fmi2OK; }
fmi2Status fmi2EnterContinuousTimeMode(Instance *m) { return fmi2OK; }
fmi2Status fmi2NewDiscreteStates(Instance *m, fmi2EventInfo *info) {
    fmi2EventInfo none = {0};
    *info = none;
    settle(m);
    info->nextEventTimeDefined = !m->is_after_event;
    info->nextEventTime = EVENT;
    return fmi2OK;
}
fmi2Status fmi2SetTime(Instance *m, fmi2Real time) {
    m->time = time;
    return fmi2OK;
}
fmi2Status fmi2SetContinuousStates(Instance *m, const fmi2Real x[], size_t n) {
    m->power = x[0];
    return fmi2OK;
}
fmi2Status fmi2GetContinuousStates(Instance *m, fmi2Real x[], size_t n) {
    x[0] = m->power;
    return fmi2OK;
}
fmi2Status fmi2GetNominalsOfContinuousStates(Instance *m, fmi2Real x[], size_t n) {
    x[0] = 1.0;
    return fmi2OK;
}
fmi2Status fmi2GetDerivatives(Instance *m, fmi2Real dx[], size_t n) {
#ifdef FAILS_AT
    if (m->time > FAILS_AT) return fmi2Error;
#endif
    dx[0] = derivative(m);
    return fmi2OK;
}
fmi2Status fmi2GetEventIndicators(Instance *m, fmi2Real z[], size_t n) {
    for (size_t i = 0; i < n; i++) z[i] = m->power - LEVEL;
    return fmi2OK;
}
fmi2Status fmi2CompletedIntegratorStep(Instance *m, fmi2Boolean no_set, fmi2Boolean *event, fmi2Boolean *end) {
    *event = *end = fmi2False;
    return fmi2OK;
}
