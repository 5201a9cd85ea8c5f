// SPDX-License-Identifier: Apache-2.0
// Cancel requests and pings, which are connections of their own.
#ifndef RECKONER_STORE_POSTGRESQL_ERRAND_H
#define RECKONER_STORE_POSTGRESQL_ERRAND_H

#include <libpq-fe.h>
#include <stdint.h>

#include "base/attr.h"

enum pg_errand_state {
    PG_ERRAND_UNDER_WAY, //
    PG_ERRAND_DONE,      // the cancel request has arrived; the server has answered the ping
    PG_ERRAND_FAILED,    //
};

// Begins to ask the link's server to end what it runs, and whether it is there; the latter takes
// LIMIT_STORE_CONNECT_MS at most. The caller owns the errand. NULL when it cannot be begun.
struct pg_errand *pg_errand_cancel(PGconn *link);
struct pg_errand *pg_errand_ping(PGconn *link, const char *url);

// How it goes; waits for its end until that moment of the monotonic clock, 0: not at all.
enum pg_errand_state pg_errand_wait(struct pg_errand *errand, uint64_t end_ns);

// Gives the errand up, which goes on by itself. NULL is fine.
void pg_errand_leave(struct pg_errand *errand);

// Waits for the pings of the process that were left: LIMIT_STORE_CONNECT_MS for each address of the host,
// while no new ones begin. For who closes the last store.
void pg_errand_wait_pings(void);

#endif
