// SPDX-License-Identifier: Apache-2.0
// An endpoint file, parsed and prepared on a store in memory, for each test. What can only be the test's own
// mistake fails the test here.
#ifndef RECKONER_TEST_APP_PLAN_FIXTURE_H
#define RECKONER_TEST_APP_PLAN_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "app/plan.h"
#include "store/store.h"

enum { OUT_BYTES = 1 << 20 }; // the most that an answer may have

struct fixture {
    struct store *store;      // owned
    struct store_conn *conn;  // owned; STORE_WRITE
    struct arena arena;       // of the endpoint
    struct diags diags;       // what is wrong with the files so far
    struct endpoint endpoint; // of the latest file
    struct plan *plan;        // owned; its plan; NULL: there is none
    struct spool out;         // the latest answer, with a NUL behind it
    char cursor[5000];        // of the latest answer; "": it has none
};

// For cmocka, from a set_up of the test's own: *state becomes a fixture whose store this script was run on.
int fixture_set_up(void **state, const char *schema);
int fixture_tear_down(void **state);

// A script: the table t (id, name, price) with three rows, one of them without a price.
extern const char THREE_ROWS[];

// A POST of the fields id and name, with a @reject, a @warn, and two @write that put the rows into the table
// t (id, name, price).
extern const char CHECKED_WRITE[];

void must_be_fine(enum err_code code, const struct err *err);
void run_script(struct fixture *f, const char *sql);

// Parses a file, called x.sql.
void parse(struct fixture *f, const char *text);

// Parses it, and its plan takes the place of the one before.
void plan_file(struct fixture *f, const char *text);

// The plan of a GET endpoint with these lines, in the place of the one before.
void plan_get(struct fixture *f, const char *lines);

// Parses it; its statements do not prepare, and these are the diags, as diags_print has them.
void expect_refused(struct fixture *f, const char *text, const char *expected);

// Answers by the plan into f->out and f->cursor.
enum err_code answer(struct fixture *f, enum answer_format format, const struct value *params,
    struct answered *ret_answered, struct err *err);

// The same; it has to succeed.
struct answered answer_as(struct fixture *f, enum answer_format format, const struct value *params);

// It has to be this text, with status 200 and no cursor.
void expect_answer_as(
    struct fixture *f, enum answer_format format, const struct value *params, const char *expected);
void expect_answer(struct fixture *f, const struct value *params, const char *expected); // FORMAT_JSON

// The plan of a GET endpoint with these lines; its answer fails like this, and tells nothing else.
void expect_answer_fails(struct fixture *f, const char *lines, enum err_code code, const char *text);

// Parses x.sql with that text again and again, each time with memory for one allocation more, until its
// plan can be made: before that, it has to say ERR_NO_MEMORY at least `least` times, and to leave nothing.
void expect_memory_faults_of_planning(struct fixture *f, const char *text, int least);

#endif
