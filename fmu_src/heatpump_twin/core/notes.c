/* See notes.h. */
#include "notes.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "declared.h"

/* A number with six digits and its unit, which one without dimension does not show. */
Number with_unit(double value, const char *unit) {
    Number number;
    if (isnan(value)) value = fabs(value);
    snprintf(number.text, sizeof number.text, "%.6g", value + 0.0); /* a zero has no sign */
    /* A host may have set a language that writes another sign than a point. */
    for (char *c = number.text; *c; c++)
        if (*c == ',') *c = '.';
    size_t length = strlen(number.text);
    if (isnan(value)) length = (size_t)snprintf(number.text, sizeof number.text, "nan");
    if (strcmp(unit, "1") != 0)
        snprintf(number.text + length, sizeof number.text - length, " %s", unit);
    return number;
}

Number plain(double value) { return with_unit(value, "1"); }

void add_note(Notes *notes, Kind kind, int variable, const char *format, ...) {
    if (notes->count >= MOST_NOTES) return;
    Note *note = &notes->note[notes->count++];
    note->cause = (int)kind * (INPUTS + RESULTS) + variable;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(note->text, sizeof note->text, format, arguments);
    va_end(arguments);
}

void note_failure(Notes *notes, const double inputs[INPUTS], const char *why) {
    notes->count = 0;
    char text[NOTE_SIZE];
    size_t length = 0;
    for (int i = 0; i < INPUTS; i++) {
        const Declared *is = &DECLARED_INPUT[i];
        int added = snprintf(text + length, sizeof text - length, "%s%s = %s", i ? ", " : "",
                             is->name, with_unit(inputs[i], is->unit).text);
        if (added > 0) length += (size_t)added;
    }
    add_note(notes, FAILED, 0, "%s: %s", text, why);
}
