// SPDX-License-Identifier: Apache-2.0
// A file is looked at in each round, and at the start, by its size and times alone. Only one that is other
// than what was loaded last is read; whether it has other bytes, too, the seal finds out.
//
//     seen ─ settled? ─ other than what was loaded? ─ its time? ─ read ─ writer ─ over, until it changes
//     again
//                           older: told, and over
#include "inbox/reloaded.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/limits.h"
#include "text/shown.h"

enum { DAY_S = 86400, DETAILS = 3 }; // bad rows that the log names

// A line of the round.
struct visit {
    const struct reload_line *line; // borrowed
    struct app *app;                // borrowed; whose line it is
    struct memory_item *item;       // what is remembered of its file
    struct held_file file;          // owned
    char shown[RECEIVING_NAME_CHARS];
};

// --- when

// The moment of that second of the day on the day of `now_s`, or of the day before.
static int64_t moment_of(int64_t at_s, int64_t now_s, int days_before)
{
    time_t now = (time_t)now_s;
    struct tm day;
    if (localtime_r(&now, &day) == NULL)
        return INT64_MAX;
    day.tm_mday -= days_before;
    day.tm_hour = (int)(at_s / 3600);
    day.tm_min = (int)(at_s / 60 % 60);
    day.tm_sec = (int)(at_s % 60);
    day.tm_isdst = -1;
    return mktime(&day);
}

bool reloaded_is_time(int64_t at_s, int64_t changed_s, int64_t now_s)
{
    int64_t last_s = moment_of(at_s, now_s, 0);
    if (last_s > now_s)
        last_s = moment_of(at_s, now_s, 1);
    return (last_s >= changed_s && last_s <= now_s) || now_s - changed_s >= 2 * DAY_S; // clocks may be set
}

// Whether the app has had no request for as long as it is to. It is asked in each round while a file waits.
static bool is_quiet(struct receiver *receiver, uint64_t quiet_ms)
{
    uint64_t now_ns = clock_monotonic_ns(), requests = receiver->options.requests(receiver->options.ctx);
    bool was_asked =
        receiver->quiet_ns != 0 && now_ns - receiver->asked_ns < 10 * LIMIT_INBOX_LOOK_MS * NS_PER_MS;
    if (!was_asked || requests != receiver->requests)
        receiver->quiet_ns = now_ns;
    receiver->requests = requests;
    receiver->asked_ns = now_ns;
    return now_ns - receiver->quiet_ns >= quiet_ms * NS_PER_MS;
}

static bool is_time(struct receiver *receiver, const struct visit *visit)
{
    const struct reload_times *times = &visit->app->reload_times;
    uint64_t age_ms = memory_age_ns(visit->item, clock_monotonic_ns()) / NS_PER_MS;
    int64_t changed_s = visit->file.stamp.changed_ns / (int64_t)NS_PER_S;
    if (times->at_s >= 0 && !reloaded_is_time(times->at_s, changed_s, clock_wall_ms() / 1000))
        return false;
    return times->quiet_ms == 0 || is_quiet(receiver, times->quiet_ms) ||
           age_ms >= LIMIT_RELOAD_WAIT_MS + (times->at_s >= 0 ? LIMIT_RELOAD_WAIT_MS : 0);
}

// --- what became of a try

static void finish(struct receiver *receiver, struct visit *visit)
{
    const struct batch *batch = &receiver->try.batch;
    CRASH_POINT("reload-committed");
    if (batch->is_known)
        teller_say(&receiver->options.log, "%s: it has the bytes of batch %" PRId64 ", which was loaded last",
            visit->shown, receiver->reload_seal.known_batch);
    else
        teller_say(&receiver->options.log, "%s: %zu row%s loaded as batch %" PRId64 " of %s", visit->shown,
            batch->rows.count, batch->rows.count == 1 ? " is" : "s are", batch->id, visit->line->name);
    memory_set_over(visit->item);
    receiving_count(receiver, batch->is_known ? FILE_OUTCOME_KNOWN : FILE_OUTCOME_DONE);
}

// What was there stays, until the file has changed again.
static void refuse(struct receiver *receiver, struct visit *visit, const struct err *why)
{
    struct report *report = &receiver->try.batch.report;
    report_finish(report);
    teller_say(&receiver->options.log, "%s: %s; it is not loaded, and what was loaded before stays",
        visit->shown, why->text);
    for (size_t i = 0; i < report->kept_count && i < DETAILS; i++) {
        const struct fault *fault = report_fault(report, i);
        char value[RECEIVING_NAME_CHARS];
        (void)shown_write(fault->value, value, sizeof(value));
        teller_say(&receiver->options.log, "%s:%" PRId64 ": %.*s %s: %.*s", visit->shown, fault->line,
            SHOW(fault->field), value, SHOW(fault->detail));
    }
    if (report->total > DETAILS)
        teller_say(&receiver->options.log, "%s: %zu such rows in all", visit->shown, report->total);
    memory_set_over(visit->item);
    receiving_count(receiver, FILE_OUTCOME_REJECTED);
}

static void settle(
    struct receiver *receiver, struct visit *visit, enum verdict verdict, const struct err *why)
{
    switch (verdict) {
    case VERDICT_DONE:
        finish(receiver, visit);
        break;
    case VERDICT_BAD:
        refuse(receiver, visit, why);
        break;
    case VERDICT_FAILED:
        if (receiving_is_hopeless(receiver, visit->item, visit->shown, why))
            refuse(receiver, visit, why);
        break;
    case VERDICT_LOST:
    case VERDICT_PASSES: // the next round looks again
        break;
    }
}

static void load(struct receiver *receiver, struct visit *visit)
{
    struct err err = {0};
    bool is_changed;
    struct reload_seal *seal = &receiver->reload_seal;
    reload_seal_init(seal);
    seal->line = visit->line->name;
    seal->identity = receiver->try.identity;
    seal->bytes = visit->file.stamp.bytes;
    seal->written_us = visit->file.stamp.written_ns / (int64_t)NS_PER_US;
    const struct receiving_file tried = {.file = &visit->file,
        .endpoint = visit->line->endpoint,
        .app = visit->app,
        .seal = &seal->seal,
        .item = visit->item,
        .shown = visit->shown};
    enum verdict verdict = receiving_try(receiver, &tried, &is_changed, &err);
    if (!is_changed)
        settle(receiver, visit, verdict, &err);
    file_try_fini(&receiver->try);
}

// --- whether to try

static enum err_code find_last(
    struct receiver *receiver, const struct reload_line *line, struct reload_row *ret_row, struct err *err)
{
    struct store_conn *conn;
    enum err_code code = receiving_connect(receiver, &conn, err);
    if (code != ERR_NONE)
        return code;
    store_deadline(conn, clock_monotonic_ns() + LIMIT_STATEMENT_MS * NS_PER_MS);
    code = reload_store_find(conn, line->name, ret_row, err);
    store_deadline(conn, 0);
    return code;
}

// A file that has settled.
static void compare(struct receiver *receiver, struct visit *visit)
{
    struct reload_row last;
    struct err err = {0};
    const struct file_stamp *stamp = &visit->file.stamp;
    int64_t written_us = stamp->written_ns / (int64_t)NS_PER_US;
    if (find_last(receiver, visit->line, &last, &err) != ERR_NONE) {
        receiving_put_off(receiver, visit->item, visit->shown, err.text);
        return;
    }
    bool is_same = last.written_us == written_us && last.bytes == stamp->bytes;
    if (last.batch != 0 && last.written_us > written_us) {
        receiving_tell_once(receiver, visit->item, visit->shown,
            "it was written before the file that was loaded last, and is not loaded; touch it to have it loaded");
        memory_set_over(visit->item);
    } else if (last.batch != 0 && is_same && !memory_has_changed(visit->item)) {
        memory_set_over(visit->item);
    } else if (last.batch == 0 || is_time(receiver, visit)) {
        load(receiver, visit);
    }
}

static void visit_file(struct receiver *receiver, struct visit *visit)
{
    char why[RECEIVING_TEXT_BYTES / 4];
    if (!held_file_open_followed(&visit->file, visit->line->path)) {
        snprintf(why, sizeof(why), "could not be opened: %s", strerror(errno));
        receiving_tell_once(receiver, visit->item, visit->shown, why);
        return;
    }
    if (!visit->file.stamp.is_regular) {
        receiving_tell_once(receiver, visit->item, visit->shown, "is no file");
        return;
    }
    memory_see(visit->item, &visit->file.stamp, clock_monotonic_ns(), clock_wall_us() * 1000);
    if (!memory_is_over(visit->item) && memory_is_due(visit->item, clock_monotonic_ns()) &&
        receiving_is_settled(&visit->file, visit->item) && held_file_lock(&visit->file))
        compare(receiver, visit);
}

void reloaded_visit(struct receiver *receiver, struct app *app, const struct reload_line *line)
{
    struct visit visit = {.line = line, .app = app, .file = {.fd = -1}};
    (void)shown_write(span_of(line->path), visit.shown, sizeof(visit.shown));
    visit.item = memory_of(&receiver->memory, line->name);
    if (visit.item == NULL || !duty_takes(&receiver->duty) || !receiving_store_is_due(receiver))
        return;
    visit_file(receiver, &visit);
    held_file_fini(&visit.file);
}
