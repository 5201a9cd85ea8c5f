// SPDX-License-Identifier: Apache-2.0
// The table batch of a connection: its state, and the statements that fill and empty it.
#ifndef RECKONER_STORE_SQLITE_BATCH_H
#define RECKONER_STORE_SQLITE_BATCH_H

#include <sqlite3.h>

#include "base/buf.h"
#include "store/driver.h"

struct sqlite_conn;

// Of the temporary database, whose file does not inherit main's.
#define SQLITE_TEMP_SETTINGS                                                                                 \
    "PRAGMA temp.cache_size=-16384;"                                                                         \
    "PRAGMA temp.secure_delete=OFF;"

// What the connection knows of the table.
enum sqlite_batch_state {
    BATCH_UNKNOWN,   // it may be there or not, with any columns
    BATCH_FRESH,     // made by the open transaction, and behind its savepoint if that has one
    BATCH_TENTATIVE, // made by the open transaction in front of its savepoint
    BATCH_KEPT,      // there, and no rollback takes it away
};

// What happens to it, and where that leads:
//
//                  UNKNOWN     FRESH       TENTATIVE   KEPT
//     made inside  FRESH       –           –           –         (inside of a transaction)
//     made         KEPT        –           –           –         (outside of one)
//     dropped      UNKNOWN     UNKNOWN     UNKNOWN     UNKNOWN
//     savepoint    UNKNOWN     TENTATIVE   TENTATIVE   KEPT
//     rollback to  UNKNOWN     UNKNOWN     TENTATIVE   KEPT
//     rollback     UNKNOWN     UNKNOWN     UNKNOWN     KEPT
//     commit       UNKNOWN     KEPT        KEPT        KEPT
enum sqlite_batch_event {
    BATCH_MADE_INSIDE,
    BATCH_MADE,
    BATCH_DROPPED,
    BATCH_SAVEPOINT,
    BATCH_ROLLBACK_TO,
    BATCH_ROLLBACK,
    BATCH_COMMIT,
};

struct sqlite_batch {
    enum sqlite_batch_state state; // moved by sqlite_batch_note alone
    struct buf definition;         // owned; the CREATE TABLE that made the table, unless it is unknown
    size_t field_count;            // columns but for line
    sqlite3_stmt *insert;          // owned; one row. NULL when there is no table
    sqlite3_stmt *clear;           // owned; all rows. Likewise
    uint64_t temps_lost;           // sqlite_vfs_temps_lost, when the temporary database was made
};

void sqlite_batch_init(struct sqlite_batch *batch);
void sqlite_batch_fini(struct sqlite_batch *batch);

// Notes what has happened to the table, or to the transaction or savepoint that it may be a part of.
void sqlite_batch_note(struct sqlite_batch *batch, enum sqlite_batch_event event);

// Makes the temporary database anew, if the kernel has lost pages of its file since the last call. Outside of
// a transaction.
void sqlite_batch_renew(struct sqlite_conn *conn);

MUST_CHECK enum err_code sqlite_batch_open(
    struct store_conn *base, const struct store_name *fields, size_t field_count, struct err *err);
MUST_CHECK enum err_code sqlite_batch_close(struct store_conn *base, struct err *err);
MUST_CHECK enum err_code sqlite_batch_add(
    struct store_conn *base, const struct value *values, int64_t line, struct err *err);

#endif
