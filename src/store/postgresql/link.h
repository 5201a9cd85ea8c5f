// SPDX-License-Identifier: Apache-2.0
// Where a link leads: to which of the hosts that the url of a store names.
#ifndef RECKONER_STORE_POSTGRESQL_LINK_H
#define RECKONER_STORE_POSTGRESQL_LINK_H

#include <libpq-fe.h>
#include <stdbool.h>

struct pg_store;

// What a link to the store of an app calls itself (application_name), unless the url has another name:
// "reckoner APP", cut as PostgreSQL cuts it.
enum { PG_SESSION_NAME_CHARS = 64 };
void pg_session_name(const char *app, char ret_name[PG_SESSION_NAME_CHARS]);

// A link to the primary among the hosts of the store's url: for connections, and for the watch. Waits for up
// to LIMIT_STORE_CONNECT_MS for each address. The caller closes it; its status tells whether it is one. NULL
// without memory.
PGconn *pg_open_link(struct pg_store *store);

// Asks for the number of the server process that answers. With its row, whether a pooler stands between: it
// is another one than said hello.
extern const char pg_pid_sql[];
bool pg_is_pooled(PGconn *link, const PGresult *pid);

#endif
