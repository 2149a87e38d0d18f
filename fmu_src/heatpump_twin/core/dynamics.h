/* Start, stop and inertia around the steady answer. The equations are those of
   heatpump_twin.model.dynamics, stated there with their sources: lags of second order, a well-mixed
   liquid volume in each exchanger, and power that decays. Each is solved exactly over an interval in
   which inputs are constant, so results do not depend on how it is cut into steps. */
#ifndef HEATPUMP_TWIN_DYNAMICS_H
#define HEATPUMP_TWIN_DYNAMICS_H

#include <stdbool.h>

#include "heat_pump_layout.h"
#include "map.h"

/* Two equal lags in series. */
typedef struct {
    double first, second;
} Lag;

/* What the machine keeps, of all units together. Numbers alone. */
typedef struct {
    Lag heat[SIDES];               /* flows on their way through the metal, W */
    double h[SIDES];               /* of the liquid in the exchangers, J/kg */
    Lag refrigerant[REFRIGERANTS]; /* results of the refrigerant, by their places there */
    double extra_power;            /* beyond the steady answer, W */
} Thermal;

/* Factors of an interval; they are kept because most intervals are like the one before. */
typedef struct {
    double duration, flow[SIDES], time_of_power;          /* what they belong to */
    double remaining[SIDES];                              /* of each lag */
    double volume_remaining[SIDES];                       /* of the volume's own difference */
    double of_target[SIDES], of_lag[SIDES], of_slope[SIDES]; /* 1/kg: what reaches the volume */
    double power_remaining, power_integral;
} Decay;

/* What surrounds the machine in an interval. */
typedef struct {
    double m_flow[SIDES], h_in[SIDES]; /* kg/s, J/kg */
} Streams;

/* Numbers of the machine, of all units together. */
typedef struct {
    double lag[SIDES], mass[SIDES]; /* s, kg */
} Inertia;

/* Energies over an interval, J. */
typedef struct {
    double el, loss, of_side[SIDES];
} Energies;

/* Specific enthalpy of a medium and back; beyond the range of the series on a straight line. */
double medium_enthalpy(const Map *map, Side side, double T);
double medium_temperature(const Map *map, Side side, double h);

/* Everything at rest, the liquid as warm as the inlets. */
void dynamics_begin(Thermal *thermal, const Streams *streams, const double at_rest[RESULTS]);

/* Go on by a duration towards a steady answer. `time_of_power` is that of the extra power. */
void dynamics_advance(Thermal *thermal, Decay *decay, const Inertia *inertia,
                      const Streams *streams, const double target[RESULTS], double time_of_power,
                      double duration, Energies *energies);

/* What shows outside, at the end of an interval. */
void dynamics_results(const Map *map, const Thermal *thermal, const Streams *streams,
                      const double target[RESULTS], bool is_running, double results[RESULTS]);

/* Heat in metal and liquid, J, from an arbitrary zero. */
double dynamics_stored(const Thermal *thermal, const Inertia *inertia);

#endif
