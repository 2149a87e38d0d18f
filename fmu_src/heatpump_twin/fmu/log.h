/* Messages to the host. */
#ifndef HEATPUMP_TWIN_LOG_H
#define HEATPUMP_TWIN_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "fmi2FunctionTypes.h"

/* Categories of our own beside those that FMI names after statuses. */
#define CATEGORY_ALL "logAll"
/* Answers that are not the plain one, each cause once and then counted. */
#define CATEGORY_STATUS "logOperatingStatus"
/* The same at each step, for a host that asks for it by this name. */
#define CATEGORY_EACH_STEP "logEachStep"

/* Causes that are counted apart; more than there can be. */
enum { MOST_CAUSES = 128 };

typedef struct {
    fmi2CallbackFunctions host; /* a copy: a host need not keep its own */
    const char *name;
    bool enabled, each_step;
    char **categories; /* the host's choice; none means all */
    size_t category_count;
    struct {
        int cause;
        unsigned long count;
    } causes[MOST_CAUSES];
    size_t cause_count;
} Log;

/* Say something with the status that the call returns; errors are said to hosts that log nothing,
   too. */
void log_text(Log *log, fmi2Status status, const char *format, ...);

/* Say why an answer is not the plain one, unless this cause was said before and is not due: the 1st,
   10th, 100th ... time are. `urgent` is said to hosts that log nothing, too. */
void log_cause(Log *log, fmi2Status status, int cause, bool urgent, const char *message);

/* The host's choice of categories; false without memory. */
bool log_choose(Log *log, bool enabled, size_t count, const fmi2String categories[]);
void log_forget(Log *log);

#endif
