#include <stdio.h>
#include <stdlib.h>

#include "platform.h"

char *text_of(const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *result = malloc(length < 0 ? 1 : (size_t)length + 1);
    if (!result) abort(); /* not even a message fits into memory */
    if (length < 0) *result = 0;
    else vsnprintf(result, (size_t)length + 1, format, arguments);
    return result;
}

char *text(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *result = text_of(format, arguments);
    va_end(arguments);
    return result;
}
