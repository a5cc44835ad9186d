/* Integration of one block of trajectories after another: the explicit midpoint rule, and its adjoint.

   The generated functions act on a memory m of vectors: `start` turns PARAMETERS and INPUTS into FIXED and STATES;
   `once` and `each` prepare what depends on FIXED, and on INPUTS too; `rates` turns STATES into RATES, and `record`
   after it into AVERAGES. `pull_rates` and `pull_both` turn RATES_BAR (and AVERAGES_BAR) into STATES_BAR, FIXED_BAR and
   COLUMNS_BAR at given STATES; `pull_start` turns FIXED_BAR and STATES_BAR into PARAMETERS_BAR and COLUMNS_BAR.

   States and sums are in double (W). In single precision a second memory w holds, at the same places as m, in double
   what the driver fills in, and what `start` and `pull_start` leave; in double precision w is m.

   Arrays, in C order: parameters (N_PARAMETERS, draws); shared (rows, steps); own (rows, steps, draws); rows
   (N_INPUTS): the input's row in own, or in shared when it is ~row; settings: sub-steps a period, length of a step,
   for the adjoint the number of steps whose states are kept at once, and threads. */

#include <pthread.h>

#define MOST_THREADS 64

typedef struct {
    const double *parameters, *shared, *own;
    const int32_t *rows;
    long draws, periods, steps, substeps;
    double step;
} Run;

typedef struct {
    V *m;
    W *w;
} Memory;

INLINE W load(const double *p, long n) {
    W v;
    if (n >= LANES) {
        memcpy(&v, p, sizeof v);
    } else { /* beyond the last draw, lanes repeat it */
        double x[LANES];
        for (int i = 0; i < LANES; i++) x[i] = p[i < n ? i : n - 1];
        memcpy(&v, x, sizeof v);
    }
    return v;
}

INLINE void store(double *p, W v, long n) { memcpy(p, &v, sizeof(double) * (n < LANES ? n : LANES)); }

INLINE void put(Memory at, long place, W v) {
    at.w[place] = v;
    at.m[place] = NARROW(v);
}

INLINE W stepped(W from, double length, V rate) { return add_w(from, mul_w(splat_w(length), WIDEN(rate))); }

static void load_inputs(const Run *r, long first, long t, Memory at) {
    for (long i = 0; i < N_INPUTS; i++) {
        long row = r->rows[i];
        put(at, INPUTS + i, row < 0 ? splat_w(r->shared[~row * r->steps + t])
                                    : load(r->own + (row * r->steps + t) * r->draws + first, r->draws - first));
    }
}

static void begin(const Run *r, long first, Memory at) {
    for (long i = 0; i < N_PARAMETERS; i++)
        put(at, PARAMETERS + i, load(r->parameters + i * r->draws + first, r->draws - first));
    load_inputs(r, first, 0, at);
    start(at.m, at.w);
    once(at.m, at.w);
}

/* From the rates at the step's start to the state at its middle, in STATES. */
static void to_the_middle(const Run *r, const W *state, Memory at) {
    for (long i = 0; i < N_STATES; i++) put(at, STATES + i, state[i]);
    rates(at.m, at.w);
    for (long i = 0; i < N_STATES; i++) put(at, STATES + i, stepped(state[i], 0.5 * r->step, at.m[RATES + i]));
}

/* What threads share: each takes the next block of trajectories until none is left. */
typedef struct {
    const void *const *arguments;
    void *const *results;
    const Run *r;
    long taken;
} Work;

INLINE long next_block(Work *work) { return __atomic_fetch_add(&work->taken, LANES, __ATOMIC_RELAXED); }

/* Room for both memories and this many more W; m is NULL when there is none. */
static Memory allocated(long more) {
    Memory at;
    at.m = aligned_alloc(BYTES, sizeof(V) * N_MEMORY + sizeof(W) * (N_WIDE + more));
    at.w = N_WIDE ? (W *)(at.m + N_MEMORY) : (W *)at.m;
    return at;
}

#define AFTER(at) (N_WIDE ? (at).w + N_WIDE : (W *)((at).m + N_MEMORY))

#ifndef GRADIENT

/* out (periods, N_LEVELS + N_AVERAGES, draws), final (N_STATES, draws). */
static void forward(const Run *r, long first, double *out, double *final, Memory at, W *state, V *total) {
    const long left = r->draws - first, row = r->draws;
    begin(r, first, at);
    for (long i = 0; i < N_STATES; i++) state[i] = at.w[STATES + i];
    for (long p = 0; p < r->periods; p++) {
        double *here = out + p * (N_LEVELS + N_AVERAGES) * row + first;
        for (long i = 0; i < N_LEVELS; i++) store(here + i * row, state[LEVEL_PLACES[i]], left);
        for (long i = 0; i < N_AVERAGES; i++) total[i] = SPLAT(0);
        for (long s = 0; s < r->substeps; s++) {
            load_inputs(r, first, p * r->substeps + s, at);
            each(at.m, at.w);
            to_the_middle(r, state, at);
            rates(at.m, at.w);
            record(at.m, at.w);
            for (long i = 0; i < N_STATES; i++) state[i] = stepped(state[i], r->step, at.m[RATES + i]);
            for (long i = 0; i < N_AVERAGES; i++) total[i] += at.m[AVERAGES + i];
        }
        for (long i = 0; i < N_AVERAGES; i++)
            store(here + (N_LEVELS + i) * row, WIDEN(total[i] * SPLAT(1.0 / r->substeps)), left);
    }
    for (long i = 0; i < N_STATES; i++) store(final + i * row + first, state[i], left);
}

static int share(Work *work) {
    Memory at = allocated(N_STATES + N_AVERAGES);
    if (!at.m) return 1;
    W *state = AFTER(at);
    for (long first; (first = next_block(work)) < work->r->draws;)
        forward(work->r, first, work->results[0], work->results[1], at, state, (V *)(state + N_STATES));
    free(at.m);
    return 0;
}

#else

/* The steps from `from` to `to`, keeping the states at the start and the middle of each on the tape. */
static void advance(const Run *r, long first, long from, long to, Memory at, W *state, W *tape) {
    for (long t = from; t < to; t++, tape += 2 * N_STATES) {
        load_inputs(r, first, t, at);
        each(at.m, at.w);
        memcpy(tape, state, sizeof(W) * N_STATES);
        to_the_middle(r, state, at);
        memcpy(tape + N_STATES, at.w + STATES, sizeof(W) * N_STATES);
        rates(at.m, at.w);
        for (long i = 0; i < N_STATES; i++) state[i] = stepped(state[i], r->step, at.m[RATES + i]);
    }
}

typedef struct {
    W *state, *state_bar, *fixed_bar, *column_bar, *marks, *tape;
    long span;
} Kept;

INLINE void add_to(W *sum, const V *more, long n) {
    for (long i = 0; i < n; i++) sum[i] = add_w(sum[i], WIDEN(more[i]));
}

/* The adjoint of one step: state_bar from its end to its start, fixed_bar added to, column_bar of this step. */
static void step_back(const Run *r, const W *kept, Memory at, Kept *k) {
    for (long i = 0; i < N_STATES; i++) {
        put(at, STATES + i, kept[N_STATES + i]);
        at.m[RATES_BAR + i] = NARROW(mul_w(splat_w(r->step), k->state_bar[i]));
    }
    pull_both(at.m, at.w);
    add_to(k->fixed_bar, at.m + FIXED_BAR, N_FIXED);
    for (long i = 0; i < N_COLUMNS_BAR; i++) k->column_bar[i] = WIDEN(at.m[COLUMNS_BAR + i]);
    add_to(k->state_bar, at.m + STATES_BAR, N_STATES);
    for (long i = 0; i < N_STATES; i++) {
        at.m[RATES_BAR + i] = SPLAT(0.5 * r->step) * at.m[STATES_BAR + i];
        put(at, STATES + i, kept[i]);
    }
    pull_rates(at.m, at.w);
    add_to(k->fixed_bar, at.m + FIXED_BAR, N_FIXED);
    add_to(k->column_bar, at.m + COLUMNS_BAR, N_COLUMNS_BAR);
    add_to(k->state_bar, at.m + STATES_BAR, N_STATES);
}

/* parameters_bar (N_PARAMETERS, draws), columns_bar (N_COLUMNS_BAR, steps, draws), from out_bar and final_bar. */
static void backward(const Run *r, long first, const double *out_bar, const double *final_bar, double *parameters_bar,
                     double *columns_bar, Memory at, Kept *k) {
    const long left = r->draws - first, row = r->draws;
    begin(r, first, at);
    memcpy(k->state, at.w + STATES, sizeof(W) * N_STATES);
    for (long t = 0; t < r->steps; t += k->span) {
        memcpy(k->marks + t / k->span * N_STATES, k->state, sizeof(W) * N_STATES);
        advance(r, first, t, t + k->span < r->steps ? t + k->span : r->steps, at, k->state, k->tape);
    }
    for (long i = 0; i < N_STATES; i++) k->state_bar[i] = load(final_bar + i * row + first, left);
    for (long i = 0; i < N_FIXED; i++) k->fixed_bar[i] = splat_w(0);
    for (long p = r->periods - 1; p >= 0; p--) {
        const double *here = out_bar + p * (N_LEVELS + N_AVERAGES) * row + first;
        for (long i = 0; i < N_AVERAGES; i++)
            at.m[AVERAGES_BAR + i] =
                NARROW(mul_w(load(here + (N_LEVELS + i) * row, left), splat_w(1.0 / r->substeps)));
        for (long t = (p + 1) * r->substeps - 1; t >= p * r->substeps; t--) {
            if (t % k->span == k->span - 1 && t < r->steps - 1) { /* the tape holds the span after this one */
                memcpy(k->state, k->marks + t / k->span * N_STATES, sizeof(W) * N_STATES);
                advance(r, first, t + 1 - k->span, t + 1, at, k->state, k->tape);
            }
            load_inputs(r, first, t, at);
            each(at.m, at.w);
            step_back(r, k->tape + t % k->span * 2 * N_STATES, at, k);
            for (long i = 0; i < N_COLUMNS_BAR; i++)
                store(columns_bar + (i * r->steps + t) * row + first, k->column_bar[i], left);
        }
        for (long i = 0; i < N_LEVELS; i++) {
            W *bar = &k->state_bar[LEVEL_PLACES[i]];
            *bar = add_w(*bar, load(here + i * row, left));
        }
    }
    for (long i = 0; i < N_FIXED; i++) put(at, FIXED_BAR + i, k->fixed_bar[i]);
    for (long i = 0; i < N_STATES; i++) put(at, STATES_BAR + i, k->state_bar[i]);
    pull_start(at.m, at.w);
    for (long i = 0; i < N_PARAMETERS; i++) store(parameters_bar + i * row + first, at.w[PARAMETERS_BAR + i], left);
    for (long i = 0; i < N_COLUMNS_BAR; i++) /* the inputs of the first step also set the start */
        store(columns_bar + i * r->steps * row + first, add_w(k->column_bar[i], at.w[COLUMNS_BAR + i]), left);
}

static int share(Work *work) {
    const Run *r = work->r;
    const void *const *arguments = work->arguments;
    long span = (long)((const double *)arguments[4])[2];
    long marks = (r->steps + span - 1) / span;
    Memory at = allocated(2 * N_STATES + N_FIXED + N_COLUMNS_BAR + (marks + 2 * span) * N_STATES);
    if (!at.m) return 1;
    Kept k;
    k.span = span;
    k.state = AFTER(at);
    k.state_bar = k.state + N_STATES;
    k.fixed_bar = k.state_bar + N_STATES;
    k.column_bar = k.fixed_bar + N_FIXED;
    k.marks = k.column_bar + N_COLUMNS_BAR;
    k.tape = k.marks + marks * N_STATES;
    for (long first; (first = next_block(work)) < r->draws;)
        backward(r, first, arguments[5], arguments[6], work->results[0], work->results[1], at, &k);
    free(at.m);
    return 0;
}

#endif

static void *in_thread(void *work) { return share(work) ? work : NULL; }

/* Blocks are divided over threads; one that cannot be started is missed by nobody, for the others take its blocks. */
static int run(const void *const *arguments, void *const *results, const Run *r, long threads) {
    Work work = {arguments, results, r, 0};
    long blocks = (r->draws + LANES - 1) / LANES, started = 0;
    if (threads > blocks) threads = blocks;
    pthread_t others[MOST_THREADS];
    while (started < threads - 1 && started < MOST_THREADS && !pthread_create(&others[started], NULL, in_thread, &work))
        started++;
    int failed = share(&work);
    for (long i = 0; i < started; i++) {
        void *problem;
        pthread_join(others[i], &problem);
        failed |= problem != NULL;
    }
    return failed;
}

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
    r.step = settings[1];
    return run(arguments, results, &r, (long)settings[3]);
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
