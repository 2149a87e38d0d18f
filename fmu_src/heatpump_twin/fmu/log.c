#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform.h"

/* Some hosts copy a text into 1,024 bytes. */
enum { MESSAGE_SIZE = 1000 };

static const char *category_of(fmi2Status status) {
    switch (status) {
    case fmi2Warning: return "logStatusWarning";
    case fmi2Discard: return "logStatusDiscard";
    case fmi2Error: return "logStatusError";
    case fmi2Fatal: return "logStatusFatal";
    default: return CATEGORY_ALL;
    }
}

/* To the host's logger, or where it has none to the standard error stream.

   The logger takes a format of printf's kind. The text goes as the format, each % doubled, and not
   as "%s" with an argument: hosts that format show the same either way, but one that takes no
   further arguments would show "%s" and lose the message. */
static void to_host(const Log *log, fmi2Status status, const char *category, const char *message) {
    char format[MESSAGE_SIZE], *end = format;
    const char *c = message;
    while (*c) {
        /* A character of UTF-8 goes as a whole or not at all. */
        size_t length = 1;
        while (((unsigned char)c[length] & 0xC0) == 0x80) length++;
        if (end + length + 5 > format + MESSAGE_SIZE) break;
        if (*c == '%') *end++ = '%';
        memcpy(end, c, length);
        end += length;
        c += length;
    }
    strcpy(end, *c ? "..." : "");
    if (log->host.logger)
        log->host.logger(log->host.componentEnvironment, log->name, status, category, format);
    else
        fprintf(stderr, "%s: %s\n", log->name, message);
}

static bool is_chosen(const Log *log, const char *category) {
    for (size_t i = 0; i < log->category_count; i++)
        if (!strcmp(log->categories[i], category)) return true;
    return false;
}

static bool is_wanted(const Log *log, const char *category) {
    return log->enabled && (log->category_count == 0 || is_chosen(log, CATEGORY_ALL) ||
                            is_chosen(log, category));
}

void log_text(Log *log, fmi2Status status, const char *format, ...) {
    const char *category = category_of(status);
    if (status < fmi2Error && !is_wanted(log, category)) return;
    va_list arguments;
    va_start(arguments, format);
    char *message = text_of(format, arguments);
    va_end(arguments);
    to_host(log, status, category, message);
    free(message);
}

/* How often a cause has come, with this time. */
static unsigned long count_of(Log *log, int cause) {
    size_t i = 0;
    while (i < log->cause_count && log->causes[i].cause != cause) i++;
    if (i == MOST_CAUSES) return 1;
    if (i == log->cause_count) {
        log->causes[i].cause = cause;
        log->causes[i].count = 0;
        log->cause_count++;
    }
    return ++log->causes[i].count;
}

static bool is_power_of_ten(unsigned long count) {
    while (count % 10 == 0) count /= 10;
    return count == 1;
}

void log_cause(Log *log, fmi2Status status, int cause, bool urgent, const char *message) {
    unsigned long count = count_of(log, cause);
    const char *category = status == fmi2OK ? CATEGORY_STATUS : category_of(status);
    if (log->enabled && log->each_step) {
        to_host(log, status, category, message);
        return;
    }
    if (!is_power_of_ten(count) || !(urgent || status >= fmi2Error || is_wanted(log, category)))
        return;
    char *counted = count == 1 ? text("%s", message)
                               : text("%lu times so far, now: %s", count, message);
    to_host(log, status, category, counted);
    free(counted);
}

void log_forget(Log *log) {
    for (size_t i = 0; i < log->category_count; i++) free(log->categories[i]);
    free(log->categories);
    log->categories = NULL;
    log->category_count = 0;
}

bool log_choose(Log *log, bool enabled, size_t count, const fmi2String categories[]) {
    char **chosen = calloc(count + 1, sizeof *chosen);
    if (!chosen) return false;
    for (size_t i = 0; i < count; i++) chosen[i] = text("%s", categories[i]);
    log_forget(log);
    log->enabled = enabled;
    log->categories = chosen;
    log->category_count = count;
    log->each_step = is_chosen(log, CATEGORY_EACH_STEP);
    return true;
}
