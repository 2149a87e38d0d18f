/* An FMU that does nothing, with the interface of the heat pump's: values that are set are kept, a
   step computes nothing, and every value that is asked for is the one that was kept.

   What its step costs is what the host and FMI cost: the floor for any model.
*/
#include <stdlib.h>

#include "fmi2Functions.h"

/* More than the heat pump's value references. */
enum { VARIABLES = 64 };

typedef struct {
    fmi2Real reals[VARIABLES];
    fmi2Integer integers[VARIABLES];
} Empty;

#define GET_AND_SET(Type, values)                                                                  \
    FMI2_Export fmi2Status fmi2Get##Type(fmi2Component c, const fmi2ValueReference references[],   \
                                         size_t count, fmi2##Type given[]) {                       \
        for (size_t i = 0; i < count; i++) given[i] = ((Empty *)c)->values[references[i]];         \
        return fmi2OK;                                                                             \
    }                                                                                              \
    FMI2_Export fmi2Status fmi2Set##Type(fmi2Component c, const fmi2ValueReference references[],   \
                                         size_t count, const fmi2##Type given[]) {                 \
        for (size_t i = 0; i < count; i++) ((Empty *)c)->values[references[i]] = given[i];         \
        return fmi2OK;                                                                             \
    }

GET_AND_SET(Real, reals)
GET_AND_SET(Integer, integers)
GET_AND_SET(Boolean, integers) /* there are none */

FMI2_Export const char *fmi2GetTypesPlatform(void) { return fmi2TypesPlatform; }
FMI2_Export const char *fmi2GetVersion(void) { return fmi2Version; }

FMI2_Export fmi2Component fmi2Instantiate(fmi2String name, fmi2Type type, fmi2String guid,
                                          fmi2String location,
                                          const fmi2CallbackFunctions *functions,
                                          fmi2Boolean visible, fmi2Boolean logging) {
    (void)name, (void)type, (void)guid, (void)location, (void)functions, (void)visible;
    (void)logging;
    return calloc(1, sizeof(Empty));
}

FMI2_Export void fmi2FreeInstance(fmi2Component c) { free(c); }

FMI2_Export fmi2Status fmi2DoStep(fmi2Component c, fmi2Real time, fmi2Real size,
                                  fmi2Boolean no_set_state_before) {
    (void)c, (void)time, (void)size, (void)no_set_state_before;
    return fmi2OK;
}

FMI2_Export fmi2Status fmi2SetupExperiment(fmi2Component c, fmi2Boolean has_tolerance,
                                           fmi2Real tolerance, fmi2Real start,
                                           fmi2Boolean has_stop, fmi2Real stop) {
    (void)c, (void)has_tolerance, (void)tolerance, (void)start, (void)has_stop, (void)stop;
    return fmi2OK;
}

/* What is left does nothing, whatever its arguments are. */
#define NOTHING(name, ...)                                                                         \
    FMI2_Export fmi2Status fmi2##name(__VA_ARGS__) { return fmi2OK; }

#pragma GCC diagnostic ignored "-Wunused-parameter"

typedef const fmi2ValueReference *References;
NOTHING(EnterInitializationMode, fmi2Component c)
NOTHING(ExitInitializationMode, fmi2Component c)
NOTHING(Terminate, fmi2Component c)
NOTHING(Reset, fmi2Component c)
NOTHING(CancelStep, fmi2Component c)
NOTHING(SetDebugLogging, fmi2Component c, fmi2Boolean on, size_t n, const fmi2String categories[])
NOTHING(GetString, fmi2Component c, References r, size_t n, fmi2String values[])
NOTHING(SetString, fmi2Component c, References r, size_t n, const fmi2String values[])
NOTHING(GetFMUstate, fmi2Component c, fmi2FMUstate *state)
NOTHING(SetFMUstate, fmi2Component c, fmi2FMUstate state)
NOTHING(FreeFMUstate, fmi2Component c, fmi2FMUstate *state)
NOTHING(SerializedFMUstateSize, fmi2Component c, fmi2FMUstate state, size_t *size)
NOTHING(SerializeFMUstate, fmi2Component c, fmi2FMUstate state, fmi2Byte bytes[], size_t size)
NOTHING(DeSerializeFMUstate, fmi2Component c, const fmi2Byte bytes[], size_t size,
        fmi2FMUstate *state)
NOTHING(GetDirectionalDerivative, fmi2Component c, References u, size_t nu, References k, size_t nk,
        const fmi2Real dk[], fmi2Real du[])
NOTHING(SetRealInputDerivatives, fmi2Component c, References r, size_t n, const fmi2Integer orders[],
        const fmi2Real values[])
NOTHING(GetRealOutputDerivatives, fmi2Component c, References r, size_t n,
        const fmi2Integer orders[], fmi2Real values[])
NOTHING(GetStatus, fmi2Component c, const fmi2StatusKind kind, fmi2Status *value)
NOTHING(GetRealStatus, fmi2Component c, const fmi2StatusKind kind, fmi2Real *value)
NOTHING(GetIntegerStatus, fmi2Component c, const fmi2StatusKind kind, fmi2Integer *value)
NOTHING(GetBooleanStatus, fmi2Component c, const fmi2StatusKind kind, fmi2Boolean *value)
NOTHING(GetStringStatus, fmi2Component c, const fmi2StatusKind kind, fmi2String *value)
