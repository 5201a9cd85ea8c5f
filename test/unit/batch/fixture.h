// SPDX-License-Identifier: Apache-2.0
// An app in a folder of its own, with a store in a file, for each test. What can only be the test's own
// mistake fails the test here.
#ifndef RECKONER_TEST_BATCH_FIXTURE_H
#define RECKONER_TEST_BATCH_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "app/app.h"
#include "app/report.h"
#include "store/store.h"

struct fixture {
    char dir[64];            // of the app; removed with it
    struct store *store;     // owned
    struct store_conn *conn; // owned, unless a writer has taken it; STORE_WRITE
    struct app *app;         // owned
};

// For cmocka: *state becomes a struct fixture without an app. tear_down frees it all.
int fixture_set_up(void **state);
int fixture_tear_down(void **state);

#define BATCH_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

// Writes a file of the app, with its folders.
void write_text(const struct fixture *f, const char *name, const char *text);

// Loads the app as its files are now; the caller owns it.
struct app *load_app(const struct fixture *f);

// The endpoint of that path, which is a POST.
const struct endpoint *post(const struct app *app, const char *path);

void run_script(struct store_conn *conn, const char *sql);
void must_be_fine(enum err_code code, const struct err *err);

// The one integer that a query gives, on a new connection: what is committed.
int64_t committed(struct fixture *f, const char *sql);

// What is in a report, as report_write has it.
void assert_report(const struct report *report, const char *expected);

#endif
