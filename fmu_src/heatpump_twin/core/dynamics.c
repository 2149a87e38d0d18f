/* See dynamics.h. */
#include "dynamics.h"

#include <math.h>

#include "declared.h"

static const Result heat_flows[SIDES] = {RESULT_Q_flow_source, RESULT_Q_flow_sink};
static const Result outlets[SIDES] = {RESULT_T_source_out, RESULT_T_sink_out};
/* The sign with which the heat flow enters the liquid. */
static const double signs[SIDES] = {-1.0, 1.0};

static const struct {
    Result result;
    Side side; /* whose lag it follows */
} refrigerants[REFRIGERANTS] = {
#define ENTRY(name, side) {RESULT_##name, SIDE_##side},
    FOR_EACH_OF_REFRIGERANTS(ENTRY)
#undef ENTRY
};

/* Media ----------------------------------------------------------------------------------------- */

static const Series *enthalpy_of(const Map *map, Side side) {
    return side == SIDE_source ? &map->source_enthalpy : &map->sink_enthalpy;
}

static double heat_capacity_at(const Map *map, Side side, double T) {
    return series_at(side == SIDE_source ? &map->source_heat_capacity : &map->sink_heat_capacity, T);
}

double medium_enthalpy(const Map *map, Side side, double T) {
    const Series *enthalpy = enthalpy_of(map, side);
    double nearest = fmin(fmax(T, enthalpy->low), enthalpy->high);
    double h = series_at(enthalpy, nearest);
    return T == nearest ? h : h + heat_capacity_at(map, side, nearest) * (T - nearest);
}

double medium_temperature(const Map *map, Side side, double h) {
    const Series *temperature =
        side == SIDE_source ? &map->source_temperature : &map->sink_temperature;
    double nearest = fmin(fmax(h, temperature->low), temperature->high);
    double T = series_at(temperature, nearest);
    return h == nearest ? T : T + (h - nearest) / heat_capacity_at(map, side, T);
}

/* Exact solutions ------------------------------------------------------------------------------- */

/* (1 - exp(-z)) / z */
static double mean_decay(double z) { return z == 0.0 ? 1.0 : -expm1(-z) / z; }

/* Integral over u from 0 to 1 of exp(-p (1 - u)) exp(-q u). */
static double overlap(double p, double q) { return exp(-fmin(p, q)) * mean_decay(fabs(p - q)); }

/* Integral over u from 0 to 1 of u exp(-p (1 - u)) exp(-q u). */
static double sloped_overlap(double p, double q) {
    double w = p - q;
    if (fabs(w) > SERIES_BELOW) return (exp(-q) * (w - 1.0) + exp(-p)) / (w * w);
    /* Near w = 0 the difference of exponentials loses its digits; its power series does not. */
    double term = exp(-p), sum = 0.0;
    for (int n = 0; n < SERIES_TERMS; n++) {
        sum += term / (n + 2);
        term *= w / (n + 1);
    }
    return sum;
}

static void set_decay(Decay *decay, const Inertia *inertia, const Streams *streams,
                      double time_of_power, double duration) {
    bool is_same = decay->duration == duration && decay->time_of_power == time_of_power;
    for (int k = 0; k < SIDES; k++)
        is_same = is_same && decay->flow[k] == streams->m_flow[k];
    if (is_same) return;
    decay->duration = duration;
    decay->time_of_power = time_of_power;
    for (int k = 0; k < SIDES; k++) {
        double of_lag = duration / inertia->lag[k];
        double of_volume = duration * streams->m_flow[k] / inertia->mass[k];
        double per_mass = duration / inertia->mass[k];
        decay->flow[k] = streams->m_flow[k];
        decay->remaining[k] = exp(-of_lag);
        decay->volume_remaining[k] = exp(-of_volume);
        decay->of_target[k] = per_mass * mean_decay(of_volume);
        decay->of_lag[k] = per_mass * overlap(of_volume, of_lag);
        decay->of_slope[k] = per_mass * of_lag * sloped_overlap(of_volume, of_lag);
    }
    double of_power = duration / time_of_power;
    decay->power_remaining = exp(-of_power);
    decay->power_integral = duration * mean_decay(of_power);
}

/* Two equal lags after an interval with a constant target. */
static void relax(Lag *lag, double target, double remaining, double share) {
    double first = lag->first - target, second = lag->second - target;
    lag->first = target + first * remaining;
    lag->second = target + (second + first * share) * remaining;
}

void dynamics_begin(Thermal *thermal, const Streams *streams, const double at_rest[RESULTS]) {
    for (int k = 0; k < SIDES; k++) {
        thermal->heat[k] = (Lag){0.0, 0.0};
        thermal->h[k] = streams->h_in[k];
    }
    for (int i = 0; i < REFRIGERANTS; i++) {
        double value = at_rest[refrigerants[i].result];
        thermal->refrigerant[i] = (Lag){value, value};
    }
    thermal->extra_power = 0.0;
}

void dynamics_advance(Thermal *thermal, Decay *decay, const Inertia *inertia,
                      const Streams *streams, const double target[RESULTS], double time_of_power,
                      double duration, Energies *energies) {
    set_decay(decay, inertia, streams, time_of_power, duration);
    for (int k = 0; k < SIDES; k++) {
        Lag *heat = &thermal->heat[k], before = *heat;
        double steady = target[heat_flows[k]], h_in = streams->h_in[k], h = thermal->h[k];
        double share = duration / inertia->lag[k];
        relax(heat, steady, decay->remaining[k], share);
        double rise = steady * decay->of_target[k] + (before.second - steady) * decay->of_lag[k] +
                      (before.first - steady) * decay->of_slope[k];
        thermal->h[k] = h_in + (h - h_in) * decay->volume_remaining[k] + signs[k] * rise;
        double through_metal = steady * duration - inertia->lag[k] * (heat->first - before.first +
                                                                      heat->second - before.second);
        /* The liquid keeps what the metal gives it and the stream does not take along. */
        energies->of_side[k] = through_metal - signs[k] * inertia->mass[k] * (thermal->h[k] - h);
    }
    for (int i = 0; i < REFRIGERANTS; i++) {
        Side side = refrigerants[i].side;
        relax(&thermal->refrigerant[i], target[refrigerants[i].result], decay->remaining[side],
              duration / inertia->lag[side]);
    }
    double extra = thermal->extra_power * decay->power_integral;
    thermal->extra_power *= decay->power_remaining;
    energies->el = target[RESULT_P_el] * duration + extra;
    energies->loss = target[RESULT_Q_flow_loss] * duration + extra;
}

void dynamics_results(const Map *map, const Thermal *thermal, const Streams *streams,
                      const double target[RESULTS], bool is_running, double results[RESULTS]) {
    for (int i = 0; i < RESULTS; i++) results[i] = target[i];
    for (int k = 0; k < SIDES; k++) {
        results[outlets[k]] = medium_temperature(map, (Side)k, thermal->h[k]);
        results[heat_flows[k]] =
            signs[k] * streams->m_flow[k] * (thermal->h[k] - streams->h_in[k]);
    }
    for (int i = 0; i < REFRIGERANTS; i++)
        results[refrigerants[i].result] = thermal->refrigerant[i].second;
    results[RESULT_P_el] += thermal->extra_power;
    results[RESULT_Q_flow_loss] += thermal->extra_power;
    double COP = results[RESULT_Q_flow_sink] / results[RESULT_P_el];
    results[RESULT_COP] = is_running ? COP : 0.0;
    for (int i = 0; i < RESULTS; i++) {
        const Declared *of = &DECLARED_RESULT[i];
        results[i] = fmin(fmax(results[i], of->least), of->largest);
    }
}

double dynamics_stored(const Thermal *thermal, const Inertia *inertia) {
    double stored = 0.0;
    for (int k = 0; k < SIDES; k++) {
        double in_metal = inertia->lag[k] * (thermal->heat[k].first + thermal->heat[k].second);
        stored += signs[k] * in_metal + inertia->mass[k] * thermal->h[k];
    }
    return stored;
}
