// SPDX-License-Identifier: Apache-2.0
// Seals of batches: when they are opened and closed, what is taken back with them, and what is not. Made for
// ThreadSanitizer too.
#include "batch/seal.h"

#include <string.h>

#include "base/attr.h"
#include "base/limits.h"
#include "fixture.h"
#include "sending.h"
#include "store/driver.h"

static const char SCHEMA[] =
    "CREATE TABLE known (id INTEGER PRIMARY KEY); INSERT INTO known VALUES (1), (2), (3), (4), (5);"
    "CREATE TABLE t (id INTEGER PRIMARY KEY REFERENCES known (id) DEFERRABLE INITIALLY DEFERRED);"
    "CREATE TABLE moments (id INTEGER PRIMARY KEY, word TEXT NOT NULL, rows INTEGER NOT NULL);";

static const char POST_T[] = "-- @endpoint POST /t\n-- @field id integer required\n"
                             "-- @reject 422 negative\nSELECT line FROM batch WHERE id < 0;\n"
                             "-- @write\nINSERT INTO t SELECT id FROM batch;\n"
                             "-- @answer 201\nSELECT (SELECT count(*) FROM moments) AS moments;\n";

// What a seal does at a call, the number of which is counted from 1.
enum action { PASS, FAIL, ABORT, KNOW };

struct noting_seal {
    struct seal seal;        // first
    enum action open, close; // at the call `at`, else PASS
    int at;                  //
    int opened, closed;      // calls
    char answer[100];        // what the batch had answered when it was closed
};

static const char NOTE[] = "INSERT INTO moments (word, rows) VALUES (:word, (SELECT count(*) FROM t))";

static enum err_code act(
    struct batch *batch, struct own_statements *own, enum action action, const char *word, struct err *err)
{
    const struct own_param param = own_text("word", span_of(word));
    enum err_code code = own_send_kept(own, NOTE, &param, 1, err);
    if (code != ERR_NONE || action == PASS)
        return code;
    if (action == KNOW) {
        batch->is_known = true;
        batch->answered = (struct answered){.status = 201};
        buf_append_str(&batch->answer.buf, "as before");
        return spool_end(&batch->answer, err);
    }
    return err_set(err, action == FAIL ? ERR_CONFLICT : ERR_ABORTED, "the seal says no");
}

static enum err_code on_open(
    struct seal *seal, struct batch *batch, struct own_statements *own, struct err *err)
{
    struct noting_seal *noting = CONTAINER_OF(seal, struct noting_seal, seal);
    noting->opened++;
    return act(batch, own, noting->opened == noting->at ? noting->open : PASS, "open", err);
}

static enum err_code on_close(
    struct seal *seal, struct batch *batch, struct own_statements *own, struct err *err)
{
    struct noting_seal *noting = CONTAINER_OF(seal, struct noting_seal, seal);
    const struct buf *answer = &batch->answer.buf;
    noting->closed++;
    memcpy(noting->answer, answer->data, answer->len);
    noting->answer[answer->len] = '\0';
    return act(batch, own, noting->closed == noting->at ? noting->close : PASS, "close", err);
}

// --- a writer whose thread is held

struct writing {
    struct writer *writer;
    struct waiting waiting;
    struct sent sent[8];
    struct noting_seal seals[8]; // of these
    struct store_driver driver;
    size_t count; // of sent
};

static struct store *shared;

static enum err_code connect_beside(struct store_conn *conn, struct store_conn **ret_conn, struct err *err)
{
    (void)conn;
    return store_connect(shared, STORE_WRITE, ret_conn, err);
}

static struct sent *make(struct fixture *f, struct writing *w, int64_t id)
{
    struct sent *sent = &w->sent[w->count];
    char name[2] = {"gABCDEFG"[w->count], '\0'};
    make_batch(sent, &w->waiting, f->app, name);
    add_row(sent, id);
    w->seals[w->count].seal = (struct seal){.open = on_open, .close = on_close};
    if (w->count > 0)
        sent->batch.seals = &w->seals[w->count].seal;
    w->count++;
    return sent;
}

// Costly: COMMIT alone looks at what is deferred.
static struct writing *start_with(struct fixture *f, struct writing *w, bool is_costly, bool has_lanes)
{
    struct diags diags;
    struct err err = {0};
    *w = (struct writing){.waiting = new_waiting(), .driver = sqlite_driver};
    write_text(f, "post_t.sql", POST_T);
    f->app = load_app(f);
    run_script(f->conn, SCHEMA);
    shared = f->store;
    w->driver.round_trip_is_costly = is_costly;
    w->driver.connect_beside = has_lanes ? connect_beside : NULL;
    f->conn->driver = &w->driver;
    diags_init(&diags);
    must_be_fine(writer_new(f->app, f->conn, &diags, &w->writer, &err), &err);
    diags_fini(&diags);
    f->conn = NULL;
    struct sent *gate = make(f, w, 5);
    if (!has_lanes) {
        set_gate(&w->waiting, true);
        submit(w->writer, gate);
        wait_for(&w->waiting, 1);
    }
    return w;
}

static struct writing *start(struct fixture *f, bool is_costly)
{
    static struct writing writing;
    return start_with(f, &writing, is_costly, false);
}

// Sends all that was made, as one group, and waits for the outcomes.
static void send_all(struct writing *w)
{
    for (size_t i = 1; i < w->count; i++)
        submit(w->writer, &w->sent[i]);
    set_gate(&w->waiting, false);
    wait_for(&w->waiting, (int)w->count);
}

static void end(struct writing *w)
{
    writer_free(w->writer);
    sent_fini(w->sent, w->count);
}

static void assert_refused(const struct sent *sent, enum err_code code)
{
    assert_int_equal(sent->batch.err.code, code);
    assert_string_equal(sent->batch.err.text, "the seal says no");
}

static void a_seal_opens_before_the_rows_and_closes_behind_the_answer(void **state)
{
    struct fixture *f = *state;
    struct writing *w = start(f, false);
    const struct sent *sent = make(f, w, 2);
    send_all(w);
    assert_answer(sent, "[{\"moments\":1}]");
    assert_string_equal(w->seals[1].answer, "[{\"moments\":1}]");
    assert_int_equal(committed(f, "SELECT count(*) FROM moments WHERE word = 'open' AND rows = 1"), 1);
    assert_int_equal(committed(f, "SELECT count(*) FROM moments WHERE word = 'close' AND rows = 2"), 1);
    end(w);
}

static void a_seal_that_refuses_takes_back_its_batch_and_not_its_group(void **state)
{
    struct fixture *f = *state;
    struct writing *w = start(f, false);
    const struct sent *first = make(f, w, 1), *refused = make(f, w, 2), *last = make(f, w, 3);
    w->seals[2].at = 1;
    w->seals[2].close = FAIL;
    send_all(w);
    assert_answer(first, "[{\"moments\":1}]");
    assert_refused(refused, ERR_CONFLICT);
    assert_int_equal(refused->batch.report.total, 0); // no row is at fault
    assert_answer(last, "[{\"moments\":3}]");
    assert_int_equal(committed(f, "SELECT sum(id) FROM t"), 5 + 1 + 3);
    assert_int_equal(committed(f, "SELECT count(*) FROM moments"), 4);
    assert_int_equal(w->seals[2].opened, 1);
    end(w);
}

static void nothing_runs_of_a_batch_that_is_refused_at_its_opening(void **state)
{
    struct fixture *f = *state;
    struct writing *w = start(f, false);
    const struct sent *refused = make(f, w, -1);
    w->seals[1].at = 1;
    w->seals[1].open = FAIL;
    send_all(w);
    assert_refused(refused, ERR_CONFLICT);
    assert_int_equal(w->seals[1].closed, 0);
    assert_int_equal(committed(f, "SELECT count(*) FROM moments"), 0);
    end(w);
}

static void an_outcome_that_is_known_ends_the_batch(void **state)
{
    struct fixture *f = *state;
    struct writing *w = start(f, false);
    const struct sent *known = make(f, w, 2), *other = make(f, w, 3);
    struct noting_seal behind = {.seal = {.open = on_open, .close = on_close}};
    w->seals[1].at = 1;
    w->seals[1].open = KNOW;
    w->seals[1].seal.next = &behind.seal;
    send_all(w);
    assert_answer(known, "as before");
    assert_answer(other, "[{\"moments\":1}]");
    assert_int_equal(w->seals[1].closed + behind.opened, 0);
    assert_int_equal(committed(f, "SELECT sum(id) FROM t"), 5 + 3);
    assert_int_equal(writer_stats(w->writer).rows, 2);
    end(w);
}

static void a_batch_that_is_tried_alone_runs_its_seals_again(void **state)
{
    struct fixture *f = *state;
    struct writing *w = start(f, true);
    const struct sent *good = make(f, w, 2), *bad = make(f, w, 6); // not known, which only COMMIT finds out
    send_all(w);
    assert_answer(good, "[{\"moments\":1}]");
    assert_int_equal(bad->batch.err.code, ERR_CONSTRAINT);
    assert_int_equal(w->seals[1].opened, 2);
    assert_int_equal(w->seals[1].closed, 2);
    assert_int_equal(committed(f, "SELECT count(*) FROM moments"), 2);
    end(w);
}

static void a_seal_may_have_its_batch_tried_again(void **state)
{
    struct fixture *f = *state;
    struct writing *w = start(f, false);
    const struct sent *first = make(f, w, 1), *again = make(f, w, 2);
    w->seals[2].at = 1;
    w->seals[2].close = ABORT;
    send_all(w);
    assert_answer(first, "[{\"moments\":1}]");
    assert_answer(again, "[{\"moments\":3}]");
    assert_int_equal(w->seals[1].opened, 2); // of the same transaction
    assert_int_equal(w->seals[2].opened, 2);
    assert_int_equal(committed(f, "SELECT count(*) FROM moments"), 4);
    end(w);
}

// --- of a store with several lanes, which stage a batch

static void a_staged_batch_is_opened_in_its_turn(void **state)
{
    struct fixture *f = *state;
    static struct writing writing;
    struct writing *w = start_with(f, &writing, true, true);
    struct sent *sent = make(f, w, 2), *known = make(f, w, 3), *refused = make(f, w, -1);
    w->seals[2].at = 1;
    w->seals[2].open = KNOW;
    for (int i = 1; i <= 3; i++) {
        submit(w->writer, &w->sent[i]);
        wait_for(&w->waiting, i);
    }
    assert_answer(sent, "[{\"moments\":1}]");
    assert_int_equal(w->seals[1].opened, 1);
    assert_int_equal(w->seals[1].closed, 1);
    assert_answer(known, "as before");
    assert_int_equal(refused->batch.err.code, ERR_INVALID); // before it had its turn
    assert_int_equal(w->seals[3].opened, 0);
    assert_int_equal(committed(f, "SELECT sum(id) FROM t"), 2);
    end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BATCH_TEST(a_seal_opens_before_the_rows_and_closes_behind_the_answer),
        BATCH_TEST(a_seal_that_refuses_takes_back_its_batch_and_not_its_group),
        BATCH_TEST(nothing_runs_of_a_batch_that_is_refused_at_its_opening),
        BATCH_TEST(an_outcome_that_is_known_ends_the_batch),
        BATCH_TEST(a_batch_that_is_tried_alone_runs_its_seals_again),
        BATCH_TEST(a_seal_may_have_its_batch_tried_again),
        BATCH_TEST(a_staged_batch_is_opened_in_its_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
