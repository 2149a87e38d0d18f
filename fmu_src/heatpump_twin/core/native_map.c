/* See native_map.h. Names, order and equations are those of performance_map.py and closures.py. */
#include "native_map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

struct NativeMap {
    Constants is;
#define MEMBER(name) Axis name;
    FOR_EACH_OF_AXES(MEMBER)
#undef MEMBER
#define MEMBER(name) Series name;
    FOR_EACH_OF_SERIES(MEMBER)
#undef MEMBER
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
#define TAKE(name) map->name = take_axis(&reader);
        FOR_EACH_OF_AXES(TAKE)
#undef TAKE
#define TAKE(name) map->name = take_series(&reader);
        FOR_EACH_OF_SERIES(TAKE)
#undef TAKE
        map->modes = take_count(&reader, MOST);
        size_t modes = (size_t)map->modes, speeds = (size_t)map->compressor_speed.nodes;
        size_t sinks = (size_t)map->T_sink_in.nodes, flows = (size_t)map->m_flow_sink.nodes;
        size_t powers = (size_t)map->superheat.nodes * (size_t)map->T_dew.nodes;
        map->powers = (int)powers;
        map->by_flow = take(&reader, flows * sinks * speeds * modes);
        map->left = take(&reader, modes * UNIT_ROWS * powers);
        const double *suction = take(&reader, (MAP_ROWS - UNIT_ROWS) * powers);
        if (!reader.failed && reader.left == 0 && *layout == LAYOUT) {
            memcpy(&map->is, constants, sizeof map->is);
            map->of_flow = malloc(sinks * speeds * modes * sizeof(double));
            map->of_sink = malloc(speeds * modes * sizeof(double));
            map->of_mode = malloc(modes * sizeof(double));
            map->polynomials = malloc(MAP_ROWS * powers * sizeof(double));
            map->unit_inputs[0] = NAN;
            if (map->of_flow && map->of_sink && map->of_mode && map->polynomials) {
                memcpy(map->polynomials + UNIT_ROWS * powers, suction,
                       (MAP_ROWS - UNIT_ROWS) * powers * sizeof(double));
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
    size_t modes = (size_t)map->modes, speeds = (size_t)map->compressor_speed.nodes;
    size_t sinks = (size_t)map->T_sink_in.nodes, flows = (size_t)map->m_flow_sink.nodes;
    chebyshev(&map->m_flow_sink, m_flow_sink, basis);
    contract(basis, flows, map->by_flow, sinks * speeds * modes, map->of_flow);
    chebyshev(&map->T_sink_in, T_sink_in, basis);
    contract(basis, sinks, map->of_flow, speeds * modes, map->of_sink);
    chebyshev(&map->compressor_speed, speed, basis);
    contract(basis, speeds, map->of_sink, modes, map->of_mode);
    contract(map->of_mode, modes, map->left, UNIT_ROWS * (size_t)map->powers, map->polynomials);
    set[0] = speed, set[1] = T_sink_in, set[2] = m_flow_sink;
}

/* One row of the polynomials at a scaled suction state. */
static double row_at(const NativeMap *map, int row, double s, double t) {
    int superheats = map->superheat.nodes, dews = map->T_dew.nodes;
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

/* Logarithm of the evaporator's approach, roughly. */
static double estimate(const Constants *is, const double *inputs) {
    static const bool acts_by_power[] = {
#define FLAG(name, is_extensive, by_power) by_power,
        FOR_EACH_OF_INPUTS(FLAG)
#undef FLAG
    };
    double value = is->approach_estimate[0];
    for (int i = 0; i < MAP_INPUTS; i++)
        value += is->approach_estimate[1 + i] * (acts_by_power[i] ? log(inputs[i]) : inputs[i]);
    return value;
}

/* Dew temperature and superheat at suction, from the evaporator's approach. */
static bool solve_suction(const NativeMap *map, const double *inputs, double *T_dew,
                          double *superheat) {
    const Constants *is = &map->is;
    double speed = inputs[INPUT_compressor_speed], T_source_in = inputs[INPUT_T_source_in];
    double m_flow_source = inputs[INPUT_m_flow_source];
    double C = m_flow_source * at(&map->source_heat_capacity, T_source_in);
    double setting = is->expansion_valve_superheat_setting +
                     is->expansion_valve_superheat_sink_slope *
                         (inputs[INPUT_T_sink_in] - is->design_point_T_sink_in);
    double largest = is->expansion_valve_superheat_fraction_max;
    double T_max = is->expansion_valve_T_evaporating_max;
    double secondary = is->evaporator_secondary_resistance_share *
                       pow(m_flow_source / is->design_point_m_flow_source,
                           -is->evaporator_secondary_flow_exponent);
    double approach = exp(estimate(is, inputs));
    double approach_before = 0.0, excess_before = 0.0, step = INFINITY;
    int iterations = (int)is->iterations;
    for (int i = 0; i < iterations; i++) {
        double T_wetted = T_source_in - approach;
        *T_dew = smooth_minimum(T_wetted, T_max, is->evaporating_blend);
        double actual = T_source_in - *T_dew;
        *superheat = smooth_minimum(setting + (actual - approach),
                                    largest * actual, is->superheat_blend);
        double s = scaled(&map->superheat, *superheat), t = scaled(&map->T_dew, *T_dew);
        /* A search may look beyond the table; it is led back. Only its end has to be inside. */
        double heat = speed * exp(row_at(map, ROW_log_Q_flow_source_per_speed, clamp(s), clamp(t)));
        double flow = speed * exp(row_at(map, ROW_log_m_flow_refrigerant_per_speed, clamp(s), clamp(t)));
        double refrigerant =
            (1.0 - is->evaporator_secondary_resistance_share) *
            pow(flow / is->size_m_flow_refrigerant, -is->evaporator_refrigerant_flow_exponent);
        double needed = heat / (-expm1(-is->size_evaporator_conductance / (secondary + refrigerant) / C) * C);
        double excess = approach - needed, slope;
        if (i == 0) {
            double follows = (T_max - *T_dew) /
                             (T_wetted + T_max - 2.0 * *T_dew);
            slope = 1.0 + is->heat_flow_per_kelvin * needed * follows;
        } else {
            slope = fmax((excess - excess_before) / (approach - approach_before), 0.1);
        }
        double step_before = step;
        step = fmax(-excess / slope, -0.5 * approach);
        if (fabs(step * step_before) < is->step_product) {
            approach += step;
            *T_dew = smooth_minimum(T_source_in - approach, T_max,
                                    is->evaporating_blend);
            actual = T_source_in - *T_dew;
            *superheat = smooth_minimum(setting + (actual - approach),
                                        largest * actual, is->superheat_blend);
            return fabs(scaled(&map->superheat, *superheat)) <= 1.0 &&
                   fabs(scaled(&map->T_dew, *T_dew)) <= 1.0;
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
    static const bool is_extensive[] = {
#define FLAG(name, extensive, by_power) extensive,
        FOR_EACH_OF_INPUTS(FLAG)
#undef FLAG
    };
    const Constants *is = &map->is;
    double units = is->number_of_units, single[MAP_INPUTS], T_dew, superheat;
    for (int i = 0; i < MAP_INPUTS; i++) {
        single[i] = is_extensive[i] ? inputs[i] / units : inputs[i];
        /* a NaN is in no range */
        if (!(single[i] >= is->minimum[i] && single[i] <= is->maximum[i])) return false;
    }
    double speed = single[INPUT_compressor_speed], T_sink_in = single[INPUT_T_sink_in];
    set_unit(map, speed, T_sink_in, single[INPUT_m_flow_sink]);
    if (!solve_suction(map, single, &T_dew, &superheat)) return false;
    double s = scaled(&map->superheat, superheat), t = scaled(&map->T_dew, T_dew), row[MAP_ROWS];
    for (int i = 0; i < MAP_ROWS; i++) row[i] = row_at(map, i, s, t);
    double p_low = exp(row[ROW_log_p_low]), p_high = exp(row[ROW_log_p_high]);
    double T_discharge = row[ROW_T_discharge];
    if (!(p_low >= is->envelope_p_low_min && p_high <= is->envelope_p_high_max &&
          T_discharge <= is->envelope_T_discharge_max))
        return false;
    double m_flow_refrigerant = speed * exp(row[ROW_log_m_flow_refrigerant_per_speed]);
    double power = speed * exp(row[ROW_log_compressor_power_per_speed]);
    double Q_flow_source = speed * exp(row[ROW_log_Q_flow_source_per_speed]);
    double P_el = power + is->auxiliary_power;
    double shell_loss = is->compressor_shell_loss_ratio * power;
    double Q_flow_loss = shell_loss + is->auxiliary_power;
    double Q_flow_sink = P_el + Q_flow_source - Q_flow_loss, COP = Q_flow_sink / P_el;
    double T_source_out = outlet(&map->source_enthalpy, &map->source_temperature,
                                 single[INPUT_T_source_in],
                                 -Q_flow_source / single[INPUT_m_flow_source]);
    double T_sink_out = outlet(&map->sink_enthalpy, &map->sink_temperature, T_sink_in,
                               Q_flow_sink / single[INPUT_m_flow_sink]);
    double fraction =
        fmin(is->condenser_subcooling_fraction *
                 exp(is->condenser_subcooling_temperature_coefficient *
                     (T_sink_in - is->design_point_T_sink_in)),
             is->largest_subcooling_fraction);
    double subcooling = fraction * (row[ROW_T_bubble] - T_sink_in);
    double T_suction = T_dew + superheat, T_liquid = row[ROW_T_bubble] - subcooling;
    double h_suction = row[ROW_h_suction];
    double h_discharge = h_suction + (power - shell_loss) / m_flow_refrigerant;
    double h_liquid = h_suction - Q_flow_source / m_flow_refrigerant;
    const double found[] = {
#define RESULT(name, extensive) name * (extensive ? units : 1.0),
        FOR_EACH_OF_RESULTS(RESULT)
#undef RESULT
    };
    for (int i = 0; i < MAP_RESULTS; i++)
        if (!isfinite(found[i])) return false;
    memcpy(results, found, sizeof found);
    return true;
}
