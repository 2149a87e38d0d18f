/* See steady.h. */
#include "steady.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "declared.h"
#include "frost.h"
#include "notes.h"

/* Degrees Celsius that a temperature in kelvin may have been meant as. */
static const double LEAST_CELSIUS = -60.0, LARGEST_CELSIUS = 100.0;

/* A humidity that may have been meant so. */
static const double LARGEST_PERCENTAGE = 100.0;

/* Inputs --------------------------------------------------------------------------------------- */

/* The value, or the end of a range that it misses by no more than round-off. */
static double without_round_off(double value, double least, double largest, double allowed) {
    if (value < least && value >= least - allowed) return least;
    if (value > largest && value <= largest + allowed) return largest;
    return value;
}

bool have_meaning(const double inputs[INPUTS], Notes *notes) {
    for (int i = 0; i < INPUTS; i++) {
        const Declared *is = &DECLARED_INPUT[i];
        double value = inputs[i];
        if (is_in_range(is, value)) continue;
        bool is_celsius = strcmp(is->unit, "K") == 0 && value >= LEAST_CELSIUS &&
                          value <= LARGEST_CELSIUS;
        add_note(notes, REJECTED, i, "%s = %s has no meaning; expected %s to %s%s", is->name,
                 with_unit(value, is->unit).text, plain(is->least).text,
                 with_unit(is->largest, is->unit).text, is_celsius ? "; is it in degC?" : "");
    }
    return notes->count == 0;
}

/* Move inputs outside the envelope to its nearest point, and note which. */
static void move_into_box(const Constants *is, double inputs[INPUTS], Notes *notes) {
    for (int i = 0; i < INPUTS; i++) {
        double value = inputs[i];
        if (value >= is->least[i] && value <= is->largest[i]) continue;
        const Declared *of = &DECLARED_INPUT[i];
        inputs[i] = fmin(fmax(value, is->least[i]), is->largest[i]);
        add_note(notes, OUTSIDE, i, "%s = %s is outside the envelope %s to %s; %s is used", of->name,
                 with_unit(value, of->unit).text, plain(is->least[i]).text,
                 with_unit(is->largest[i], of->unit).text, plain(inputs[i]).text);
    }
}

/* Limits --------------------------------------------------------------------------------------- */

bool are_within_limits(const Constants *is, const double results[RESULTS]) {
    return results[RESULT_p_low] >= is->envelope_p_low_min &&
           results[RESULT_p_high] <= is->envelope_p_high_max &&
           results[RESULT_T_discharge] <= is->envelope_T_discharge_max;
}

static void note_limits(const Constants *is, const double results[RESULTS], Notes *notes) {
    const struct {
        Result result;
        bool is_broken;
        const char *word;
        double limit;
    } limits[] = {
        {RESULT_p_low, results[RESULT_p_low] < is->envelope_p_low_min, "below",
         is->envelope_p_low_min},
        {RESULT_p_high, results[RESULT_p_high] > is->envelope_p_high_max, "above",
         is->envelope_p_high_max},
        {RESULT_T_discharge, results[RESULT_T_discharge] > is->envelope_T_discharge_max, "above",
         is->envelope_T_discharge_max},
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        if (!limits[i].is_broken) continue;
        const Declared *of = &DECLARED_RESULT[limits[i].result];
        add_note(notes, LIMIT, (int)limits[i].result,
                 "%s = %s is %s %s; moved towards the design point", of->name,
                 with_unit(results[limits[i].result], of->unit).text, limits[i].word,
                 with_unit(limits[i].limit, of->unit).text);
    }
}

bool steady_state(HeatPump *heat_pump, const double inputs[INPUTS], double results[RESULTS],
                         char *why, size_t size) {
    return heat_pump->steady_state(heat_pump->context, inputs, results, why, size);
}

/* Go from the inputs towards the design point until there is a solution that keeps every limit, and
   no further. */
static bool move_within_limits(HeatPump *heat_pump, double inputs[INPUTS], double results[RESULTS],
                               char *why, size_t size) {
    const Constants *is = &heat_pump->map.is;
    double inside = 0.0, outside = 1.0, asked[INPUTS], candidate[RESULTS];
    memcpy(asked, inputs, sizeof asked);
    if (!steady_state(heat_pump, is->design, results, why, size)) return false;
    for (int step = 0; step < BISECTIONS; step++) {
        double middle = 0.5 * (inside + outside);
        for (int i = 0; i < INPUTS; i++)
            inputs[i] = is->design[i] + middle * (asked[i] - is->design[i]);
        char why_not[NOTE_SIZE];
        bool is_solved = steady_state(heat_pump, inputs, candidate, why_not, sizeof why_not);
        if (!is_solved && heat_pump->steady_state != heat_pump_map) {
            snprintf(why, size, "%s", why_not);
            return false;
        }
        if (is_solved && are_within_limits(is, candidate)) {
            inside = middle;
            memcpy(results, candidate, sizeof candidate);
        } else {
            outside = middle;
        }
    }
    for (int i = 0; i < INPUTS; i++)
        inputs[i] = is->design[i] + inside * (asked[i] - is->design[i]);
    return true;
}

/* Give the streams as they really enter the heat of the point that was moved to.

   A sink warmer than the envelope must not come out colder than it went in. Below the least flow of
   the envelope the outlets are those of the least flow: with hardly any flow the heat would take
   them to any temperature. */
static void set_outlets(const Constants *is, const double asked[INPUTS], const double moved[INPUTS],
                        double results[RESULTS], Notes *notes) {
    static const struct {
        Input T_in, m_flow;
        Result T_out;
    } streams[] = {{INPUT_T_source_in, INPUT_m_flow_source, RESULT_T_source_out},
                   {INPUT_T_sink_in, INPUT_m_flow_sink, RESULT_T_sink_out}};
    for (size_t k = 0; k < sizeof streams / sizeof streams[0]; k++) {
        Input T_in = streams[k].T_in, m_flow = streams[k].m_flow;
        Result T_out = streams[k].T_out;
        const Declared *of = &DECLARED_RESULT[T_out];
        double flow = fmax(asked[m_flow], is->least[m_flow]);
        double rise = (results[T_out] - moved[T_in]) * moved[m_flow] / flow;
        double found = asked[T_in] + rise;
        results[T_out] = fmin(fmax(found, of->least), of->largest);
        if (results[T_out] != found)
            add_note(notes, OUTLET, (int)T_out, "%s would be %s; %s is used", of->name,
                     with_unit(found, of->unit).text, plain(results[T_out]).text);
    }
}

/* Results --------------------------------------------------------------------------------------- */

bool have_ranges(const double results[RESULTS], char *why, size_t size) {
    for (int i = 0; i < RESULTS; i++) {
        const Declared *is = &DECLARED_RESULT[i];
        if (is_in_range(is, results[i])) continue;
        snprintf(why, size, "the solution has %s = %s, expected %s to %s", is->name,
                 with_unit(results[i], is->unit).text, plain(is->least).text,
                 with_unit(is->largest, is->unit).text);
        return false;
    }
    return true;
}

bool take_inputs(const HeatPump *heat_pump, const double inputs[INPUTS], Inputs *taken) {
    const Constants *is = &heat_pump->map.is;
    double units = heat_pump->state.parameters[PARAMETER_number_of_units];
    bool is_inside = true;
    for (int i = 0; i < INPUTS; i++) {
        const Declared *of = &DECLARED_INPUT[i];
        double allowed = ROUND_OFF * of->usual;
        double given = without_round_off(inputs[i], of->least, of->largest, allowed);
        double asked = of->is_extensive ? given / units : given;
        asked = without_round_off(asked, is->least[i], is->largest[i], allowed);
        is_inside = is_inside && asked >= is->least[i] && asked <= is->largest[i];
        taken->given[i] = given;
        taken->asked[i] = asked;
    }
    return is_inside;
}

bool has_flows(const Inputs *taken, Notes *notes) {
    static const Input flows[] = {INPUT_m_flow_source, INPUT_m_flow_sink};
    bool all = true;
    for (size_t k = 0; k < sizeof flows / sizeof flows[0]; k++) {
        if (taken->asked[flows[k]] > LEAST_FLOW) continue;
        const Declared *of = &DECLARED_INPUT[flows[k]];
        add_note(notes, NO_FLOW, (int)flows[k], "%s = %s: a machine without flow is switched off",
                 of->name, with_unit(taken->given[flows[k]], of->unit).text);
        all = false;
    }
    return all;
}

static bool has_frost(const HeatPump *heat_pump) {
    return (Frost)heat_pump->state.parameters[PARAMETER_frost] == FROST_estimated &&
           heat_pump->map.is.has_coil_in_air != 0.0;
}

static double humidity(const HeatPump *heat_pump) {
    const Declared *of = &DECLARED_SET_POINT[SET_POINT_phi_source];
    return without_round_off(heat_pump->state.set_points[SET_POINT_phi_source], of->least,
                             of->largest, ROUND_OFF * of->usual);
}

bool has_humidity(const HeatPump *heat_pump, Notes *notes) {
    const Declared *of = &DECLARED_SET_POINT[SET_POINT_phi_source];
    double phi = humidity(heat_pump);
    if (!has_frost(heat_pump) || is_in_range(of, phi)) return true;
    notes->count = 0;
    bool is_percentage = phi > 1.0 && phi <= LARGEST_PERCENTAGE;
    add_note(notes, REJECTED, INPUTS + SET_POINT_phi_source,
             "%s = %s has no meaning; expected %s to %s%s", of->name, plain(phi).text,
             plain(of->least).text, plain(of->largest).text,
             is_percentage ? "; is it in per cent?" : "");
    return false;
}

double loss_by_frost(const HeatPump *heat_pump, const Inputs *taken) {
    double phi = humidity(heat_pump);
    if (!has_frost(heat_pump) || !is_in_range(&DECLARED_SET_POINT[SET_POINT_phi_source], phi))
        return 0.0;
    return frost_loss(heat_pump->state.parameters, taken->asked[INPUT_T_source_in], phi);
}

void at_rest(const HeatPump *heat_pump, const Inputs *taken, double results[RESULTS]) {
    map_at_rest(&heat_pump->map, taken->given,
                heat_pump->state.parameters[PARAMETER_standby_power], results);
}

Status steady_answer(HeatPump *heat_pump, const double inputs[INPUTS], double results[RESULTS],
                     Notes *notes) {
    const Constants *is = &heat_pump->map.is;
    Inputs taken;
    double used[INPUTS];
    bool is_inside = take_inputs(heat_pump, inputs, &taken);
    memcpy(used, taken.asked, sizeof used);
    if (!is_inside) {
        if (!have_meaning(taken.given, notes)) return STATUS_INPUT_REJECTED;
        if (taken.given[INPUT_compressor_speed] <= ROUND_OFF || !has_flows(&taken, notes)) {
            at_rest(heat_pump, &taken, results);
            return STATUS_OFF;
        }
        move_into_box(is, used, notes);
    }
    char why[NOTE_SIZE] = "";
    bool is_solved = steady_state(heat_pump, used, results, why, sizeof why);
    /* The map has no answer only beyond what the machine can do; a solver may fail anywhere. */
    if (!is_solved && heat_pump->steady_state != heat_pump_map) {
        note_failure(notes, inputs, why);
        return STATUS_SOLVE_FAILED;
    }
    bool is_within = is_solved && are_within_limits(is, results);
    const double *parameters = heat_pump->state.parameters;
    double loss = loss_by_frost(heat_pump, &taken);
    if (is_inside && is_within) {
        frost_apply(&heat_pump->map, parameters, used, loss, results);
        return STATUS_INSIDE;
    }
    if (!is_within) {
        if (is_solved)
            note_limits(is, results, notes);
        else
            add_note(notes, FAILED, 0, "%s; moved towards the design point", why);
        if (!move_within_limits(heat_pump, used, results, why, sizeof why)) {
            notes->count = 0;
            note_failure(notes, inputs, why);
            return STATUS_SOLVE_FAILED;
        }
    }
    frost_apply(&heat_pump->map, parameters, used, loss, results);
    set_outlets(is, taken.asked, used, results, notes);
    return STATUS_MOVED_TO_ENVELOPE;
}
