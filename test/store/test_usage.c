// SPDX-License-Identifier: Apache-2.0
// Usage in a store (access/usage_store.h), and the thread that writes it (access/flusher.h), on every store.
#include "access/usage_store.h"

#include <stdio.h>

#include "access/flusher.h"
#include "base/attr.h"
#include "base/clock.h"
#include "base/limits.h"
#include "fixture.h"

enum { DAY = 20424 }; // 2025-12-02

static void add(struct usage_table *table, int32_t day, const char *client, uint64_t requests)
{
    const struct usage_key key = {
        .day = day, .client = span_of(client), .method = HTTP_GET, .path = span_of("/things/{id}")};
    const struct usage_counts counts = {
        .requests = requests, .cached = 1, .failed = 2, .rows = 3, .bytes = 4, .batch_rows = 5};
    assert_int_equal(usage_table_add(table, &key, &counts), ERR_NONE);
}

static void write_usage(
    struct store_conn *conn, const char *node, uint64_t number, const struct usage_table *table)
{
    struct err err = {0};
    struct usage_writer writer;
    assert_int_equal(usage_writer_init(&writer, conn, node, DAY, &err), ERR_NONE);
    assert_int_equal(usage_writer_add(&writer, number, DAY, table->entries, table->count, &err), ERR_NONE);
    usage_writer_fini(&writer);
}

#define ALL "SELECT * FROM reckoner_usage ORDER BY day, client"

static void usage_is_added_to_what_is_there(void **state)
{
    struct fixture *f = *state;
    struct usage_table first, second;
    usage_table_init(&first, 10);
    usage_table_init(&second, 10);
    add(&first, DAY, "", 1);
    add(&first, DAY, "k_a", 10);
    add(&second, DAY, "k_a", 100);
    add(&second, DAY + 1, "k_a", 1000);
    write_usage(f->writer, "n1", 1, &first);
    write_usage(f->writer, "n1", 2, &second);
    write_usage(f->writer, "n2", 1, &second); // another node
    assert_rows(f->reader, ALL,
        "'2025-12-02'|''|'GET /things/{id}'|1|1|2|3|4|5\n"
        "'2025-12-02'|'k_a'|'GET /things/{id}'|210|3|6|9|12|15\n"
        "'2025-12-03'|'k_a'|'GET /things/{id}'|2000|2|4|6|8|10\n");
    usage_table_fini(&first);
    usage_table_fini(&second);
}

static void what_is_written_under_the_same_number_counts_once(void **state)
{
    struct fixture *f = *state;
    struct usage_table table;
    usage_table_init(&table, 10);
    add(&table, DAY, "k_a", 7);
    write_usage(f->writer, "n1", 1, &table);
    write_usage(f->writer, "n1", 1, &table);
    write_usage(f->writer, "n1", 2, &table);
    write_usage(f->writer, "n1", 2, &table);
    write_usage(f->writer, "n1", 1, &table);
    assert_rows(f->reader, "SELECT requests FROM reckoner_usage", "14\n");
    assert_rows(f->reader, "SELECT node, number FROM reckoner_usage_nodes", "'n1'|2\n");
    usage_table_fini(&table);
}

static void nodes_that_are_long_gone_are_forgotten(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct usage_table table;
    struct usage_writer writer;
    usage_table_init(&table, 10);
    add(&table, DAY, "k_a", 7);
    write_usage(f->writer, "old", 1, &table);
    assert_int_equal(usage_writer_init(&writer, f->writer, "new", DAY + 30, &err), ERR_NONE);
    usage_writer_fini(&writer);
    assert_rows(f->reader, "SELECT node FROM reckoner_usage_nodes", "'old'\n");
    assert_int_equal(usage_writer_init(&writer, f->writer, "new", DAY + 31, &err), ERR_NONE);
    usage_writer_fini(&writer);
    assert_rows(f->reader, "SELECT node FROM reckoner_usage_nodes", "");
    usage_table_fini(&table);
}

// --- reading

static void assert_read(
    struct fixture *f, int32_t first, int32_t last, const char *client, uint64_t requests, size_t rows)
{
    struct err err = {0};
    struct usage_table table;
    struct span id = span_of(client != NULL ? client : "");
    const struct usage_period period = {.first_day = first, .last_day = last};
    uint64_t sum = 0;
    usage_table_init(&table, 100);
    assert_int_equal(
        usage_store_read(f->reader, period, client != NULL ? &id : NULL, &table, &err), ERR_NONE);
    for (size_t i = 0; i < table.count; i++)
        sum += table.entries[i]->counts.requests;
    assert_int_equal(sum, requests);
    assert_int_equal(table.count, rows);
    usage_table_fini(&table);
}

static void usage_is_read_by_days_and_by_client(void **state)
{
    struct fixture *f = *state;
    struct usage_table table;
    assert_read(f, DAY, DAY, NULL, 0, 0); // a store without the tables
    usage_table_init(&table, 10);
    add(&table, DAY - 1, "k_a", 1);
    add(&table, DAY, "k_a", 10);
    add(&table, DAY, "", 100);
    add(&table, DAY + 1, "k_a", 1000);
    write_usage(f->writer, "n1", 1, &table);
    assert_read(f, DAY, DAY, NULL, 110, 2);
    assert_read(f, DAY, DAY, "k_a", 10, 1);
    assert_read(f, DAY, DAY, "", 100, 1);
    assert_read(f, DAY - 1, DAY + 1, "k_a", 1011, 3);
    assert_read(f, DAY + 2, DAY + 3, NULL, 0, 0);
    usage_table_fini(&table);
}

static void what_is_read_is_what_was_written(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct usage_table table, read;
    const struct usage_period period = {.first_day = DAY, .last_day = DAY};
    usage_table_init(&table, 10);
    usage_table_init(&read, 10);
    add(&table, DAY, "k_a", 7);
    write_usage(f->writer, "n1", 1, &table);
    assert_int_equal(usage_store_read(f->reader, period, NULL, &read, &err), ERR_NONE);
    assert_int_equal(read.count, 1);
    const struct usage_key *key = &read.entries[0]->key;
    assert_int_equal(key->day, DAY);
    assert_int_equal(key->method, HTTP_GET);
    assert_true(span_is(key->client, "k_a"));
    assert_true(span_is(key->path, "/things/{id}"));
    assert_memory_equal(&read.entries[0]->counts, &table.entries[0]->counts, sizeof(struct usage_counts));
    usage_table_fini(&table);
    usage_table_fini(&read);
}

static void more_rows_than_there_is_room_for_are_an_error(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct usage_table table, read;
    const struct usage_period period = {.first_day = DAY, .last_day = DAY};
    usage_table_init(&table, 10);
    usage_table_init(&read, 1);
    add(&table, DAY, "k_a", 7);
    add(&table, DAY, "k_b", 7);
    write_usage(f->writer, "n1", 1, &table);
    assert_int_equal(usage_store_read(f->reader, period, NULL, &read, &err), ERR_BUSY);
    assert_string_equal(err.text, "the usage has more rows than are read at a time: ask for fewer days");
    usage_table_fini(&table);
    usage_table_fini(&read);
}

// --- the versions of the app's tables

static void usage_raises_no_version_of_the_apps_tables(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct usage_table table;
    run_script(f->writer, "CREATE TABLE t (id integer PRIMARY KEY)");
    usage_table_init(&table, 10);
    add(&table, DAY, "k_a", 7);
    write_usage(f->writer, "n1", 1, &table); // makes its tables, which is a change of the schema
    assert_int_equal(store_watch(f->store, &err), ERR_NONE);
    uint64_t number, end_ns = clock_monotonic_ns() + 20 * NS_PER_S;
    while ((number = number_of(f->store, "t")) == 0 && clock_monotonic_ns() < end_ns)
        clock_pause(NS_PER_MS);
    assert_int_not_equal(number, 0);
    write_usage(f->writer, "n1", 2, &table);
    assert_int_equal(number_of(f->store, "t"), number);
    usage_table_fini(&table);
}

// --- the thread

struct told {
    char text[2000]; // all lines
};

static void tell(void *ctx, const char *text)
{
    struct told *told = ctx;
    size_t len = strlen(told->text);
    snprintf(told->text + len, sizeof(told->text) - len, "%s\n", text);
}

static struct flusher *start(struct fixture *f, struct meter *meter, struct told *told)
{
    struct err err = {0};
    struct flusher *flusher;
    struct flusher_target target = {.store = f->store, .name = "notes"};
    struct flusher_options options = {
        .meter = meter, .targets = &target, .count = 1, .log = {.tell = tell, .ctx = told}};
    assert_int_equal(flusher_new(&options, &flusher, &err), ERR_NONE);
    return flusher;
}

static void count(struct meter *meter, unsigned client)
{
    char text[16];
    snprintf(text, sizeof(text), "k_%06u", client);
    const struct usage_key key = {
        .day = DAY, .client = span_of(text), .method = HTTP_GET, .path = span_of("/x")};
    const struct usage_counts one = {.requests = 1, .bytes = 10};
    meter_count(meter, 0, &key, &one);
}

static struct meter *new_meter(void)
{
    struct err err = {0};
    struct meter *meter;
    assert_int_equal(meter_new(1, &meter, &err), ERR_NONE);
    return meter;
}

#define SUMS                                                                                                 \
    "SELECT count(*), cast(sum(requests) AS integer), cast(sum(bytes) AS integer) FROM reckoner_usage"

static void the_rest_is_written_at_the_end(void **state)
{
    struct fixture *f = *state;
    struct told told = {0};
    struct meter *meter = new_meter();
    struct flusher *flusher = start(f, meter, &told);
    for (unsigned i = 0; i < 2 * LIMIT_USAGE_PART + 10; i++) // in several parts
        count(meter, i / 2);
    flusher_free(flusher);
    meter_free(meter);
    char expected[64];
    snprintf(expected, sizeof(expected), "%d|%d|%d\n", LIMIT_USAGE_PART + 5, 2 * LIMIT_USAGE_PART + 10,
        10 * (2 * LIMIT_USAGE_PART + 10));
    assert_rows(f->reader, SUMS, expected);
    assert_string_equal(told.text, "");
}

static void a_full_table_is_written_at_once(void **state)
{
    struct fixture *f = *state;
    struct told told = {0};
    struct meter *meter = new_meter();
    struct err err = {0};
    assert_int_equal(usage_store_make(f->writer, &err), ERR_NONE);
    struct flusher *flusher = start(f, meter, &told);
    for (unsigned i = 0; i < LIMIT_USAGE_ENTRIES + 1; i++)
        count(meter, i);
    uint64_t end_ns = clock_monotonic_ns() + 60 * NS_PER_S;
    while (strcmp(rows_of(f->reader, "SELECT count(*) FROM reckoner_usage"), "0\n") == 0 &&
           clock_monotonic_ns() < end_ns)
        clock_pause(NS_PER_MS);
    flusher_free(flusher);
    meter_free(meter);
    assert_rows(f->reader, SUMS, "4097|4097|40970\n");
}

// The lock of one is held as another batch does.
static void what_a_locked_store_does_not_take_is_told_at_the_end(void **state)
{
    struct fixture *f = *state;
    struct told told = {0};
    struct err err = {0};
    struct meter *meter = new_meter();
    assert_int_equal(usage_store_make(f->writer, &err), ERR_NONE);
    begin(f->writer);
    run_script(f->writer, f->is_sqlite ? "DELETE FROM reckoner_usage" : "LOCK TABLE reckoner_usage");
    struct flusher *flusher = start(f, meter, &told);
    count(meter, 1);
    count(meter, 2);
    flusher_free(flusher);
    meter_free(meter);
    store_rollback(f->writer);
    assert_true(strstr(told.text, "notes: usage of 2 requests is lost: it could not be written: ") != NULL);
    assert_rows(f->reader, "SELECT * FROM reckoner_usage", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(usage_is_added_to_what_is_there),
        STORE_TEST(what_is_written_under_the_same_number_counts_once),
        STORE_TEST(nodes_that_are_long_gone_are_forgotten),
        STORE_TEST(usage_is_read_by_days_and_by_client),
        STORE_TEST(what_is_read_is_what_was_written),
        STORE_TEST(more_rows_than_there_is_room_for_are_an_error),
        STORE_TEST(usage_raises_no_version_of_the_apps_tables),
        STORE_TEST(the_rest_is_written_at_the_end),
        STORE_TEST(a_full_table_is_written_at_once),
        STORE_TEST(what_a_locked_store_does_not_take_is_told_at_the_end),
    };
    return fixture_run(tests);
}
