/* Frost and defrost of a coil in air: the mean over many cycles of both. The equations are those of
   heatpump_twin.model.frost, stated there with their sources. */
#ifndef HEATPUMP_TWIN_FROST_H
#define HEATPUMP_TWIN_FROST_H

#include "map.h"

/* The share of the clean coil's heat that is lost with air at T in K and its relative humidity. */
double frost_loss(const double parameters[PARAMETERS], double T, double phi);

/* Turn the clean coil's results at the inputs of one unit into the mean. Without a loss they keep
   their digits. */
void frost_apply(const Map *map, const double parameters[PARAMETERS], const double inputs[INPUTS],
                 double loss, double results[RESULTS]);

#endif
