// SPDX-License-Identifier: Apache-2.0
// The writer's thread: groups, and changes of the app between them. Made for ThreadSanitizer too.
#include "batch/writer.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "fixture.h"
#include "sending.h"

static const char POST_T[] = "-- @endpoint POST /t\n-- @field id integer required\n"
                             "-- @reject 422 negative\nSELECT line FROM batch WHERE id < 0;\n"
                             "-- @write\nINSERT INTO t SELECT id, 'first' FROM batch;\n"
                             "-- @answer 201\nSELECT 'first' AS edition, count(*) AS rows FROM batch;\n";

// The same endpoint, edited: other fields, other statements, one more.
static const char POST_T_EDITED[] =
    "-- @endpoint POST /t\n-- @field name text\n-- @field id integer required\n"
    "-- @write\nINSERT INTO t SELECT id, coalesce(name, 'second') FROM batch;\n"
    "-- @answer 201\nSELECT 'second' AS edition, count(*) AS rows FROM batch;\n";

static const char POST_BROKEN[] =
    "-- @endpoint POST /t\n-- @field id integer required\n"
    "-- @write\nINSERT INTO nowhere SELECT id FROM batch;\n-- @answer\nSELECT 1 AS x;\n";

static const char GET_T[] = "-- @endpoint GET /a\n-- @answer\nSELECT * FROM t;\n";

static struct app *edit(struct fixture *f, const char *text)
{
    write_text(f, "post_t.sql", text);
    return load_app(f);
}

// The writer takes the fixture's connection.
static struct writer *start(struct fixture *f)
{
    struct diags diags;
    struct writer *writer;
    struct err err = {0};
    write_text(f, "get_a.sql", GET_T);
    f->app = edit(f, POST_T);
    run_script(f->conn, "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);");
    diags_init(&diags);
    must_be_fine(writer_new(f->app, f->conn, &diags, &writer, &err), &err);
    diags_fini(&diags);
    f->conn = NULL;
    return writer;
}

static const char FIRST[] = "[{\"edition\":\"first\",\"rows\":1}]";
static const char SECOND[] = "[{\"edition\":\"second\",\"rows\":1}]";

static void batches_are_written_and_told(void **state)
{
    struct fixture *f = *state;
    struct writer *writer = start(f);
    struct waiting waiting = new_waiting();
    struct sent sent[3];
    for (int i = 0; i < 3; i++)
        send(writer, &sent[i], &waiting, f->app, &"abc"[i], i + 1);
    wait_for(&waiting, 3);
    assert_string_equal(waiting.order, "abc");
    for (int i = 0; i < 3; i++)
        assert_answer(&sent[i], FIRST);
    assert_int_equal(committed(f, "SELECT count(*) FROM t"), 3);
    writer_free(writer);
    sent_fini(sent, 3);
}

static void a_batch_that_fails_takes_nothing_of_its_group_with_it(void **state)
{
    struct fixture *f = *state;
    struct writer *writer = start(f);
    struct waiting waiting = new_waiting();
    struct sent sent[5];
    set_gate(&waiting, true);
    send(writer, &sent[0], &waiting, f->app, "g", 1);
    wait_for(&waiting, 1); // it is committed, and its thread is held
    send(writer, &sent[1], &waiting, f->app, "a", 2);
    send(writer, &sent[2], &waiting, f->app, "b", -1); // rejected
    send(writer, &sent[3], &waiting, f->app, "c", 1);  // there already
    send(writer, &sent[4], &waiting, f->app, "d", 3);
    set_gate(&waiting, false);
    wait_for(&waiting, 5);
    assert_answer(&sent[1], FIRST);
    assert_int_equal(sent[2].batch.err.code, ERR_INVALID);
    assert_int_equal(sent[2].batch.report.status, 422);
    assert_int_equal(sent[3].batch.err.code, ERR_CONFLICT);
    assert_answer(&sent[4], FIRST);
    assert_int_equal(committed(f, "SELECT sum(id) FROM t"), 6);
    writer_free(writer);
    sent_fini(sent, 5);
}

static void batches_are_counted_by_their_ends(void **state)
{
    struct fixture *f = *state;
    struct writer *writer = start(f);
    struct waiting waiting = new_waiting();
    struct sent sent[4];
    uint64_t start_ns = clock_monotonic_ns();
    assert_int_equal(writer_stats(writer).oldest_ns, 0);
    set_gate(&waiting, true);
    send(writer, &sent[0], &waiting, f->app, "g", 1);
    wait_for(&waiting, 1); // it is committed, and its thread is held
    send(writer, &sent[1], &waiting, f->app, "a", 2);
    send(writer, &sent[2], &waiting, f->app, "b", -1); // rejected
    send(writer, &sent[3], &waiting, f->app, "c", 1);  // there already
    struct writer_stats stats = writer_stats(writer);
    assert_int_equal(stats.queued, 3);
    assert_int_equal(stats.max_queued, LIMIT_WRITE_QUEUE);
    assert_true(stats.oldest_ns >= start_ns && stats.oldest_ns <= sent[1].batch.task.came_ns);
    set_gate(&waiting, false);
    wait_for(&waiting, 4);
    writer_free(writer); // its thread has come to its end
    sent_fini(sent, 4);
    assert_int_equal(stats.outcomes[ERR_NONE], 1);
    assert_int_equal(stats.rows, 1);
    assert_int_equal(histogram_total(&stats.seconds), 1);
}

static void each_end_of_a_batch_has_a_counter(void **state)
{
    struct fixture *f = *state;
    struct writer *writer = start(f);
    struct waiting waiting = new_waiting();
    struct sent sent[4];
    const int ids[] = {1, 2, -1, 1};
    for (int i = 0; i < 4; i++)
        send(writer, &sent[i], &waiting, f->app, &"abcd"[i], ids[i]);
    wait_for(&waiting, 4);
    struct writer_stats stats = writer_stats(writer);
    assert_int_equal(stats.outcomes[ERR_NONE], 2);
    assert_int_equal(stats.outcomes[ERR_INVALID], 1);
    assert_int_equal(stats.outcomes[ERR_CONFLICT], 1);
    assert_int_equal(stats.rows, 2);
    assert_int_equal(histogram_total(&stats.seconds), 4);
    assert_int_equal(stats.queued, 0);
    writer_free(writer);
    sent_fini(sent, 4);
}

static void a_shape_without_its_row_takes_back_its_batch_alone(void **state)
{
    struct fixture *f = *state;
    struct writer *writer = start(f);
    struct waiting waiting = new_waiting();
    struct sent sent[3];
    struct app *picky = edit(f, "-- @endpoint POST /t\n-- @shape object\n-- @field id integer required\n"
                                "-- @write\nINSERT INTO t SELECT id, 'x' FROM batch;\n"
                                "-- @answer 201\nSELECT id FROM batch WHERE id < 10;\n");
    set_gate(&waiting, true);
    send(writer, &sent[0], &waiting, f->app, "g", 1);
    wait_for(&waiting, 1);
    send(writer, &sent[1], &waiting, picky, "a", 11);
    send(writer, &sent[2], &waiting, picky, "b", 9);
    set_gate(&waiting, false);
    wait_for(&waiting, 3);
    assert_int_equal(sent[1].batch.err.code, ERR_UNKNOWN);
    assert_string_equal(sent[1].batch.err.text, "nothing was found for this request");
    assert_answer(&sent[2], "{\"id\":9}");
    assert_int_equal(committed(f, "SELECT sum(id) FROM t"), 10);
    writer_free(writer);
    app_unref(picky);
    sent_fini(sent, 3);
}

static void batches_of_several_editions_each_meet_their_own(void **state)
{
    struct fixture *f = *state;
    struct writer *writer = start(f);
    struct waiting waiting = new_waiting();
    struct app *edited = edit(f, POST_T_EDITED);
    struct sent sent[8];
    static const char editions[] = "12211212"; // "g" is the first
    set_gate(&waiting, true);
    for (int i = 0; i < 8; i++) {
        struct app *app = editions[i] == '1' ? f->app : edited;
        send(writer, &sent[i], &waiting, app, &"gabcdefh"[i], i + 1);
        if (i == 0)
            wait_for(&waiting, 1);
    }
    set_gate(&waiting, false);
    wait_for(&waiting, 8);
    assert_string_equal(waiting.order, "gabcdefh");
    for (int i = 0; i < 8; i++)
        assert_answer(&sent[i], editions[i] == '1' ? FIRST : SECOND);
    assert_int_equal(committed(f, "SELECT count(*) FROM t WHERE name = 'second'"), 4);
    assert_int_equal(committed(f, "SELECT count(*) FROM t"), 8);
    writer_free(writer);
    assert_int_equal(edited->references, 1); // the writer's is gone
    assert_int_equal(f->app->references, 1);
    app_unref(edited);
    sent_fini(sent, 8);
}

static void an_edition_lives_as_long_as_the_writer_needs_it(void **state)
{
    struct fixture *f = *state;
    struct writer *writer = start(f);
    struct waiting waiting = new_waiting();
    struct sent sent[2];
    app_unref(f->app); // the writer has its own
    send(writer, &sent[0], &waiting, f->app, "a", 1);
    wait_for(&waiting, 1);
    f->app = edit(f, POST_T_EDITED);
    send(writer, &sent[1], &waiting, f->app, "b", 2);
    wait_for(&waiting, 2);
    assert_answer(&sent[0], FIRST);
    assert_answer(&sent[1], SECOND);
    writer_free(writer);
    sent_fini(sent, 2);
}

static void an_edition_that_does_not_prepare_fails_its_own_batches_alone(void **state)
{
    struct fixture *f = *state;
    struct writer *writer = start(f);
    struct waiting waiting = new_waiting();
    struct app *broken = edit(f, POST_BROKEN);
    struct sent sent[4];
    set_gate(&waiting, true);
    send(writer, &sent[0], &waiting, f->app, "g", 1);
    wait_for(&waiting, 1);
    send(writer, &sent[1], &waiting, f->app, "a", 2);
    send(writer, &sent[2], &waiting, broken, "b", 3);
    send(writer, &sent[3], &waiting, f->app, "c", 4);
    set_gate(&waiting, false);
    wait_for(&waiting, 4);
    assert_string_equal(waiting.order, "gabc");
    assert_answer(&sent[1], FIRST);
    assert_int_equal(sent[2].batch.err.code, ERR_CONFIG);
    char expected[300];
    snprintf(expected, sizeof(expected),
        "%s/post_t.sql:4:13: no such table: nowhere: %s/post_t.sql has errors", f->dir, f->dir);
    assert_string_equal(sent[2].batch.err.text, expected);
    assert_answer(&sent[3], FIRST);
    assert_int_equal(committed(f, "SELECT sum(id) FROM t"), 7);
    writer_free(writer);
    assert_int_equal(broken->references, 1);
    app_unref(broken);
    sent_fini(sent, 4);
}

// While the writer is held.
static void change_tables(struct fixture *f, const char *sql)
{
    struct store_conn *conn;
    struct err err = {0};
    must_be_fine(store_connect(f->store, STORE_WRITE, &conn, &err), &err);
    run_script(conn, sql);
    store_disconnect(conn);
}

static const char POST_ALL[] = "-- @endpoint POST /t\n-- @field id integer required\n"
                               "-- @reject 422 negative\nSELECT line FROM batch WHERE id < 0;\n"
                               "-- @write\nINSERT INTO t (id) SELECT id FROM batch;\n"
                               "-- @answer 201\nSELECT t.* FROM t JOIN batch USING (id);\n";

static void batches_whose_tables_have_changed_are_each_written_once(void **state)
{
    struct fixture *f = *state;
    struct writer *writer = start(f);
    struct waiting waiting = new_waiting();
    struct app *all = edit(f, POST_ALL);
    struct sent sent[6];
    for (int round = 0; round < 2; round++) {
        int told = 6 * round;
        waiting.order[0] = '\0';
        set_gate(&waiting, true);
        send(writer, &sent[0], &waiting, all, "g", 10 * round + 1);
        wait_for(&waiting, told + 1);
        assert_answer(
            &sent[0], round == 0 ? "[{\"id\":1,\"name\":null}]" : "[{\"id\":11,\"name\":null,\"more\":7}]");
        change_tables(f, round == 0 ? "ALTER TABLE t ADD COLUMN more INTEGER DEFAULT 7"
                                    : "ALTER TABLE t DROP COLUMN name");
        send(writer, &sent[1], &waiting, all, "a", -1);
        send(writer, &sent[2], &waiting, all, "b", 10 * round + 2);
        send(writer, &sent[3], &waiting, all, "c", 10 * round + 1); // there already
        send(writer, &sent[4], &waiting, all, "d", 10 * round + 3);
        send(writer, &sent[5], &waiting, f->app, "e", 10 * round + 4); // of another edition
        set_gate(&waiting, false);
        wait_for(&waiting, told + 6);
        assert_string_equal(waiting.order, "gabcde");
        assert_int_equal(sent[1].batch.err.code, ERR_INVALID);
        assert_answer(
            &sent[2], round == 0 ? "[{\"id\":2,\"name\":null,\"more\":7}]" : "[{\"id\":12,\"more\":7}]");
        assert_int_equal(sent[3].batch.err.code, ERR_CONFLICT);
        assert_answer(
            &sent[4], round == 0 ? "[{\"id\":3,\"name\":null,\"more\":7}]" : "[{\"id\":13,\"more\":7}]");
        assert_int_equal(
            sent[5].batch.err.code, round == 0 ? ERR_CONFIG : ERR_NONE); // it inserts two columns
        assert_int_equal(committed(f, "SELECT count(*) FROM t"), round == 0 ? 3 : 7);
        sent_fini(sent, 6);
    }
    writer_free(writer);
    app_unref(all);
}

static const char POST_NAMED[] = "-- @endpoint POST /t\n-- @field id integer required\n-- @column name text\n"
                                 "-- @write\nINSERT INTO t (id) SELECT id FROM batch;\n"
                                 "-- @answer 201\nSELECT t.* FROM t JOIN batch USING (id);\n";
static const char POST_U[] = "-- @endpoint POST /u\n-- @field id integer required\n"
                             "-- @write\nINSERT INTO t (id) SELECT id FROM batch;\n"
                             "-- @answer 201\nSELECT 'u' AS u;\n";

static void an_endpoint_that_fits_the_tables_no_more_fails_alone(void **state)
{
    struct fixture *f = *state;
    struct writer *writer = start(f);
    struct waiting waiting = new_waiting();
    struct sent sent[6];
    write_text(f, "post_u.sql", POST_U);
    struct app *both = edit(f, POST_NAMED);
    for (int i = 0; i < 6; i++) {
        make_batch(&sent[i], &waiting, both, &"guatbv"[i]);
        add_row(&sent[i], i);
        if (i == 1 || i == 2 || i == 4)
            sent[i].batch.endpoint = post(both, "/u");
    }
    set_gate(&waiting, true);
    submit(writer, &sent[0]);
    wait_for(&waiting, 1);
    assert_answer(&sent[0], "[{\"id\":0,\"name\":null}]");
    change_tables(f, "ALTER TABLE t RENAME COLUMN name TO title");
    submit(writer, &sent[3]); // finds it out
    for (int i = 1; i < 6; i++) {
        if (i != 3)
            submit(writer, &sent[i]);
    }
    set_gate(&waiting, false);
    wait_for(&waiting, 6);
    for (int i = 1; i < 6; i++) {
        if (i == 1 || i == 2 || i == 4)
            assert_answer(&sent[i], "[{\"u\":\"u\"}]");
        else
            assert_int_equal(sent[i].batch.err.code, ERR_CONFIG);
    }
    assert_int_equal(committed(f, "SELECT count(*) FROM t"), 4);
    writer_free(writer);
    app_unref(both);
    sent_fini(sent, 6);
}

static void without_memory_a_batch_fails_and_the_writer_goes_on(void **state)
{
    struct fixture *f = *state;
    struct writer *writer = start(f);
    struct waiting waiting = new_waiting();
    struct app *edited = edit(f, POST_T_EDITED);
    enum { ENOUGH = 8 }; // that went well one after another: a store does without some of its memory
    int failures = 0, told = 0, fine = 0, written = 0;
    for (int64_t n = 0; fine < ENOUGH; n++) {
        struct sent sent[2];
        waiting.order[0] = '\0';
        waiting.fail_after = n; // from the first batch's end to the second's
        send(writer, &sent[0], &waiting, f->app, "!", 2 * n);
        send(writer, &sent[1], &waiting, edited, "b", 2 * n + 1);
        told += 2;
        wait_for(&waiting, told);
        assert_answer(&sent[0], FIRST);
        bool done = sent[1].batch.err.code == ERR_NONE;
        if (done)
            assert_answer(&sent[1], SECOND);
        else
            assert_int_equal(sent[1].batch.err.code, ERR_NO_MEMORY);
        failures += !done;
        fine = done ? fine + 1 : 0;
        written += 1 + done;
        assert_int_equal(committed(f, "SELECT count(*) FROM t"), written);
        sent_fini(sent, 2);
    }
    assert_true(failures > 10);
    writer_free(writer);
    app_unref(edited);
}

static void a_writer_that_cannot_start_leaves_the_connection_to_its_owner(void **state)
{
    struct fixture *f = *state;
    struct diags diags;
    struct writer *writer = NULL;
    int failures = 0;
    enum err_code code = ERR_NO_MEMORY;
    f->app = edit(f, POST_T);
    run_script(f->conn, "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);");
    diags_init(&diags);
    for (long n = 0; code != ERR_NONE; n++) {
        struct err err = {0};
        mem_fail_after(n);
        code = writer_new(f->app, f->conn, &diags, &writer, &err);
        mem_fail_after(-1);
        if (code != ERR_NONE) {
            assert_int_equal(code, ERR_NO_MEMORY);
            assert_null(writer);
            assert_int_equal(f->app->references, 1);
            run_script(f->conn, "INSERT INTO t (name) VALUES ('still mine')");
            failures++;
        }
    }
    assert_true(failures > 5);
    f->conn = NULL;
    writer_free(writer);
    diags_fini(&diags);
}

// More of them than a queue takes otherwise, as nobody is sent away meanwhile.
static void a_writer_that_is_held_writes_all_when_it_is_released(void **state)
{
    enum { COUNT = LIMIT_WRITE_QUEUE * 2 };
    struct fixture *f = *state;
    struct writer *writer = start(f);
    struct waiting waiting = new_waiting();
    static struct sent sent[COUNT];
    assert_true(writer_is_idle(writer));
    writer_hold(writer);
    for (int i = 0; i < COUNT; i++)
        send(writer, &sent[i], &waiting, f->app, "a", i + 1);
    assert_false(writer_is_idle(writer));
    assert_int_equal(committed(f, "SELECT count(*) FROM t"), 0);
    assert_int_equal(waiting.told, 0);
    writer_release(writer);
    wait_for(&waiting, COUNT);
    for (int i = 0; i < COUNT; i++)
        assert_answer(&sent[i], FIRST);
    assert_int_equal(committed(f, "SELECT count(*) FROM t"), COUNT);
    writer_release(writer); // as one that is not held
    writer_free(writer);
    sent_fini(sent, COUNT);
}

static void after_a_hold_the_queue_takes_as_many_as_before_it(void **state)
{
    enum { COUNT = LIMIT_WRITE_QUEUE + 3 };
    struct fixture *f = *state;
    struct writer *writer = start(f);
    struct waiting waiting = new_waiting();
    static struct sent sent[COUNT];
    writer_hold(writer);
    set_gate(&waiting, true);
    send(writer, &sent[0], &waiting, f->app, "g", 1);
    writer_release(writer);
    wait_for(&waiting, 1); // it is committed, and its thread is held
    for (int i = 1; i <= LIMIT_WRITE_QUEUE; i++)
        send(writer, &sent[i], &waiting, f->app, "a", i + 1);
    make_batch(&sent[COUNT - 1], &waiting, f->app, "a");
    assert_false(writer_submit(writer, &sent[COUNT - 1].batch));
    set_gate(&waiting, false);
    wait_for(&waiting, LIMIT_WRITE_QUEUE + 1);
    writer_free(writer);
    sent_fini(sent, LIMIT_WRITE_QUEUE + 1);
    sent_fini(&sent[COUNT - 1], 1);
}

static void a_writer_that_ends_while_it_is_held_tells_its_batches_so(void **state)
{
    struct fixture *f = *state;
    struct writer *writer = start(f);
    struct waiting waiting = new_waiting();
    struct sent sent[2];
    writer_hold(writer);
    for (int i = 0; i < 2; i++)
        send(writer, &sent[i], &waiting, f->app, "a", i + 1);
    writer_end(writer, 0);
    wait_for(&waiting, 2);
    for (int i = 0; i < 2; i++)
        assert_int_equal(sent[i].batch.err.code, ERR_BUSY);
    assert_int_equal(committed(f, "SELECT count(*) FROM t"), 0);
    writer_free(writer);
    sent_fini(sent, 2);
}

// An errand that takes a moment.
struct slow_errand {
    struct writer_errand errand;
    atomic_bool has_begun;
    bool is_over;
};

static void run_slowly(struct writer_errand *errand, struct own_statements *own, const struct err *why)
{
    struct slow_errand *slow = CONTAINER_OF(errand, struct slow_errand, errand);
    (void)own, (void)why;
    atomic_store(&slow->has_begun, true);
    clock_pause(50 * NS_PER_MS);
    slow->is_over = true;
}

static void the_end_waits_for_an_errand_that_runs(void **state)
{
    struct fixture *f = *state;
    struct writer *writer = start(f);
    struct slow_errand slow = {.errand = {.run = run_slowly}};
    assert_true(writer_run(writer, &slow.errand));
    while (!atomic_load(&slow.has_begun))
        clock_pause(NS_PER_MS);
    writer_end(writer, 0);
    assert_true(slow.is_over);
    assert_true(writer_is_idle(writer));
    writer_free(writer);
}

static void a_writer_may_be_freed_while_it_is_held(void **state)
{
    struct fixture *f = *state;
    struct writer *writer = start(f);
    struct waiting waiting = new_waiting();
    struct sent sent[1];
    writer_hold(writer);
    send(writer, &sent[0], &waiting, f->app, "a", 1);
    writer_free(writer);
    assert_answer(&sent[0], FIRST);
    sent_fini(sent, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BATCH_TEST(batches_are_written_and_told),
        BATCH_TEST(a_writer_that_is_held_writes_all_when_it_is_released),
        BATCH_TEST(after_a_hold_the_queue_takes_as_many_as_before_it),
        BATCH_TEST(a_writer_that_ends_while_it_is_held_tells_its_batches_so),
        BATCH_TEST(the_end_waits_for_an_errand_that_runs),
        BATCH_TEST(a_writer_may_be_freed_while_it_is_held),
        BATCH_TEST(a_batch_that_fails_takes_nothing_of_its_group_with_it),
        BATCH_TEST(batches_are_counted_by_their_ends),
        BATCH_TEST(each_end_of_a_batch_has_a_counter),
        BATCH_TEST(a_shape_without_its_row_takes_back_its_batch_alone),
        BATCH_TEST(batches_of_several_editions_each_meet_their_own),
        BATCH_TEST(an_edition_lives_as_long_as_the_writer_needs_it),
        BATCH_TEST(an_edition_that_does_not_prepare_fails_its_own_batches_alone),
        BATCH_TEST(batches_whose_tables_have_changed_are_each_written_once),
        BATCH_TEST(an_endpoint_that_fits_the_tables_no_more_fails_alone),
        BATCH_TEST(without_memory_a_batch_fails_and_the_writer_goes_on),
        BATCH_TEST(a_writer_that_cannot_start_leaves_the_connection_to_its_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
