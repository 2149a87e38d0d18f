#include "location.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "platform.h"

/* Percent signs of an URI taken back; NULL where one is not followed by two hexadecimal digits. */
static char *decoded(const char *uri) {
    char *result = text("%s", uri), *end = result;
    for (const char *c = uri; *c; c++) {
        char code[3] = {0};
        if (*c != '%') {
            *end++ = *c;
            continue;
        }
        for (int i = 0; i < 2 && isxdigit((unsigned char)c[1]); i++) code[i] = *++c;
        *end = (char)strtol(code, NULL, 16);
        if (!code[1] || !*end++) {
            free(result);
            return NULL;
        }
    }
    *end = 0;
    return result;
}

/* The path part of a file URI, or a path as it is. NULL for other schemes and other machines. */
static const char *path_part(const char *location) {
    if (strncmp(location, "file:", 5) == 0) {
        location += 5;
        if (strncmp(location, "//", 2) == 0) {
            location += 2;
            if (strncmp(location, "localhost/", 10) == 0) location += 9;
        }
    }
#ifdef _WIN32
    if (location[0] == '/' && isalpha((unsigned char)location[1]) && location[2] == ':') location++;
    return isalpha((unsigned char)location[0]) && location[1] == ':' ? location : NULL;
#else
    return *location == '/' ? location : NULL;
#endif
}

static bool holds(const char *folder, const char *file) {
    char *path = text("%s/%s", folder, file);
    bool result = is_file(path);
    free(path);
    return result;
}

char *resources_path(const char *location, const char *file, char **problem) {
    const char *part = location ? path_part(location) : NULL;
    if (!part) {
        *problem = text("the resource location '%s' is no URI of a folder on this machine, as "
                        "file:///path/to/resources is", location ? location : "(none)");
        return NULL;
    }
    /* Some hosts leave the path as it is where FMI wants it percent-encoded. */
    char *candidates[] = {decoded(part), text("%s", part)}, *found = NULL;
    for (int i = 0; i < 2; i++) {
        if (candidates[i] && !found && holds(candidates[i], file)) found = candidates[i];
        else free(candidates[i]);
    }
    if (!found)
        *problem = text("the resource location '%s' holds no resources of this FMU: %s is not there",
                        location, file);
    return found;
}
