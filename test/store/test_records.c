// SPDX-License-Identifier: Apache-2.0
// The records of batches and the rows of their keys, on every store.
#include "batch/record.h"
#include "batch/repeat.h"

#include <stdio.h>

#include "base/limits.h"
#include "fixture.h"

static const struct endpoint ENDPOINT = {.method = HTTP_POST, .path = {.at = "/t", .len = 2}};

static void make_tables(struct fixture *f)
{
    struct err err = {0};
    for (int i = 0; i < 2; i++) { // they may be there
        assert_int_equal(record_make_table(f->writer, &err), ERR_NONE);
        assert_int_equal(repeat_make_table(f->writer, &err), ERR_NONE);
    }
}

// In the open transaction; its id.
static int64_t add(struct own_statements *own, bool wants_id, uint64_t rows)
{
    const struct batch_source source = {
        .client_kind = span_of("key"), .client = span_of("k_1"), .file = span_of("a.csv")};
    struct record record = {0};
    struct err err = {0};
    int64_t id = 0;
    const struct record_of told = {
        .endpoint = &ENDPOINT, .source = &source, .rows = rows, .wants_id = wants_id};
    assert_int_equal(record_begin(&record, own, &told, &id, &err), ERR_NONE);
    assert_true(id > 0 || !wants_id);
    int64_t early = id;
    assert_int_equal(record_end(&record, &id, &err), ERR_NONE);
    assert_true(id > 0 && (early == 0 || early == id));
    return id;
}

static enum err_code note(void *ctx, const struct record_row *row, struct err *err)
{
    char *out = ctx;
    (void)err;
    out += strlen(out);
    sprintf(out, "%.*s %.*s %.*s %.*s %d;", (int)row->endpoint.len, row->endpoint.at,
        (int)row->source.client_kind.len, row->source.client_kind.at, (int)row->source.client.len,
        row->source.client.at, (int)row->source.file.len, row->source.file.at, (int)row->rows);
    assert_true(row->at_us > INT64_C(1700000000000000));
    return ERR_NONE;
}

static void assert_records(struct fixture *f, const struct record_filter *filter, const char *expected)
{
    char out[1000] = "";
    struct err err = {0};
    assert_int_equal(record_read(f->reader, filter, note, out, &err), ERR_NONE);
    assert_string_equal(out, expected);
}

static void a_record_goes_in_with_its_transaction(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    const struct record_filter all = {.before = INT64_MAX, .limit = 10};
    assert_records(f, &all, ""); // there is no table
    make_tables(f);
    struct own_statements own = {.conn = f->writer};
    begin(f->writer);
    int64_t first = add(&own, true, 3), second = add(&own, false, 4);
    assert_true(second > first);
    assert_int_equal(store_savepoint(f->writer, &err), ERR_NONE);
    (void)add(&own, false, 5);
    assert_int_equal(store_rollback_to(f->writer, &err), ERR_NONE);
    commit(f->writer);
    assert_records(f, &all, "POST /t key k_1 a.csv 4;POST /t key k_1 a.csv 3;");
    assert_records(f, &(struct record_filter){.before = second, .limit = 10}, "POST /t key k_1 a.csv 3;");
    assert_records(f, &(struct record_filter){.before = INT64_MAX, .limit = 1}, "POST /t key k_1 a.csv 4;");
    const struct batch_source token = {.client_kind = span_of("token"), .client = span_of("k_1")};
    assert_records(f, &(struct record_filter){.client = &token, .before = INT64_MAX, .limit = 10}, "");
    own_statements_fini(&own);
}

static void prune(struct own_statements *own, size_t records, size_t repeats)
{
    struct err err = {0};
    size_t count = 77;
    begin(own->conn);
    assert_int_equal(record_prune(own, &count, &err), ERR_NONE);
    assert_int_equal(count, records);
    assert_int_equal(repeat_prune(own, &count, &err), ERR_NONE);
    assert_int_equal(count, repeats);
    commit(own->conn);
}

static void what_is_old_is_removed_but_for_the_newest_record(void **state)
{
    struct fixture *f = *state;
    char sql[200];
    make_tables(f);
    struct own_statements own = {.conn = f->writer};
    begin(f->writer);
    int64_t newest = 0;
    for (int i = 0; i < LIMIT_PRUNE_ROWS + 3; i++)
        newest = add(&own, false, 1);
    commit(f->writer);
    run_script(f->writer,
        "INSERT INTO reckoner_repeats VALUES ('a', 'd', 200, 0, '', 0, 1, 1), ('b', 'd', 200, 0, '', 0, 1, 9000000000000000)");
    prune(&own, 0, 1);
    assert_rows(f->reader, "SELECT identity FROM reckoner_repeats", "'b'\n");
    snprintf(sql, sizeof(sql), "UPDATE reckoner_batches SET at_us = at_us - %lld",
        1000000LL * 86400 * LIMIT_RECORD_DAYS - 1000000LL * 3600);
    run_script(f->writer, sql);
    prune(&own, 0, 0); // an hour too young
    run_script(f->writer, "UPDATE reckoner_batches SET at_us = at_us - 3700000000");
    prune(&own, LIMIT_PRUNE_ROWS, 0);
    prune(&own, 2, 0);
    prune(&own, 0, 0);
    begin(f->writer);
    assert_true(add(&own, true, 1) > newest);
    commit(f->writer);
    own_statements_fini(&own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_record_goes_in_with_its_transaction),
        STORE_TEST(what_is_old_is_removed_but_for_the_newest_record),
    };
    return fixture_run(tests);
}
