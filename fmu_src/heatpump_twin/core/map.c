/* See map.h. Names and equations are those of heatpump_twin.model: performance_map, relations and
   closures, where their sources are. What is called for at each step is spelled out here. */
#include "map.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "processor.h"

double series_at(const Series *series, double x) {
    double u = (x + x - series->low - series->high) / (series->high - series->low), value = 0.0;
    for (int i = 0; i < series->count; i++) value = value * u + series->powers[i];
    return value;
}

/* A value as the axis has it, its logarithm or the value itself, scaled to -1 to 1. */
static double scaled(const Axis *axis, double value) {
    return (value - axis->middle) * axis->per_half;
}

static double within(double x) { return x < -1.0 ? -1.0 : x > 1.0 ? 1.0 : x; }

/* For one block of columns: result[j] = sum over i of factor[i] * number[i][j]. The width is a
   constant where this is called, so that all sums lie in registers. */
static inline void sum_up_block(const double *restrict factors, size_t rows,
                                const double *restrict numbers, int width,
                                double *restrict results) {
    double sums[MOST_WIDTH] = {0.0};
    for (size_t i = 0; i < rows; i++, numbers += width)
        for (int j = 0; j < width; j++) sums[j] += factors[i] * numbers[j];
    for (int j = 0; j < width; j++) results[j] = sums[j];
}

#define SUM_UP(width) \
    case width: \
        sum_up_block(factors, rows, numbers, width, results); \
        break

/* result[j] = sum over i of factor[i] * matrix[i][j] */
#define DEFINE_CONTRACT(attributes, name) \
    attributes static void name(const double *restrict factors, const Matrix *matrix, \
                                double *restrict results) { \
        const double *restrict numbers = matrix->numbers; \
        size_t rows = matrix->rows, left = matrix->columns; \
        for (; left > MOST_WIDTH; left -= MOST_WIDTH) { \
            sum_up_block(factors, rows, numbers, MOST_WIDTH, results); \
            results += MOST_WIDTH; \
            numbers += rows * MOST_WIDTH; \
        } \
        switch (left) { \
            SUM_UP(4); \
            SUM_UP(8); \
            SUM_UP(12); \
            SUM_UP(16); \
            SUM_UP(20); \
            SUM_UP(24); \
            SUM_UP(28); \
        } \
    }

/* On processors of x86-64 that have registers for four doubles the same sums are made in the same
   order, so with the same digits, four at a time. */
DEFINE_CONTRACT(, contract_by_two)
#ifdef MAY_HAVE_REGISTERS_FOR_FOUR
DEFINE_CONTRACT(__attribute__((target("avx"))), contract_by_four)
#else
#define contract_by_four contract_by_two
#endif

static void chebyshev(const Axis *axis, double value, double *basis) {
    double x = within(scaled(axis, value));
    basis[0] = 1.0;
    if (axis->nodes > 1) basis[1] = x;
    for (int k = 2; k < axis->nodes; k++) basis[k] = 2.0 * x * basis[k - 1] - basis[k - 2];
}

/* The condensing unit at its inputs: polynomials of the state at suction. */
static void set_unit(Map *map, const double inputs[INPUTS], const double logs[INPUTS]) {
    double *set = map->unit_inputs;
    double speed = inputs[INPUT_compressor_speed], T_sink_in = inputs[INPUT_T_sink_in];
    double m_flow_sink = inputs[INPUT_m_flow_sink];
    if (set[0] == speed && set[1] == T_sink_in && set[2] == m_flow_sink) return;
    double of_speed[MOST_NODES], of_sink[MOST_NODES], of_flow[MOST_NODES];
#define BASIS(name, basis) \
    chebyshev(&map->name, (map->name.is_logarithmic ? logs : inputs)[INPUT_##name], basis)
    BASIS(compressor_speed, of_speed);
    BASIS(T_sink_in, of_sink);
    BASIS(m_flow_sink, of_flow);
#undef BASIS
    int flows = map->m_flow_sink.nodes;
    double *product = map->products;
    for (int i = 0; i < map->compressor_speed.nodes; i++)
        for (int j = 0; j < map->T_sink_in.nodes; j++, product += flows) {
            double factor = of_speed[i] * of_sink[j];
            for (int k = 0; k < flows; k++) product[k] = factor * of_flow[k];
        }
    if (map->sums_four) {
        contract_by_four(map->products, &map->by_inputs, map->of_modes);
        contract_by_four(map->of_modes, &map->by_mode, map->of_unit);
    } else {
        contract_by_two(map->products, &map->by_inputs, map->of_modes);
        contract_by_two(map->of_modes, &map->by_mode, map->of_unit);
    }
    set[0] = speed, set[1] = T_sink_in, set[2] = m_flow_sink;
}

/* The two rows that the search asks for, at a scaled state at suction. */
static void searched(const Map *map, double s, double t, double *log_heat, double *log_flow) {
    int superheats = map->superheat.nodes, dews = map->T_dew.nodes;
    const double *of = map->of_unit + (size_t)(superheats * dews) * UNIT_ROWS;
    double heat = 0.0, flow = 0.0;
    for (int i = 0; i < superheats; i++) {
        double inner_heat = 0.0, inner_flow = 0.0;
        for (int j = 0; j < dews; j++) {
            of -= UNIT_ROWS;
            inner_heat = inner_heat * t + of[ROW_log_Q_flow_source_per_speed];
            inner_flow = inner_flow * t + of[ROW_log_m_flow_refrigerant_per_speed];
        }
        heat = heat * s + inner_heat;
        flow = flow * s + inner_flow;
    }
    *log_heat = heat, *log_flow = flow;
}

/* All rows at a scaled state at suction. */
static void all_rows(const Map *map, double s, double t, double row[ROWS]) {
    const double *of_unit = map->of_unit, *of_suction = map->of_suction;
    double of_superheat = 1.0;
    for (int k = 0; k < ROWS; k++) row[k] = 0.0;
    for (int i = 0; i < map->superheat.nodes; i++, of_superheat *= s) {
        double power = of_superheat;
        for (int j = 0; j < map->T_dew.nodes; j++, power *= t) {
            for (int k = 0; k < UNIT_ROWS; k++) row[k] += power * of_unit[k];
            for (int k = UNIT_ROWS; k < ROWS; k++) row[k] += power * of_suction[k - UNIT_ROWS];
            of_unit += UNIT_ROWS;
            of_suction += ROWS - UNIT_ROWS;
        }
    }
}

static double smooth_minimum(double a, double b, double width) {
    return 0.5 * (a + b - sqrt((a - b) * (a - b) + width * width));
}

/* Logarithms of the inputs that results follow by a power, NaN of the others. */
static void set_logs(const double inputs[INPUTS], double logs[INPUTS]) {
#define SET(name, unit, least, largest, usual, is_extensive, acts_by_power) \
    logs[INPUT_##name] = acts_by_power ? log(inputs[INPUT_##name]) : NAN;
    FOR_EACH_OF_INPUTS(SET)
#undef SET
}

/* Logarithm of the evaporator's approach, roughly. */
static double estimate(const Constants *is, const double inputs[INPUTS],
                       const double logs[INPUTS]) {
    double value = is->approach_estimate[0];
    const double *factor = is->approach_estimate + 1;
#define ADD(name, unit, least, largest, usual, is_extensive, acts_by_power) \
    value += *factor++ * (acts_by_power ? logs : inputs)[INPUT_##name];
    FOR_EACH_OF_INPUTS(ADD)
#undef ADD
    return value;
}

/* Factor on the evaporator's conductance that was learned from records; 1 without kernels. */
static double correction(const Constants *is, double T_difference, double log_relative_flow) {
    double deviation = 0.0;
    double temperature = T_difference / TEMPERATURE_STEP, flow = log_relative_flow / FLOW_STEP;
    size_t count = sizeof is->evaporator_kernels / sizeof is->evaporator_kernels[0];
    for (size_t i = 0; i < count; i++) {
        const double *kernel = is->evaporator_kernels[i];
        if (kernel[2] == 0.0) continue;
        double along = temperature - kernel[0], across = flow - kernel[1];
        deviation += kernel[2] * exp(-0.5 * (along * along + across * across));
    }
    return deviation == 0.0 ? 1.0 : exp(deviation);
}

/* Dew temperature and superheat at suction, from the evaporator's approach. */
static bool solve_suction(const Map *map, const double inputs[INPUTS], const double logs[INPUTS],
                          double *T_dew, double *superheat, char *why, size_t size) {
    const Constants *is = &map->is;
    double speed = inputs[INPUT_compressor_speed], T_source_in = inputs[INPUT_T_source_in];
    double m_flow_source = inputs[INPUT_m_flow_source];
    double C = m_flow_source * series_at(&map->source_heat_capacity, T_source_in);
    double setting = is->expansion_valve_superheat_setting +
                     is->expansion_valve_superheat_sink_slope *
                         (inputs[INPUT_T_sink_in] - is->design[INPUT_T_sink_in]);
    double fraction_max = is->expansion_valve_superheat_fraction_max;
    double T_max = is->expansion_valve_T_evaporating_max;
    /* Powers of a flow are exponentials of its logarithm, which is there already. */
    double log_relative_source = logs[INPUT_m_flow_source] - map->log_design_flow;
    double secondary = is->evaporator_secondary_resistance_share *
                       exp(-is->evaporator_secondary_flow_exponent * log_relative_source);
    double refrigerant_share = 1.0 - is->evaporator_secondary_resistance_share;
    double NTU_nominal =
        correction(is, T_source_in - is->design[INPUT_T_source_in], log_relative_source) *
        is->size_evaporator_conductance / C;
    double log_relative_speed = logs[INPUT_compressor_speed] - map->log_size_flow;
    double log_least_flow = log(LEAST_FLOW_RATIO);
    double approach = exp(estimate(is, inputs, logs));
    double approach_before = 0.0, excess_before = 0.0, step = INFINITY;
    for (int i = 0; i < ITERATIONS; i++) {
        double T_wetted = T_source_in - approach;
        *T_dew = smooth_minimum(T_wetted, T_max, EVAPORATING_BLEND);
        double actual = T_source_in - *T_dew;
        *superheat =
            smooth_minimum(setting + (actual - approach), fraction_max * actual, SUPERHEAT_BLEND);
        /* A search may look beyond the table; it is led back. Only its end has to be inside. */
        double s = within(scaled(&map->superheat, *superheat));
        double t = within(scaled(&map->T_dew, *T_dew)), log_heat, log_flow;
        searched(map, s, t, &log_heat, &log_flow);
        double log_relative_flow = fmax(log_relative_speed + log_flow, log_least_flow);
        double refrigerant =
            refrigerant_share * exp(-is->evaporator_refrigerant_flow_exponent * log_relative_flow);
        double effectiveness = 1.0 - exp(-NTU_nominal / (secondary + refrigerant));
        double needed = speed * exp(log_heat) / (effectiveness * C);
        double excess = approach - needed, slope;
        if (i == 0) {
            /* The dew temperature follows the approach unless the valve limits it. */
            double follows = (T_max - *T_dew) / (T_wetted + T_max - 2.0 * *T_dew);
            slope = 1.0 + HEAT_FLOW_PER_KELVIN * needed * follows;
        } else {
            /* The excess rises with the approach by more than the approach itself. */
            slope = fmax((excess - excess_before) / (approach - approach_before), LEAST_SLOPE);
        }
        double step_before = step;
        step = fmax(-excess / slope, -LARGEST_STEP_DOWN * approach);
        if (fabs(step * step_before) < STEP_PRODUCT) {
            approach += step;
            *T_dew = smooth_minimum(T_source_in - approach, T_max, EVAPORATING_BLEND);
            actual = T_source_in - *T_dew;
            *superheat = smooth_minimum(setting + (actual - approach), fraction_max * actual,
                                        SUPERHEAT_BLEND);
            if (fabs(scaled(&map->superheat, *superheat)) <= 1.0 &&
                fabs(scaled(&map->T_dew, *T_dew)) <= 1.0)
                return true;
            snprintf(why, size, "dew temperature %.2f K, superheat %.2f K: outside the map", *T_dew,
                     *superheat);
            return false;
        }
        approach_before = approach, excess_before = excess;
        approach += step;
    }
    snprintf(why, size, "the evaporator's approach was not found");
    return false;
}

/* Outlet temperature of a medium after a rise of its enthalpy. */
static bool outlet(const Series *enthalpy, const Series *temperature, double T_in, double rise,
                   double *T_out, char *why, size_t size) {
    double h = series_at(enthalpy, T_in) + rise;
    if (h >= temperature->low && h <= temperature->high) {
        *T_out = series_at(temperature, h);
        return true;
    }
    snprintf(why, size, "secondary medium leaves its range after %.4g J/kg", rise);
    return false;
}

/* The discharge temperature from the row of the table, which rises ever slower beyond its limit. */
static double discharge_of_slowed(double slowed, double limit) {
    if (slowed <= limit) return slowed;
    return limit + DISCHARGE_ROOM * sinh((slowed - limit) / DISCHARGE_ROOM);
}

/* A pump or fan, by the third power of its flow over that of the design point. */
static double pump_power(double at_design, double relative_flow) {
    return at_design * (relative_flow * relative_flow * relative_flow);
}

/* Controls, pumps and fans while running, W. */
static double auxiliary_power(const Constants *is, const double inputs[INPUTS]) {
    double source = inputs[INPUT_m_flow_source] / is->design[INPUT_m_flow_source];
    double sink = inputs[INPUT_m_flow_sink] / is->design[INPUT_m_flow_sink];
    return is->auxiliary_power +
           (pump_power(is->source_pump_power, source) + pump_power(is->sink_pump_power, sink));
}

bool map_answer(Map *map, const double inputs[INPUTS], double results[RESULTS], char *why,
                size_t size) {
    const Constants *is = &map->is;
    double speed = inputs[INPUT_compressor_speed], T_sink_in = inputs[INPUT_T_sink_in];
    double logs[INPUTS], T_dew, superheat, row[ROWS];
    set_logs(inputs, logs);
    set_unit(map, inputs, logs);
    if (!solve_suction(map, inputs, logs, &T_dew, &superheat, why, size)) return false;
    all_rows(map, scaled(&map->superheat, superheat), scaled(&map->T_dew, T_dew), row);
    double m_flow_refrigerant = speed * exp(row[ROW_log_m_flow_refrigerant_per_speed]);
    double power = speed * exp(row[ROW_log_compressor_power_per_speed]);
    double Q_flow_source = speed * exp(row[ROW_log_Q_flow_source_per_speed]);
    double auxiliary = auxiliary_power(is, inputs), P_el = power + auxiliary;
    double shell_loss = is->compressor_shell_loss_ratio * power;
    double Q_flow_loss = shell_loss + auxiliary;
    double Q_flow_sink = P_el + Q_flow_source - Q_flow_loss, COP = Q_flow_sink / P_el;
    double T_source_out, T_sink_out;
    if (!outlet(&map->source_enthalpy, &map->source_temperature, inputs[INPUT_T_source_in],
                -Q_flow_source / inputs[INPUT_m_flow_source], &T_source_out, why, size) ||
        !outlet(&map->sink_enthalpy, &map->sink_temperature, T_sink_in,
                Q_flow_sink / inputs[INPUT_m_flow_sink], &T_sink_out, why, size))
        return false;
    double T_bubble = row[ROW_T_bubble];
    double fraction = fmin(is->condenser_subcooling_fraction *
                               exp(is->condenser_subcooling_temperature_coefficient *
                                   (T_sink_in - is->design[INPUT_T_sink_in])),
                           LARGEST_SUBCOOLING_FRACTION);
    double subcooling = fraction * (T_bubble - T_sink_in);
    double p_low = exp(row[ROW_log_p_low]), p_high = exp(row[ROW_log_p_high]);
    double T_suction = T_dew + superheat, T_liquid = T_bubble - subcooling;
    double T_discharge = discharge_of_slowed(row[ROW_T_discharge], is->envelope_T_discharge_max);
    double h_suction = row[ROW_h_suction];
    double h_discharge = h_suction + (power - shell_loss) / m_flow_refrigerant;
    double h_liquid = h_suction - Q_flow_source / m_flow_refrigerant;
#define SET(name, unit, least, largest, is_extensive) results[RESULT_##name] = name;
    FOR_EACH_OF_RESULTS(SET)
#undef SET
    return true;
}

void map_at_rest(const Map *map, const double inputs[INPUTS], double power,
                 double results[RESULTS]) {
    /* The refrigerant gathers at the colder inlet, where it condenses. */
    double T = fmin(inputs[INPUT_T_source_in], inputs[INPUT_T_sink_in]);
    T = fmin(fmax(T, map->saturation_log_p_dew.low), map->saturation_log_p_dew.high);
    double p_low = exp(series_at(&map->saturation_log_p_dew, T)), p_high = p_low;
    double P_el = power, Q_flow_loss = power, Q_flow_sink = 0.0, Q_flow_source = 0.0, COP = 0.0;
    double T_source_out = inputs[INPUT_T_source_in], T_sink_out = inputs[INPUT_T_sink_in];
    double m_flow_refrigerant = 0.0, superheat = 0.0, subcooling = 0.0;
    double T_suction = T, T_discharge = T, T_liquid = T;
    double h_suction = series_at(&map->saturation_h_dew, T), h_discharge = h_suction;
    double h_liquid = series_at(&map->saturation_h_bubble, T);
#define SET(name, unit, least, largest, is_extensive) results[RESULT_##name] = name;
    FOR_EACH_OF_RESULTS(SET)
#undef SET
}
