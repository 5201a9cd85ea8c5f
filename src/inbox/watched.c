// SPDX-License-Identifier: Apache-2.0
// A watched file, from when it is met in a round until it is moved, or put off. Nothing that is needed for it
// to go in once is in memory.
#include "inbox/watched.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/limits.h"
#include "inbox/file_move.h"
#include "text/shown.h"

// A file of the round.
struct visit {
    const struct watch_line *line;    // borrowed
    struct app *app;                  // borrowed; whose line it is
    struct memory_item *item;         // what is remembered of it
    struct memory_item *home;         // of its folder
    struct held_file file;            // owned
    char shown[RECEIVING_NAME_CHARS]; // its path as text
};

// --- moving

// Counts a file that has left its folder.
static void count_moved(struct receiver *receiver, enum file_outcome outcome)
{
    pthread_mutex_lock(&receiver->duty.lock);
    if (receiver->stats.waiting > 0)
        receiver->stats.waiting--;
    pthread_mutex_unlock(&receiver->duty.lock);
    receiving_count(receiver, outcome);
}

static void tell_moved(struct receiver *receiver, const struct visit *visit, const char *what,
    enum file_moved moved, const char *outlet, const char *name, const struct err *err)
{
    char shown[RECEIVING_NAME_CHARS];
    switch (moved) {
    case FILE_MOVED:
        (void)shown_write(span_of(name), shown, sizeof(shown));
        teller_say(&receiver->options.log, "%s: %s; it is %s/%s now", visit->shown, what, outlet, shown);
        break;
    case FILE_GONE:
        teller_say(&receiver->options.log, "%s: %s; somebody else has moved it", visit->shown, what);
        if (err->code != ERR_NONE)
            teller_say(&receiver->options.log, "%s: %s", visit->shown, err->text);
        break;
    case FILE_CHANGED:
        teller_say(&receiver->options.log,
            "%s: %s; it has changed since it was read, so it stays, and what it is now goes in, too",
            visit->shown, what);
        break;
    case FILE_NAME_TAKEN: // never told
    case FILE_STAYS:
        teller_say(&receiver->options.log, "%s: %s; it stays until it can be moved: %s", visit->shown, what,
            err->text);
        break;
    }
}

static void finish_in(struct receiver *receiver, struct visit *visit, bool is_known, const char *what)
{
    char name[FILE_NAME_BYTES];
    struct err err = {0};
    CRASH_POINT("file-committed");
    enum file_moved moved = file_move_to_done(&visit->file, name, &err);
    CRASH_POINT("file-moved");
    if (moved != FILE_STAYS || memory_is_news(visit->item, err.text))
        tell_moved(receiver, visit, what, moved, WATCH_DONE, name, &err);
    if (moved == FILE_STAYS)
        (void)memory_put_off(visit->item, clock_monotonic_ns());
    else
        count_moved(receiver, is_known ? FILE_OUTCOME_KNOWN : FILE_OUTCOME_DONE);
}

static void finish_known(struct receiver *receiver, struct visit *visit, int64_t batch)
{
    char what[RECEIVING_TEXT_BYTES / 4];
    snprintf(what, sizeof(what), "it is in already, as batch %" PRId64, batch);
    finish_in(receiver, visit, true, what);
}

static void finish_done(struct receiver *receiver, struct visit *visit)
{
    const struct batch *batch = &receiver->try.batch;
    char what[RECEIVING_TEXT_BYTES / 4], endpoint[ENDPOINT_NAME_CHARS];
    endpoint_name(batch->endpoint, endpoint);
    snprintf(what, sizeof(what), "%zu row%s in as batch %" PRId64 " of %.200s", batch->rows.count,
        batch->rows.count == 1 ? " is" : "s are", batch->id, endpoint);
    finish_in(receiver, visit, false, what);
}

static void reject(struct receiver *receiver, struct visit *visit, const struct err *why)
{
    const struct receiver_options *options = &receiver->options;
    struct report *report = &receiver->try.batch.report;
    char name[FILE_NAME_BYTES];
    struct err err = {0};
    AUTO(buf_fini) struct buf text;
    buf_init(&text, LIMIT_INBOX_REPORT_BYTES);
    report_finish(report);
    (void)options->problem(options->ctx, why, report, &text);
    enum file_moved moved = FILE_STAYS;
    if (buf_status(&text) == ERR_NONE)
        moved = file_move_to_rejected(&visit->file, buf_span(&text), name, &err);
    else
        (void)err_no_memory(&err);
    CRASH_POINT("file-moved");
    if (moved == FILE_STAYS) {
        receiving_put_off(receiver, visit->item, visit->shown, err.text);
        return;
    }
    tell_moved(receiver, visit, why->text, moved, WATCH_REJECTED, name, &err);
    count_moved(receiver, FILE_OUTCOME_REJECTED);
}

// --- what became of a try

// Whether a file that does not pass went in before, when rules were others.
static enum err_code find_known(struct receiver *receiver, int64_t *ret_batch, struct err *err)
{
    *ret_batch = 0;
    if (!receiver->try.is_read)
        return ERR_NONE;
    struct store_conn *conn;
    enum err_code code = receiving_connect(receiver, &conn, err);
    if (code != ERR_NONE)
        return code;
    store_deadline(conn, clock_monotonic_ns() + LIMIT_STATEMENT_MS * NS_PER_MS);
    code = file_store_find(conn, receiver->try.identity, ret_batch, err);
    store_deadline(conn, 0);
    return code;
}

static void end_bad(struct receiver *receiver, struct visit *visit, const struct err *why)
{
    int64_t batch;
    struct err err = {0};
    if (find_known(receiver, &batch, &err) != ERR_NONE)
        receiving_put_off(receiver, visit->item, visit->shown, err.text);
    else if (batch != 0)
        finish_known(receiver, visit, batch);
    else
        reject(receiver, visit, why);
}

static void end_failed(struct receiver *receiver, struct visit *visit, const struct err *why)
{
    if (receiving_is_hopeless(receiver, visit->item, visit->shown, why))
        end_bad(receiver, visit, why);
}

static void settle(
    struct receiver *receiver, struct visit *visit, enum verdict verdict, const struct err *why)
{
    switch (verdict) {
    case VERDICT_DONE:
        if (receiver->try.batch.is_known)
            finish_known(receiver, visit, receiver->file_seal.known_batch);
        else
            finish_done(receiver, visit);
        break;
    case VERDICT_BAD:
        end_bad(receiver, visit, why);
        break;
    case VERDICT_FAILED:
        end_failed(receiver, visit, why);
        break;
    case VERDICT_LOST:
    case VERDICT_PASSES: // the next round finds it; somebody else may have put it in
        break;
    }
}

static void take(struct receiver *receiver, struct visit *visit)
{
    struct err err = {0};
    bool is_changed;
    char name[RECEIVING_NAME_CHARS];
    struct file_seal *seal = &receiver->file_seal;
    file_seal_init(seal);
    seal->identity = receiver->try.identity;
    size_t len = shown_write(span_of(visit->file.name), name, sizeof(name));
    seal->name = (struct span){.at = name, .len = len};
    const struct receiving_file tried = {.file = &visit->file,
        .endpoint = visit->line->endpoint,
        .app = visit->app,
        .takes_repeats = visit->line->takes_repeats,
        .seal = &seal->seal,
        .item = visit->item,
        .shown = visit->shown};
    enum verdict verdict = receiving_try(receiver, &tried, &is_changed, &err);
    if (is_changed)
        memory_note_change(visit->item, clock_monotonic_ns());
    else
        settle(receiver, visit, verdict, &err);
    file_try_fini(&receiver->try);
}

// --- whether it is to be tried

static void visit_file(struct receiver *receiver, struct visit *visit, const struct listed_file *listed)
{
    char why[RECEIVING_TEXT_BYTES / 4];
    if (!held_file_open(&visit->file, visit->file.folder, listed->name)) {
        int cause = errno;
        snprintf(why, sizeof(why), "could not be opened: %s", strerror(cause));
        if (cause != ENOENT)
            receiving_put_off(receiver, visit->item, visit->shown, why);
        return;
    }
    bool is_same = file_stamp_equal(&visit->file.stamp, &listed->stamp);
    uint64_t age_ms = memory_age_ns(visit->item, clock_monotonic_ns()) / NS_PER_MS;
    if (is_same && receiving_is_settled(&visit->file, visit->item) && held_file_lock(&visit->file))
        take(receiver, visit);
    else if (is_same && age_ms >= LIMIT_INBOX_PAUSE_MAX_MS)
        receiving_tell_once(receiver, visit->item, visit->shown,
            "somebody has it open for writing, or has locked it, and so it waits");
    held_file_fini(&visit->file);
}

// With its folder open, from which files can be moved.
static void visit_in_folder(struct receiver *receiver, struct visit *visit, const struct listed_file *listed)
{
    struct err err = {0};
    const char *path = visit->line->folder;
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return; // the next round tells of it
    if (file_move_prepare(folder, &err) == ERR_NONE) {
        memory_relent(visit->home);
        visit->file.folder = folder;
        visit_file(receiver, visit, listed);
    } else {
        receiving_put_off(receiver, visit->home, path, err.text);
    }
    close(folder);
}

void watched_visit(struct receiver *receiver, struct app *app, const struct listed_file *listed)
{
    uint64_t now_ns = clock_monotonic_ns();
    char path[PATH_MAX];
    struct visit visit = {.line = listed->line, .app = app, .file = {.fd = -1}};
    snprintf(path, sizeof(path), "%s/%s", listed->line->folder, listed->name);
    (void)shown_write(span_of(path), visit.shown, sizeof(visit.shown));
    visit.home = memory_of(&receiver->memory, listed->line->folder);
    visit.item = memory_of(&receiver->memory, path);
    if (visit.home == NULL || visit.item == NULL)
        return; // without memory: the next round has some
    memory_see(visit.item, &listed->stamp, now_ns, clock_wall_us() * 1000);
    bool may_be_settled = memory_age_ns(visit.item, now_ns) >= LIMIT_INBOX_SETTLED_MS * NS_PER_MS;
    if (may_be_settled && memory_is_due(visit.item, now_ns) && memory_is_due(visit.home, now_ns))
        visit_in_folder(receiver, &visit, listed);
}
