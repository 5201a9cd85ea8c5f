// SPDX-License-Identifier: Apache-2.0
// Reads that ask for their answer before their checks are known to pass, on each kind of store. In PostgreSQL
// two checks are merged into one statement; in SQLite they never are.
#include "app/ahead.h"

#include <string.h>

#include "../../store/fixture.h"
#include "app/directives.h"

enum { ARENA_BYTES = 16 * 1024 * 1024, OUT_BYTES = 1 << 20, READS_BEFORE = 16 };

static const char TWO_CHECKS[] =
    "-- @endpoint GET /t\n-- @param a integer\n"
    "-- @reject 400 too small\nSELECT 'a' AS parameter WHERE :a < 10;\n"
    "-- @reject 404 unknown\nSELECT 1 AS one WHERE NOT EXISTS (SELECT 1 FROM t WHERE id = :a) -- of t\n;\n"
    "-- @answer\nSELECT id, name FROM t WHERE id = :a;\n";

static const char ONE_CHECK[] = "-- @endpoint GET /t\n-- @param a integer\n"
                                "-- @reject 400 too small\nSELECT 'a' AS parameter WHERE :a < 10;\n"
                                "-- @answer\nSELECT id, name FROM t WHERE id = :a;\n";

struct asking {
    struct fixture *f;        // whose reader the plan is prepared on
    struct arena arena;       // of the endpoint
    struct diags diags;       //
    struct endpoint endpoint; //
    struct plan *plan;        //
    struct spool out;         //
};

static void must_be_fine(enum err_code code, const struct err *err)
{
    if (code != ERR_NONE)
        fail_msg("error %d: %s", (int)code, err->text);
}

static void start(struct asking *asking, struct fixture *f, const char *file)
{
    struct err err = {0};
    *asking = (struct asking){.f = f};
    arena_init(&asking->arena, ARENA_BYTES);
    diags_init(&asking->diags);
    spool_init(&asking->out, NULL, OUT_BYTES);
    must_be_fine(directives_parse("x.sql", span_of(file), f->is_sqlite ? SQL_SQLITE : SQL_POSTGRESQL,
                     &asking->arena, &asking->diags, &asking->endpoint, &err),
        &err);
    must_be_fine(plan_new(&asking->endpoint, f->reader, &asking->diags, &asking->plan, &err), &err);
}

static void end(struct asking *asking)
{
    plan_free(asking->plan);
    spool_fini(&asking->out);
    diags_fini(&asking->diags);
    arena_fini(&asking->arena);
}

static void make_table(struct fixture *f)
{
    run_script(f->writer, "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT);"
                          "INSERT INTO t VALUES (10, 'ten'), (11, 'eleven');");
}

// Writes the code of the check that found something.
static bool on_finding(void *ctx, const struct finding *finding)
{
    char *code = ctx;
    memcpy(code, finding->statement->code.at, finding->statement->code.len);
    code[finding->statement->code.len] = '\0';
    return true;
}

static enum err_code find(struct asking *asking, int64_t a, char code[50], struct err *err)
{
    struct value param = {.kind = VALUE_INTEGER, .integer = a};
    code[0] = '\0';
    return plan_find(asking->plan, STATEMENT_REJECT, CHECKS_ALL, &param, true, on_finding, code, err);
}

static void expect_passes(struct asking *asking, int64_t a)
{
    char code[50];
    struct err err = {0};
    must_be_fine(find(asking, a, code, &err), &err);
    assert_string_equal(code, "");
}

static void expect_answer(struct asking *asking, int64_t a, const char *expected)
{
    struct value param = {.kind = VALUE_INTEGER, .integer = a};
    struct answered answered;
    struct err err = {0};
    spool_reset(&asking->out);
    must_be_fine(plan_answer(asking->plan, &param, FORMAT_JSON, &asking->out, &answered, &err), &err);
    assert_int_equal(buf_append_byte(&asking->out.buf, '\0'), ERR_NONE);
    assert_string_equal(asking->out.buf.data, expected);
    assert_int_equal(asking->plan->bound, BOUND_NOTHING);
}

// A read in a transaction of its own.
static void read_ten(struct asking *asking)
{
    bool is_ahead = ahead_is_worthwhile(asking->plan);
    begin(asking->f->reader);
    expect_passes(asking, 10);
    assert_int_equal(asking->plan->bound, is_ahead ? BOUND_ANSWER : BOUND_NOTHING);
    expect_answer(asking, 10, "[{\"id\":10,\"name\":\"ten\"}]");
    store_rollback(asking->f->reader);
}

static void read_until_ahead(struct asking *asking)
{
    for (int i = 0; i < READS_BEFORE; i++) {
        assert_false(ahead_is_worthwhile(asking->plan));
        read_ten(asking);
    }
    assert_true(ahead_is_worthwhile(asking->plan));
}

static void reads_that_pass_ask_for_their_answer_ahead(void **state)
{
    struct fixture *f = *state;
    struct asking asking;
    make_table(f);
    start(&asking, f, TWO_CHECKS);
    read_until_ahead(&asking);
    begin(f->reader);
    expect_passes(&asking, 11);
    assert_int_equal(asking.plan->bound, BOUND_ANSWER);
    expect_answer(&asking, 11, "[{\"id\":11,\"name\":\"eleven\"}]");
    store_rollback(f->reader);
    read_ten(&asking);
    end(&asking);
}

static void checks_are_merged_where_a_round_trip_is_costly(void **state)
{
    struct fixture *f = *state;
    struct asking two, one;
    make_table(f);
    start(&two, f, TWO_CHECKS);
    start(&one, f, ONE_CHECK);
    assert_int_equal(two.plan->merged_check != NULL, !f->is_sqlite);
    assert_null(one.plan->merged_check);
    assert_ptr_equal(two.plan->sole, &two.plan->prepared[2]);
    end(&one);
    end(&two);
}

static void a_merged_check_that_finds_something_asks_for_another_transaction(void **state)
{
    struct fixture *f = *state;
    struct asking asking;
    struct err err = {0};
    char code[50];
    make_table(f);
    start(&asking, f, TWO_CHECKS);
    read_until_ahead(&asking);
    begin(f->reader);
    enum err_code result = find(&asking, 12, code, &err);
    if (f->is_sqlite) { // the checks themselves were asked
        must_be_fine(result, &err);
    } else {
        assert_int_equal(result, ERR_AGAIN);
        assert_string_equal(err.text, "a check has found something: ask which");
        assert_int_equal(asking.plan->bound, BOUND_NOTHING);
        assert_string_equal(code, "");
        store_rollback(f->reader);
        begin(f->reader);
        must_be_fine(find(&asking, 12, code, &err), &err);
    }
    assert_string_equal(code, "unknown");
    assert_int_equal(asking.plan->bound, BOUND_NOTHING);
    store_rollback(f->reader);
    assert_int_equal(asking.plan->passes, 0);
    read_until_ahead(&asking); // it has to earn that again
    end(&asking);
}

static void a_sole_check_that_finds_something_gives_the_answer_up(void **state)
{
    struct fixture *f = *state;
    struct asking asking;
    struct err err = {0};
    char code[50];
    make_table(f);
    start(&asking, f, ONE_CHECK);
    read_until_ahead(&asking);
    begin(f->reader);
    must_be_fine(find(&asking, 9, code, &err), &err);
    assert_string_equal(code, "too_small");
    assert_int_equal(asking.plan->bound, BOUND_NOTHING);
    store_rollback(f->reader);
    read_ten(&asking);
    end(&asking);
}

static void reads_of_one_transaction_are_asked_before_any_is_answered(void **state)
{
    struct fixture *f = *state;
    struct asking two, one;
    struct value ten = {.kind = VALUE_INTEGER, .integer = 10},
                 eleven = {.kind = VALUE_INTEGER, .integer = 11};
    struct err err = {0};
    make_table(f);
    start(&two, f, TWO_CHECKS);
    start(&one, f, ONE_CHECK);
    begin(f->reader);
    must_be_fine(plan_ask(two.plan, &ten, false, &err), &err);
    must_be_fine(plan_ask(one.plan, &eleven, true, &err), &err);
    assert_int_equal(two.plan->bound, f->is_sqlite ? BOUND_CHECKS_AND_ANSWER : BOUND_MERGED_AND_ANSWER);
    assert_int_equal(one.plan->bound, BOUND_CHECKS_AND_ANSWER);
    expect_passes(&two, 10);
    expect_answer(&two, 10, "[{\"id\":10,\"name\":\"ten\"}]");
    expect_passes(&one, 11);
    expect_answer(&one, 11, "[{\"id\":11,\"name\":\"eleven\"}]");
    store_rollback(f->reader);
    end(&one);
    end(&two);
}

static void reads_go_together_where_that_saves_a_round_trip_and_none_is_slow(void **state)
{
    struct fixture *f = *state;
    struct asking asking;
    make_table(f);
    start(&asking, f, TWO_CHECKS);
    assert_false(plan_goes_together(asking.plan)); // it has not passed yet
    read_until_ahead(&asking);
    assert_int_equal(plan_goes_together(asking.plan), !f->is_sqlite);
    plan_took(asking.plan, 10 * 1000 * 1000 + 1);
    assert_false(plan_goes_together(asking.plan));
    plan_took(asking.plan, 10 * 1000 * 1000);
    assert_int_equal(plan_goes_together(asking.plan), !f->is_sqlite);
    end(&asking);
}

static void ignore_run(void *ctx, const struct statement_run *run)
{
    (void)run;
    ++*(int *)ctx;
}

static void an_observed_read_asks_for_nothing_ahead(void **state)
{
    struct fixture *f = *state;
    struct asking asking;
    int runs = 0;
    make_table(f);
    start(&asking, f, TWO_CHECKS);
    read_until_ahead(&asking);
    plan_observe(asking.plan, ignore_run, &runs);
    assert_false(ahead_is_worthwhile(asking.plan));
    read_ten(&asking);
    assert_int_equal(runs, 3);
    end(&asking);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(reads_that_pass_ask_for_their_answer_ahead),
        STORE_TEST(checks_are_merged_where_a_round_trip_is_costly),
        STORE_TEST(a_merged_check_that_finds_something_asks_for_another_transaction),
        STORE_TEST(a_sole_check_that_finds_something_gives_the_answer_up),
        STORE_TEST(reads_of_one_transaction_are_asked_before_any_is_answered),
        STORE_TEST(reads_go_together_where_that_saves_a_round_trip_and_none_is_slow),
        STORE_TEST(an_observed_read_asks_for_nothing_ahead),
    };
    return fixture_run(tests);
}
