/* See map_file.h. */
#include "map_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "processor.h"

/* Version of the format, which the Python side counts too. */
enum { FORMAT = 1, HEAD_SIZE = 32 };
static const char MAGIC[8] = {'H', 'E', 'A', 'T', 'P', 'U', 'M', 'P'};

/* No map comes near these; they keep products of counts within 64 bits. */
enum { MOST_POWERS = 1000, MOST_MODES = 1000 };

/* Matrices begin where a line of the processor's cache does, bytes. */
enum { ALIGNMENT = 64 };

typedef struct {
    const uint8_t *next;
    uint64_t left; /* doubles */
    bool failed;
} Reader;

static double take(Reader *reader) {
    if (reader->left == 0) reader->failed = true;
    if (reader->failed) return 0.0;
    double value = double_at(reader->next);
    reader->next += sizeof value;
    reader->left--;
    if (!isfinite(value)) reader->failed = true;
    return value;
}

static int take_count(Reader *reader, int most) {
    double value = take(reader);
    if (!(value >= 1.0 && value <= most && value == floor(value))) reader->failed = true;
    return reader->failed ? 1 : (int)value;
}

static Axis take_axis(Reader *reader) {
    Axis axis;
    axis.middle = take(reader);
    axis.per_half = take(reader);
    axis.is_logarithmic = take(reader) != 0.0;
    axis.nodes = take_count(reader, MOST_NODES);
    return axis;
}

/* The powers are copied to `*into`, which then points behind them. */
static Series take_series(Reader *reader, double **into) {
    Series series;
    series.low = take(reader);
    series.high = take(reader);
    series.count = take_count(reader, MOST_POWERS);
    if (!(series.low < series.high)) reader->failed = true;
    series.powers = *into;
    for (int i = 0; i < series.count && !reader->failed; i++) *(*into)++ = take(reader);
    return series;
}

static size_t padded(size_t count) {
    return (count + STEP_OF_WIDTH - 1) / STEP_OF_WIDTH * STEP_OF_WIDTH;
}

static Matrix matrix_of(size_t rows, size_t columns, double **into) {
    *into = (double *)(((uintptr_t)*into + ALIGNMENT - 1) & ~(uintptr_t)(ALIGNMENT - 1));
    Matrix matrix = {rows, padded(columns), *into};
    *into += rows * matrix.columns;
    return matrix;
}

/* Numbers of the file come row by row. */
static void take_matrix(Reader *reader, Matrix *matrix, size_t columns) {
    for (size_t i = 0; i < matrix->rows; i++)
        for (size_t j = 0; j < columns && !reader->failed; j++) {
            size_t begin = j - j % MOST_WIDTH, rest = matrix->columns - begin;
            size_t width = rest < MOST_WIDTH ? rest : MOST_WIDTH;
            matrix->numbers[begin * matrix->rows + i * width + (j - begin)] = take(reader);
        }
}

static bool is_usable(const Constants *is) {
    for (int i = 0; i < INPUTS; i++)
        if (!(is->least[i] <= is->design[i] && is->design[i] <= is->largest[i])) return false;
    return true;
}

/* Fill the map; its memory is to be freed also when this fails. */
static bool read_numbers(Map *map, Reader *reader) {
    double *constants = (double *)&map->is;
    for (size_t i = 0; i < sizeof map->is / sizeof(double); i++) constants[i] = take(reader);
#define TAKE(name) map->name = take_axis(reader);
    FOR_EACH_OF_AXES(TAKE)
#undef TAKE
    size_t modes = (size_t)take_count(reader, MOST_MODES);
    if (reader->failed) return false;
    uint64_t powers = (uint64_t)map->superheat.nodes * (uint64_t)map->T_dew.nodes;
    uint64_t products = (uint64_t)map->compressor_speed.nodes * (uint64_t)map->T_sink_in.nodes *
                        (uint64_t)map->m_flow_sink.nodes;
    uint64_t of_unit = powers * UNIT_ROWS;
    if (products > reader->left || of_unit > reader->left) return false;
    /* What is left in the file, columns of zeros for each row of a matrix, both matrices'
       alignment, and the work space. */
    uint64_t most = reader->left + STEP_OF_WIDTH * (products + modes) +
                    2 * ALIGNMENT / sizeof(double) + products + modes + of_unit +
                    2 * STEP_OF_WIDTH;
    if (most > SIZE_MAX / sizeof(double)) return false;
    map->memory = calloc((size_t)most, sizeof(double));
    if (!map->memory) return false;
    double *next = map->memory;
#define TAKE(name) map->name = take_series(reader, &next);
    FOR_EACH_OF_SERIES(TAKE)
#undef TAKE
    if (reader->failed ||
        reader->left != modes * (products + of_unit) + (ROWS - UNIT_ROWS) * powers)
        return false;
    map->by_inputs = matrix_of((size_t)products, modes, &next);
    take_matrix(reader, &map->by_inputs, modes);
    map->by_mode = matrix_of(modes, (size_t)of_unit, &next);
    take_matrix(reader, &map->by_mode, (size_t)of_unit);
    map->of_suction = next;
    for (uint64_t i = 0; i < (ROWS - UNIT_ROWS) * powers; i++) *next++ = take(reader);
    map->products = next;
    map->of_modes = map->products + products;
    map->of_unit = map->of_modes + padded(modes);
    map->unit_inputs[0] = NAN;
    map->log_design_flow = log(map->is.design[INPUT_m_flow_source]);
    map->log_size_flow = log(map->is.size_m_flow_refrigerant);
    return !reader->failed && is_usable(&map->is);
}

bool map_read(Map *map, const void *bytes, size_t size, uint8_t hash[SHA256_SIZE], char *why,
              size_t why_size) {
    const uint8_t *at = bytes;
    if (size < HEAD_SIZE + SHA256_SIZE) {
        snprintf(why, why_size, "map file is cut off: %zu bytes", size);
        return false;
    }
    if (memcmp(at, MAGIC, sizeof MAGIC) != 0) {
        snprintf(why, why_size, "not a map file: it does not begin with %.8s", MAGIC);
        return false;
    }
    uint64_t format = integer_at(at + 8), layout = integer_at(at + 16), count = integer_at(at + 24);
    if (format != FORMAT) {
        snprintf(why, why_size, "map file of format %llu; expected %d", (unsigned long long)format,
                 FORMAT);
        return false;
    }
    if (layout != LAYOUT) {
        snprintf(why, why_size,
                 "map file of another version of heatpump-twin: layout %llx, expected %llx",
                 (unsigned long long)layout, (unsigned long long)LAYOUT);
        return false;
    }
    size_t room = size - HEAD_SIZE - SHA256_SIZE;
    if (count > room / sizeof(double) || count * sizeof(double) != room) {
        snprintf(why, why_size, "map file is cut off or has bytes to spare: %zu bytes, %llu numbers",
                 size, (unsigned long long)count);
        return false;
    }
    sha256(at, size - SHA256_SIZE, hash);
    if (memcmp(hash, at + size - SHA256_SIZE, SHA256_SIZE) != 0) {
        snprintf(why, why_size, "map file is altered: its SHA-256 does not fit");
        return false;
    }
    *map = (Map){.sums_four = has_registers_for_four()};
    Reader reader = {at + HEAD_SIZE, count, false};
    if (read_numbers(map, &reader)) return true;
    map_free(map);
    snprintf(why, why_size, "map file holds numbers that are no map, or memory is short");
    return false;
}

void map_free(Map *map) {
    free(map->memory);
    map->memory = NULL;
}
