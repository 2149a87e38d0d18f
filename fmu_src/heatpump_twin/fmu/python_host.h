/* Python in the host's process: found, loaded and started when the host has none.

   Also the few things that Linux and Windows do differently, so that host_shell.c needs no
   conditional code.
*/
#ifndef HEATPUMP_TWIN_PYTHON_HOST_H
#define HEATPUMP_TWIN_PYTHON_HOST_H

#include <stdarg.h>
#include <stdbool.h>

/* Text of printf's form in memory of its own; the caller frees it. */
char *text(const char *format, ...);
char *text_of(const char *format, va_list arguments);

/* Make a running Python available to libraries that are opened after this call.

   Returns NULL, or a text that says what was looked for and how to cure it. `remark` receives a
   text about something that was put right, or NULL. Both are the caller's to free.
*/
char *provide_python(char **remark);

/* A library by its path, its symbols visible to nobody else. NULL and a reason on failure. */
void *open_library(const char *path, char **reason);
void close_library(void *library);
void *find_symbol(void *library, const char *name);

/* Folder that holds this library, without a separator at its end; NULL if unknown. */
const char *own_folder(void);

#ifdef _WIN32
#define LIBRARY_SUFFIX ".dll"
#else
#define LIBRARY_SUFFIX ".so"
#endif

/* A file's path as pythonfmu can use it, which on Windows is a short name without umlauts. */
char *usable_path(const char *path);
bool is_file(const char *path);

/* A lock of this copy of the library that needs no initialisation. */
typedef struct Lock Lock;
extern Lock instances_lock;
void lock(Lock *lock);
void unlock(Lock *lock);

#endif
