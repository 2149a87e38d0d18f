/* What the generated header declares, as tables to look up by number. */
#ifndef HEATPUMP_TWIN_DECLARED_H
#define HEATPUMP_TWIN_DECLARED_H

#include <stdbool.h>

#include "heat_pump_layout.h"

typedef struct {
    const char *name, *unit;
    double least, largest;
    double usual;      /* of inputs and set-points */
    bool is_extensive; /* of inputs and results: adds up over units side by side */
    bool is_integer;   /* of parameters */
} Declared;

extern const Declared DECLARED_INPUT[INPUTS];
extern const Declared DECLARED_RESULT[RESULTS];
extern const Declared DECLARED_SET_POINT[SET_POINTS];
extern const Declared DECLARED_OPERATION[OPERATIONS];
extern const Declared DECLARED_PARAMETER[PARAMETERS];

/* Whether a value lies in the declared range; a NaN is in none. */
static inline bool is_in_range(const Declared *declared, double value) {
    return value >= declared->least && value <= declared->largest;
}

/* The same of a parameter that may have whole values only. */
bool is_parameter(Parameter parameter, double value);

#endif
