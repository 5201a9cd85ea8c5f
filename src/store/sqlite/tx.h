// SPDX-License-Identifier: Apache-2.0
// Transactions and the one savepoint in them, by statements that are prepared with the connection.
#ifndef RECKONER_STORE_SQLITE_TX_H
#define RECKONER_STORE_SQLITE_TX_H

#include "store/driver.h"

struct sqlite_conn;

// The transaction of a connection.
//
//            begin            error, after which SQLite has rolled back by itself
//     NONE ────────► OPEN ──────────────────────────────────────────────► LOST
//       ▲             │ commit, rollback                                    │ rollback
//       └─────────────┴─────────────────────────────────────────────────────┘
enum sqlite_tx {
    SQLITE_TX_NONE, // outside of store_begin and its end
    SQLITE_TX_OPEN,
    SQLITE_TX_LOST, // nothing but rollback works
};

enum sqlite_control {
    CONTROL_BEGIN,
    CONTROL_COMMIT,
    CONTROL_ROLLBACK,
    CONTROL_SAVEPOINT,
    CONTROL_RELEASE,
    CONTROL_ROLLBACK_TO,
    CONTROL_COUNT,
};

MUST_CHECK enum err_code sqlite_begin(struct store_conn *base, struct err *err);
MUST_CHECK enum err_code sqlite_begin_seen(struct store_conn *base, struct err *err);
MUST_CHECK enum err_code sqlite_commit(struct store_conn *base, struct err *err);
MUST_CHECK enum err_code sqlite_check_deferred(struct store_conn *base, struct err *err);
void sqlite_rollback(struct store_conn *base);
MUST_CHECK enum err_code sqlite_savepoint(struct store_conn *base, struct err *err);
MUST_CHECK enum err_code sqlite_release(struct store_conn *base, struct err *err);
MUST_CHECK enum err_code sqlite_rollback_to(struct store_conn *base, struct err *err);

// Prepares and finalises the control statements.
MUST_CHECK enum err_code sqlite_controls_init(
    struct sqlite_conn *conn, enum store_mode mode, struct err *err);
void sqlite_controls_fini(struct sqlite_conn *conn);

#endif
