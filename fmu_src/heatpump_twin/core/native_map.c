/* See native_map.h. Names, order and equations are those of performance_map.py and closures.py. */
#include "native_map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LAYOUT 1.0

/* Rows of the table. */
enum { HEAT, FLOW, POWER, T_BUBBLE, LOG_P_HIGH, T_DISCHARGE, H_SUCTION, LOG_P_LOW, ROWS };
enum { UNIT_ROWS = 6 };

typedef struct {
    double low, high;
} Range;

typedef struct {
    double middle, per_half;
    bool is_logarithmic;
    int nodes;
} Axis;

typedef struct {
    double low, high;
    int count;
    const double *powers; /* highest first */
} Series;

/* The numbers as laid out, one after the other. */
typedef struct {
    double number_of_units;
    Range inputs[MAP_INPUTS];
    double p_low_min, p_high_max, T_discharge_max;
    double auxiliary_power, shell_loss_ratio;
    double subcooling_fraction, subcooling_coefficient, largest_subcooling_fraction, T_sink_design;
    double superheat_setting, superheat_sink_slope, superheat_fraction_max, T_evaporating_max;
    double superheat_blend, evaporating_blend;
    double conductance, secondary_share, secondary_exponent, refrigerant_exponent;
    double m_flow_source_design, m_flow_refrigerant_design;
    double heat_flow_per_kelvin, step_product, iterations;
    double estimate[6];
} Constants;

struct NativeMap {
    Constants is;
    Axis speed, sink, flow, superheat, dew;
    Series source_heat_capacity, source_enthalpy, source_temperature;
    Series sink_enthalpy, sink_temperature;
    int modes, powers;      /* powers: of superheat times of dew temperature */
    const double *by_flow;  /* flow, sink, speed, mode */
    const double *left;     /* mode, unit row and power */
    double *numbers;        /* what the pointers above point into */
    double *of_flow, *of_sink, *of_mode; /* work space */
    double *polynomials;    /* row, power of superheat, power of dew temperature */
    double unit_inputs[3];  /* that `polynomials` belongs to; NaN: none */
};

typedef struct {
    const double *next;
    size_t left;
    bool failed;
} Reader;

static const double *take(Reader *reader, size_t count) {
    if (reader->failed || count > reader->left) {
        reader->failed = true;
        return NULL;
    }
    const double *found = reader->next;
    reader->next += count;
    reader->left -= count;
    return found;
}

/* More nodes have no place in the work space of a polynomial. */
enum { MOST_NODES = 64, MOST = 1000000 };

static int take_count(Reader *reader, double most) {
    const double *value = take(reader, 1);
    if (!value || !(*value >= 1.0 && *value <= most)) {
        reader->failed = true;
        return 1;
    }
    return (int)*value;
}

static Axis take_axis(Reader *reader) {
    const double *of = take(reader, 3);
    int nodes = take_count(reader, MOST_NODES);
    return of ? (Axis){of[0], of[1], of[2] != 0.0, nodes} : (Axis){0};
}

static Series take_series(Reader *reader) {
    const double *range = take(reader, 2);
    int count = take_count(reader, MOST);
    const double *powers = take(reader, (size_t)count);
    return powers ? (Series){range[0], range[1], count, powers} : (Series){0};
}

void native_map_free(NativeMap *map) {
    if (!map) return;
    free(map->numbers);
    free(map->of_flow);
    free(map->of_sink);
    free(map->of_mode);
    free(map->polynomials);
    free(map);
}

NativeMap *native_map_make(const double *numbers, size_t count) {
    NativeMap *map = calloc(1, sizeof *map);
    if (!map) return NULL;
    map->numbers = malloc(count * sizeof *numbers);
    if (map->numbers) {
        memcpy(map->numbers, numbers, count * sizeof *numbers);
        Reader reader = {map->numbers, count, false};
        const double *layout = take(&reader, 1);
        const double *constants = take(&reader, sizeof map->is / sizeof(double));
        map->speed = take_axis(&reader);
        map->sink = take_axis(&reader);
        map->flow = take_axis(&reader);
        map->superheat = take_axis(&reader);
        map->dew = take_axis(&reader);
        map->source_heat_capacity = take_series(&reader);
        map->source_enthalpy = take_series(&reader);
        map->source_temperature = take_series(&reader);
        map->sink_enthalpy = take_series(&reader);
        map->sink_temperature = take_series(&reader);
        map->modes = take_count(&reader, MOST);
        size_t modes = (size_t)map->modes, speeds = (size_t)map->speed.nodes;
        size_t sinks = (size_t)map->sink.nodes, flows = (size_t)map->flow.nodes;
        size_t powers = (size_t)map->superheat.nodes * (size_t)map->dew.nodes;
        map->powers = (int)powers;
        map->by_flow = take(&reader, flows * sinks * speeds * modes);
        map->left = take(&reader, modes * UNIT_ROWS * powers);
        const double *suction = take(&reader, (ROWS - UNIT_ROWS) * powers);
        if (!reader.failed && reader.left == 0 && *layout == LAYOUT) {
            memcpy(&map->is, constants, sizeof map->is);
            map->of_flow = malloc(sinks * speeds * modes * sizeof(double));
            map->of_sink = malloc(speeds * modes * sizeof(double));
            map->of_mode = malloc(modes * sizeof(double));
            map->polynomials = malloc(ROWS * powers * sizeof(double));
            map->unit_inputs[0] = NAN;
            if (map->of_flow && map->of_sink && map->of_mode && map->polynomials) {
                memcpy(map->polynomials + UNIT_ROWS * powers, suction,
                       (ROWS - UNIT_ROWS) * powers * sizeof(double));
                return map;
            }
        }
    }
    native_map_free(map);
    return NULL;
}

static double at(const Series *series, double x) {
    double u = (x + x - series->low - series->high) / (series->high - series->low), value = 0.0;
    for (int i = 0; i < series->count; i++) value = value * u + series->powers[i];
    return value;
}

static double scaled(const Axis *axis, double value) {
    return ((axis->is_logarithmic ? log(value) : value) - axis->middle) * axis->per_half;
}

/* sum over i of factor[i] * matrix[i][j], for all j */
static void contract(const double *restrict factors, size_t count, const double *restrict matrix,
                     size_t width, double *restrict result) {
    for (size_t j = 0; j < width; j++) result[j] = factors[0] * matrix[j];
    for (size_t i = 1; i < count; i++)
        for (size_t j = 0; j < width; j++) result[j] += factors[i] * matrix[i * width + j];
}

static void chebyshev(const Axis *axis, double value, double *basis) {
    double x = fmin(fmax(scaled(axis, value), -1.0), 1.0);
    basis[0] = 1.0;
    if (axis->nodes > 1) basis[1] = x;
    for (int k = 2; k < axis->nodes; k++) basis[k] = 2.0 * x * basis[k - 1] - basis[k - 2];
}

/* The condensing unit at its inputs: polynomials of the suction state. */
static void set_unit(NativeMap *map, double speed, double T_sink_in, double m_flow_sink) {
    double *set = map->unit_inputs;
    if (set[0] == speed && set[1] == T_sink_in && set[2] == m_flow_sink) return;
    double basis[MOST_NODES];
    size_t modes = (size_t)map->modes, speeds = (size_t)map->speed.nodes;
    size_t sinks = (size_t)map->sink.nodes, flows = (size_t)map->flow.nodes;
    chebyshev(&map->flow, m_flow_sink, basis);
    contract(basis, flows, map->by_flow, sinks * speeds * modes, map->of_flow);
    chebyshev(&map->sink, T_sink_in, basis);
    contract(basis, sinks, map->of_flow, speeds * modes, map->of_sink);
    chebyshev(&map->speed, speed, basis);
    contract(basis, speeds, map->of_sink, modes, map->of_mode);
    contract(map->of_mode, modes, map->left, UNIT_ROWS * (size_t)map->powers, map->polynomials);
    set[0] = speed, set[1] = T_sink_in, set[2] = m_flow_sink;
}

/* One row of the polynomials at a scaled suction state. */
static double row_at(const NativeMap *map, int row, double s, double t) {
    int superheats = map->superheat.nodes, dews = map->dew.nodes;
    const double *of = map->polynomials + row * map->powers;
    double value = 0.0;
    for (int i = superheats - 1; i >= 0; i--) {
        double inner = 0.0;
        for (int j = dews - 1; j >= 0; j--) inner = inner * t + of[i * dews + j];
        value = value * s + inner;
    }
    return value;
}

static double smooth_minimum(double a, double b, double width) {
    return 0.5 * (a + b - hypot(a - b, width));
}

static double clamp(double x) { return fmin(fmax(x, -1.0), 1.0); }

/* Dew temperature and superheat at suction, from the evaporator's approach. */
static bool solve_suction(const NativeMap *map, const double *inputs, double *T_dew,
                          double *superheat) {
    const Constants *is = &map->is;
    double speed = inputs[0], T_source_in = inputs[1], T_sink_in = inputs[2];
    double m_flow_source = inputs[3], m_flow_sink = inputs[4];
    double C = m_flow_source * at(&map->source_heat_capacity, T_source_in);
    double setting =
        is->superheat_setting + is->superheat_sink_slope * (T_sink_in - is->T_sink_design);
    double secondary = is->secondary_share *
                       pow(m_flow_source / is->m_flow_source_design, -is->secondary_exponent);
    double approach = exp(is->estimate[0] + is->estimate[1] * log(speed) +
                          is->estimate[2] * T_source_in + is->estimate[3] * T_sink_in +
                          is->estimate[4] * log(m_flow_source) + is->estimate[5] * log(m_flow_sink));
    double approach_before = 0.0, excess_before = 0.0, step = INFINITY;
    int iterations = (int)is->iterations;
    for (int i = 0; i < iterations; i++) {
        double T_wetted = T_source_in - approach;
        *T_dew = smooth_minimum(T_wetted, is->T_evaporating_max, is->evaporating_blend);
        double actual = T_source_in - *T_dew;
        *superheat = smooth_minimum(setting + (actual - approach),
                                    is->superheat_fraction_max * actual, is->superheat_blend);
        double s = scaled(&map->superheat, *superheat), t = scaled(&map->dew, *T_dew);
        /* A search may look beyond the table; it is led back. Only its end has to be inside. */
        double heat = speed * exp(row_at(map, HEAT, clamp(s), clamp(t)));
        double flow = speed * exp(row_at(map, FLOW, clamp(s), clamp(t)));
        double refrigerant =
            (1.0 - is->secondary_share) *
            pow(flow / is->m_flow_refrigerant_design, -is->refrigerant_exponent);
        double needed = heat / (-expm1(-is->conductance / (secondary + refrigerant) / C) * C);
        double excess = approach - needed, slope;
        if (i == 0) {
            double follows = (is->T_evaporating_max - *T_dew) /
                             (T_wetted + is->T_evaporating_max - 2.0 * *T_dew);
            slope = 1.0 + is->heat_flow_per_kelvin * needed * follows;
        } else {
            slope = fmax((excess - excess_before) / (approach - approach_before), 0.1);
        }
        double step_before = step;
        step = fmax(-excess / slope, -0.5 * approach);
        if (fabs(step * step_before) < is->step_product) {
            approach += step;
            *T_dew = smooth_minimum(T_source_in - approach, is->T_evaporating_max,
                                    is->evaporating_blend);
            actual = T_source_in - *T_dew;
            *superheat = smooth_minimum(setting + (actual - approach),
                                        is->superheat_fraction_max * actual, is->superheat_blend);
            return fabs(scaled(&map->superheat, *superheat)) <= 1.0 &&
                   fabs(scaled(&map->dew, *T_dew)) <= 1.0;
        }
        approach_before = approach, excess_before = excess;
        approach += step;
    }
    return false;
}

/* Outlet temperature of a medium, or NaN beyond its range. */
static double outlet(const Series *enthalpy, const Series *temperature, double T_in, double rise) {
    double h = at(enthalpy, T_in) + rise;
    return h >= temperature->low && h <= temperature->high ? at(temperature, h) : NAN;
}

bool native_map_answer(NativeMap *map, const double inputs[MAP_INPUTS],
                       double results[MAP_RESULTS]) {
    const Constants *is = &map->is;
    double units = is->number_of_units;
    double single[MAP_INPUTS] = {inputs[0], inputs[1], inputs[2], inputs[3] / units,
                                 inputs[4] / units};
    for (int i = 0; i < MAP_INPUTS; i++) /* a NaN is in no range */
        if (!(single[i] >= is->inputs[i].low && single[i] <= is->inputs[i].high)) return false;
    double speed = single[0], T_source_in = single[1], T_sink_in = single[2], T_dew, superheat;
    set_unit(map, speed, T_sink_in, single[4]);
    if (!solve_suction(map, single, &T_dew, &superheat)) return false;
    double s = scaled(&map->superheat, superheat), t = scaled(&map->dew, T_dew), row[ROWS];
    for (int i = 0; i < ROWS; i++) row[i] = row_at(map, i, s, t);
    double p_low = exp(row[LOG_P_LOW]), p_high = exp(row[LOG_P_HIGH]);
    if (!(p_low >= is->p_low_min && p_high <= is->p_high_max &&
          row[T_DISCHARGE] <= is->T_discharge_max))
        return false;
    double m_flow = speed * exp(row[FLOW]), power = speed * exp(row[POWER]);
    double Q_flow_source = speed * exp(row[HEAT]);
    double P_el = power + is->auxiliary_power, shell_loss = is->shell_loss_ratio * power;
    double Q_flow_loss = shell_loss + is->auxiliary_power;
    double Q_flow_sink = P_el + Q_flow_source - Q_flow_loss;
    double fraction =
        fmin(is->subcooling_fraction *
                 exp(is->subcooling_coefficient * (T_sink_in - is->T_sink_design)),
             is->largest_subcooling_fraction);
    double subcooling = fraction * (row[T_BUBBLE] - T_sink_in);
    double found[MAP_RESULTS] = {
        P_el * units,
        Q_flow_sink * units,
        Q_flow_source * units,
        Q_flow_loss * units,
        Q_flow_sink / P_el,
        outlet(&map->source_enthalpy, &map->source_temperature, T_source_in,
               -Q_flow_source / single[3]),
        outlet(&map->sink_enthalpy, &map->sink_temperature, T_sink_in, Q_flow_sink / single[4]),
        m_flow * units,
        p_low,
        p_high,
        T_dew + superheat,
        row[T_DISCHARGE],
        row[T_BUBBLE] - subcooling,
        superheat,
        subcooling,
        row[H_SUCTION],
        row[H_SUCTION] + (power - shell_loss) / m_flow,
        row[H_SUCTION] - Q_flow_source / m_flow,
    };
    for (int i = 0; i < MAP_RESULTS; i++)
        if (!isfinite(found[i])) return false;
    memcpy(results, found, sizeof found);
    return true;
}
