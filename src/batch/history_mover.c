// SPDX-License-Identifier: Apache-2.0
// A round: one step for each table of the app in force in turn, until none has old rows, with a pause behind
// each. The app is asked for before each step, so an edit holds from the next one on. The step itself runs on
// a thread of the writer's, on its connection and between two batches; the mover's thread waits for it. A
// step that fails ends the table's round: what is old is still so in the next one, and a
// failure is told once until it has changed.
#include "batch/history_mover.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "store/history.h"
#include "store/own_sql.h"

// A table as it was known last: an edit of the app may take it away and bring it back.
enum { PAUSE_MS = 20 }; // between two transactions that move rows, for batches

struct known {
    struct history_mover_table table;
    char failure[256]; // that was told last, cut; "": the last step went well
    bool is_done;      // in this round
    uint64_t rows;     // that it has moved
    unsigned days;     // the age of its last step
};

struct history_mover {
    struct history_mover_options options; // fixed
    pthread_t thread;                     // valid while is_started
    bool is_started;                      // the owner's

    // The errand under way, the writer's between writer_run and `is_done`.
    struct writer_errand errand;
    const struct history_rule *rule; // borrowed; of the step
    struct history_step step;        // out
    struct err err;                  // out

    pthread_mutex_t lock;                // guards what follows
    pthread_cond_t change;               // signalled when the step is done, and at the end
    bool is_done;                        // the step
    bool is_ending;                      //
    size_t count;                        // of `known`
    struct known known[LIMIT_HISTORIES]; // in order of their first step
};

// --- a step

static void run_step(struct writer_errand *errand, struct own_statements *own, const struct err *why)
{
    struct history_mover *mover = CONTAINER_OF(errand, struct history_mover, errand);
    if (own == NULL)
        mover->err = *why;
    else
        (void)!history_move(own->conn, mover->rule, &mover->step, &mover->err);
    pthread_mutex_lock(&mover->lock);
    mover->is_done = true;
    pthread_cond_broadcast(&mover->change);
    pthread_mutex_unlock(&mover->lock);
}

// False: the writer has too much to do.
static bool make_step(struct history_mover *mover, const struct history_rule *rule)
{
    mover->rule = rule;
    mover->step = (struct history_step){0};
    mover->err = (struct err){0};
    pthread_mutex_lock(&mover->lock);
    mover->is_done = false;
    pthread_mutex_unlock(&mover->lock);
    mover->errand = (struct writer_errand){.run = run_step};
    if (!writer_run(mover->options.writer, &mover->errand))
        return false;
    pthread_mutex_lock(&mover->lock);
    while (!mover->is_done)
        pthread_cond_wait(&mover->change, &mover->lock);
    pthread_mutex_unlock(&mover->lock);
    return true;
}

// --- what is known of a table

// Under the lock. NULL when there have been too many in the life of the process.
static struct known *find_or_add(struct history_mover *mover, struct span table)
{
    for (size_t i = 0; i < mover->count; i++) {
        if (span_is(table, mover->known[i].table.name))
            return &mover->known[i];
    }
    if (mover->count == LIMIT_HISTORIES)
        return NULL;
    struct known *known = &mover->known[mover->count++];
    *known = (struct known){.table = {.oldest_days = -1}};
    snprintf(known->table.name, sizeof(known->table.name), "%.*s", (int)table.len, table.at);
    return known;
}

// True: it is another one than the last.
static bool note_failure(struct known *known, const char *text)
{
    char failure[sizeof(known->failure)];
    snprintf(failure, sizeof(failure), "%.*s", (int)sizeof(failure) - 1, text);
    bool is_new = strcmp(failure, known->failure) != 0;
    memcpy(known->failure, failure, sizeof(failure));
    return is_new;
}

// Takes up what the step has done. True: it failed in a way that is to be told. That others hold the store
// for a while is not.
static bool note_step(struct history_mover *mover, const struct history_rule *rule)
{
    bool is_told = false;
    pthread_mutex_lock(&mover->lock);
    struct known *known = find_or_add(mover, rule->table);
    if (known != NULL)
        known->is_done = mover->err.code != ERR_NONE || !mover->step.has_more;
    if (known != NULL && mover->err.code == ERR_NONE) {
        known->failure[0] = '\0';
        known->table.rows += mover->step.rows;
        known->rows += mover->step.rows;
        known->days = rule->days;
        known->table.oldest_days = mover->step.oldest_days;
    } else if (known != NULL && mover->err.code != ERR_BUSY) {
        is_told = note_failure(known, mover->err.text);
    }
    pthread_mutex_unlock(&mover->lock);
    return is_told;
}

bool history_mover_table(struct history_mover *mover, size_t number, struct history_mover_table *ret_table)
{
    pthread_mutex_lock(&mover->lock);
    bool is_there = number < mover->count;
    if (is_there)
        *ret_table = mover->known[number].table;
    pthread_mutex_unlock(&mover->lock);
    return is_there;
}

// --- the thread

// False: the mover ends.
static bool sleep_for(struct history_mover *mover, uint64_t ms)
{
    uint64_t until_ns = clock_monotonic_ns() + ms * NS_PER_MS;
    pthread_mutex_lock(&mover->lock);
    while (!mover->is_ending && clock_monotonic_ns() < until_ns)
        (void)cond_wait_until(&mover->change, &mover->lock, until_ns);
    bool goes_on = !mover->is_ending;
    pthread_mutex_unlock(&mover->lock);
    return goes_on;
}

static void tell_moved(struct history_mover *mover, const struct known *known)
{
    teller_say(&mover->options.log, "%" PRIu64 " row%s of %s, older than %u days, went to its archive",
        known->rows, known->rows == 1 ? "" : "s", known->table.name, known->days);
}

static void tell_failure(struct history_mover *mover, const struct history_rule *rule)
{
    teller_say(&mover->options.log, "old rows of %.*s stay where they are: %s", (int)rule->table.len,
        rule->table.at, mover->err.text);
}

// Whether the table is to have a step yet in this round.
static bool is_due(struct history_mover *mover, struct span table)
{
    pthread_mutex_lock(&mover->lock);
    const struct known *known = find_or_add(mover, table);
    bool is_due = known != NULL && !known->is_done;
    pthread_mutex_unlock(&mover->lock);
    return is_due;
}

// True: there is more to move. Where the writer has too much to do, the next round is soon enough.
static bool move_some(struct history_mover *mover, const struct history_rule *rule)
{
    if (!make_step(mover, rule))
        return false;
    if (note_step(mover, rule))
        tell_failure(mover, rule);
    return mover->err.code == ERR_NONE && mover->step.has_more;
}

// What the `number`th table of the app in force has, and whether it was there.
enum step_result { STEP_NO_TABLE, STEP_DONE, STEP_MORE };

static enum step_result step_of(struct history_mover *mover, size_t number)
{
    enum step_result result = STEP_NO_TABLE;
    struct app *app = mover->options.app(mover->options.ctx);
    if (number < app->history_count) {
        const struct history_rule *rule = &app->histories[number];
        result = is_due(mover, rule->table) && move_some(mover, rule) ? STEP_MORE : STEP_DONE;
    }
    app_unref(app);
    return result;
}

static void begin_round(struct history_mover *mover)
{
    pthread_mutex_lock(&mover->lock);
    for (size_t i = 0; i < mover->count; i++) {
        mover->known[i].is_done = false;
        mover->known[i].rows = 0;
    }
    pthread_mutex_unlock(&mover->lock);
}

// `known` and `count` are changed by this thread alone, so it may read them without the lock.
static void end_round(struct history_mover *mover)
{
    for (size_t i = 0; i < mover->count; i++) {
        if (mover->known[i].rows > 0)
            tell_moved(mover, &mover->known[i]);
    }
}

// False: the mover ends.
static bool go_round(struct history_mover *mover)
{
    bool goes_on = true, has_more = true;
    begin_round(mover);
    while (goes_on && has_more) {
        enum step_result result = STEP_DONE;
        has_more = false;
        for (size_t i = 0; goes_on && result != STEP_NO_TABLE; i++) {
            result = step_of(mover, i);
            has_more = has_more || result == STEP_MORE;
            goes_on = result != STEP_MORE || sleep_for(mover, PAUSE_MS);
        }
    }
    end_round(mover);
    return goes_on;
}

static void *run(void *arg)
{
    struct history_mover *mover = arg;
    while (sleep_for(mover, LIMIT_HISTORY_SECONDS * UINT64_C(1000)) && go_round(mover))
        continue;
    return NULL;
}

// --- life

enum err_code history_mover_new(
    const struct history_mover_options *options, struct history_mover **ret_mover, struct err *err)
{
    struct history_mover *mover = mem_zalloc(1, sizeof(*mover));
    if (mover == NULL)
        return err_no_memory(err);
    mover->options = *options;
    pthread_mutex_init(&mover->lock, NULL);
    cond_init(&mover->change);
    enum err_code code = thread_start(run, mover, &mover->thread, err);
    mover->is_started = code == ERR_NONE;
    if (code != ERR_NONE) {
        history_mover_free(mover);
        return code;
    }
    *ret_mover = mover;
    return ERR_NONE;
}

void history_mover_end(struct history_mover *mover)
{
    if (mover == NULL)
        return;
    pthread_mutex_lock(&mover->lock);
    mover->is_ending = true;
    pthread_cond_broadcast(&mover->change);
    pthread_mutex_unlock(&mover->lock);
}

void history_mover_free(struct history_mover *mover)
{
    if (mover == NULL)
        return;
    history_mover_end(mover);
    if (mover->is_started)
        pthread_join(mover->thread, NULL);
    pthread_cond_destroy(&mover->change);
    pthread_mutex_destroy(&mover->lock);
    mem_free(mover);
}
