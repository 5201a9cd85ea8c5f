// SPDX-License-Identifier: Apache-2.0
// The program that SQLite makes of a statement, as EXPLAIN lists it.
#ifndef RECKONER_STORE_SQLITE_PROGRAM_H
#define RECKONER_STORE_SQLITE_PROGRAM_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct sqlite_conn;
struct sqlite_stmt;

enum sqlite_op_kind {
    OP_OTHER,
    OP_OPEN,      // opens cursor p1 on the b-tree with root page p2 of database p3
    OP_START,     // cursor p1 goes to its first or last entry
    OP_NEXT,      // cursor p1 goes on, and the loop at p2
    OP_COUNT,     // counts the entries under cursor p1
    OP_LIMIT,     // goes to p2 when there are rows enough
    OP_CONDITION, // goes to p2, perhaps
    OP_GOTO,      // goes to p2
    OP_YIELD,     // goes on in the other coroutine of register p1
};

// An instruction; what p1 to p3 are otherwise does not matter.
struct sqlite_op {
    enum sqlite_op_kind kind; // what it does
    int p1, p2, p3;           // its operands
};

struct sqlite_program {
    struct sqlite_op *ops; // owned; by address
    size_t count;          // of them
    size_t room;           // for so many
    bool whole;            // all of them are there
};

// Calls on_row for each row that `prefix` ("EXPLAIN ", "EXPLAIN QUERY PLAN ") gives for the statement, with
// its parameters if it is in a run. Errors of on_row, and those of sqlite_fail.
MUST_CHECK enum err_code sqlite_rows_of(struct sqlite_stmt *stmt, const char *prefix,
    enum err_code (*on_row)(void *ctx, sqlite3_stmt *row, struct err *err), void *ctx, struct err *err);

// The statement's program, without those of triggers; that of an EXPLAIN is empty.
MUST_CHECK enum err_code sqlite_program_read(
    struct sqlite_stmt *stmt, struct sqlite_program *ret_program, struct err *err);
void sqlite_program_fini(struct sqlite_program *program);

// The opening of the table or index that is visited as a whole by the loop that begins between `address` and
// `end`, or by the counting in front of it; NULL for a loop over anything else, or one that a LIMIT ends
// before: when `is_ordered`, or when no row is passed over.
const struct sqlite_op *sqlite_program_scan(
    const struct sqlite_program *program, size_t address, size_t end, bool is_ordered);

// The name of the table behind an OP_OPEN, to be freed; NULL for SQLite's own and temporary ones.
MUST_CHECK enum err_code sqlite_op_table(
    struct sqlite_conn *conn, const struct sqlite_op *open, char **ret_name, struct err *err);

#endif
