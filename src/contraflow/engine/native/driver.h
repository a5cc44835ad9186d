/* Integration of one block of trajectories after another: the explicit midpoint rule, and its adjoint.

   The generated functions act on a memory m of vectors: `start` turns PARAMETERS and INPUTS into FIXED and STATES;
   `once` and `each` prepare what depends on FIXED, and on INPUTS too; `rates` turns STATES into RATES, and `record`
   after it into AVERAGES. `pull_rates` and `pull_both` turn RATES_BAR (and AVERAGES_BAR) into STATES_BAR, FIXED_BAR and
   COLUMNS_BAR at given STATES; `pull_start` turns FIXED_BAR and STATES_BAR into PARAMETERS_BAR and COLUMNS_BAR.

   Arrays, in C order: parameters (N_PARAMETERS, draws); shared (rows, steps); own (rows, steps, draws); rows
   (N_INPUTS): the input's row in own, or in shared when it is ~row; settings: sub-steps a period, length of a step,
   and for the adjoint the number of steps whose states are kept at once. */

typedef struct {
    const double *parameters, *shared, *own;
    const int32_t *rows;
    long draws, periods, steps, substeps;
    REAL step;
} Run;

INLINE V load(const double *p, long n) {
    V v = {0};
    if (n >= LANES)
        for (int i = 0; i < LANES; i++) v[i] = (REAL)p[i];
    else /* beyond the last draw, lanes repeat it */
        for (int i = 0; i < LANES; i++) v[i] = (REAL)p[i < n ? i : n - 1];
    return v;
}

INLINE void store(double *p, V v, long n) {
    for (int i = 0; i < (n < LANES ? n : LANES); i++) p[i] = (double)v[i];
}

static void load_inputs(const Run *r, long first, long t, V *restrict m) {
    for (long i = 0; i < N_INPUTS; i++) {
        long row = r->rows[i];
        m[INPUTS + i] = row < 0 ? SPLAT(r->shared[~row * r->steps + t])
                                : load(r->own + (row * r->steps + t) * r->draws + first, r->draws - first);
    }
}

static void begin(const Run *r, long first, V *restrict m) {
    for (long i = 0; i < N_PARAMETERS; i++)
        m[PARAMETERS + i] = load(r->parameters + i * r->draws + first, r->draws - first);
    load_inputs(r, first, 0, m);
    start(m);
    once(m);
}

/* From the rates at the step's start to the state at its middle, in STATES. */
static void to_the_middle(const Run *r, const V *state, V *restrict m) {
    for (long i = 0; i < N_STATES; i++) m[STATES + i] = state[i];
    rates(m);
    for (long i = 0; i < N_STATES; i++) m[STATES + i] = state[i] + SPLAT(0.5) * r->step * m[RATES + i];
}

#ifndef GRADIENT

/* out (periods, N_LEVELS + N_AVERAGES, draws), final (N_STATES, draws). */
static void forward(const Run *r, long first, double *out, double *final, V *restrict m, V *state, V *total) {
    const long left = r->draws - first, row = r->draws;
    begin(r, first, m);
    for (long i = 0; i < N_STATES; i++) state[i] = m[STATES + i];
    for (long p = 0; p < r->periods; p++) {
        double *here = out + p * (N_LEVELS + N_AVERAGES) * row + first;
        for (long i = 0; i < N_LEVELS; i++) store(here + i * row, state[LEVEL_PLACES[i]], left);
        for (long i = 0; i < N_AVERAGES; i++) total[i] = SPLAT(0);
        for (long s = 0; s < r->substeps; s++) {
            load_inputs(r, first, p * r->substeps + s, m);
            each(m);
            to_the_middle(r, state, m);
            rates(m);
            record(m);
            for (long i = 0; i < N_STATES; i++) state[i] += r->step * m[RATES + i];
            for (long i = 0; i < N_AVERAGES; i++) total[i] += m[AVERAGES + i];
        }
        for (long i = 0; i < N_AVERAGES; i++) store(here + (N_LEVELS + i) * row, total[i] / (REAL)r->substeps, left);
    }
    for (long i = 0; i < N_STATES; i++) store(final + i * row + first, state[i], left);
}

static int run(const void *const *arguments, void *const *results, const Run *r) {
    (void)arguments;
    V *m = aligned_alloc(BYTES, sizeof(V) * (N_MEMORY + N_STATES + N_AVERAGES));
    if (!m) return 1;
    for (long first = 0; first < r->draws; first += LANES)
        forward(r, first, results[0], results[1], m, m + N_MEMORY, m + N_MEMORY + N_STATES);
    free(m);
    return 0;
}

#else

/* The steps from `from` to `to`, keeping the states at the start and the middle of each on the tape. */
static void advance(const Run *r, long first, long from, long to, V *restrict m, V *state, V *tape) {
    for (long t = from; t < to; t++, tape += 2 * N_STATES) {
        load_inputs(r, first, t, m);
        each(m);
        memcpy(tape, state, sizeof(V) * N_STATES);
        to_the_middle(r, state, m);
        memcpy(tape + N_STATES, m + STATES, sizeof(V) * N_STATES);
        rates(m);
        for (long i = 0; i < N_STATES; i++) state[i] += r->step * m[RATES + i];
    }
}

typedef struct {
    V *state, *state_bar, *fixed_bar, *column_bar, *marks, *tape;
    long span;
} Kept;

/* The adjoint of one step: state_bar from its end to its start, fixed_bar added to, column_bar of this step. */
static void step_back(const Run *r, const V *kept, V *restrict m, Kept *k) {
    memcpy(m + STATES, kept + N_STATES, sizeof(V) * N_STATES);
    for (long i = 0; i < N_STATES; i++) m[RATES_BAR + i] = r->step * k->state_bar[i];
    pull_both(m);
    for (long i = 0; i < N_FIXED; i++) k->fixed_bar[i] += m[FIXED_BAR + i];
    for (long i = 0; i < N_COLUMNS_BAR; i++) k->column_bar[i] = m[COLUMNS_BAR + i];
    for (long i = 0; i < N_STATES; i++) {
        k->state_bar[i] += m[STATES_BAR + i];
        m[RATES_BAR + i] = SPLAT(0.5) * r->step * m[STATES_BAR + i];
    }
    memcpy(m + STATES, kept, sizeof(V) * N_STATES);
    pull_rates(m);
    for (long i = 0; i < N_FIXED; i++) k->fixed_bar[i] += m[FIXED_BAR + i];
    for (long i = 0; i < N_COLUMNS_BAR; i++) k->column_bar[i] += m[COLUMNS_BAR + i];
    for (long i = 0; i < N_STATES; i++) k->state_bar[i] += m[STATES_BAR + i];
}

/* parameters_bar (N_PARAMETERS, draws), columns_bar (N_COLUMNS_BAR, steps, draws), from out_bar and final_bar. */
static void backward(const Run *r, long first, const double *out_bar, const double *final_bar, double *parameters_bar,
                     double *columns_bar, V *restrict m, Kept *k) {
    const long left = r->draws - first, row = r->draws;
    begin(r, first, m);
    memcpy(k->state, m + STATES, sizeof(V) * N_STATES);
    for (long t = 0; t < r->steps; t += k->span) {
        memcpy(k->marks + t / k->span * N_STATES, k->state, sizeof(V) * N_STATES);
        advance(r, first, t, t + k->span < r->steps ? t + k->span : r->steps, m, k->state, k->tape);
    }
    for (long i = 0; i < N_STATES; i++) k->state_bar[i] = load(final_bar + i * row + first, left);
    for (long i = 0; i < N_FIXED; i++) k->fixed_bar[i] = SPLAT(0);
    for (long p = r->periods - 1; p >= 0; p--) {
        const double *here = out_bar + p * (N_LEVELS + N_AVERAGES) * row + first;
        for (long i = 0; i < N_AVERAGES; i++)
            m[AVERAGES_BAR + i] = load(here + (N_LEVELS + i) * row, left) / (REAL)r->substeps;
        for (long t = (p + 1) * r->substeps - 1; t >= p * r->substeps; t--) {
            if (t % k->span == k->span - 1 && t < r->steps - 1) { /* the tape holds the span after this one */
                memcpy(k->state, k->marks + t / k->span * N_STATES, sizeof(V) * N_STATES);
                advance(r, first, t + 1 - k->span, t + 1, m, k->state, k->tape);
            }
            load_inputs(r, first, t, m);
            each(m);
            step_back(r, k->tape + t % k->span * 2 * N_STATES, m, k);
            for (long i = 0; i < N_COLUMNS_BAR; i++)
                store(columns_bar + (i * r->steps + t) * row + first, k->column_bar[i], left);
        }
        for (long i = 0; i < N_LEVELS; i++) k->state_bar[LEVEL_PLACES[i]] += load(here + i * row, left);
    }
    memcpy(m + FIXED_BAR, k->fixed_bar, sizeof(V) * N_FIXED);
    memcpy(m + STATES_BAR, k->state_bar, sizeof(V) * N_STATES);
    pull_start(m);
    for (long i = 0; i < N_PARAMETERS; i++) store(parameters_bar + i * row + first, m[PARAMETERS_BAR + i], left);
    for (long i = 0; i < N_COLUMNS_BAR; i++) /* the inputs of the first step also set the start */
        store(columns_bar + i * r->steps * row + first, k->column_bar[i] + m[COLUMNS_BAR + i], left);
}

static int run(const void *const *arguments, void *const *results, const Run *r) {
    const double *settings = arguments[4];
    long span = (long)settings[2];
    long marks = (r->steps + span - 1) / span;
    long size = N_MEMORY + 2 * N_STATES + N_FIXED + N_COLUMNS_BAR + (marks + 2 * span) * N_STATES;
    V *m = aligned_alloc(BYTES, sizeof(V) * size);
    if (!m) return 1;
    Kept k;
    k.span = span;
    k.state = m + N_MEMORY;
    k.state_bar = k.state + N_STATES;
    k.fixed_bar = k.state_bar + N_STATES;
    k.column_bar = k.fixed_bar + N_FIXED;
    k.marks = k.column_bar + N_COLUMNS_BAR;
    k.tape = k.marks + marks * N_STATES;
    for (long first = 0; first < r->draws; first += LANES)
        backward(r, first, arguments[5], arguments[6], results[0], results[1], m, &k);
    free(m);
    return 0;
}

#endif

/* 0, or 1 when there is not enough memory. */
int contraflow_run(const void *const *arguments, void *const *results, int64_t draws, int64_t periods) {
    const double *settings = arguments[4];
    Run r;
    r.parameters = arguments[0];
    r.shared = arguments[1];
    r.own = arguments[2];
    r.rows = arguments[3];
    r.draws = draws;
    r.periods = periods;
    r.substeps = (long)settings[0];
    r.steps = periods * r.substeps;
    r.step = (REAL)settings[1];
    return run(arguments, results, &r);
}

#include "xla/ffi/api/c_api.h"

/* The same as an XLA custom call: operands and results in the order of contraflow_run. */
XLA_FFI_Error *contraflow_call(XLA_FFI_CallFrame *frame) {
    if (frame->extension_start && frame->extension_start->type == XLA_FFI_Extension_Metadata) {
        XLA_FFI_Metadata *about = ((XLA_FFI_Metadata_Extension *)frame->extension_start)->metadata;
        about->api_version.major_version = XLA_FFI_API_MAJOR;
        about->api_version.minor_version = XLA_FFI_API_MINOR;
        return NULL;
    }
    const void *arguments[8];
    void *results[2];
    XLA_FFI_Buffer **given = (XLA_FFI_Buffer **)frame->args.args, **made = (XLA_FFI_Buffer **)frame->rets.rets;
    for (int64_t i = 0; i < frame->args.size && i < 8; i++) arguments[i] = given[i]->data;
    for (int64_t i = 0; i < frame->rets.size && i < 2; i++) results[i] = made[i]->data;
    const XLA_FFI_Buffer *parameters = given[0];
#ifdef GRADIENT
    const XLA_FFI_Buffer *out = given[5];
#else
    const XLA_FFI_Buffer *out = made[0];
#endif
    if (!contraflow_run(arguments, results, parameters->dims[1], out->dims[0])) return NULL;
    XLA_FFI_Error_Create_Args problem = {0};
    problem.struct_size = XLA_FFI_Error_Create_Args_STRUCT_SIZE;
    problem.message = "not enough memory for the native kernel";
    problem.errc = XLA_FFI_Error_Code_RESOURCE_EXHAUSTED;
    return frame->api->XLA_FFI_Error_Create(&problem);
}
