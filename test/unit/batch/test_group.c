// SPDX-License-Identifier: Apache-2.0
// Groups: what shares a commit and what does not, and who is told what when BEGIN, COMMIT or a savepoint
// fails. The writer's connection has a driver of ours, which counts, fails where it is told to, and else is
// SQLite's. Made for ThreadSanitizer too.
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "fixture.h"
#include "sending.h"
#include "store/driver.h"

static const char SCHEMA[] =
    "CREATE TABLE known (id INTEGER PRIMARY KEY);\n"
    "INSERT INTO known SELECT value FROM (WITH RECURSIVE n(value) AS "
    "(SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 20) SELECT value FROM n);\n"
    "CREATE TABLE t (id INTEGER PRIMARY KEY, "
    "known INTEGER REFERENCES known (id) DEFERRABLE INITIALLY DEFERRED);\n"
    "CREATE TRIGGER all_or_nothing BEFORE INSERT ON t WHEN new.id = 13 "
    "BEGIN SELECT RAISE(ROLLBACK, 'thirteen'); END;\n";

// An id over 20 is not known, which only COMMIT finds out, unless it is over 1000, which nobody minds.
static const char POST_T[] =
    "-- @endpoint POST /t\n-- @field id integer required\n"
    "-- @reject 422 negative\nSELECT line, 'id' AS field, id AS value FROM batch WHERE id < 0;\n"
    "-- @reject 409 there\nSELECT line, 'id' AS field, id AS value FROM batch WHERE id IN (SELECT id FROM t);\n"
    "-- @write\nINSERT INTO t SELECT id, iif(id < 1000, id, NULL) FROM batch;\n"
    "-- @answer 201\nSELECT count(*) AS rows, (SELECT count(*) FROM t) AS all_rows FROM batch;\n";

// --- a driver that counts and fails

enum step { BEGIN, SAVEPOINT, COMMIT, STEPS };

// On the writer's thread, but for the time before its first batch and while it is at the gate.
static struct {
    int count[STEPS];          // calls
    int fails_at[STEPS];       // the number of the first call that fails, from 1; 0: none does
    int fails_until[STEPS];    // the number of the last one
    enum err_code code[STEPS]; // with which
} steps;

static enum err_code step(enum step which, struct err *err)
{
    int number = ++steps.count[which];
    if (steps.fails_at[which] == 0 || number < steps.fails_at[which] || number > steps.fails_until[which])
        return ERR_NONE;
    return err_set(err, steps.code[which], "call %d failed", number);
}

// From here on `count` calls fail, after `passes` more that do not.
static void fail_step(enum step which, int passes, int count, enum err_code code)
{
    steps.fails_at[which] = steps.count[which] + passes + 1;
    steps.fails_until[which] = steps.count[which] + passes + count;
    steps.code[which] = code;
}

static enum err_code begin(struct store_conn *conn, struct err *err)
{
    enum err_code code = step(BEGIN, err);
    return code == ERR_NONE ? sqlite_driver.begin(conn, err) : code;
}

static enum err_code savepoint(struct store_conn *conn, struct err *err)
{
    enum err_code code = step(SAVEPOINT, err);
    return code == ERR_NONE ? sqlite_driver.savepoint(conn, err) : code;
}

static enum err_code commit(struct store_conn *conn, struct err *err)
{
    enum err_code code = step(COMMIT, err);
    return code == ERR_NONE ? sqlite_driver.commit(conn, err) : code;
}

// --- a writer whose thread is held

struct writing {
    struct writer *writer;
    struct waiting waiting;
    struct sent gate;     // the batch that holds the thread until release_all
    struct sent sent[40]; // those that queue up behind it
    struct store_driver driver;
    size_t count; // of sent
};

static struct writing *start(struct fixture *f)
{
    static struct writing writing;
    struct writing *w = &writing;
    struct diags diags;
    struct err err = {0};
    memset(&steps, 0, sizeof(steps));
    *w = (struct writing){.waiting = new_waiting(), .driver = sqlite_driver};
    write_text(f, "post_t.sql", POST_T);
    f->app = load_app(f);
    run_script(f->conn, SCHEMA);
    w->driver.begin = begin;
    w->driver.savepoint = savepoint;
    w->driver.commit = commit;
    w->driver.round_trip_is_costly = true; // so COMMIT alone looks at what is deferred, as on PostgreSQL
    f->conn->driver = &w->driver;
    diags_init(&diags);
    must_be_fine(writer_new(f->app, f->conn, &diags, &w->writer, &err), &err);
    diags_fini(&diags);
    f->conn = NULL;
    set_gate(&w->waiting, true);
    send(w->writer, &w->gate, &w->waiting, f->app, "g", 1);
    wait_for(&w->waiting, 1);
    assert_int_equal(steps.count[COMMIT], 1);
    return w;
}

// Puts a batch of `count` rows from `id` on into the queue.
static struct sent *enqueue(struct fixture *f, struct writing *w, int64_t id, int64_t count)
{
    struct sent *sent = &w->sent[w->count];
    char name[2] = {(char)('A' + w->count++), '\0'};
    make_batch(sent, &w->waiting, f->app, name);
    for (int64_t i = 0; i < count; i++)
        add_row(sent, id + i);
    submit(w->writer, sent);
    return sent;
}

// Lets the thread go, and waits until all were told.
static void release_all(struct writing *w)
{
    set_gate(&w->waiting, false);
    wait_for(&w->waiting, (int)w->count + 1);
}

static void end(struct writing *w)
{
    writer_free(w->writer);
    sent_fini(&w->gate, 1);
    sent_fini(w->sent, w->count);
}

static void assert_failed(const struct sent *sent, enum err_code code, const char *text)
{
    assert_int_equal(sent->batch.err.code, code);
    assert_string_equal(sent->batch.err.text, text);
}

// --- what shares a commit

static void batches_that_wait_together_share_one_commit(void **state)
{
    struct fixture *f = *state;
    struct writing *w = start(f);
    for (int64_t i = 0; i < LIMIT_GROUP_BATCHES + 3; i++)
        enqueue(f, w, 1001 + i, 1);
    release_all(w);
    assert_int_equal(steps.count[COMMIT], 1 + 2); // the gate's, a full group's, and that of the three others
    assert_int_equal(steps.count[SAVEPOINT], 1 + LIMIT_GROUP_BATCHES + 3);
    assert_int_equal(committed(f, "SELECT count(*) FROM t"), 1 + LIMIT_GROUP_BATCHES + 3);
    end(w);
}

static void a_small_batch_does_not_wait_for_a_large_one(void **state)
{
    struct fixture *f = *state;
    struct writing *w = start(f);
    enqueue(f, w, 1001, 1);
    enqueue(f, w, 2001, LIMIT_GROUP_ROWS); // one row too many beside the other
    enqueue(f, w, 100001, 1);
    enqueue(f, w, 100002, LIMIT_GROUP_ROWS - 1); // just fits
    enqueue(f, w, 200001, 10 * LIMIT_GROUP_ROWS);
    enqueue(f, w, 1000001, 1);
    release_all(w);
    assert_string_equal(w->waiting.order, "gABCDEF");
    assert_int_equal(steps.count[COMMIT], 1 + 5); // all alone, but for C and D
    end(w);
}

// --- dry runs

static struct sent *enqueue_dry(struct fixture *f, struct writing *w, int64_t id, int64_t count)
{
    struct sent *sent = &w->sent[w->count];
    char name[2] = {(char)('A' + w->count++), '\0'};
    make_batch(sent, &w->waiting, f->app, name);
    sent->batch.is_dry_run = true;
    for (int64_t i = 0; i < count; i++)
        add_row(sent, id + i);
    submit(w->writer, sent);
    return sent;
}

static void a_dry_run_is_answered_among_others_and_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct writing *w = start(f);
    const struct sent *first = enqueue(f, w, 2, 1);
    const struct sent *dry = enqueue_dry(f, w, 3, 2);
    const struct sent *last = enqueue(f, w, 3, 1); // which is free
    release_all(w);
    assert_answer(first, "[{\"rows\":1,\"all_rows\":2}]");
    assert_answer(dry, "[{\"rows\":2,\"all_rows\":4}]");
    assert_answer(last, "[{\"rows\":1,\"all_rows\":3}]");
    assert_int_equal(steps.count[COMMIT], 1 + 1);
    assert_int_equal(committed(f, "SELECT sum(id) FROM t"), 1 + 2 + 3);
    struct writer_stats stats = writer_stats(w->writer);
    assert_int_equal(stats.outcomes[ERR_NONE], 3);
    assert_int_equal(stats.outcomes[BATCH_ROLLED_BACK], 1);
    assert_int_equal(stats.rows, 3);
    end(w);
}

static void dry_runs_alone_commit_nothing(void **state)
{
    struct fixture *f = *state;
    struct writing *w = start(f);
    const struct sent *first = enqueue_dry(f, w, 2, 1);
    const struct sent *rejected = enqueue_dry(f, w, 1, 1);
    const struct sent *last = enqueue_dry(f, w, 2, 1);
    release_all(w);
    assert_answer(first, "[{\"rows\":1,\"all_rows\":2}]");
    assert_failed(rejected, ERR_INVALID, "errors in the batch: 1; nothing of it was written");
    assert_answer(last, "[{\"rows\":1,\"all_rows\":2}]");
    assert_int_equal(steps.count[COMMIT], 1);
    assert_int_equal(committed(f, "SELECT count(*) FROM t"), 1);
    assert_int_equal(writer_stats(w->writer).outcomes[BATCH_ROLLED_BACK], 2);
    end(w);
}

static void a_dry_run_is_told_its_outcome_where_the_commit_of_others_fails(void **state)
{
    struct fixture *f = *state;
    struct writing *w = start(f);
    const struct sent *real = enqueue(f, w, 2, 1);
    const struct sent *dry = enqueue_dry(f, w, 3, 1);
    fail_step(COMMIT, 0, 1, ERR_DISK_FULL);
    release_all(w);
    assert_failed(real, ERR_DISK_FULL, "call 2 failed");
    assert_answer(dry, "[{\"rows\":1,\"all_rows\":3}]");
    assert_int_equal(writer_stats(w->writer).outcomes[BATCH_ROLLED_BACK], 1);
    assert_int_equal(writer_stats(w->writer).outcomes[ERR_DISK_FULL], 1);
    end(w);
}

static void a_dry_run_finds_what_is_left_to_the_commit(void **state)
{
    struct fixture *f = *state;
    struct writing *w = start(f);
    const struct sent *good = enqueue(f, w, 2, 1);
    const struct sent *dry = enqueue_dry(f, w, 20, 2); // 21 is not known
    const struct sent *after = enqueue(f, w, 4, 1);
    release_all(w);
    assert_answer(good, "[{\"rows\":1,\"all_rows\":2}]");
    assert_failed(dry, ERR_CONSTRAINT, "a row refers to one that does not exist");
    assert_report(&dry->batch.report,
        "[{\"line\":2,\"code\":\"constraint\",\"detail\":\"a row refers to one that does not exist\"}]");
    assert_answer(after, "[{\"rows\":1,\"all_rows\":3}]");
    assert_int_equal(committed(f, "SELECT sum(id) FROM t"), 1 + 2 + 4);
    end(w);
}

static void a_dry_run_does_not_answer_for_what_others_have_left_open(void **state)
{
    struct fixture *f = *state;
    struct writing *w = start(f);
    const struct sent *bad = enqueue(f, w, 21, 1); // not known
    const struct sent *dry = enqueue_dry(f, w, 3, 1);
    release_all(w);
    assert_failed(bad, ERR_CONSTRAINT, "a row refers to one that does not exist");
    assert_answer(dry, "[{\"rows\":1,\"all_rows\":2}]");
    assert_int_equal(committed(f, "SELECT count(*) FROM t"), 1);
    end(w);
}

// --- batches whose bad rows are left out

static void a_lenient_batch_that_runs_again_has_all_of_its_rows(void **state)
{
    struct fixture *f = *state;
    struct writing *w = start(f);
    enqueue(f, w, 20, 2);                     // 21 is not known
    struct sent *sent = &w->sent[w->count++]; // 20 is there, as long as the first one is
    make_batch(sent, &w->waiting, f->app, "B");
    sent->batch.is_lenient = true;
    add_row(sent, -7);
    add_row(sent, 20);
    add_row(sent, 3);
    submit(w->writer, sent);
    release_all(w);
    assert_answer(sent,
        "{\"answer\":[{\"rows\":2,\"all_rows\":3}],\"errors\":[{\"line\":1,\"field\":\"id\","
        "\"value\":\"-7\",\"code\":\"negative\",\"detail\":\"negative\"}],\"errors_total\":1}");
    assert_int_equal(sent->batch.rows.count, 2);
    assert_int_equal(sent->batch.report.total, 1);
    assert_int_equal(writer_stats(w->writer).rows, 1 + 2);
    assert_int_equal(committed(f, "SELECT sum(id) FROM t"), 1 + 20 + 3);
    end(w);
}

static void a_row_that_the_commit_refuses_is_found_among_those_that_are_left(void **state)
{
    struct fixture *f = *state;
    struct writing *w = start(f);
    struct sent *sent = &w->sent[w->count++];
    make_batch(sent, &w->waiting, f->app, "A");
    sent->batch.is_lenient = true;
    add_row(sent, -7);
    add_row(sent, 2);
    add_row(sent, 21); // not known
    submit(w->writer, sent);
    release_all(w);
    assert_failed(sent, ERR_CONSTRAINT, "a row refers to one that does not exist");
    assert_report(&sent->batch.report,
        "[{\"line\":1,\"field\":\"id\",\"value\":\"-7\",\"code\":\"negative\",\"detail\":\"negative\"},"
        "{\"line\":3,\"code\":\"constraint\",\"detail\":\"a row refers to one that does not exist\"}]");
    end(w);
}

// --- a group that one batch ruins

static void a_deferred_constraint_fails_the_batch_that_breaks_it_alone(void **state)
{
    struct fixture *f = *state;
    struct writing *w = start(f);
    const struct sent *good = enqueue(f, w, 2, 2);
    const struct sent *bad = enqueue(f, w, 20, 2); // 21 is not known
    const struct sent *rejected = enqueue(f, w, -5, 1);
    const struct sent *after = enqueue(f, w, 4, 1);
    release_all(w);
    assert_string_equal(w->waiting.order, "gABCD");
    assert_answer(good, "[{\"rows\":2,\"all_rows\":3}]");
    assert_failed(bad, ERR_CONSTRAINT, "a row refers to one that does not exist");
    assert_failed(rejected, ERR_INVALID, "errors in the batch: 1; nothing of it was written");
    assert_answer(after, "[{\"rows\":1,\"all_rows\":4}]");
    assert_int_equal(steps.count[COMMIT], 1 + 1 + 4); // the gate's, the group's, and one by one
    assert_int_equal(committed(f, "SELECT sum(id) FROM t"), 1 + 2 + 3 + 4);
    end(w);
}

static void a_deferred_constraint_that_is_cheap_to_check_costs_no_other_batch_its_commit(void **state)
{
    struct fixture *f = *state;
    struct writing *w = start(f);
    w->driver.round_trip_is_costly = false;
    const struct sent *good = enqueue(f, w, 2, 2);
    const struct sent *bad = enqueue(f, w, 20, 2); // 21 is not known
    const struct sent *after = enqueue(f, w, 4, 1);
    release_all(w);
    assert_answer(good, "[{\"rows\":2,\"all_rows\":3}]");
    assert_failed(bad, ERR_CONSTRAINT, "a row refers to one that does not exist");
    assert_report(&bad->batch.report,
        "[{\"line\":2,\"code\":\"constraint\",\"detail\":\"a row refers to one that does not exist\"}]");
    assert_answer(after, "[{\"rows\":1,\"all_rows\":4}]");
    assert_int_equal(steps.count[COMMIT], 1 + 1);
    end(w);
}

// What the lost attempt found is forgotten, and what the reader found is not.
static void a_batch_that_runs_again_reports_what_it_finds_then(void **state)
{
    struct fixture *f = *state;
    struct writing *w = start(f);
    enqueue(f, w, 20, 2);                           // 21 is not known
    const struct sent *same = enqueue(f, w, 20, 1); // there, as long as the first one is
    struct sent *faulty = &w->sent[w->count++];
    struct fault fault = {.line = 7, .code = span_of("type"), .detail = span_of("must be an integer")};
    make_batch(faulty, &w->waiting, f->app, "C");
    add_row(faulty, -1);
    add_row(faulty, 20);
    assert_int_equal(report_add(&faulty->batch.report, &fault), ERR_NONE);
    submit(w->writer, faulty);
    release_all(w);
    assert_answer(same, "[{\"rows\":1,\"all_rows\":2}]");
    assert_failed(faulty, ERR_INVALID, "errors in the batch: 3; nothing of it was written");
    assert_int_equal(faulty->batch.report.status, 422);
    assert_report(&faulty->batch.report,
        "[{\"line\":1,\"field\":\"id\",\"value\":\"-1\",\"code\":\"negative\",\"detail\":\"negative\"},"
        "{\"line\":2,\"field\":\"id\",\"value\":\"20\",\"code\":\"there\",\"detail\":\"there\"},"
        "{\"line\":7,\"code\":\"type\",\"detail\":\"must be an integer\"}]");
    end(w);
}

static void a_large_answer_is_written_again_with_its_batch(void **state)
{
    struct fixture *f = *state;
    struct temp_space space = {.dir = f->dir, .what = "answer", .whats = "answers", .max_bytes = 1 << 30};
    struct writing *w = start(f);
    struct app *large;
    write_text(f, "post_t.sql",
        "-- @endpoint POST /t\n-- @field id integer required\n-- @shape text\n"
        "-- @write\nINSERT INTO t SELECT id, iif(id < 1000, id, NULL) FROM batch;\n"
        "-- @answer 201\nSELECT printf('%.*c', 1000000, 'x') AS x;\n");
    large = load_app(f);
    for (int i = 0; i < 2; i++) {
        struct sent *sent = &w->sent[w->count++];
        make_batch(sent, &w->waiting, large, i == 0 ? "A" : "B");
        spool_init(&sent->batch.answer, &space, LIMIT_SPOOL_FILE_BYTES);
        sent->batch.format = FORMAT_TEXT;
        add_row(sent, i == 0 ? 2 : 21);
        submit(w->writer, sent);
    }
    release_all(w);
    assert_int_equal(w->sent[0].batch.err.code, ERR_NONE);
    assert_true(temp_file_is_open(&w->sent[0].batch.answer.file));
    assert_int_equal(spool_bytes(&w->sent[0].batch.answer), 1000000);
    assert_failed(&w->sent[1], ERR_CONSTRAINT, "a row refers to one that does not exist");
    end(w);
    assert_int_equal(atomic_load(&space.used_bytes), 0);
    app_unref(large);
}

static void a_statement_that_rolls_all_back_fails_its_batch_alone(void **state)
{
    struct fixture *f = *state;
    struct writing *w = start(f);
    const struct sent *good = enqueue(f, w, 2, 1);
    const struct sent *bad = enqueue(f, w, 13, 1);
    const struct sent *after = enqueue(f, w, 4, 1);
    release_all(w);
    assert_string_equal(w->waiting.order, "gABC");
    assert_answer(good, "[{\"rows\":1,\"all_rows\":2}]");
    assert_failed(bad, ERR_CONSTRAINT, "thirteen");
    assert_answer(after, "[{\"rows\":1,\"all_rows\":3}]");
    assert_int_equal(steps.count[SAVEPOINT], 1 + 2 + 1 + 1); // the bad one ran once
    end(w);
}

// --- a transaction that fails as a whole

static void a_commit_that_fails_is_told_to_all_of_its_group(void **state)
{
    struct fixture *f = *state;
    struct writing *w = start(f);
    const struct sent *first = enqueue(f, w, 2, 1);
    const struct sent *rejected = enqueue(f, w, -1, 1);
    const struct sent *last = enqueue(f, w, 3, 1);
    fail_step(COMMIT, 0, 1, ERR_DISK_FULL);
    release_all(w);
    assert_failed(first, ERR_DISK_FULL, "call 2 failed");
    assert_failed(rejected, ERR_INVALID, "errors in the batch: 1; nothing of it was written");
    assert_failed(last, ERR_DISK_FULL, "call 2 failed");
    assert_int_equal(steps.count[COMMIT], 2);
    assert_int_equal(committed(f, "SELECT count(*) FROM t"), 1);
    end(w);
}

static void a_savepoint_that_fails_is_told_to_all_of_its_group(void **state)
{
    struct fixture *f = *state;
    struct writing *w = start(f);
    const struct sent *first = enqueue(f, w, 2, 1);
    const struct sent *second = enqueue(f, w, 3, 1);
    const struct sent *third = enqueue(f, w, 4, 1); // not in it yet
    fail_step(SAVEPOINT, 1, 1, ERR_STORE);
    release_all(w);
    assert_failed(first, ERR_STORE, "call 3 failed");
    assert_failed(second, ERR_STORE, "call 3 failed");
    assert_answer(third, "[{\"rows\":1,\"all_rows\":2}]");
    assert_int_equal(committed(f, "SELECT sum(id) FROM t"), 1 + 4);
    end(w);
}

static void a_locked_store_is_told_to_all_that_wait_at_once(void **state)
{
    struct fixture *f = *state;
    struct writing *w = start(f);
    for (int64_t i = 0; i < LIMIT_GROUP_BATCHES + 3; i++)
        enqueue(f, w, 1001 + i, 1);
    fail_step(BEGIN, 0, 1, ERR_BUSY);
    release_all(w);
    for (size_t i = 0; i < w->count; i++)
        assert_failed(&w->sent[i], ERR_BUSY, "call 2 failed");
    assert_int_equal(steps.count[BEGIN], 2); // nobody has waited for the lock but once
    const struct sent *later = enqueue(f, w, 2, 1);
    release_all(w);
    assert_answer(later, "[{\"rows\":1,\"all_rows\":2}]");
    end(w);
}

// An errand that notes what it was told.
struct told_errand {
    struct writer_errand errand;
    bool has_store;
    struct err why;
};

static void on_errand(struct writer_errand *errand, struct own_statements *own, const struct err *why)
{
    struct told_errand *told = CONTAINER_OF(errand, struct told_errand, errand);
    told->has_store = own != NULL;
    told->why = *why;
}

static void a_locked_store_is_told_to_errands_and_those_behind_them(void **state)
{
    struct fixture *f = *state;
    struct writing *w = start(f);
    struct told_errand told = {.errand = {.run = on_errand}};
    enqueue(f, w, 2001, LIMIT_GROUP_ROWS);
    assert_true(writer_run(w->writer, &told.errand));
    enqueue(f, w, 2, 1);
    fail_step(BEGIN, 0, 1, ERR_BUSY);
    release_all(w);
    assert_failed(&w->sent[0], ERR_BUSY, "call 2 failed");
    assert_failed(&w->sent[1], ERR_BUSY, "call 2 failed");
    assert_false(told.has_store);
    assert_string_equal(told.why.text, "call 2 failed");
    assert_int_equal(steps.count[BEGIN], 2);
    end(w);
}

static void another_failure_to_begin_is_of_one_batch(void **state)
{
    struct fixture *f = *state;
    struct writing *w = start(f);
    const struct sent *first = enqueue(f, w, 2, 1);
    const struct sent *second = enqueue(f, w, 3, 1);
    fail_step(BEGIN, 0, 1, ERR_STORE);
    release_all(w);
    assert_failed(first, ERR_STORE, "call 2 failed");
    assert_answer(second, "[{\"rows\":1,\"all_rows\":2}]");
    end(w);
}

static void a_store_that_is_locked_between_one_and_the_next_is_told_to_the_rest(void **state)
{
    struct fixture *f = *state;
    struct writing *w = start(f);
    const struct sent *good = enqueue(f, w, 2, 1);
    const struct sent *bad = enqueue(f, w, 21, 1);
    const struct sent *rest = enqueue(f, w, 3, 1);
    enqueue(f, w, 2001, LIMIT_GROUP_ROWS); // of the next group
    fail_step(BEGIN, 2, 1, ERR_BUSY);      // the group's, the first one's, and then
    release_all(w);
    assert_answer(good, "[{\"rows\":1,\"all_rows\":2}]");
    assert_failed(bad, ERR_BUSY, "call 4 failed");
    assert_failed(rest, ERR_BUSY, "call 4 failed");
    assert_failed(&w->sent[3], ERR_BUSY, "call 4 failed");
    assert_int_equal(steps.count[BEGIN], 4);
    end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BATCH_TEST(batches_that_wait_together_share_one_commit),
        BATCH_TEST(a_small_batch_does_not_wait_for_a_large_one),
        BATCH_TEST(a_dry_run_is_answered_among_others_and_leaves_nothing),
        BATCH_TEST(dry_runs_alone_commit_nothing),
        BATCH_TEST(a_dry_run_is_told_its_outcome_where_the_commit_of_others_fails),
        BATCH_TEST(a_dry_run_finds_what_is_left_to_the_commit),
        BATCH_TEST(a_dry_run_does_not_answer_for_what_others_have_left_open),
        BATCH_TEST(a_lenient_batch_that_runs_again_has_all_of_its_rows),
        BATCH_TEST(a_row_that_the_commit_refuses_is_found_among_those_that_are_left),
        BATCH_TEST(a_deferred_constraint_fails_the_batch_that_breaks_it_alone),
        BATCH_TEST(a_deferred_constraint_that_is_cheap_to_check_costs_no_other_batch_its_commit),
        BATCH_TEST(a_batch_that_runs_again_reports_what_it_finds_then),
        BATCH_TEST(a_large_answer_is_written_again_with_its_batch),
        BATCH_TEST(a_statement_that_rolls_all_back_fails_its_batch_alone),
        BATCH_TEST(a_commit_that_fails_is_told_to_all_of_its_group),
        BATCH_TEST(a_savepoint_that_fails_is_told_to_all_of_its_group),
        BATCH_TEST(a_locked_store_is_told_to_all_that_wait_at_once),
        BATCH_TEST(a_locked_store_is_told_to_errands_and_those_behind_them),
        BATCH_TEST(another_failure_to_begin_is_of_one_batch),
        BATCH_TEST(a_store_that_is_locked_between_one_and_the_next_is_told_to_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
