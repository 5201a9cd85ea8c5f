// SPDX-License-Identifier: Apache-2.0
// The thread waits for the writer here, and nowhere else. What is told names a file once for each reason, so
// a folder that is broken does not fill a log.
#include "inbox/receiving.h"

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/limits.h"

// --- counting and telling

void receiving_count(struct receiver *receiver, enum file_outcome outcome)
{
    pthread_mutex_lock(&receiver->duty.lock);
    receiver->stats.outcomes[outcome]++;
    pthread_mutex_unlock(&receiver->duty.lock);
}

void receiving_tell_once(
    struct receiver *receiver, struct memory_item *item, const char *shown, const char *why)
{
    if (memory_is_news(item, why) && !duty_ends(&receiver->duty))
        teller_say(&receiver->options.log, "%s: %s", shown, why);
}

void receiving_put_off(
    struct receiver *receiver, struct memory_item *item, const char *shown, const char *why)
{
    (void)memory_put_off(item, clock_monotonic_ns());
    receiving_tell_once(receiver, item, shown, why);
    receiving_count(receiver, FILE_OUTCOME_STAYS);
}

bool receiving_is_hopeless(
    struct receiver *receiver, struct memory_item *item, const char *shown, const struct err *why)
{
    uint64_t written = writer_stats(receiver->options.writer).outcomes[ERR_NONE];
    bool counts = why->code != ERR_CONFIG;
    if (counts && memory_count_failure(item, written) >= LIMIT_INBOX_TRIES) {
        (void)memory_put_off(item, clock_monotonic_ns());
        return true;
    }
    receiving_put_off(receiver, item, shown, why->text);
    return false;
}

// --- whether to try

bool receiving_is_settled(const struct held_file *file, const struct memory_item *item)
{
    uint64_t now_ns = clock_monotonic_ns();
    uint64_t wanted_ms = file->stamp.bytes > 0 ? LIMIT_INBOX_SETTLED_MS : LIMIT_INBOX_UNSURE_MS;
    switch (held_file_writers(file)) {
    case FILE_WRITERS_SOME:
        return false;
    case FILE_WRITERS_NONE:
        return memory_age_ns(item, now_ns) >= wanted_ms * NS_PER_MS;
    case FILE_WRITERS_UNKNOWN: // its times may be those of another machine's clock
        break;
    }
    return memory_seen_ns(item, now_ns) >= LIMIT_INBOX_UNSURE_MS * NS_PER_MS;
}

bool receiving_store_is_due(struct receiver *receiver)
{
    const struct memory_item *store = memory_of(&receiver->memory, MEMORY_OF_STORE);
    return store == NULL || memory_is_due(store, clock_monotonic_ns());
}

enum err_code receiving_connect(struct receiver *receiver, struct store_conn **ret_conn, struct err *err)
{
    if (receiver->conn == NULL) {
        enum err_code code = store_connect(receiver->options.store, STORE_READ, &receiver->conn, err);
        if (code != ERR_NONE)
            return code;
    }
    *ret_conn = receiver->conn;
    return ERR_NONE;
}

// --- a try

static void on_written(struct batch *batch)
{
    struct file_try *try = CONTAINER_OF(batch, struct file_try, batch);
    struct receiver *receiver = CONTAINER_OF(try, struct receiver, try);
    pthread_mutex_lock(&receiver->duty.lock);
    receiver->is_written = true;
    pthread_cond_broadcast(&receiver->duty.change);
    pthread_mutex_unlock(&receiver->duty.lock);
}

static enum verdict write_batch(struct receiver *receiver, struct seal *seal, struct err *err)
{
    struct batch *batch = &receiver->try.batch;
    batch->seals = seal;
    batch->on_done = on_written;
    pthread_mutex_lock(&receiver->duty.lock);
    receiver->is_written = false;
    pthread_mutex_unlock(&receiver->duty.lock);
    if (!writer_submit(receiver->options.writer, batch))
        return verdict_of(err_set(err, ERR_BUSY, "too many batches are waiting"));
    pthread_mutex_lock(&receiver->duty.lock);
    while (!receiver->is_written)
        pthread_cond_wait(&receiver->duty.change, &receiver->duty.lock);
    pthread_mutex_unlock(&receiver->duty.lock);
    *err = batch->err;
    return verdict_of(err->code);
}

// All files wait while the store is the cause, and none of them any more when it was not.
static void note_store(struct receiver *receiver, enum verdict verdict, const struct err *why)
{
    struct memory_item *store = memory_of(&receiver->memory, MEMORY_OF_STORE);
    if (store == NULL)
        return;
    if (verdict != VERDICT_PASSES)
        memory_relent(store);
    else if (duty_takes(&receiver->duty))
        receiving_put_off(receiver, store, "watched files wait", why->text);
}

enum verdict receiving_try(
    struct receiver *receiver, const struct receiving_file *tried, bool *ret_is_changed, struct err *err)
{
    tried->seal->is_taken_away = false;
    CRASH_POINT("file-settled");
    enum verdict verdict = verdict_of(file_try_read(&receiver->try, tried->file, tried->endpoint,
        app_ref(tried->app), tried->takes_repeats, &receiver->options.trying, err));
    CRASH_POINT("file-read");
    *ret_is_changed = !held_file_is_same(tried->file);
    if (*ret_is_changed)
        return verdict;
    if (verdict == VERDICT_PASSES && duty_takes(&receiver->duty))
        receiving_put_off(receiver, tried->item, tried->shown, err->text);
    if (verdict != VERDICT_DONE)
        return verdict;
    verdict = write_batch(receiver, tried->seal, err);
    if (tried->seal->is_taken_away)
        return VERDICT_LOST;
    note_store(receiver, verdict, err);
    return verdict;
}
