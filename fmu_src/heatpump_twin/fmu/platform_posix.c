#ifndef _WIN32
#define _GNU_SOURCE
#include "platform.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>
#ifdef __linux__
#include <link.h>
#endif
extern char **environ;

struct Lock {
    pthread_mutex_t lock;
};
Lock instances_lock = {PTHREAD_MUTEX_INITIALIZER}, live_lock = {PTHREAD_MUTEX_INITIALIZER};

void lock(Lock *lock) { pthread_mutex_lock(&lock->lock); }
void unlock(Lock *lock) { pthread_mutex_unlock(&lock->lock); }

/* Each FMU in a process has a copy of this library, and Python starts once. The lock of the standard
   error stream is the one that all copies share; a thread that has it may write. */
void *process_lock(void) {
    flockfile(stderr);
    return NULL;
}

void process_unlock(void *held) {
    (void)held;
    funlockfile(stderr);
}

bool is_file(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

void *read_file(const char *path, size_t *size, char **reason) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    void *bytes = NULL;
    if (file >= 0 && fstat(file, &status) == 0 && S_ISREG(status.st_mode)) {
        size_t wanted = (size_t)status.st_size, done = 0;
        bytes = malloc(wanted + 1);
        while (bytes && done < wanted) {
            ssize_t count = read(file, (char *)bytes + done, wanted - done);
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) break;
            done += (size_t)count;
        }
        if (bytes) ((char *)bytes)[done] = 0;
        *size = done;
    }
    if (!bytes) *reason = text("%s: %s", path, strerror(errno));
    if (file >= 0) close(file);
    return bytes;
}

char *usable_path(const char *path) { return text("%s", path); }

void *open_library(const char *path, char **reason) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) *reason = text("%s", dlerror());
    return library;
}

void close_library(void *library) { dlclose(library); }

void *find_symbol(void *library, const char *name) { return dlsym(library, name); }

/* UTF-8 to wchar_t, whatever the host's locale; other bytes as Python's surrogateescape. */
wchar_t *wide(const char *utf8) {
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
void *open_python_library(const char *path, char **reason) {
    void *library = dlopen(path, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
    if (!library) *reason = text("%s", dlerror());
    return library;
}

#ifdef __linux__
static int is_python(struct dl_phdr_info *info, size_t size, void *name) {
    (void)size;
    const char *slash = info->dlpi_name ? strrchr(info->dlpi_name, '/') : NULL;
    if (!slash || strncmp(slash, "/libpython3.", 12)) return 0;
    *(char **)name = text("%s", info->dlpi_name);
    return 1;
}
#endif

/* A host may have loaded Python for a part of its own, so that other libraries do not see it. What
   they see belongs to the program; the handle of that is not NULL, as RTLD_DEFAULT may be. */
void *python_in_process(void) {
    if (dlsym(RTLD_DEFAULT, "Py_IsInitialized")) return dlopen(NULL, RTLD_NOW);
    void *library = NULL;
#ifdef __linux__
    char *name = NULL;
    dl_iterate_phdr(is_python, &name);
    if (name) library = dlopen(name, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
    free(name);
#endif
    return library;
}

void keep_interrupt(void (*work)(const void *), const void *context) {
    struct sigaction of_the_host;
    sigaction(SIGINT, NULL, &of_the_host);
    work(context);
    sigaction(SIGINT, &of_the_host, NULL);
}

/* The library's configured place is not always where it is, so the usual ones are tried too. */
const char *const python_question =
    "import os,sys,sysconfig as s\n"
    "v=s.get_config_var\n"
    "d=v('LIBDIR') or ''\n"
    "n='libpython%d.%d.so.1.0'%sys.version_info[:2]\n"
    "p=[os.path.join(a,b) for a in (d,os.path.join(d,v('MULTIARCH') or ''),"
    "os.path.join(sys.base_prefix,'lib')) for b in (v('INSTSONAME') or n,n) if '.so' in b]\n"
    "p=[x for x in p if os.path.isfile(x)]\n"
    "t='\\n'.join(['','heatpump-twin asks','%d.%d'%sys.version_info[:2],sys.executable,"
    "(p or [''])[0],''])\n"
    "sys.stdout.buffer.write(os.fsencode(t))";

char *usual_python_library(int minor) { return text("libpython3.%d.so.1.0", minor); }

static int64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What remains is the end of a long output. */
enum { KEPT = 8192 };

/* Read until the end of the pipe or the deadline, whatever signals come between. The pipe is always
   drained: a full one would hold the program up. */
static bool drain(int pipe, char last[2 * KEPT], int64_t deadline) {
    size_t length = 0;
    for (;;) {
        struct pollfd waiting = {pipe, POLLIN, 0};
        int64_t left = deadline - milliseconds();
        if (left <= 0) return false;
        int ready = poll(&waiting, 1, (int)left);
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) return false;
        ssize_t count = read(pipe, last + length, 2 * KEPT - 1 - length);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        length += (size_t)count;
        if (length > KEPT) {
            memmove(last, last + length - KEPT, KEPT);
            length = KEPT;
        }
    }
    last[length] = 0;
    for (char *c = last; c < last + length; c++)
        if (!*c) *c = ' ';
    return true;
}

char *answer_of(const char *program, const char *question, char **problem) {
    int ends[2];
#ifdef __linux__
    if (pipe2(ends, O_CLOEXEC)) return NULL;
#else
    if (pipe(ends)) return NULL;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
#endif
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    /* A group of its own, which is ended as a whole: a wrapper script may have started others. */
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attributes, 0);
    const char *arguments[] = {program, "-I", "-X", "utf8", "-c", question, NULL};
    pid_t child;
    int failed = posix_spawnp(&child, program, &actions, &attributes, (char *const *)arguments,
                              environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(ends[1]);
    char *answer = NULL;
    if (!failed) {
        char last[2 * KEPT];
        if (drain(ends[0], last, milliseconds() + 1000 * ANSWER_SECONDS)) {
            answer = text("%s", last);
        } else {
            *problem = text("%s in PATH gave no answer within %d s", program, ANSWER_SECONDS);
            kill(-child, SIGKILL);
        }
        /* In vain where the host ignores its children: no harm. A program that has closed its
           output and goes on is ended too. */
        int64_t deadline = milliseconds() + 1000;
        while (waitpid(child, NULL, WNOHANG) == 0) {
            if (milliseconds() > deadline) kill(-child, SIGKILL);
            nanosleep(&(struct timespec){0, 1000000}, NULL);
        }
    }
    close(ends[0]);
    return answer;
}

#else
typedef int not_posix; /* a file of C holds at least one declaration */
#endif
