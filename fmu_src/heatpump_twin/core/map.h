/* The performance map: the condensing unit as polynomials, evaporator and valve as equations. */
#ifndef HEATPUMP_TWIN_MAP_H
#define HEATPUMP_TWIN_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "heat_pump_layout.h"

typedef struct {
    double middle, per_half;
    bool is_logarithmic;
    int nodes;
} Axis;

/* A polynomial of a variable that is scaled to -1 to 1. */
typedef struct {
    double low, high;
    int count;
    const double *powers; /* highest first */
} Series;

/* More nodes have no place in the work space of a polynomial. */
enum { MOST_NODES = 64 };

/* Sums are made for so many columns at a time: as many as two processors' registers hold. */
enum { STEP_OF_WIDTH = 4, MOST_WIDTH = 28 };

/* A matrix whose columns come in blocks of MOST_WIDTH, the last one of less: block, row, column
   within the block. */
typedef struct {
    size_t rows, columns; /* with columns of zeros up to a multiple of STEP_OF_WIDTH */
    double *numbers;
} Matrix;

typedef struct {
    Constants is;
#define MEMBER(name) Axis name;
    FOR_EACH_OF_AXES(MEMBER)
#undef MEMBER
#define MEMBER(name) Series name;
    FOR_EACH_OF_SERIES(MEMBER)
#undef MEMBER
    Matrix by_inputs;         /* product of Chebyshev polynomials of the inputs to mode */
    Matrix by_mode;           /* mode to power of the state at suction and row of the unit */
    const double *of_suction; /* power and row: what depends on the state at suction alone */
    double log_design_flow;   /* of the source at the design point */
    double log_size_flow;     /* of the refrigerant there */
    bool sums_four;           /* at a time: the processor has registers for it */
    double *memory;           /* what the pointers point into */
    /* Work space. The unit's polynomials belong to its inputs, which are NaN at first. */
    double *products, *of_modes, *of_unit;
    double unit_inputs[3];
} Map;

/* Value of a series, also beyond its range. */
double series_at(const Series *series, double x);

/* Steady state of one unit; false, and why, where the map has none. */
bool map_answer(Map *map, const double inputs[INPUTS], double results[RESULTS], char *why,
                size_t size);

/* The unit when off: no flow, no heat, pressures equal, outlets as inlets. */
void map_at_rest(const Map *map, const double inputs[INPUTS], double power,
                 double results[RESULTS]);

#endif
