#ifndef _WIN32
#define _GNU_SOURCE
#endif
#include "python_host.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
extern char **environ;
#endif

#define VARIABLE "HEATPUMP_TWIN_LIBPYTHON"
#define OLDEST_MINOR 11
#define NEWEST_MINOR 13

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

/* Linux and Windows ------------------------------------------------------------------------- */

/* Printed by a Python: its version, its executable, and its shared library or an empty line. The
   library's configured place is not always where it is, so the usual ones are tried too. */
#define LINUX_QUESTION                                                                             \
    "import os,sys,sysconfig as s\n"                                                               \
    "v=s.get_config_var\n"                                                                         \
    "d=v('LIBDIR') or ''\n"                                                                        \
    "n='libpython%d.%d.so.1.0'%sys.version_info[:2]\n"                                             \
    "p=[os.path.join(a,b) for a in (d,os.path.join(d,v('MULTIARCH') or ''),"                       \
    "os.path.join(sys.base_prefix,'lib')) for b in (v('INSTSONAME') or n,n) if '.so' in b]\n"      \
    "p=[x for x in p if os.path.isfile(x)]\n"                                                      \
    "t='\\n'.join(['%d.%d'%sys.version_info[:2],sys.executable,(p or [''])[0],''])\n"              \
    "sys.stdout.buffer.write(os.fsencode(t))"
#define WINDOWS_QUESTION                                                                           \
    "import os,sys;p=os.path.join(sys.base_prefix,'python3.dll');"                                 \
    "t='\\n'.join(['%d.%d'%sys.version_info[:2],sys.executable,p if os.path.isfile(p) else '',''" \
    "]);sys.stdout.buffer.write(t.encode())"

#ifdef _WIN32

struct Lock {
    SRWLOCK lock;
};
Lock instances_lock = {SRWLOCK_INIT};

void lock(Lock *lock) { AcquireSRWLockExclusive(&lock->lock); }
void unlock(Lock *lock) { ReleaseSRWLockExclusive(&lock->lock); }

/* One for the process: each FMU in it has a copy of this library, and Python starts once. */
static HANDLE process_lock(void) {
    wchar_t name[64];
    swprintf(name, 64, L"Local\\heatpump_twin_%lu", GetCurrentProcessId());
    HANDLE mutex = CreateMutexW(NULL, FALSE, name);
    if (mutex) WaitForSingleObject(mutex, INFINITE);
    return mutex;
}

static void process_unlock(HANDLE mutex) {
    if (!mutex) return;
    ReleaseMutex(mutex);
    CloseHandle(mutex);
}

static wchar_t *wide(const char *utf8) {
    int length = MultiByteToWideChar(CP_UTF8, 0, utf8, -1, NULL, 0);
    wchar_t *result = calloc((size_t)length + 1, sizeof *result);
    if (result) MultiByteToWideChar(CP_UTF8, 0, utf8, -1, result, length);
    return result;
}

static char *narrow(const wchar_t *text) {
    int length = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    char *result = calloc((size_t)length + 1, 1);
    if (result) WideCharToMultiByte(CP_UTF8, 0, text, -1, result, length, NULL, NULL);
    return result;
}

static void *open_python_library(const char *path, char **reason) {
    return open_library(path, reason);
}

void *open_library(const char *path, char **reason) {
    wchar_t *name = wide(path);
    /* Its own folder is searched for what it needs: python3.dll needs python3x.dll beside it. */
    DWORD flags = strchr(path, '\\') || strchr(path, '/') ? LOAD_WITH_ALTERED_SEARCH_PATH : 0;
    HMODULE library = LoadLibraryExW(name, NULL, flags);
    if (!library) *reason = text("%s: error %lu of Windows", path, GetLastError());
    free(name);
    return (void *)library;
}

void close_library(void *library) { FreeLibrary((HMODULE)library); }

void *find_symbol(void *library, const char *name) {
    return (void *)GetProcAddress((HMODULE)library, name);
}

/* The python3.dll beside the python3x.dll that the host runs: another one would start a second Python. */
static void *python_in_process(void) {
    for (int minor = 8; minor < 30; minor++) {
        wchar_t path[32768];
        swprintf(path, 32768, L"python3%d.dll", minor);
        HMODULE library = GetModuleHandleW(path);
        if (!library || !GetModuleFileNameW(library, path, 32700)) continue;
        wchar_t *end = wcsrchr(path, L'\\');
        if (end) wcscpy(end + 1, L"python3.dll");
        return (void *)LoadLibraryExW(path, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
    }
    return NULL;
}

const char *own_folder(void) {
    static char *folder;
    if (!folder) {
        HMODULE self = NULL;
        wchar_t path[32768];
        GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
                               GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                           (const wchar_t *)&instances_lock, &self);
        if (!self || !GetModuleFileNameW(self, path, 32768)) return NULL;
        wchar_t *end = wcsrchr(path, L'\\');
        if (!end) return NULL;
        *end = 0;
        folder = narrow(path);
    }
    return folder;
}

bool is_file(const char *path) {
    wchar_t *name = wide(path);
    DWORD attributes = GetFileAttributesW(name);
    free(name);
    return attributes != INVALID_FILE_ATTRIBUTES && !(attributes & FILE_ATTRIBUTE_DIRECTORY);
}

/* pythonfmu opens files by narrow names in the system's code page and gives the same bytes to
   Python as UTF-8: only names that are ASCII mean the same to both. */
char *usable_path(const char *path) {
    bool ascii = true;
    for (const char *c = path; *c; c++) ascii = ascii && (unsigned char)*c < 128;
    if (ascii) return text("%s", path);
    wchar_t *name = wide(path), shorter[32768];
    DWORD length = GetShortPathNameW(name, shorter, 32768);
    free(name);
    return length ? narrow(shorter) : text("%s", path);
}

static char *ask(const char *name) {
    SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE};
    HANDLE end, start;
    if (!CreatePipe(&end, &start, &inherit, 0)) return NULL;
    SetHandleInformation(end, HANDLE_FLAG_INHERIT, 0);
    char *line = text("%s -I -X utf8 -c \"%s\"", name, WINDOWS_QUESTION);
    wchar_t *command = wide(line);
    STARTUPINFOW startup = {.cb = sizeof startup,
                            .dwFlags = STARTF_USESTDHANDLES,
                            .hStdOutput = start};
    PROCESS_INFORMATION process;
    char *answer = NULL;
    BOOL runs = CreateProcessW(NULL, command, NULL, NULL, TRUE, CREATE_NO_WINDOW, NULL, NULL,
                               &startup, &process);
    CloseHandle(start);
    if (runs) {
        char buffer[8192];
        DWORD length = 0, count;
        while (length < sizeof buffer - 1 &&
               ReadFile(end, buffer + length, (DWORD)sizeof buffer - 1 - length, &count, NULL) &&
               count)
            length += count;
        buffer[length] = 0;
        answer = text("%s", buffer);
        CloseHandle(process.hThread);
        CloseHandle(process.hProcess);
    }
    CloseHandle(end);
    free(command);
    free(line);
    return answer;
}

static void keep_environment_variable(const char *name, const char *value) {
    wchar_t *n = wide(name), *v = value ? wide(value) : NULL;
    SetEnvironmentVariableW(n, v);
    char *assignment = text("%s=%s", name, value ? value : "");
    _putenv(assignment);
    free(assignment);
    free(n);
    free(v);
}

#else

struct Lock {
    pthread_mutex_t lock;
};
Lock instances_lock = {PTHREAD_MUTEX_INITIALIZER};

void lock(Lock *lock) { pthread_mutex_lock(&lock->lock); }
void unlock(Lock *lock) { pthread_mutex_unlock(&lock->lock); }

/* One for the process: each FMU in it has a copy of this library, and Python starts once. The lock
   of the standard error stream is the one that all copies share; a thread that has it may write. */
static void *process_lock(void) {
    flockfile(stderr);
    return NULL;
}

static void process_unlock(void *nothing) {
    (void)nothing;
    funlockfile(stderr);
}

/* UTF-8 to wchar_t, whatever the host's locale; other bytes as Python's surrogateescape. */
static wchar_t *wide(const char *utf8) {
    wchar_t *result = calloc(strlen(utf8) + 1, sizeof *result), *end = result;
    if (!result) return NULL;
    for (const unsigned char *c = (const unsigned char *)utf8; *c;) {
        int more = *c >= 0xF0 && *c < 0xF8 ? 3 : *c >= 0xE0 ? 2 : *c >= 0xC0 ? 1 : 0;
        uint32_t point = more ? *c & (0x3Fu >> more) : *c;
        int read = 1;
        while (read <= more && (c[read] & 0xC0) == 0x80) point = point << 6 | (c[read++] & 0x3F);
        if (read <= more || (!more && *c >= 0x80)) {
            point = 0xDC00u | *c;
            read = 1;
        }
        *end++ = (wchar_t)point;
        c += read;
    }
    return result;
}

/* Python's own symbols have to be visible to pythonfmu's library and to extension modules. It is
   never closed: Python cannot be unloaded. */
static void *open_python_library(const char *path, char **reason) {
    void *library = dlopen(path, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
    if (!library) *reason = text("%s", dlerror());
    return library;
}

void *open_library(const char *path, char **reason) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) *reason = text("%s", dlerror());
    return library;
}

void close_library(void *library) { dlclose(library); }

void *find_symbol(void *library, const char *name) { return dlsym(library, name); }

static int is_python(struct dl_phdr_info *info, size_t size, void *name) {
    (void)size;
    const char *slash = info->dlpi_name ? strrchr(info->dlpi_name, '/') : NULL;
    if (!slash || strncmp(slash, "/libpython3.", 12)) return 0;
    *(char **)name = text("%s", info->dlpi_name);
    return 1;
}

/* A host may have loaded Python for a part of its own, so that other libraries do not see it. What
   they see belongs to the program; the handle of that is not NULL, as RTLD_DEFAULT is. */
static void *python_in_process(void) {
    if (dlsym(RTLD_DEFAULT, "Py_IsInitialized")) return dlopen(NULL, RTLD_NOW);
    char *name = NULL;
    dl_iterate_phdr(is_python, &name);
    void *library = name ? dlopen(name, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE) : NULL;
    free(name);
    return library;
}

static char own_path[PATH_MAX];

/* When the library is loaded, because later a host may have changed its working directory. */
__attribute__((constructor)) static void remember_own_path(void) {
    Dl_info info;
    if (dladdr(own_path, &info) && info.dli_fname && realpath(info.dli_fname, own_path)) {
        char *end = strrchr(own_path, '/');
        if (end) *end = 0;
    }
}

const char *own_folder(void) { return *own_path ? own_path : NULL; }

bool is_file(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

char *usable_path(const char *path) { return text("%s", path); }

static char *ask(const char *name) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) return NULL;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    const char *arguments[] = {name, "-I", "-X", "utf8", "-c", LINUX_QUESTION, NULL};
    pid_t child;
    int failed = posix_spawnp(&child, name, &actions, NULL, (char *const *)arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    char *answer = NULL;
    if (!failed) {
        char buffer[8192];
        size_t length = 0;
        ssize_t count;
        while (length < sizeof buffer - 1 &&
               (count = read(ends[0], buffer + length, sizeof buffer - 1 - length)) > 0)
            length += (size_t)count;
        buffer[length] = 0;
        answer = text("%s", buffer);
        waitpid(child, NULL, 0); /* in vain where the host ignores its children: no harm */
    }
    close(ends[0]);
    return answer;
}

static void keep_environment_variable(const char *name, const char *value) {
    if (value) setenv(name, value, 1);
    else unsetenv(name);
}

#endif

/* Finding Python ---------------------------------------------------------------------------- */

/* What the first Python in PATH says of itself; NULL where it says nothing. */
typedef struct {
    char *answer; /* memory of the rest */
    const char *name, *version, *executable, *library;
} Found;

static Found python_in_path(void) {
    static const char *names[] = {"python3", "python"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        Found found = {ask(names[i]), names[i], NULL, NULL, NULL};
        const char **lines[] = {&found.version, &found.executable, &found.library};
        char *rest = found.answer;
        for (size_t k = 0; k < 3 && rest; k++) {
            char *end = strpbrk(rest, "\r\n");
            if (!end) break;
            *lines[k] = rest;
            rest = end + (end[0] == '\r' && end[1] == '\n' ? 2 : 1);
            *end = 0;
        }
        if (found.library) return found;
        free(found.answer);
    }
    return (Found){NULL, NULL, NULL, NULL, NULL};
}

static void *library_by_usual_name(const char *version, char **reason) {
    void *library = NULL;
    for (int minor = NEWEST_MINOR; !library && minor >= OLDEST_MINOR; minor--) {
        char number[16], name[64];
        snprintf(number, sizeof number, "3.%d", minor);
        if (version && strcmp(version, number)) continue;
#ifdef _WIN32
        snprintf(name, sizeof name, "python3%d.dll", minor);
#else
        snprintf(name, sizeof name, "libpython%s.so.1.0", number);
#endif
        free(*reason);
        *reason = NULL;
        library = open_python_library(name, reason);
    }
    return library;
}

static void *load_python(const Found *found, char **problem) {
    char *reason = NULL;
    const char *named = getenv(VARIABLE);
    if (named && *named) {
        void *library = open_python_library(named, &reason);
        if (library && !find_symbol(library, "Py_IsInitialized")) {
            reason = text("%s is no library of Python", named);
            library = NULL;
        }
        if (!library)
            *problem = text("the library of Python that the environment variable " VARIABLE
                            " names cannot be loaded: %s. Set it to the shared library of a Python "
                            "3.%d to 3.%d (such as /usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0) "
                            "or unset it", reason, OLDEST_MINOR, NEWEST_MINOR);
        free(reason);
        return library;
    }
    int major = 3, minor = OLDEST_MINOR;
    if (found->version) sscanf(found->version, "%d.%d", &major, &minor);
    if (major < 3 || minor < OLDEST_MINOR) {
        *problem = text("%s in PATH is Python %s at %s; this FMU needs 3.%d or newer: put the "
                        "folder bin (Windows: Scripts) of an environment with one first in PATH",
                        found->name, found->version, found->executable, OLDEST_MINOR);
        return NULL;
    }
    void *library = NULL;
    if (found->library && *found->library)
        library = open_python_library(found->library, &reason);
    if (!library) library = library_by_usual_name(found->version, &reason);
    if (!library) {
        char *in_path = found->version
                            ? text("%s in PATH is Python %s at %s, %s", found->name, found->version,
                                   found->executable,
                                   *found->library ? found->library : "without a shared library")
                            : text("no python3 or python that runs in PATH");
        *problem = text(
            "no Python found, which this FMU runs in. Looked for: one in the host's process; "
            "environment variable " VARIABLE " (not set); %s; a shared library of Python 3.%d to "
            "3.%d by its usual name (%s). Cure: put the folder bin (Windows: Scripts) of an "
            "environment with the packages of the FMU's resources/requirements.txt first in PATH, "
            "or set " VARIABLE " to the shared library of its Python (Debian, Ubuntu: apt install "
            "libpython3.11)",
            in_path, OLDEST_MINOR, NEWEST_MINOR, reason ? reason : "not tried");
        free(in_path);
    }
    free(reason);
    return library;
}

#define SYMBOL(name) name = (name##_type *)find_symbol(library, #name)

typedef int Py_IsInitialized_type(void);
typedef const char *Py_GetVersion_type(void);
typedef void Py_InitializeEx_type(int);
typedef void Py_SetProgramName_type(const wchar_t *);
typedef void *PyEval_SaveThread_type(void);

/* PYTHONHOME that is no home of this version ends the process in Python's start. */
static char *wrong_home(int minor) {
    const char *home = getenv("PYTHONHOME");
    if (!home || !*home) return NULL;
#ifdef _WIN32
    (void)minor;
    char *landmark = text("%s\\Lib\\os.py", home);
#else
    char *landmark = text("%s/lib/python3.%d/os.py", home, minor);
#endif
    bool right = is_file(landmark);
    free(landmark);
    return right ? NULL : text("%s", home);
}

static char *start_python(char **remark) {
    char *problem = NULL;
    Found found = {NULL, NULL, NULL, NULL, NULL};
    void *library = python_in_process();
    if (!library) {
        found = python_in_path();
        library = load_python(&found, &problem);
    }
    if (library) {
        Py_IsInitialized_type *SYMBOL(Py_IsInitialized);
        Py_GetVersion_type *SYMBOL(Py_GetVersion);
        Py_InitializeEx_type *SYMBOL(Py_InitializeEx);
        Py_SetProgramName_type *SYMBOL(Py_SetProgramName);
        PyEval_SaveThread_type *SYMBOL(PyEval_SaveThread);
        int major = 0, minor = 0;
        sscanf(Py_GetVersion(), "%d.%d", &major, &minor);
        char version[32];
        snprintf(version, sizeof version, "%d.%d", major, minor);
        if (major != 3 || minor < OLDEST_MINOR) {
            problem = text("the Python in the host's process is %s; this FMU needs 3.%d or newer",
                           version, OLDEST_MINOR);
        } else if (!Py_IsInitialized()) {
            if (!found.answer) found = python_in_path();
            if (found.version && strcmp(found.version, version)) {
                /* Started without its own standard library Python would end the process. */
                problem = text("the library of Python is of version %s, but %s in PATH is Python %s "
                               "at %s: put an environment of Python %s first in PATH, or set "
                               VARIABLE " to the shared library of Python %s",
                               version, found.name, found.version, found.executable, version,
                               found.version);
            } else {
                char *home = wrong_home(minor);
                if (home) {
                    keep_environment_variable("PYTHONHOME", NULL);
                    *remark = text("PYTHONHOME is %s, which is not the home of Python %s (a virtual "
                                   "environment is none): started without it", home, version);
                }
                /* The path in the URI is UTF-8, whatever the host's locale says of file names. */
                int *utf8_mode = (int *)find_symbol(library, "Py_UTF8Mode");
                if (utf8_mode) *utf8_mode = 1;
                /* The executable's place tells Python its environment and so its packages. It keeps
                   the string. */
                if (found.executable && Py_SetProgramName)
                    Py_SetProgramName(wide(found.executable));
                /* 0: signals, so also Ctrl-C, stay the host's. Not ended anywhere: packages such as
                   NumPy cannot be started twice, and the process's exit needs no farewell. */
                Py_InitializeEx(0);
                PyEval_SaveThread();
                if (home) keep_environment_variable("PYTHONHOME", home);
                free(home);
            }
        }
    }
    free(found.answer);
    return problem;
}

char *provide_python(char **remark) {
    *remark = NULL;
    void *mutex = process_lock();
    char *problem = start_python(remark);
    process_unlock(mutex);
    return problem;
}
