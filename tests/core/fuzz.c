/* Map files and states made of bytes: a target for libFuzzer, and with -DALONE a program of its own that
   alters bytes at random.

   The map file named by FUZZ_MAP is the one that is altered. The first byte of an input says what it is:
   a whole map file, numbers to change in it with a hash that fits, a state, or
   numbers to change in a state. What is taken has to answer,
   with numbers. Sanitisers look for the rest.

   usage of the program: fuzz <seconds>
*/
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "heat_pump.h"
#include "sha256.h"

enum { LARGEST_MAP = 1 << 20, HEAD = 32 };

static uint8_t *map_file, *altered;
static size_t map_size;
static HeatPump *usual;

static void expect(bool holds) {
    if (!holds) abort();
}

int LLVMFuzzerInitialize(int *count, char ***arguments) {
    (void)count, (void)arguments;
    map_file = malloc(LARGEST_MAP), altered = malloc(LARGEST_MAP);
    FILE *file = fopen(getenv("FUZZ_MAP"), "rb");
    expect(map_file && altered && file);
    map_size = fread(map_file, 1, LARGEST_MAP, file);
    fclose(file);
    char why[NOTE_SIZE];
    usual = heat_pump_make(map_file, map_size, why, sizeof why);
    expect(usual != NULL);
    return 0;
}

static void ask(HeatPump *heat_pump) {
    static const double sizes[] = {1.0, 0.0, 3600.0};
    double inputs[INPUTS], results[RESULTS], operation[OPERATIONS];
    static Notes notes;
    heat_pump_design(heat_pump, inputs);
    for (int k = 0; k < 3; k++) {
        Status status = heat_pump_step(heat_pump, inputs, sizes[k], &notes);
        expect(status >= 0 && status < STATUSES);
        expect(notes.count >= 0 && notes.count <= MOST_NOTES);
        for (int i = 0; i < notes.count; i++) expect(strlen(notes.note[i].text) < NOTE_SIZE);
        heat_pump_results(heat_pump, results);
        heat_pump_operation(heat_pump, operation);
        for (int i = 0; i < OPERATIONS; i++) expect(isfinite(operation[i]));
        if (status == STATUS_INSIDE || status == STATUS_MOVED_TO_ENVELOPE)
            for (int i = 0; i < RESULTS; i++) expect(isfinite(results[i]));
        inputs[k] += 10.0;
    }
}

static void take_map(const uint8_t *bytes, size_t size) {
    char why[NOTE_SIZE] = "";
    HeatPump *heat_pump = heat_pump_make(bytes, size, why, sizeof why);
    if (!heat_pump) {
        expect(why[0] != '\0');
        return;
    }
    ask(heat_pump);
    heat_pump_free(heat_pump);
}

/* Put numbers among `count` others. Each ten bytes say where, and the number: its eight bytes, a small
   whole one, or one that is no count. Most go to the beginning, where ranges and counts are. */
static void put_numbers(uint8_t *numbers, size_t count, const uint8_t *bytes, size_t size) {
    static const double odd[] = {NAN, INFINITY, -INFINITY, -1.0, -100.0, -1500.0, 1e300, 1e9};
    for (; size >= 10; bytes += 10, size -= 10) {
        size_t place = bytes[1] < 192 ? bytes[0] : (size_t)bytes[0] | (size_t)bytes[1] << 8;
        double whole = bytes[2] < 96 ? bytes[3] % 72 : odd[bytes[3] % 8];
        const void *number = bytes[2] < 128 ? (const void *)&whole : (const void *)(bytes + 2);
        memcpy(numbers + 8 * (place % count), number, 8);
    }
}

static void take_numbers(const uint8_t *bytes, size_t size) {
    memcpy(altered, map_file, map_size);
    put_numbers(altered + HEAD, (map_size - HEAD - SHA256_SIZE) / 8, bytes, size);
    sha256(altered, map_size - SHA256_SIZE, altered + map_size - SHA256_SIZE);
    take_map(altered, map_size);
}

/* Bytes, or a state with some numbers changed. */
static void take_state(const uint8_t *bytes, size_t size, bool is_whole) {
    size_t length = heat_pump_state_size(usual), head = 8 + 8 + SHA256_SIZE;
    uint8_t *state = malloc(length + size), *before = malloc(length), *after = malloc(length);
    expect(state && before && after);
    heat_pump_get_state(usual, before);
    memcpy(state, before, length);
    if (is_whole)
        put_numbers(state + head, (length - head) / 8, bytes, size);
    else if (size)
        memcpy(state, bytes, size);
    bool taken = heat_pump_set_state(usual, state, is_whole ? length : size);
    heat_pump_get_state(usual, after);
    expect(taken || memcmp(before, after, length) == 0);
    double results[RESULTS];
    heat_pump_results(usual, results);
    for (int i = 0; i < RESULTS; i++) expect(isfinite(results[i]));
    ask(usual);
    free(state), free(before), free(after);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    if (size == 0) return 0;
    switch (bytes[0] % 4) {
    case 0:
        take_map(bytes + 1, size - 1);
        break;
    case 1:
        take_numbers(bytes + 1, size - 1);
        break;
    default:
        take_state(bytes + 1, size - 1, bytes[0] % 4 == 3);
    }
    return 0;
}

#ifdef ALONE
static uint64_t noise = 88172645463325252u;
static uint64_t random_number(void) { /* Marsaglia's xorshift */
    noise ^= noise << 13, noise ^= noise >> 7, noise ^= noise << 17;
    return noise;
}

int main(int count, char **arguments) {
    expect(count == 2);
    LLVMFuzzerInitialize(NULL, NULL);
    time_t end = time(NULL) + atoi(arguments[1]);
    uint8_t bytes[1024];
    long inputs = 0;
    for (; time(NULL) < end; inputs++) {
        /* Half of them change a number or two, which the checks of the rest let pass. */
        size_t size = random_number() % (random_number() % 2 ? sizeof bytes : 32);
        for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)random_number();
        LLVMFuzzerTestOneInput(bytes, size);
    }
    printf("%ld inputs\n", inputs);
    return 0;
}
#endif
