#ifndef HEATPUMP_TWIN_UTF8_H
#define HEATPUMP_TWIN_UTF8_H

#include <stdbool.h>

/* Whether a text is UTF-8 as Python reads it. */
bool is_utf8(const char *string);

#endif
