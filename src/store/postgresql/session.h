// SPDX-License-Identifier: Apache-2.0
// The session behind a connection: made with its settings, noticed when it is lost, and made anew.
#ifndef RECKONER_STORE_POSTGRESQL_SESSION_H
#define RECKONER_STORE_POSTGRESQL_SESSION_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct pg_conn;

// Connects for the first time. It fails with `unreachable` when no server answers.
MUST_CHECK enum err_code pg_session_make(struct pg_conn *conn, enum err_code unreachable, struct err *err);

// Makes the connection anew if it is lost; ERR_BUSY while that fails, at once where others have just failed,
// and for a replica, as what it is asked can be asked elsewhere.
MUST_CHECK enum err_code pg_revive(struct pg_conn *conn, struct err *err);

// Appends a call of set_config for each setting of the session; `is_local`: for the transaction only.
void pg_append_settings(struct pg_conn *conn, bool is_local, struct buf *sql);

// Between two transactions: reads what is left of the last one, notices a loss, and makes the session anew.
MUST_CHECK enum err_code pg_session_ready(struct pg_conn *conn, struct err *err);

// ERR_NONE, or the reason why nothing can run in the transaction. Outside of one, revives the connection.
MUST_CHECK enum err_code pg_check_alive(struct pg_conn *conn, struct err *err);

#endif
