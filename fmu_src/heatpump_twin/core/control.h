/* Which speed a demand needs, and when the machine starts and stops. The equations are those of
   heatpump_twin.model.control, stated there with their sources. */
#ifndef HEATPUMP_TWIN_CONTROL_H
#define HEATPUMP_TWIN_CONTROL_H

#include "heat_pump.h"
#include "steady.h"

/* What a step is to do while its inputs last. Results are those of all units. */
typedef struct {
    Status status_on; /* of a step that ends running; else it is OFF */
    enum { WANTS_OFF, WANTS_ON, WANTS_SHARE } wants;
    bool at_once;  /* starts and stops without minimum times */
    bool has_on;   /* else the machine cannot run in this step */
    bool is_mean;  /* of running and pausing */
    double share;  /* of the heat or the speed at the least speed; 1 and more runs all the time */
    double speed;  /* when on */
    double frost_factor;           /* heat when on over that of the clean coil */
    double least_heat;             /* at the least speed, W */
    double unmet_on, unmet_off;    /* demand beyond what is given, W */
    double on[RESULTS], off[RESULTS];
    double on_flow[SIDES];         /* flows that take the heat when on, kg/s */
} Plan;

/* Plan a step; with SOLVE_FAILED and INPUT_REJECTED there is no plan, and the last one goes on. */
Status control_plan(HeatPump *heat_pump, const double inputs[INPUTS], Plan *plan, Notes *notes);

/* What all units show when off. */
void control_off(const HeatPump *heat_pump, const double inputs[INPUTS], double results[RESULTS]);

/* Whether the machine is on from now, by demand and minimum times; `T_sink_out` is that of now. */
bool control_switch(const State *state, const Plan *plan, double T_sink_out);

/* How long nothing can change, s: until a minimum time is over, or the next look at the demand, of
   which there is one in an interval in s. */
double control_rest(const State *state, const Plan *plan, double interval);

#endif
