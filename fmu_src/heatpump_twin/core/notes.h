/* What a step has to say beside its status. */
#ifndef HEATPUMP_TWIN_NOTES_H
#define HEATPUMP_TWIN_NOTES_H

#include "heat_pump.h"

/* Kinds of notes; together with the variable they make the cause. */
typedef enum { OUTSIDE, REJECTED, LIMIT, OUTLET, FAILED, NO_FLOW, LOCKED_OUT, UNMET } Kind;

enum { NUMBER_SIZE = 40 };
typedef struct {
    char text[NUMBER_SIZE];
} Number;

/* A number with six digits and its unit, which one without dimension does not show. */
Number with_unit(double value, const char *unit);
Number plain(double value);

/* Nothing is added to a full list. */
#if defined(__GNUC__)
__attribute__((format(printf, 4, 5)))
#endif
void add_note(Notes *notes, Kind kind, int variable, const char *format, ...);

/* A failure is noted alone: what was moved on the way to it has not happened. */
void note_failure(Notes *notes, const double inputs[INPUTS], const char *why);

#endif
