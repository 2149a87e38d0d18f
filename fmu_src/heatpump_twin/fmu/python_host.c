#include "python_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform.h"

#define VARIABLE "HEATPUMP_TWIN_LIBPYTHON"
enum { OLDEST_MINOR = 11, NEWEST_MINOR = 13 };

/* What Python offers to other programs, by the names and types of its manual. */
#define FOR_EACH_FUNCTION(X)                                                                       \
    X(int, Py_IsInitialized, void)                                                                 \
    X(const char *, Py_GetVersion, void)                                                           \
    X(void, Py_InitializeEx, int)                                                                  \
    X(void, Py_SetProgramName, const wchar_t *)                                                    \
    X(void *, PyEval_SaveThread, void)                                                             \
    X(void *, PySys_GetObject, const char *)                                                       \
    X(void *, PyUnicode_DecodeFSDefault, const char *)                                             \
    X(int, PyList_Append, void *, void *)                                                          \
    X(void, Py_DecRef, void *)                                                                     \
    X(void, PyErr_Clear, void)                                                                     \
    X(void *, PyImport_ImportModule, const char *)

typedef struct {
#define MEMBER(result, name, ...) result (*name)(__VA_ARGS__);
    FOR_EACH_FUNCTION(MEMBER)
#undef MEMBER
} Python;

/* False where the library lacks one of them, so that it is none of Python. */
static bool find_functions(void *library, Python *python) {
#define FIND(result, name, ...)                                                                    \
    *(void **)&python->name = find_symbol(library, #name);                                         \
    if (!python->name) return false;
    FOR_EACH_FUNCTION(FIND)
#undef FIND
    return true;
}

/* What the first Python in PATH says of itself; `version` is NULL where it says nothing. */
typedef struct {
    char *answer; /* memory of the rest */
    const char *name, *version, *executable, *library;
    char *problem; /* of one that does not end: no other is taken in its place */
} Found;

/* The lines after ours: what a program prints before, such as a banner, is passed over. */
static void read_answer(Found *found) {
    static const char mark[] = "heatpump-twin asks";
    const char **lines[] = {&found->version, &found->executable, &found->library};
    char *rest = found->answer ? strstr(found->answer, mark) : NULL;
    if (!rest) return;
    rest = strpbrk(rest, "\r\n");
    for (size_t k = 0; k < 3 && rest; k++) {
        rest += rest[0] == '\r' && rest[1] == '\n' ? 2 : 1;
        char *end = strpbrk(rest, "\r\n");
        if (!end) break;
        *lines[k] = rest;
        rest = end;
    }
    for (size_t k = 0; k < 3; k++)
        if (*lines[k]) *strpbrk((char *)*lines[k], "\r\n") = 0;
    if (!found->library) found->version = NULL;
}

static Found python_in_path(void) {
    static const char *names[] = {"python3", "python"};
    Found found = {0};
    for (size_t i = 0; i < sizeof names / sizeof *names && !found.version && !found.problem; i++) {
        free(found.answer);
        found.name = names[i];
        found.answer = answer_of(names[i], python_question, &found.problem);
        read_answer(&found);
    }
    return found;
}

static void forget(Found *found) {
    free(found->answer);
    free(found->problem);
}

static void *open_python(const char *path, Python *python, char **reason) {
    free(*reason);
    *reason = NULL;
    void *library = open_python_library(path, reason);
    if (!library || find_functions(library, python)) return library;
    *reason = text("%s is no library of Python", path);
    close_library(library);
    return NULL;
}

static void *library_by_usual_name(const char *version, Python *python, char **reason) {
    void *library = NULL;
    for (int minor = NEWEST_MINOR; !library && minor >= OLDEST_MINOR; minor--) {
        char number[16];
        snprintf(number, sizeof number, "3.%d", minor);
        if (version && strcmp(version, number)) continue;
        char *name = usual_python_library(minor);
        library = open_python(name, python, reason);
        free(name);
    }
    return library;
}

static void *load_python(const Found *found, Python *python, char **problem) {
    char *reason = NULL;
    const char *named = getenv(VARIABLE);
    if (named && *named) {
        void *library = open_python(named, python, &reason);
        if (!library)
            *problem = text("the library of Python that the environment variable " VARIABLE
                            " names cannot be loaded: %s. Set it to the shared library of a Python "
                            "3.%d to 3.%d (such as /usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0) "
                            "or unset it", reason, OLDEST_MINOR, NEWEST_MINOR);
        free(reason);
        return library;
    }
    if (found->problem) {
        *problem = text("%s: put the folder bin (Windows: Scripts) of an environment with a Python "
                        "that runs first in PATH, or set " VARIABLE " to its shared library",
                        found->problem);
        return NULL;
    }
    int major = 3, minor = OLDEST_MINOR;
    if (found->version) sscanf(found->version, "%d.%d", &major, &minor);
    if (major < 3 || minor < OLDEST_MINOR) {
        *problem = text("%s in PATH is Python %s at %s; live mode needs 3.%d or newer: put the "
                        "folder bin (Windows: Scripts) of an environment with one first in PATH",
                        found->name, found->version, found->executable, OLDEST_MINOR);
        return NULL;
    }
    void *library = NULL;
    if (found->library && *found->library)
        library = open_python(found->library, python, &reason);
    if (!library) library = library_by_usual_name(found->version, python, &reason);
    if (!library) {
        char *in_path =
            found->version ? text("%s in PATH is Python %s at %s, %s", found->name, found->version,
                                  found->executable,
                                  *found->library ? found->library : "without a shared library")
                           : text("no python3 or python that runs in PATH");
        *problem = text(
            "no Python found, which live mode runs in. Looked for: one in the host's process; "
            "environment variable " VARIABLE " (not set); %s; a shared library of Python 3.%d to "
            "3.%d by its usual name (%s). Cure: put the folder bin (Windows: Scripts) of an "
            "environment with the packages of the FMU's resources/live/requirements.txt first in "
            "PATH, or set " VARIABLE " to the shared library of its Python (Debian, Ubuntu: apt "
            "install libpython3.11)",
            in_path, OLDEST_MINOR, NEWEST_MINOR, reason ? reason : "not tried");
        free(in_path);
    }
    free(reason);
    return library;
}

/* Entries of PYTHONPATH, which Python was told to pass over: behind the standard library and the
   packages of the environment, where those of another version do no harm. */
static void append_python_path(const Python *python) {
    const char *variable = getenv("PYTHONPATH");
    void *path = python->PySys_GetObject("path");
    char *copy = text("%s", variable ? variable : "");
    for (char *entry = copy, *end; path && entry; entry = end) {
        end = strchr(entry, PATH_SEPARATOR);
        if (end) *end++ = 0;
        void *object = *entry ? python->PyUnicode_DecodeFSDefault(entry) : NULL;
        if (object) {
            python->PyList_Append(path, object);
            python->Py_DecRef(object);
        }
        python->PyErr_Clear();
    }
    free(copy);
}

/* The module takes over Ctrl-C when it is imported, whoever imports it, and then once and for all. */
static void import_signal(const void *context) {
    const Python *python = context;
    void *module = python->PyImport_ImportModule("_signal");
    if (module) python->Py_DecRef(module);
    else python->PyErr_Clear();
}

/* Python ends the process when it finds no standard library. The program in PATH has found its own,
   which is that of a library of equal version; without a program the usual place is looked at. */
static bool has_standard_library(int minor) {
#ifdef _WIN32
    (void)minor;
    return true;
#else
    bool found = false;
    static const char *const prefixes[] = {"/usr", "/usr/local"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes && !found; i++) {
        char *landmark = text("%s/lib/python3.%d/os.py", prefixes[i], minor);
        found = is_file(landmark);
        free(landmark);
    }
    return found;
#endif
}

static char *initialize(void *library, const Python *python, const Found *found, int minor) {
    char version[32];
    snprintf(version, sizeof version, "3.%d", minor);
    if (found->version && strcmp(found->version, version))
        /* Started without its own standard library Python would end the process. */
        return text("the library of Python is of version %s, but %s in PATH is Python %s at %s: put "
                    "an environment of Python %s first in PATH, or set " VARIABLE
                    " to the shared library of Python %s",
                    version, found->name, found->version, found->executable, version,
                    found->version);
    if (!found->version && !has_standard_library(minor))
        return text("a library of Python %s was found, but not its standard library: put the "
                    "folder bin of an environment of Python %s first in PATH", version, version);
    /* The environment of the host may be meant for another Python, and Python ends the process over
       a variable that it cannot use: PYTHONHOME, PYTHONIOENCODING, PYTHONMALLOC and more. */
    int *ignore = find_symbol(library, "Py_IgnoreEnvironmentFlag");
    if (ignore) *ignore = 1;
    /* The path in the URI is UTF-8, whatever the host's locale says of file names. */
    int *utf8_mode = find_symbol(library, "Py_UTF8Mode");
    if (utf8_mode) *utf8_mode = 1;
    /* The executable's place tells Python its environment and so its packages. It keeps the
       string. */
    if (found->version) python->Py_SetProgramName(wide(found->executable));
    /* 0: signals, so also Ctrl-C, stay the host's. Not ended anywhere: packages such as NumPy cannot
       be started twice, and the process's exit needs no farewell. */
    python->Py_InitializeEx(0);
    keep_interrupt(import_signal, python);
    append_python_path(python);
    python->PyEval_SaveThread();
    return NULL;
}

static char *start_python(void) {
    char *problem = NULL;
    Found found = {0};
    Python python;
    void *library = python_in_process();
    if (library && !find_functions(library, &python))
        return text("the library of Python in the host's process lacks functions that live mode "
                    "needs");
    if (!library) {
        found = python_in_path();
        library = load_python(&found, &python, &problem);
    }
    if (library) {
        int major = 0, minor = 0;
        sscanf(python.Py_GetVersion(), "%d.%d", &major, &minor);
        if (major != 3 || minor < OLDEST_MINOR) {
            problem = text("the Python in the host's process is %d.%d; live mode needs 3.%d or "
                           "newer", major, minor, OLDEST_MINOR);
        } else if (!python.Py_IsInitialized()) {
            if (!found.name) found = python_in_path();
            problem = found.problem ? text("%s", found.problem)
                                    : initialize(library, &python, &found, minor);
        }
    }
    forget(&found);
    return problem;
}

char *provide_python(void) {
    void *held = process_lock();
    char *problem = start_python();
    process_unlock(held);
    return problem;
}
