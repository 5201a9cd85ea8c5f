// SPDX-License-Identifier: Apache-2.0
// The table batch, as every store has it.
#include <stdio.h>

#include "fixture.h"

static struct store_name prices[] = {{.name = {"orig", 4}, .type = TYPE_TEXT},
    {.name = {"day", 3}, .type = TYPE_DATE}, {.name = {"price", 5}, .type = TYPE_INTEGER},
    {.name = {"factor", 6}, .type = TYPE_NUMBER}};
static struct store_name ports[] = {
    {.name = {"code", 4}, .type = TYPE_TEXT}, {.name = {"sea", 3}, .type = TYPE_BOOLEAN}};
static struct store_name odd[] = {
    {.name = {"a \"b\"; --", 9}, .type = TYPE_TEXT}, {.name = {"select", 6}, .type = TYPE_TIMESTAMP}};

static void open_batch(struct fixture *f, const struct store_name *fields, size_t count)
{
    struct err err = {0};
    assert_int_equal(store_batch_open(f->writer, fields, count, &err), ERR_NONE);
}

static void add(struct fixture *f, const struct value *values, int64_t line)
{
    struct err err = {0};
    assert_int_equal(store_batch_add(f->writer, values, line, &err), ERR_NONE);
}

static void add_price(struct fixture *f, const char *orig, int64_t price, int64_t line)
{
    const struct value values[] = {text_of(orig), text_of("2016-01-01"), integer_of(price), real_of(1.5)};
    add(f, values, line);
}

static void add_port(struct fixture *f, const char *code, int64_t line)
{
    const struct value values[] = {text_of(code), integer_of(1)};
    add(f, values, line);
}

static void rows_stand_in_the_batch_with_their_fields_and_line(void **state)
{
    struct fixture *f = *state;
    begin(f->writer);
    open_batch(f, prices, ARRAY_LEN(prices));
    add_price(f, "CNSGH", 10, 2);
    const struct value nothing[] = {null_value(), null_value(), null_value(), null_value()};
    add(f, nothing, 3);
    assert_rows(f->writer, "SELECT * FROM batch ORDER BY line",
        "'CNSGH'|'2016-01-01'|10|1.50000000000000|2\nNULL|NULL|NULL|NULL|3\n");
    commit(f->writer);
}

static void values_keep_the_type_of_their_field(void **state)
{
    struct fixture *f = *state;
    begin(f->writer);
    open_batch(f, prices, ARRAY_LEN(prices));
    const struct value values[] = {
        text_of("007"), text_of("2016-01-01"), integer_of(INT64_MAX), integer_of(2)};
    add(f, values, 1);
    assert_rows(
        f->writer, "SELECT orig, price, factor FROM batch", "'007'|9223372036854775807|2.00000000000000\n");
    commit(f->writer);
}

static void opening_it_again_empties_it(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 3; i++) {
        begin(f->writer);
        open_batch(f, prices, ARRAY_LEN(prices));
        assert_rows(f->writer, "SELECT count(*) FROM batch", "0\n");
        add_price(f, "CNSGH", i, 1);
        add_price(f, "CNSGH", i, 2);
        assert_rows(f->writer, "SELECT count(*) FROM batch", "2\n");
        commit(f->writer);
    }
}

static void names_of_fields_may_be_anything(void **state)
{
    struct fixture *f = *state;
    begin(f->writer);
    open_batch(f, odd, ARRAY_LEN(odd));
    const struct value values[] = {text_of("x"), text_of("2016-01-01T00:00:00.000Z")};
    add(f, values, 1);
    assert_rows(
        f->writer, "SELECT \"a \"\"b\"\"; --\", \"select\" FROM batch", "'x'|'2016-01-01T00:00:00.000Z'\n");
    commit(f->writer);
}

static void a_batch_may_have_no_fields(void **state)
{
    struct fixture *f = *state;
    begin(f->writer);
    open_batch(f, NULL, 0);
    add(f, NULL, 7);
    assert_rows(f->writer, "SELECT * FROM batch", "7\n");
    commit(f->writer);
}

static void two_endpoints_with_different_fields_alternate(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE price (orig text, price integer); CREATE TABLE port (code text);");
    open_batch(f, prices, ARRAY_LEN(prices));
    struct store_stmt *insert_prices =
        prepare(f->writer, "INSERT INTO price SELECT orig, price FROM batch", NULL, 0);
    struct store_stmt *show_prices = prepare(f->writer, "SELECT line, orig FROM batch", NULL, 0);
    open_batch(f, ports, ARRAY_LEN(ports));
    struct store_stmt *insert_ports = prepare(f->writer, "INSERT INTO port SELECT code FROM batch", NULL, 0);
    struct store_stmt *show_ports = prepare(f->writer, "SELECT line, code FROM batch", NULL, 0);
    for (int i = 0; i < 3; i++) {
        begin(f->writer);
        open_batch(f, prices, ARRAY_LEN(prices));
        add_price(f, "CNSGH", 1, 11);
        assert_string_equal(rows_of_stmt(show_prices, NULL), "11|'CNSGH'\n");
        assert_string_equal(rows_of_stmt(insert_prices, NULL), "");
        if (i == 1) {
            store_rollback(f->writer);
            begin(f->writer);
        }
        open_batch(f, ports, ARRAY_LEN(ports));
        add_port(f, "NOOSL", 21);
        assert_string_equal(rows_of_stmt(show_ports, NULL), "21|'NOOSL'\n");
        assert_string_equal(rows_of_stmt(insert_ports, NULL), "");
        commit(f->writer);
    }
    assert_rows(f->reader, "SELECT (SELECT count(*) FROM price), (SELECT count(*) FROM port)", "2|3\n");
}

static void it_is_right_after_a_rollback_that_took_its_table_away(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 2; i++) {
        begin(f->writer);
        open_batch(f, prices, ARRAY_LEN(prices)); // made here, and gone with the rollback
        add_price(f, "CNSGH", 1, 1);
        store_rollback(f->writer);
        begin(f->writer);
        open_batch(f, prices, ARRAY_LEN(prices));
        add_price(f, "CNSGH", 2, 1);
        assert_rows(f->writer, "SELECT price FROM batch", "2\n");
        commit(f->writer);
        begin(f->writer);
        open_batch(f, ports, ARRAY_LEN(ports));
        store_rollback(f->writer); // brings that of prices back
        begin(f->writer);
        open_batch(f, ports, ARRAY_LEN(ports));
        add_port(f, "NOOSL", 1);
        assert_rows(f->writer, "SELECT code FROM batch", "'NOOSL'\n");
        commit(f->writer);
    }
}

static void it_is_right_after_a_rollback_to_the_savepoint(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    begin(f->writer);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(store_savepoint(f->writer, &err), ERR_NONE);
        if (i / 2 % 2 == 0) { // the same fields again after a rollback, and others
            open_batch(f, prices, ARRAY_LEN(prices));
            add_price(f, "CNSGH", i, 1);
            assert_rows(f->writer, "SELECT orig FROM batch", "'CNSGH'\n");
        } else {
            open_batch(f, ports, ARRAY_LEN(ports));
            add_port(f, "NOOSL", 1);
            assert_rows(f->writer, "SELECT code FROM batch", "'NOOSL'\n");
        }
        if (i < 3)
            assert_int_equal(store_rollback_to(f->writer, &err), ERR_NONE);
        else
            assert_int_equal(store_release(f->writer, &err), ERR_NONE);
    }
    // The table is that of a batch which was released: a rollback to a later savepoint leaves it.
    assert_int_equal(store_savepoint(f->writer, &err), ERR_NONE);
    open_batch(f, prices, ARRAY_LEN(prices));
    assert_int_equal(store_rollback_to(f->writer, &err), ERR_NONE);
    open_batch(f, prices, ARRAY_LEN(prices));
    add_price(f, "CNSGH", 7, 1);
    assert_rows(f->writer, "SELECT price FROM batch", "7\n");
    commit(f->writer);
}

static void fields_at_the_same_address_are_not_taken_for_the_same(void **state)
{
    struct fixture *f = *state;
    struct store_name fields[] = {{.name = span_of("one"), .type = TYPE_TEXT}};
    begin(f->writer);
    open_batch(f, fields, 1);
    fields[0].name = span_of("two");
    open_batch(f, fields, 1);
    assert_rows(f->writer, "SELECT two FROM batch", "");
    commit(f->writer);
}

static void a_statement_reads_only_what_the_batch_has(void **state)
{
    struct fixture *f = *state;
    open_batch(f, ports, ARRAY_LEN(ports));
    assert_int_equal(error_of_prepare(f->writer, "SELECT price FROM batch").code, ERR_CONFIG);
    assert_int_equal(error_of_prepare(f->writer, "SELECT code, sea, line FROM batch").code, ERR_NONE);
}

static void a_large_batch_is_whole(void **state)
{
    struct fixture *f = *state;
    enum { ROWS = 20000 };
    begin(f->writer);
    open_batch(f, prices, ARRAY_LEN(prices));
    for (int64_t i = 1; i <= ROWS; i++)
        add_price(f, "CNSGH", i, i);
    assert_rows(f->writer, "SELECT count(*), sum(price), max(line) FROM batch", "20000|200010000|20000\n");
    commit(f->writer);
    begin(f->writer);
    open_batch(f, prices, ARRAY_LEN(prices));
    assert_rows(f->writer, "SELECT count(*) FROM batch", "0\n");
    commit(f->writer);
}

// How many rows there are decides how a driver sends them, and whether it plans anew.
static void batches_of_all_sizes_follow_each_other(void **state)
{
    struct fixture *f = *state;
    static const int64_t sizes[] = {1, 1, 0, 8, 9, 1, 64, 65, 3, 5000, 1, 64, 0, 65, 65, 2};
    open_batch(f, prices, ARRAY_LEN(prices));
    struct store_stmt *show =
        prepare(f->writer, "SELECT count(*), sum(price), count(DISTINCT line) FROM batch", NULL, 0);
    for (int shared = 0; shared < 3; shared++) { // each in a transaction, all in one, each of two twice
        if (shared == 1)
            begin(f->writer);
        for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
            char expected[100] = "0|NULL|0\n";
            int64_t rows = sizes[k];
            if (shared != 1 && (shared == 0 || k % 2 == 0))
                begin(f->writer);
            open_batch(f, prices, ARRAY_LEN(prices));
            for (int64_t i = 1; i <= rows; i++)
                add_price(f, i % 2 == 0 ? "CNSGH" : "", i, i);
            if (rows > 0)
                snprintf(expected, sizeof(expected), "%d|%d|%d\n", (int)rows, (int)(rows * (rows + 1) / 2),
                    (int)rows);
            assert_string_equal(rows_of_stmt(show, NULL), expected);
            if (shared != 1 && (shared == 0 || k % 2 == 1))
                commit(f->writer);
        }
        if (shared == 1)
            commit(f->writer);
    }
    store_finalize(show);
}

static void rows_that_are_added_after_the_first_ones_were_read_stay_beside_them(void **state)
{
    struct fixture *f = *state;
    begin(f->writer);
    open_batch(f, ports, ARRAY_LEN(ports));
    for (int64_t i = 1; i <= 3; i++) {
        add_port(f, "NOOSL", i);
        assert_rows(f->writer, "SELECT count(*) - max(line) FROM batch", "0\n");
    }
    commit(f->writer);
}

static void it_may_be_filled_outside_of_a_transaction(void **state)
{
    struct fixture *f = *state;
    if (f->is_pooled) // where the next statement may be another session's
        skip();
    open_batch(f, ports, ARRAY_LEN(ports));
    add_port(f, "NOOSL", 1);
    add_port(f, "CNSGH", 2);
    assert_rows(f->writer, "SELECT code FROM batch ORDER BY line", "'NOOSL'\n'CNSGH'\n");
    open_batch(f, ports, ARRAY_LEN(ports));
    assert_rows(f->writer, "SELECT count(*) FROM batch", "0\n");
}

static void a_batch_that_was_closed_is_gone_until_it_is_opened_again(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    open_batch(f, ports, ARRAY_LEN(ports));
    struct store_stmt *count = prepare(f->writer, "SELECT count(code) FROM batch", NULL, 0);
    begin(f->writer);
    for (int i = 0; i < 2; i++) // and when there is none
        assert_int_equal(store_batch_close(f->writer, &err), ERR_NONE);
    assert_int_equal(error_of_prepare(f->writer, "SELECT 1 FROM batch").code, ERR_CONFIG);
    store_rollback(f->writer);
    for (int i = 0; i < 2; i++) {
        begin(f->writer);
        open_batch(f, ports, ARRAY_LEN(ports));
        assert_string_equal(rows_of_stmt(count, NULL), "0\n");
        assert_int_equal(store_batch_close(f->writer, &err), ERR_NONE);
        commit(f->writer);
    }
    store_finalize(count);
    assert_int_equal(store_batch_close(f->reader, &err), ERR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(rows_stand_in_the_batch_with_their_fields_and_line),
        STORE_TEST(values_keep_the_type_of_their_field),
        STORE_TEST(opening_it_again_empties_it),
        STORE_TEST(names_of_fields_may_be_anything),
        STORE_TEST(a_batch_may_have_no_fields),
        STORE_TEST(two_endpoints_with_different_fields_alternate),
        STORE_TEST(it_is_right_after_a_rollback_that_took_its_table_away),
        STORE_TEST(it_is_right_after_a_rollback_to_the_savepoint),
        STORE_TEST(fields_at_the_same_address_are_not_taken_for_the_same),
        STORE_TEST(a_statement_reads_only_what_the_batch_has),
        STORE_TEST(a_large_batch_is_whole),
        STORE_TEST(batches_of_all_sizes_follow_each_other),
        STORE_TEST(rows_that_are_added_after_the_first_ones_were_read_stay_beside_them),
        STORE_TEST(a_batch_that_was_closed_is_gone_until_it_is_opened_again),
        STORE_TEST(it_may_be_filled_outside_of_a_transaction),
    };
    return fixture_run(tests);
}
