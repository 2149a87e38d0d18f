/* See heat_pump.h. */
#include "heat_pump.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "declared.h"
#include "map_file.h"
#include "state.h"

/* Kinds of notes; together with the variable they make the cause. */
typedef enum { OUTSIDE, REJECTED, LIMIT, OUTLET, FAILED } Kind;

/* Degrees Celsius that a temperature in kelvin may have been meant as. */
static const double LEAST_CELSIUS = -60.0, LARGEST_CELSIUS = 100.0;

struct HeatPump {
    Map map;
    uint8_t map_hash[SHA256_SIZE];
    SteadyState *steady_state;
    void *context;
    State state;
};

/* Notes ---------------------------------------------------------------------------------------- */

enum { NUMBER_SIZE = 40 };
typedef struct {
    char text[NUMBER_SIZE];
} Number;

/* A number with six digits and its unit, which one without dimension does not show. */
static Number with_unit(double value, const char *unit) {
    Number number;
    if (isnan(value)) value = fabs(value);
    snprintf(number.text, sizeof number.text, "%.6g", value);
    /* A host may have set a language that writes another sign than a point. */
    for (char *c = number.text; *c; c++)
        if (*c == ',') *c = '.';
    size_t length = strlen(number.text);
    if (isnan(value)) length = (size_t)snprintf(number.text, sizeof number.text, "nan");
    if (strcmp(unit, "1") != 0)
        snprintf(number.text + length, sizeof number.text - length, " %s", unit);
    return number;
}

static Number plain(double value) { return with_unit(value, "1"); }

#if defined(__GNUC__)
__attribute__((format(printf, 4, 5)))
#endif
static void add_note(Notes *notes, Kind kind, int variable, const char *format, ...) {
    if (notes->count >= MOST_NOTES) return;
    Note *note = &notes->note[notes->count++];
    note->cause = (int)kind * (INPUTS + RESULTS) + variable;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(note->text, sizeof note->text, format, arguments);
    va_end(arguments);
}

/* A failure is noted alone: what was moved on the way to it has not happened. */
static void note_failure(Notes *notes, const double inputs[INPUTS], const char *why) {
    notes->count = 0;
    char text[NOTE_SIZE];
    size_t length = 0;
    for (int i = 0; i < INPUTS; i++) {
        const Declared *is = &DECLARED_INPUT[i];
        int added = snprintf(text + length, sizeof text - length, "%s%s = %s", i ? ", " : "",
                             is->name, with_unit(inputs[i], is->unit).text);
        if (added > 0) length += (size_t)added;
    }
    add_note(notes, FAILED, 0, "%s: %s", text, why);
}

/* Inputs --------------------------------------------------------------------------------------- */

/* The value, or the end of a range that it misses by no more than round-off. */
static double without_round_off(double value, double least, double largest, double allowed) {
    if (value < least && value >= least - allowed) return least;
    if (value > largest && value <= largest + allowed) return largest;
    return value;
}

/* Note inputs that no machine of this kind can have; false if there are any. */
static bool have_meaning(const double inputs[INPUTS], Notes *notes) {
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

static bool are_within_limits(const Constants *is, const double results[RESULTS]) {
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

static bool steady_state(HeatPump *heat_pump, const double inputs[INPUTS], double results[RESULTS],
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

/* Whether all are numbers in their declared ranges; says which is not. */
static bool have_ranges(const double results[RESULTS], char *why, size_t size) {
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

/* Answer one unit; the results are for the caller to take with the statuses OFF to MOVED. */
static Status answer(HeatPump *heat_pump, const double inputs[INPUTS], double results[RESULTS],
                     Notes *notes) {
    const Constants *is = &heat_pump->map.is;
    double units = heat_pump->state.parameters[PARAMETER_number_of_units];
    double given[INPUTS], asked[INPUTS], used[INPUTS];
    bool is_inside = true;
    for (int i = 0; i < INPUTS; i++) {
        const Declared *of = &DECLARED_INPUT[i];
        double allowed = ROUND_OFF * of->usual;
        given[i] = without_round_off(inputs[i], of->least, of->largest, allowed);
        asked[i] = of->is_extensive ? given[i] / units : given[i];
        asked[i] = without_round_off(asked[i], is->least[i], is->largest[i], allowed);
        is_inside = is_inside && asked[i] >= is->least[i] && asked[i] <= is->largest[i];
        used[i] = asked[i];
    }
    if (!is_inside) {
        if (!have_meaning(given, notes)) return STATUS_INPUT_REJECTED;
        if (given[INPUT_compressor_speed] <= ROUND_OFF) {
            map_at_rest(&heat_pump->map, given,
                        heat_pump->state.parameters[PARAMETER_standby_power], results);
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
    if (is_inside && is_within) return STATUS_INSIDE;
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
    set_outlets(is, asked, used, results, notes);
    return STATUS_MOVED_TO_ENVELOPE;
}

Status heat_pump_step(HeatPump *heat_pump, const double inputs[INPUTS], double step_size,
                      Notes *notes) {
    (void)step_size; /* for the dynamics to come */
    double results[RESULTS];
    notes->count = 0;
    Status status = answer(heat_pump, inputs, results, notes);
    if (status == STATUS_SOLVE_FAILED || status == STATUS_INPUT_REJECTED) return status;
    double units = heat_pump->state.parameters[PARAMETER_number_of_units];
    for (int i = 0; i < RESULTS; i++)
        if (DECLARED_RESULT[i].is_extensive) results[i] *= units;
    char why[NOTE_SIZE] = "";
    if (!have_ranges(results, why, sizeof why)) {
        note_failure(notes, inputs, why);
        return STATUS_SOLVE_FAILED;
    }
    memcpy(heat_pump->state.results, results, sizeof results);
    return status;
}

/* Life ------------------------------------------------------------------------------------------ */

HeatPump *heat_pump_make(const void *map_file, size_t size, char *why, size_t why_size) {
    HeatPump *heat_pump = malloc(sizeof *heat_pump);
    if (!heat_pump) {
        snprintf(why, why_size, "memory is short");
        return NULL;
    }
    if (!map_read(&heat_pump->map, map_file, size, heat_pump->map_hash, why, why_size)) {
        free(heat_pump);
        return NULL;
    }
    const Constants *is = &heat_pump->map.is;
    State *state = &heat_pump->state;
    memcpy(state->parameters, is->start, sizeof state->parameters);
    map_at_rest(&heat_pump->map, is->design, is->start[PARAMETER_standby_power], state->results);
    heat_pump_use(heat_pump, NULL, NULL);
    return heat_pump;
}

void heat_pump_free(HeatPump *heat_pump) {
    if (!heat_pump) return;
    map_free(&heat_pump->map);
    free(heat_pump);
}

void heat_pump_design(const HeatPump *heat_pump, double inputs[INPUTS]) {
    memcpy(inputs, heat_pump->map.is.design, sizeof heat_pump->map.is.design);
}

double heat_pump_parameter(const HeatPump *heat_pump, Parameter parameter) {
    return heat_pump->state.parameters[parameter];
}

bool heat_pump_set_parameter(HeatPump *heat_pump, Parameter parameter, double value) {
    if (!is_parameter(parameter, value)) return false;
    heat_pump->state.parameters[parameter] = value;
    return true;
}

void heat_pump_use(HeatPump *heat_pump, SteadyState *steady_state, void *context) {
    heat_pump->steady_state = steady_state ? steady_state : heat_pump_map;
    heat_pump->context = steady_state ? context : heat_pump;
}

bool heat_pump_map(void *heat_pump, const double inputs[INPUTS], double results[RESULTS], char *why,
                   size_t size) {
    return map_answer(&((HeatPump *)heat_pump)->map, inputs, results, why, size);
}

void heat_pump_results(const HeatPump *heat_pump, double results[RESULTS]) {
    memcpy(results, heat_pump->state.results, sizeof heat_pump->state.results);
}

/* State ----------------------------------------------------------------------------------------- */

size_t heat_pump_state_size(const HeatPump *heat_pump) {
    (void)heat_pump; /* all are of one size until dynamics may be chosen */
    return STATE_SIZE;
}

void heat_pump_get_state(const HeatPump *heat_pump, void *bytes) {
    state_write(&heat_pump->state, heat_pump->map_hash, bytes);
}

bool heat_pump_set_state(HeatPump *heat_pump, const void *bytes, size_t size) {
    return state_read(&heat_pump->state, heat_pump->map_hash, bytes, size);
}
