// SPDX-License-Identifier: Apache-2.0
// The conformance suite of store.h: what every store does. A new, empty store for each test, of each kind in
// turn: SQLite in a file, and PostgreSQL in a schema of the database that the environment variable
// TEST_POSTGRESQL names, if it does (test/support/postgresql.py starts one); and short ways to ask it things.
// What can only be the test's own mistake fails the test here.
#ifndef RECKONER_TEST_STORE_FIXTURE_H
#define RECKONER_TEST_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/store.h"

struct fixture {
    char dir[64];              // of this test alone; removed with it
    char path[96];             // of the store's file, where it is one
    char url[512];             // of the store
    char name[48];             // the app's: in PostgreSQL, its schema
    bool is_sqlite;            //
    bool is_pooled;            // a pooler stands between: TEST_POSTGRESQL_POOLED is set
    struct store *store;       // owned
    struct store_conn *writer; // owned
    struct store_conn *reader; // owned
};

// For cmocka: *state becomes a struct fixture.
int fixture_set_up(void **state);
int fixture_tear_down(void **state);

// Runs the tests on every kind of store; the number of failures.
#define fixture_run(tests) fixture_run_group(tests, sizeof(tests) / sizeof((tests)[0]))
int fixture_run_group(const struct CMUnitTest *tests, size_t count);

// The same on one kind.
#define fixture_run_of(kind, tests) fixture_run_group_of(kind, tests, sizeof(tests) / sizeof((tests)[0]))
int fixture_run_group_of(const char *one, const struct CMUnitTest *tests, size_t count);

#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

// --- each fails the test when the store does not do it

void run_script(struct store_conn *conn, const char *sql);
void begin(struct store_conn *conn);
void commit(struct store_conn *conn);
struct store_stmt *prepare(
    struct store_conn *conn, const char *sql, const struct store_name *params, size_t count);

// versions_cover of a statement with these parameters.
bool is_covered(struct store_conn *conn, const char *sql, const struct store_name *params, size_t count);

// The number of the table's version now; 0: it is not known.
uint64_t number_of(struct store *store, const char *table);

// The rows of a query: its values with "|" between them, a line feed behind each row; NULL for null, text
// between ' and '. Valid until the next call.
const char *rows_of(struct store_conn *conn, const char *sql);

// The same for a statement, run with these values.
const char *rows_of_stmt(struct store_stmt *stmt, const struct value *values);

#define assert_rows(conn, sql, expected) assert_string_equal(rows_of(conn, sql), expected)

// --- each gives back the error; ERR_NONE in it when there was none

struct err error_of_prepare(struct store_conn *conn, const char *sql);
struct err error_of_script(struct store_conn *conn, const char *sql);
struct err error_of_run(struct store_conn *conn, const char *sql); // prepares, and steps to the end
struct err error_of_statement(struct store_stmt *stmt);            // steps to the end, and finalizes

// The code and the exact text of an error.
void assert_error(struct err err, enum err_code code, const char *text);

struct value text_of(const char *text);
struct value integer_of(int64_t integer);
struct value real_of(double real);
struct value null_value(void);

#endif
