/* Calls of FMI made of bytes: a target for libFuzzer, and with -DALONE a program of its own that makes
   up bytes at random.

   The FMU is that of the environment's variables FUZZ_RESOURCES (an URI) and FUZZ_GUID; it has no part
   for live mode, which then fails at once. Each byte string is a life of two instances: which call, with
   which reference, value and text, follows from the next bytes. After each call the outputs have to be
   numbers. Sanitisers look for the rest. To make an instance takes far longer than a call, so most lives
   begin with a reset.

   usage of the program: fuzz <seconds>
*/
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fmi2Functions.h"

enum { INSTANCES = 2, STATES = 4, MOST = 32, REALS = 23, STATE_BYTES = 2048 };

typedef struct {
    const uint8_t *next, *end;
} Bytes;

static uint8_t byte(Bytes *bytes) { return bytes->next < bytes->end ? *bytes->next++ : 0; }

static double number(Bytes *bytes) {
    static const double usual[] = {0.0, 1.0, 1e-16, -1e-16, 308.15, 280.0, 0.3, 35.0, -1.0, 1e308, 360.0};
    uint8_t which = byte(bytes);
    if (which < 128) return usual[which % (sizeof usual / sizeof *usual)];
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++) bits = bits << 8 | byte(bytes);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

typedef struct {
    fmi2Component instance;
    fmi2FMUstate states[STATES];
    int frees; /* calls until the logger frees the instance; 0 never */
} Host;

static void logger(fmi2ComponentEnvironment environment, fmi2String name, fmi2Status status,
                   fmi2String category, fmi2String message, ...) {
    Host *host = environment;
    (void)name, (void)status;
    if (!category || !message || strlen(message) >= 1000) abort();
    if (host->frees && --host->frees == 0 && host->instance) {
        fmi2FreeInstance(host->instance);
        host->instance = NULL;
    }
}

static const fmi2CallbackFunctions *callbacks_of(Host *host) {
    static fmi2CallbackFunctions callbacks[INSTANCES];
    static unsigned used;
    fmi2CallbackFunctions *own = &callbacks[used++ % INSTANCES];
    *own = (fmi2CallbackFunctions){logger, calloc, free, NULL, host};
    return own;
}

static void make(Host *host) {
    *host = (Host){0};
    host->instance = fmi2Instantiate("one", fmi2CoSimulation, getenv("FUZZ_GUID"),
                                     getenv("FUZZ_RESOURCES"), callbacks_of(host), fmi2False,
                                     fmi2True);
    if (!host->instance) abort();
}

static void bytes_of_state(Host *host, Bytes *bytes) {
    fmi2FMUstate *state = &host->states[byte(bytes) % STATES];
    size_t size = 0;
    fmi2Byte content[STATE_BYTES] = {0};
    if (fmi2SerializedFMUstateSize(host->instance, *state, &size) == fmi2OK) {
        if (size > sizeof content) abort();
        if (fmi2SerializeFMUstate(host->instance, *state, content, size) != fmi2OK) abort();
    } else {
        size = byte(bytes);
    }
    for (int changes = byte(bytes) % 4; changes; changes--) {
        size_t place = (size_t)(byte(bytes) | byte(bytes) << 8) % sizeof content;
        content[place] = (fmi2Byte)byte(bytes);
    }
    /* A sum that fits, so that what it guards is reached. */
    if (byte(bytes) % 2 && size >= 32) {
        uint64_t sum = UINT64_C(14695981039346656037);
        for (size_t i = 0; i < size; i++)
            if (i < 24 || i >= 32) sum = (sum ^ (unsigned char)content[i]) * UINT64_C(1099511628211);
        for (int i = 0; i < 8; i++) content[24 + i] = (fmi2Byte)(sum >> 8 * i);
    }
    if (byte(bytes) % 8 == 0) size = (size_t)(byte(bytes) * 8) % sizeof content;
    fmi2FMUstate copy = NULL;
    if (fmi2DeSerializeFMUstate(host->instance, content, size, &copy) == fmi2OK) {
        fmi2SetFMUstate(host->instance, copy);
        fmi2FreeFMUstate(host->instance, &copy);
    }
}

static void call(Host *host, Bytes *bytes) {
    fmi2Component c = host->instance;
    fmi2ValueReference references[MOST];
    double reals[MOST];
    fmi2Integer integers[MOST];
    fmi2String texts[MOST];
    static const char *const words[] = {"map",   "live", "continue", "discard",
                                        "error", "",     "%s%n",     "\xff\xfe"};
    uint8_t which = byte(bytes);
    size_t count = byte(bytes) % MOST;
    if (which % 26 < 8)
        for (size_t i = 0; i < count; i++) {
            references[i] = byte(bytes) % 34;
            reals[i] = which % 26 == 1 ? number(bytes) : 0.0;
            integers[i] = (int8_t)byte(bytes);
            texts[i] = words[byte(bytes) % (sizeof words / sizeof *words)];
        }
    switch (which % 26) {
    case 0: fmi2GetReal(c, references, count, reals); break;
    case 1: fmi2SetReal(c, references, count, reals); break;
    case 2: fmi2GetInteger(c, references, count, integers); break;
    case 3: fmi2SetInteger(c, references, count, integers); break;
    case 4: fmi2GetString(c, references, count, texts); break;
    case 5: fmi2SetString(c, references, count, texts); break;
    case 6: fmi2SetBoolean(c, references, count, integers); break;
    case 7: fmi2GetBoolean(c, references, count, integers); break;
    case 8: fmi2SetupExperiment(c, fmi2False, 0.0, number(bytes), fmi2False, 0.0); break;
    case 9: fmi2EnterInitializationMode(c); break;
    case 10: fmi2ExitInitializationMode(c); break;
    case 11:
    case 12:
    case 13: fmi2DoStep(c, number(bytes), byte(bytes), fmi2True); break;
    case 14: fmi2DoStep(c, number(bytes), number(bytes), fmi2True); break;
    case 15: fmi2Terminate(c); break;
    case 16: fmi2Reset(c); break;
    case 17: fmi2GetFMUstate(c, &host->states[count % STATES]); break;
    case 18: fmi2SetFMUstate(c, host->states[count % STATES]); break;
    case 19: fmi2FreeFMUstate(c, &host->states[count % STATES]); break;
    case 20: bytes_of_state(host, bytes); break;
    case 21: {
        fmi2Real time = 0.0;
        if (fmi2GetRealStatus(c, (fmi2StatusKind)count, &time) == fmi2OK && !isfinite(time)) abort();
        break;
    }
    case 22: {
        static const fmi2String names[] = {"logAll", "logEachStep", "logStatusError", "%s"};
        fmi2SetDebugLogging(c, byte(bytes) % 2, count % 5 ? 1 : 0, &names[count % 4]);
        break;
    }
    case 23: host->frees = 1 + byte(bytes) % 4; break;
    case 24: fmi2GetDirectionalDerivative(c, references, 0, references, 0, reals, reals); break;
    default:
        if (byte(bytes) % 8) break;
        fmi2FreeInstance(c);
        host->instance = NULL;
    }
}

static void check(Host *host) {
    fmi2ValueReference references[REALS];
    double values[REALS];
    for (unsigned i = 5; i < REALS; i++) references[i] = i;
    if (fmi2GetReal(host->instance, references + 5, REALS - 5, values + 5) != fmi2OK) return;
    for (int i = 5; i < REALS; i++)
        if (!isfinite(values[i])) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Bytes bytes = {data, data + size};
    static Host hosts[INSTANCES];
    static unsigned lives;
    for (int i = 0; i < INSTANCES; i++) {
        hosts[i].frees = 0;
        if (!hosts[i].instance) make(&hosts[i]);
        else if (fmi2Reset(hosts[i].instance) != fmi2OK) abort();
    }
    while (bytes.next < bytes.end) {
        Host *host = &hosts[byte(&bytes) % INSTANCES];
        if (!host->instance) make(host);
        /* Handles that another instance has given, now and then. */
        if (byte(&bytes) == 255) host->states[0] = hosts[0].states[1];
        call(host, &bytes);
        if (host->instance) check(host);
    }
    /* Now and then all go, with the states that they hold. */
    if (++lives % 64 == 0)
        for (int i = 0; i < INSTANCES; i++) {
            if (hosts[i].instance) fmi2FreeInstance(hosts[i].instance);
            hosts[i].instance = NULL;
        }
    return 0;
}

#ifdef ALONE
int main(int count, char **arguments) {
    if (count != 2) return 2;
    time_t end = time(NULL) + atoi(arguments[1]);
    unsigned long lives = 0;
    srand(1);
    /* Lives are not all random: the way to the first step leads most of them on. */
    static const uint8_t start[] = {0, 0, 8, 0, 0, 0, 0, 9, 0, 0, 0, 10, 0, 1, 0, 8, 0, 0, 1, 0, 9, 0, 1, 0, 10, 0};
    for (; time(NULL) < end; lives++) {
        uint8_t data[1024];
        for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)(rand() >> 7);
        if (lives % 4) memcpy(data, start, sizeof start);
        LLVMFuzzerTestOneInput(data, sizeof data);
    }
    printf("%lu inputs\n", lives);
    return 0;
}
#endif
