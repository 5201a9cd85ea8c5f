// SPDX-License-Identifier: Apache-2.0
// One task of the desk is under way while there are entries. Each time it does one of two things: it puts a
// step of the first entry's body into the store, or it takes several entries whose last pieces fit into one
// step, and puts them in with their jobs. The task is the desk's thread's; the lock guards the list.
//
// What is wrong with one entry takes back the transaction of all: then each has one of its own, so that it is
// told what is its own. Only what says that the store is away, locked or full is told to all at once, as it
// would be told to each.
//
// The tables may be gone: `serve --watch` empties a draft. Then they are made anew. A job ends the draft, so
// that it is not taken away with it.
#include "jobs/entries.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/limits.h"
#include "base/mem.h"
#include "jobs/job_body.h"
#include "store/notes.h"

struct entries {
    struct entries_options options; // fixed
    struct desk_task task;          // the desk's while is_sent
    pthread_mutex_t lock;           // guards what follows
    pthread_cond_t over;            // signalled when is_sent gets false
    struct job_entry *first, *last; // borrowed; the oldest first
    size_t count;                   // of them
    bool is_sent;                   // the task is under way
};

// --- one step

static int64_t pieces_of(const struct job_entry *entry)
{
    return job_body_pieces(spool_bytes(entry->body));
}

static int64_t rest_of(const struct job_entry *entry)
{
    return pieces_of(entry) - entry->put;
}

// Whether an entry is to be a job: its key, if it has one, was not used before. Known once it was looked for.
static bool is_new(const struct job_entry *entry)
{
    return entry->repeat == NULL || entry->repeat->verdict == REPEAT_NEW;
}

static enum err_code look_for_key(struct job_entry *entry, struct own_statements *own, struct err *err)
{
    if (entry->repeat == NULL)
        return ERR_NONE;
    buf_clear(&entry->kept_text);
    return repeat_look(entry->repeat, own, &entry->kept, &entry->kept_text, err);
}

// Before its first piece, the key is looked for, too, so that a large body that was sent again is not put.
static enum err_code put_some(void *ctx, struct own_statements *own, struct err *err)
{
    struct job_entry *entry = ctx;
    int64_t now_ms;
    enum err_code code = entry->put == 0 ? look_for_key(entry, own, err) : ERR_NONE;
    if (code != ERR_NONE || !is_new(entry))
        return code;
    code = own_now_ms(own, &now_ms, err);
    return code == ERR_NONE ? job_body_put(own, span_of(entry->id), entry->body, entry->put,
                                  LIMIT_JOB_STEP_PIECES, now_ms, err)
                            : code;
}

// Has the key lead to the job from here on.
static enum err_code keep_key(const struct job_entry *entry, struct own_statements *own, struct err *err)
{
    const struct repeat_kept kept = {.status = 202, .format = FORMAT_TEXT};
    return entry->repeat != NULL ? repeat_keep(entry->repeat, own, &kept, span_of(entry->id), err) : ERR_NONE;
}

// The rest of an entry, its job, and what is kept for its key.
static enum err_code put_job(struct own_statements *own, struct job_entry *entry, struct job_room *room,
    int64_t now_ms, struct err *err)
{
    enum err_code code = look_for_key(entry, own, err);
    if (code != ERR_NONE || !is_new(entry))
        return code;
    struct span id = span_of(entry->id);
    bool is_whole = true;
    const struct job_new job = {.id = id,
        .asked = entry->asked,
        .bytes = (int64_t)spool_bytes(entry->body),
        .pieces = pieces_of(entry),
        .digest = span_of(entry->digest)};
    code = job_store_add(own, &job, room, now_ms, &entry->ahead, &entry->is_refused, err);
    if (code != ERR_NONE || entry->is_refused)
        return code;
    code = job_body_put(own, id, entry->body, entry->put, rest_of(entry), now_ms, err);
    if (code == ERR_NONE && entry->put > 0)
        code = job_body_is_whole(own, id, job.pieces, &is_whole, err);
    if (code == ERR_NONE && !is_whole)
        code = err_set(err, ERR_ABORTED, "parts of the body were taken away meanwhile: send it again");
    if (code == ERR_NONE)
        code = keep_key(entry, own, err);
    entry->accepted_ms = now_ms;
    return code;
}

// Several entries that share a transaction.
struct together {
    struct entries *entries;
    struct job_entry *first;
    bool ends_draft; // a job ends the draft that the store is
    bool is_useless; // out: none of them was added
};

static enum err_code put_jobs(void *ctx, struct own_statements *own, struct err *err)
{
    struct together *together = ctx;
    struct job_room room = {.bounds = together->entries->options.bounds};
    int64_t now_ms;
    enum err_code code = own_now_ms(own, &now_ms, err);
    together->is_useless = true;
    for (struct job_entry *entry = together->first; code == ERR_NONE && entry != NULL; entry = entry->next) {
        code = put_job(own, entry, &room, now_ms, err);
        if (is_new(entry) && !entry->is_refused)
            together->is_useless = false;
    }
    if (code == ERR_NONE && together->ends_draft && !together->is_useless)
        code = note_write(own->conn, NOTE_DRAFT, "", err);
    CRASH_POINT("job-accepting");
    return code;
}

static enum err_code try_together(struct together *together, struct own_statements *own, struct err *err)
{
    struct writer *writer = desk_writer(together->entries->options.desk);
    for (struct job_entry *entry = together->first; entry != NULL; entry = entry->next)
        entry->is_refused = false;
    together->ends_draft = writer_is_draft(writer);
    const struct desk_transaction transaction = {.change = put_jobs,
        .ctx = together,
        .takes_turn = together->ends_draft, // as whoever empties a draft asks in his own whether it is one
        .is_useless = &together->is_useless};
    enum err_code code = desk_transact_as(own, &transaction, err);
    if (code == ERR_NONE && together->ends_draft && !together->is_useless)
        writer_clear_draft(writer);
    CRASH_POINT("job-accepted");
    return code;
}

// Whether the tables are not there, or not as they were.
static bool may_lack_tables(enum err_code code)
{
    return code == ERR_CONFIG || code == ERR_STALE;
}

static enum err_code do_together(struct together *together, struct own_statements *own, struct err *err)
{
    struct err first = {0};
    enum err_code code = try_together(together, own, &first);
    if (may_lack_tables(code)) {
        first = (struct err){0};
        code = job_store_make(own->conn, &first);
        if (code == ERR_NONE)
            code = try_together(together, own, &first);
    }
    if (code != ERR_NONE)
        *err = first;
    return code;
}

static enum err_code do_some(struct job_entry *entry, struct own_statements *own, struct err *err)
{
    struct err first = {0};
    enum err_code code = desk_transact(own, put_some, entry, &first);
    if (may_lack_tables(code) && entry->put == 0) {
        first = (struct err){0};
        code = job_store_make(own->conn, &first);
        if (code == ERR_NONE)
            code = desk_transact(own, put_some, entry, &first);
    }
    if (code == ERR_NONE)
        entry->put += is_new(entry) ? LIMIT_JOB_STEP_PIECES : 0;
    else
        *err = first;
    CRASH_POINT("job-step");
    return code;
}

// --- the end of an entry

struct dropping {
    struct span id;
    bool more;
};

// A job may be there in spite of a failure, of a commit that has lost its connection.
static enum err_code drop_some(void *ctx, struct own_statements *own, struct err *err)
{
    struct dropping *dropping = ctx;
    bool has_job = false;
    enum err_code code = job_store_has(own, dropping->id, &has_job, err);
    dropping->more = false;
    return code == ERR_NONE && !has_job ? job_body_drop(own, dropping->id, &dropping->more, err) : code;
}

// Takes away what is in the store of an entry that is not accepted. What stays in spite of that is found by
// job_body_stray.
static void drop_body(const struct job_entry *entry, struct own_statements *own)
{
    struct dropping dropping = {.id = span_of(entry->id), .more = own != NULL && entry->put > 0};
    struct err ignored = {0};
    while (dropping.more && desk_transact(own, drop_some, &dropping, &ignored) == ERR_NONE)
        continue;
}

static void tell(struct job_entry *first, struct own_statements *own, const struct err *err)
{
    for (struct job_entry *entry = first, *next; entry != NULL; entry = next) {
        next = entry->next; // it is its sender's then
        entry->err = *err;
        if (err->code == ERR_NONE && entry->is_refused)
            (void)err_set(&entry->err, ERR_BUSY, "too many jobs are waiting: send this one again later");
        if (entry->err.code != ERR_NONE || !is_new(entry))
            drop_body(entry, own);
        entry->on_done(entry);
    }
}

// --- the queue

// Takes the first `count` entries off the list. Under the lock.
static struct job_entry *take(struct entries *entries, size_t count)
{
    struct job_entry *first = entries->first, *last = first;
    for (size_t i = 1; i < count; i++)
        last = last->next;
    entries->first = last->next;
    if (entries->first == NULL)
        entries->last = NULL;
    last->next = NULL;
    entries->count -= count;
    return first;
}

// How many entries go in together; 0: the first one has more than a step. Under the lock.
static size_t count_together(const struct entries *entries)
{
    size_t count = 0;
    int64_t pieces = 0;
    for (const struct job_entry *entry = entries->first; entry != NULL && count < LIMIT_GROUP_BATCHES;
         entry = entry->next) {
        pieces += rest_of(entry);
        if (pieces > LIMIT_JOB_STEP_PIECES)
            break;
        count++;
    }
    return count;
}

// Whether one entry may be to blame for a failure of several. Where it is not known whether the commit was
// done (ERR_TIMEOUT), none is put in again.
static bool may_be_of_one(enum err_code code)
{
    return code != ERR_NONE && code != ERR_BUSY && code != ERR_TIMEOUT && code != ERR_DISK_FULL;
}

// Whether one of them was accepted. All are told.
static bool accept_each(struct entries *entries, struct job_entry *first, struct own_statements *own)
{
    struct err of_store = {0};
    bool has_new = false;
    for (struct job_entry *entry = first, *next; entry != NULL; entry = next) {
        struct err err = of_store;
        struct together alone = {.entries = entries, .first = entry};
        next = entry->next;
        entry->next = NULL;
        if (err.code == ERR_NONE && do_together(&alone, own, &err) == ERR_NONE)
            has_new = true;
        else if (!may_be_of_one(err.code))
            of_store = err;
        tell(entry, own, &err);
    }
    return has_new;
}

// Likewise, of entries that share a transaction if they can.
static bool accept_together(struct entries *entries, struct job_entry *first, struct own_statements *own)
{
    struct together together = {.entries = entries, .first = first};
    struct err err = {0};
    enum err_code code = do_together(&together, own, &err);
    if (first->next != NULL && may_be_of_one(code))
        return accept_each(entries, first, own);
    tell(first, own, &err);
    return code == ERR_NONE;
}

static void work(struct entries *entries, struct own_statements *own)
{
    struct err err = {0};
    pthread_mutex_lock(&entries->lock);
    size_t count = count_together(entries);
    struct job_entry *first = count > 0 ? take(entries, count) : entries->first;
    pthread_mutex_unlock(&entries->lock);
    if (count > 0) {
        if (accept_together(entries, first, own))
            entries->options.on_accepted(entries->options.ctx);
    } else if (do_some(first, own, &err) != ERR_NONE || !is_new(first)) {
        pthread_mutex_lock(&entries->lock);
        first = take(entries, 1);
        pthread_mutex_unlock(&entries->lock);
        tell(first, own, &err);
    }
}

// Under the lock, and the last that the desk's thread does with them where it is false.
static void set_sent(struct entries *entries, bool is_sent)
{
    entries->is_sent = is_sent;
    if (!is_sent)
        pthread_cond_broadcast(&entries->over);
}

static void refuse_all(struct entries *entries, const struct err *why)
{
    pthread_mutex_lock(&entries->lock);
    struct job_entry *first = entries->first != NULL ? take(entries, entries->count) : NULL;
    set_sent(entries, false);
    pthread_mutex_unlock(&entries->lock);
    tell(first, NULL, why);
}

static void run(struct desk_task *task, struct own_statements *own, const struct err *why)
{
    struct entries *entries = CONTAINER_OF(task, struct entries, task);
    struct err full = {0};
    if (own == NULL) {
        refuse_all(entries, why);
        return;
    }
    work(entries, own);
    pthread_mutex_lock(&entries->lock);
    bool goes_on = entries->first != NULL;
    set_sent(entries, goes_on);
    pthread_mutex_unlock(&entries->lock);
    if (goes_on && !desk_send(entries->options.desk, task)) {
        (void)err_set(&full, ERR_BUSY, "too many batches are waiting: send this one again later");
        refuse_all(entries, &full);
    }
}

bool entries_add(struct entries *entries, struct job_entry *entry)
{
    struct err *err = &entry->err;
    *err = (struct err){0};
    entry->next = NULL;
    entry->put = 0;
    entry->is_refused = false;
    job_body_digest(entry->body, entry->digest);
    if (job_id_make(entry->id, err) != ERR_NONE)
        return false;
    pthread_mutex_lock(&entries->lock);
    bool has_room = entries->count < LIMIT_JOB_ENTRIES;
    bool sends = has_room && !entries->is_sent;
    if (has_room) {
        if (entries->last != NULL)
            entries->last->next = entry;
        else
            entries->first = entry;
        entries->last = entry;
        entries->count++;
        entries->is_sent = true;
    }
    // Under the lock, so that an entry that is not taken after all is the last one still. Nothing waits
    // there.
    if (sends && !desk_send(entries->options.desk, &entries->task)) {
        (void)take(entries, entries->count); // the only one
        entries->is_sent = false;
        has_room = false;
    }
    pthread_mutex_unlock(&entries->lock);
    return has_room;
}

// --- life

enum err_code entries_new(
    const struct entries_options *options, struct entries **ret_entries, struct err *err)
{
    struct entries *entries = mem_zalloc(1, sizeof(*entries));
    if (entries == NULL)
        return err_no_memory(err);
    entries->options = *options;
    entries->task.run = run;
    pthread_mutex_init(&entries->lock, NULL);
    pthread_cond_init(&entries->over, NULL);
    *ret_entries = entries;
    return ERR_NONE;
}

void entries_free(struct entries *entries)
{
    if (entries == NULL)
        return;
    pthread_mutex_lock(&entries->lock);
    while (entries->is_sent) // the writer, where it is the desk, goes on for longer
        pthread_cond_wait(&entries->over, &entries->lock);
    pthread_mutex_unlock(&entries->lock);
    pthread_cond_destroy(&entries->over);
    pthread_mutex_destroy(&entries->lock);
    mem_free(entries);
}
