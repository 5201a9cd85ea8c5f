// SPDX-License-Identifier: Apache-2.0
// The mover's rounds: tables take turns, and an edit of the app holds from the next step on. What a step does
// is test/store/test_history.c's.
#include "batch/history_mover.h"

#include <stdatomic.h>
#include <time.h>

#include "fixture.h"
#include "store/history.h"

static const char POST_T[] = "-- @endpoint POST /t\n-- @field day date required\n"
                             "-- @write\nINSERT INTO a (day) SELECT day FROM batch;\n"
                             "-- @answer 201\nSELECT count(*) AS rows FROM batch;\n";

enum { ROWS_A = 2500, ROWS_B = 1500, STEPS = 2 };

struct editions {
    struct app *first, *second; // owned
    atomic_int asked;           // how often
};

// The first one for a step of each table.
static struct app *app_in_force(void *ctx)
{
    struct editions *editions = ctx;
    return app_ref(atomic_fetch_add(&editions->asked, 1) < STEPS ? editions->first : editions->second);
}

static void tell(void *ctx, const char *text)
{
    (void)ctx;
    (void)text;
}

static void tables_take_turns_and_an_edit_holds_from_the_next_step_on(void **state)
{
    struct fixture *f = *state;
    struct editions editions = {0};
    struct diags diags;
    struct writer *writer;
    struct history_mover *mover;
    struct err err = {0};
    write_text(f, "post_t.sql", POST_T);
    write_text(f, "app.ini", "title = T\n[history]\na = day older 90d\nb = day older 90d\n");
    editions.first = f->app = load_app(f);
    write_text(f, "app.ini", "title = T\n[history]\na = day older 36500d\nb = day older 90d\n");
    editions.second = load_app(f);
    run_script(f->conn,
        "CREATE TABLE a (day date); CREATE INDEX a_day ON a (day); CREATE TABLE b (day date); CREATE INDEX b_day ON b (day);"
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)"
        " INSERT INTO a SELECT date('now', '-200 days') FROM n;"
        "INSERT INTO b SELECT day FROM a LIMIT 1500");
    must_be_fine(history_make(f->conn, f->app->histories, f->app->history_count, &err), &err);
    diags_init(&diags);
    must_be_fine(writer_new(f->app, f->conn, &diags, &writer, &err), &err);
    diags_fini(&diags);
    f->conn = NULL;
    const struct history_mover_options options = {
        .writer = writer, .ctx = &editions, .app = app_in_force, .log = {.tell = tell}};
    must_be_fine(history_mover_new(&options, &mover, &err), &err);
    while (committed(f, "SELECT count(*) FROM b_archive") < ROWS_B)
        nanosleep(&(struct timespec){.tv_nsec = 20 * 1000 * 1000}, NULL);
    assert_int_equal(committed(f, "SELECT count(*) FROM a_archive"), LIMIT_HISTORY_ROWS);
    assert_int_equal(committed(f, "SELECT count(*) FROM a_all"), ROWS_A);
    history_mover_free(mover);
    writer_free(writer);
    app_unref(editions.second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BATCH_TEST(tables_take_turns_and_an_edit_holds_from_the_next_step_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
