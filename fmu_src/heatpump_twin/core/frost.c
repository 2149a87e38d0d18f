/* See frost.h. */
#include "frost.h"

#include <math.h>

#include "dynamics.h"

/* Saturation pressure of water vapour, Pa. */
static double over_water(double T) {
    double t = T - ZERO_CELSIUS;
    return PRESSURE_AT_ZERO * exp(OVER_WATER_FACTOR * t / (OVER_WATER_OFFSET + t));
}

static double over_ice(double T) {
    double t = T - ZERO_CELSIUS;
    return PRESSURE_AT_ZERO * exp(OVER_ICE_FACTOR * t / (OVER_ICE_OFFSET + t));
}

/* The published curve, which is at the reference humidity. */
static double published_loss(const double is[PARAMETERS], double T) {
    double base = is[PARAMETER_frost_base_loss] -
                  is[PARAMETER_frost_base_slope] * (T - ZERO_CELSIUS);
    double distance = (T - is[PARAMETER_frost_peak_temperature]) / is[PARAMETER_frost_peak_width];
    return fmax(base, 0.0) + is[PARAMETER_frost_peak_loss] * exp(-distance * distance);
}

/* What drives vapour to the coil, over that at the reference humidity. */
static double share_of_humidity(const double is[PARAMETERS], double T, double phi) {
    double T_coil = T - is[PARAMETER_frost_coil_difference], in_air = over_water(T);
    double at_coil = T_coil < ZERO_CELSIUS ? over_ice(T_coil) : over_water(T_coil);
    double driving = phi * in_air - at_coil;
    double reference = is[PARAMETER_frost_reference_humidity] * in_air - at_coil;
    return driving > 0.0 && reference > 0.0 ? driving / reference : 0.0;
}

double frost_loss(const double parameters[PARAMETERS], double T, double phi) {
    return fmin(published_loss(parameters, T) * share_of_humidity(parameters, T, phi),
                LARGEST_LOSS);
}

/* By a difference, so that little heat changes little: the two series are not exact inverses. */
static void add_heat(const Map *map, Side side, double per_flow, double *T) {
    double h = medium_enthalpy(map, side, *T);
    *T += medium_temperature(map, side, h + per_flow) - medium_temperature(map, side, h);
}

void frost_apply(const Map *map, const double parameters[PARAMETERS], const double inputs[INPUTS],
                 double loss, double results[RESULTS]) {
    if (loss == 0.0) return;
    double lost = loss * results[RESULT_Q_flow_sink];
    double saved = parameters[PARAMETER_frost_power_share] * loss * results[RESULT_P_el];
    results[RESULT_Q_flow_sink] -= lost;
    results[RESULT_P_el] -= saved;
    results[RESULT_Q_flow_source] += saved - lost;
    results[RESULT_COP] = results[RESULT_Q_flow_sink] / results[RESULT_P_el];
    add_heat(map, SIDE_source, (lost - saved) / inputs[INPUT_m_flow_source],
             &results[RESULT_T_source_out]);
    add_heat(map, SIDE_sink, -lost / inputs[INPUT_m_flow_sink], &results[RESULT_T_sink_out]);
}
