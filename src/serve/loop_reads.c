// SPDX-License-Identifier: Apache-2.0
// A loop's own handles, and the reads on them. Whatever does not succeed here is left to a worker, which does
// it from the start. On the loop's thread, but for prepare.
//
// A loop has a handle of each app that it has read from. A worker of the pool connects it and prepares the
// app on it, as both wait for the disk; the loop goes on without it meanwhile.
//
//               a cheap read          it is prepared
//     none ───────────────────► away ────────────────► ready
//      ▲                        │  │                     │ another edition of the app,
//      ├────── it failed ───────┘  └───────► never       │ another schema
//      └─────────────────────────────────────────────────┘
//
// `never`: the store has no prompt connections.
#include "serve/loop_reads.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "serve/cost.h"
#include "serve/handles.h"
#include "serve/reading.h"
#include "store/prompt.h"

enum { REST_MS = 1000 }; // from one that failed to the next try

enum own_state { OWN_NONE, OWN_AWAY, OWN_READY, OWN_NEVER };

// A loop's handle of an app.
struct own {
    struct loop_reads *reads; // whose
    size_t service;           // the app's number
    enum own_state state;     // the loop's
    uint64_t rest_ns;         // monotonic; before that none is prepared
    struct handle handle;     // away: the worker's, else the loop's. Zeroed before it is connected
    struct app *app;          // away: what is prepared; a reference
    enum err_code failure;    // what has come of that
    struct task task;         // for the pool
    struct mail mail;         // for the way back
};

struct loop_reads {
    struct context *context; // borrowed
    struct loop *loop;       // likewise
    uv_timer_t let_go;       // ends the snapshots; runs while there may be one
    uint64_t turn;           // of the loop, for which spent_ns is counted
    uint64_t spent_ns;       // on reads in it
    struct buf scratch;      // where answers are written
    size_t count;            //
    struct own owns[];       // one for each service
};

// --- life

static void on_let_go(uv_timer_t *timer)
{
    struct loop_reads *reads = timer->data;
    for (size_t i = 0; i < reads->count; i++) {
        if (reads->owns[i].state == OWN_READY)
            store_rollback(reads->owns[i].handle.conn);
    }
}

enum err_code loop_reads_new(
    struct context *context, struct loop *loop, struct loop_reads **ret_reads, struct err *err)
{
    size_t count = context->service_count;
    struct loop_reads *reads = mem_zalloc(1, sizeof(*reads) + count * sizeof(reads->owns[0]));
    if (reads == NULL)
        return err_no_memory(err);
    reads->context = context;
    reads->loop = loop;
    reads->count = count;
    buf_init(&reads->scratch, LIMIT_ANSWER_BYTES);
    for (size_t i = 0; i < count; i++) {
        reads->owns[i].reads = reads;
        reads->owns[i].service = i;
    }
    uv_timer_init(loop_uv(loop), &reads->let_go); // which cannot fail
    reads->let_go.data = reads;
    *ret_reads = reads;
    return ERR_NONE;
}

void loop_reads_disconnect(struct loop_reads *reads)
{
    for (size_t i = 0; reads != NULL && i < reads->count; i++)
        handle_fini(&reads->owns[i].handle);
}

void loop_reads_free(struct loop_reads *reads)
{
    if (reads != NULL)
        buf_fini(&reads->scratch);
    mem_free(reads);
}

// --- preparing

// On a worker's thread.
static void prepare(struct task *task, void *worker)
{
    struct own *own = CONTAINER_OF(task, struct own, task);
    struct err err = {0}; // not told: the same reads are prepared by workers, which tell
    (void)worker;
    struct store *store = own->reads->context->services[own->service].store;
    uint64_t deadline_ns = clock_monotonic_ns() + LIMIT_STATEMENT_MS * NS_PER_MS;
    own->failure = handle_prepare_prompt(&own->handle, store, own->app, deadline_ns, &err);
    loop_post(own->reads->loop, &own->mail);
}

static void rest(struct own *own)
{
    own->state = OWN_NONE;
    own->rest_ns = clock_monotonic_ns() + REST_MS * NS_PER_MS;
}

static void on_prepared(struct mail *mail)
{
    struct own *own = CONTAINER_OF(mail, struct own, mail);
    app_unref(own->app);
    own->app = NULL;
    if (own->failure != ERR_NONE)
        rest(own);
    else
        own->state = own->handle.conn != NULL ? OWN_READY : OWN_NEVER;
}

static void send_away(struct own *own, struct app *app)
{
    if (own->handle.conn != NULL)
        store_rollback(own->handle.conn);
    own->app = app_ref(app);
    own->task = (struct task){.run = prepare, .came_ns = clock_monotonic_ns()};
    own->mail.deliver = on_prepared;
    own->state = OWN_AWAY;
    if (shared_pool_submit(own->reads->context->reads, &own->task))
        return;
    app_unref(own->app);
    own->app = NULL;
    rest(own);
}

// Whether the handle has the app prepared; if not, it is seen to.
static bool is_ready(struct own *own, struct app *app, uint64_t now_ns)
{
    if (own->state == OWN_READY && own->handle.app == app)
        return true;
    if (own->state == OWN_READY || (own->state == OWN_NONE && now_ns >= own->rest_ns))
        send_away(own, app);
    return false;
}

// --- reading

// Whether the loop has time for another read in this turn.
static bool has_time(struct loop_reads *reads)
{
    uint64_t turn = loop_turn(reads->loop);
    if (reads->turn != turn) {
        reads->turn = turn;
        reads->spent_ns = 0;
    }
    return reads->spent_ns < LIMIT_TURN_US * NS_PER_US;
}

static enum err_code begin(struct own *own, struct err *err)
{
    uv_timer_t *let_go = &own->reads->let_go;
    if (!uv_is_active((uv_handle_t *)let_go))
        uv_timer_start(let_go, on_let_go, LIMIT_SNAPSHOT_MS, 0); // fails for a timer that is closing only
    enum err_code code = prompt_begin(own->handle.conn, err);
    if (code == ERR_STALE)
        own->state = OWN_NONE;
    return code;
}

// Whether the read is over with that outcome: it tells of the request, and not of the loop's handle.
static bool is_final(enum err_code code)
{
    return code == ERR_NONE || code == ERR_UNKNOWN || code == ERR_INVALID || code == ERR_MALFORMED;
}

static enum err_code ask(struct reading *reading, struct plan *plan, struct err *err)
{
    enum err_code code = reading_ask(reading, plan, err);
    return code == ERR_NONE ? spool_end(&reading->out, err) : code;
}

// An answer is written into memory that the loop has for that, and copied when its length is known: it may be
// kept for long.
static void lend_scratch(struct loop_reads *reads, struct reading *reading)
{
    bool is_coded = reading->request->coding != CODING_IDENTITY;
    spool_init(&reading->out, NULL, is_coded ? LIMIT_PROMPT_CODED_BYTES : LIMIT_PROMPT_BYTES);
    reading->out.buf = reads->scratch;
}

static void take_scratch(struct loop_reads *reads, struct reading *reading)
{
    struct buf *out = &reading->out.buf;
    reads->scratch = *out;
    buf_init(out, LIMIT_ANSWER_BYTES);
    buf_append(out, reads->scratch.data, reads->scratch.len); // want of memory is told by who takes it
    buf_fit(out);
    buf_clear(&reads->scratch);
}

// The handle is ready.
static bool read_on(struct own *own, struct request *request, struct cost *cost, uint64_t start_ns)
{
    struct plan *plan = own->handle.plans[request->endpoint - request->app->endpoints];
    struct err err = {0};
    if (plan == NULL) // it cannot be done promptly
        return false;
    AUTO(reading_fini) struct reading reading;
    reading_init(&reading, request, &own->handle);
    reading.start_ns = start_ns;
    store_deadline(own->handle.conn, start_ns + LIMIT_PROMPT_US * NS_PER_US);
    if (begin(own, &err) != ERR_NONE)
        return false;
    lend_scratch(own->reads, &reading);
    enum err_code code = ask(&reading, plan, &err);
    take_scratch(own->reads, &reading);
    const struct dependence *dependence = NULL;
    if (code == ERR_NONE)
        code = reading_dependence(&reading, &dependence, &err);
    if (code == ERR_NONE && dependence != NULL)
        reading_note(&reading, plan, dependence);
    if (code == ERR_NONE)
        reading_set_answer(&reading);
    else if (is_final(code))
        reading_set_error(&reading, &err);
    else
        reading_forget(&reading);
    uint64_t took_ns = clock_monotonic_ns() - start_ns;
    own->reads->spent_ns += took_ns;
    cost_learn(cost, is_final(code) ? took_ns : UINT64_MAX);
    return is_final(code);
}

bool loop_reads_try(struct loop_reads *reads, struct request *request)
{
    struct own *own = &reads->owns[request->service];
    struct cost *cost = &request_endpoint_state(request)->cost;
    if (own->state == OWN_NEVER || !cost_is_low(cost) || !has_time(reads))
        return false;
    uint64_t start_ns = clock_monotonic_ns();
    return is_ready(own, request->app, start_ns) && read_on(own, request, cost, start_ns);
}
