#ifdef _WIN32
#include "platform.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

struct Lock {
    SRWLOCK lock;
};
Lock instances_lock = {SRWLOCK_INIT}, live_lock = {SRWLOCK_INIT};

void lock(Lock *lock) { AcquireSRWLockExclusive(&lock->lock); }
void unlock(Lock *lock) { ReleaseSRWLockExclusive(&lock->lock); }

void *process_lock(void) {
    wchar_t name[64];
    swprintf(name, 64, L"Local\\heatpump_twin_%lu", GetCurrentProcessId());
    HANDLE mutex = CreateMutexW(NULL, FALSE, name);
    if (mutex) WaitForSingleObject(mutex, INFINITE);
    return mutex;
}

void process_unlock(void *held) {
    if (!held) return;
    ReleaseMutex(held);
    CloseHandle(held);
}

wchar_t *wide(const char *utf8) {
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

bool is_file(const char *path) {
    wchar_t *name = wide(path);
    DWORD attributes = GetFileAttributesW(name);
    free(name);
    return attributes != INVALID_FILE_ATTRIBUTES && !(attributes & FILE_ATTRIBUTE_DIRECTORY);
}

void *read_file(const char *path, size_t *size, char **reason) {
    wchar_t *name = wide(path);
    HANDLE file = CreateFileW(name, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING,
                              FILE_ATTRIBUTE_NORMAL, NULL);
    free(name);
    LARGE_INTEGER length;
    void *bytes = NULL;
    if (file != INVALID_HANDLE_VALUE && GetFileSizeEx(file, &length) &&
        length.QuadPart < 0x40000000) {
        DWORD count = 0;
        bytes = malloc((size_t)length.QuadPart + 1);
        if (bytes && !ReadFile(file, bytes, (DWORD)length.QuadPart, &count, NULL)) count = 0;
        if (bytes) ((char *)bytes)[count] = 0;
        *size = count;
    }
    if (!bytes) *reason = text("%s: error %lu of Windows", path, GetLastError());
    if (file != INVALID_HANDLE_VALUE) CloseHandle(file);
    return bytes;
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

void *open_library(const char *path, char **reason) {
    wchar_t *name = wide(path);
    for (wchar_t *c = name; *c; c++)
        if (*c == L'/') *c = L'\\';
    /* Its own folder is searched for what it needs: python3.dll needs python3x.dll beside it. */
    DWORD flags = wcschr(name, L'\\') ? LOAD_WITH_ALTERED_SEARCH_PATH : 0;
    HMODULE library = LoadLibraryExW(name, NULL, flags);
    if (!library) *reason = text("%s: error %lu of Windows", path, GetLastError());
    free(name);
    return (void *)library;
}

void close_library(void *library) { FreeLibrary((HMODULE)library); }

void *find_symbol(void *library, const char *name) {
    return (void *)(uintptr_t)GetProcAddress((HMODULE)library, name);
}

void *open_python_library(const char *path, char **reason) { return open_library(path, reason); }

/* The python3.dll beside the python3x.dll that the host runs: another one would start a second
   Python. */
void *python_in_process(void) {
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

/* A host's own handler of the console is asked before that of Python. */
void keep_interrupt(void (*work)(const void *), const void *context) { work(context); }

const char *const python_question =
    "import os,sys;p=os.path.join(sys.base_prefix,'python3.dll');"
    "t='\\n'.join(['','heatpump-twin asks','%d.%d'%sys.version_info[:2],sys.executable,"
    "p if os.path.isfile(p) else '','']);sys.stdout.buffer.write(t.encode())";

char *usual_python_library(int minor) { return text("python3%d.dll", minor); }

enum { KEPT = 8192 };

char *answer_of(const char *program, const char *question, char **problem) {
    SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE};
    HANDLE end, start;
    if (!CreatePipe(&end, &start, &inherit, 0)) return NULL;
    SetHandleInformation(end, HANDLE_FLAG_INHERIT, 0);
    char *line = text("%s -I -X utf8 -c \"%s\"", program, question);
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
        /* What remains is the end of a long output; the pipe is always drained. */
        char last[2 * KEPT];
        size_t length = 0;
        ULONGLONG deadline = GetTickCount64() + 1000 * ANSWER_SECONDS;
        bool in_time = true;
        for (;;) {
            DWORD waiting = 0, count = 0;
            if (!PeekNamedPipe(end, NULL, 0, NULL, &waiting, NULL)) break;
            if (!waiting) {
                in_time = GetTickCount64() < deadline;
                if (!in_time) break;
                Sleep(2);
                continue;
            }
            DWORD room = (DWORD)(2 * KEPT - 1 - length);
            if (!ReadFile(end, last + length, waiting < room ? waiting : room, &count, NULL)) break;
            length += count;
            if (length > KEPT) {
                memmove(last, last + length - KEPT, KEPT);
                length = KEPT;
            }
        }
        last[length] = 0;
        if (in_time) answer = text("%s", last);
        else *problem = text("%s in PATH gave no answer within %d s", program, ANSWER_SECONDS);
        TerminateProcess(process.hProcess, 1);
        CloseHandle(process.hThread);
        CloseHandle(process.hProcess);
    }
    CloseHandle(end);
    free(command);
    free(line);
    return answer;
}

#else
typedef int not_windows; /* a file of C holds at least one declaration */
#endif
