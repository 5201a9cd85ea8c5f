// SPDX-License-Identifier: Apache-2.0
// The rights of a role that has not made the app's schema.
#ifndef RECKONER_STORE_POSTGRESQL_GUEST_H
#define RECKONER_STORE_POSTGRESQL_GUEST_H

#include "base/attr.h"
#include "base/err.h"

struct pg_conn;

// ERR_CONFIG with the GRANTs that the connection's role lacks to serve the app.
MUST_CHECK enum err_code pg_guest_check(struct pg_conn *conn, struct err *err);

#endif
