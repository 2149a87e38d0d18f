/* See declared.h. */
#include "declared.h"

#include <math.h>

const Declared DECLARED_INPUT[INPUTS] = {
#define ENTRY(name, unit, least, largest, usual, is_extensive, acts_by_power) \
    {#name, unit, least, largest, usual, is_extensive, false},
    FOR_EACH_OF_INPUTS(ENTRY)
#undef ENTRY
};
const Declared DECLARED_RESULT[RESULTS] = {
#define ENTRY(name, unit, least, largest, is_extensive) \
    {#name, unit, least, largest, 0.0, is_extensive, false},
    FOR_EACH_OF_RESULTS(ENTRY)
#undef ENTRY
};
const Declared DECLARED_SET_POINT[SET_POINTS] = {
#define ENTRY(name, unit, least, largest, usual, is_extensive) \
    {#name, unit, least, largest, usual, is_extensive, false},
    FOR_EACH_OF_SET_POINTS(ENTRY)
#undef ENTRY
};
const Declared DECLARED_OPERATION[OPERATIONS] = {
#define ENTRY(name, unit, least, largest, is_extensive) \
    {#name, unit, least, largest, 0.0, is_extensive, false},
    FOR_EACH_OF_OPERATIONS(ENTRY)
#undef ENTRY
};
const Declared DECLARED_PARAMETER[PARAMETERS] = {
#define ENTRY(name, unit, least, largest, is_integer) \
    {#name, unit, least, largest, 0.0, false, is_integer},
    FOR_EACH_OF_PARAMETERS(ENTRY)
#undef ENTRY
};

bool is_parameter(Parameter parameter, double value) {
    const Declared *declared = &DECLARED_PARAMETER[parameter];
    return is_in_range(declared, value) && (!declared->is_integer || value == floor(value));
}
