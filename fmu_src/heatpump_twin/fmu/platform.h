/* The few things that Linux, macOS and Windows do differently. Paths are UTF-8. */
#ifndef HEATPUMP_TWIN_PLATFORM_H
#define HEATPUMP_TWIN_PLATFORM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* Text of printf's form in memory of its own; the caller frees it. */
char *text(const char *format, ...);
char *text_of(const char *format, va_list arguments);

bool is_file(const char *path);

/* All bytes of a file in memory of their own, or NULL and a reason. */
void *read_file(const char *path, size_t *size, char **reason);

/* A path as narrow functions of the system can use it, which on Windows is a short name without
   umlauts. */
char *usable_path(const char *path);

/* A library by its path, its symbols visible to nobody else. NULL and a reason on failure. */
void *open_library(const char *path, char **reason);
void close_library(void *library);
void *find_symbol(void *library, const char *name);

/* A lock of this copy of the library that needs no initialisation. */
typedef struct Lock Lock;
extern Lock instances_lock, live_lock;
void lock(Lock *lock);
void unlock(Lock *lock);

/* A lock that all copies of this library in a process share. */
void *process_lock(void);
void process_unlock(void *held);

/* Python: its library with its symbols visible to all, the one in the process or NULL, and what a
   program prints that is started with `question` after -c, or NULL and a problem. The program is
   ended when it has not ended after ANSWER_SECONDS. */
enum { ANSWER_SECONDS = 10 };
void *open_python_library(const char *path, char **reason);
void *python_in_process(void);
char *answer_of(const char *program, const char *question, char **problem);
extern const char *const python_question;
char *usual_python_library(int minor);

/* Do some work, after which Ctrl-C is the host's as it was before. */
void keep_interrupt(void (*work)(const void *), const void *context);

/* UTF-8 as wchar_t in memory of its own. */
wchar_t *wide(const char *utf8);

#ifdef _WIN32
#define PATH_SEPARATOR ';'
#define SLAVE_LIBRARY "win64/pythonfmu-export.dll"
#define URI_START "file:///"
#else
#define PATH_SEPARATOR ':'
#define SLAVE_LIBRARY "linux64/pythonfmu-export.so"
#define URI_START "file://"
#endif

/* Whether pythonfmu has a library for this platform. */
#if (defined(_WIN32) || defined(__linux__)) && (defined(__x86_64__) || defined(_M_X64))
#define HAS_SLAVE_LIBRARY true
#else
#define HAS_SLAVE_LIBRARY false
#endif

#endif
