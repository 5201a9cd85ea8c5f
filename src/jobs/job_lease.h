// SPDX-License-Identifier: Apache-2.0
// Who works off the jobs of an app, of all processes that serve it: one at a time. It is a matter of order
// and courtesy, not of safety: that a job is done once is the work of its token.
//
// On SQLite it is a lock on a file beside the store, which the kernel frees when its process dies. On
// PostgreSQL it is a row with an end, which its holder puts off while it lives; so when a node dies, another
// one waits for LIMIT_JOB_LEASE_MS at most. An end that is further off than that was written by another
// clock, as in a copy of the database that was restored elsewhere, and holds nobody up.
#ifndef RECKONER_JOBS_JOB_LEASE_H
#define RECKONER_JOBS_JOB_LEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/own_sql.h"
#include "store/store.h"

enum { JOB_LEASE_HOLDER_CHARS = 33 }; // 32 hexadecimal digits and a NUL

struct job_lease {
    char *path;                          // owned; of the file; NULL: it is a row
    int fd;                              // owned; -1: the file is not open, and so not locked
    char holder[JOB_LEASE_HOLDER_CHARS]; // a random name of this process, for the row
};

// Of an app's store; not held. ERR_NO_MEMORY, ERR_IO.
MUST_CHECK enum err_code job_lease_init(struct job_lease *lease, const struct store *store, struct err *err);

// Lets go of the file; a row is left to its end. A zeroed struct is fine.
void job_lease_fini(struct job_lease *lease);

// What its holder does, as others see it.
struct job_lease_work {
    int64_t job;  // number; 0: none
    int64_t rows; // of it that were read
};

// Whether it is a file, which is locked or not whatever becomes of a transaction; whether it is one that is
// locked.
static inline bool job_lease_is_file(const struct job_lease *lease)
{
    return lease->path != NULL;
}

static inline bool job_lease_is_locked(const struct job_lease *lease)
{
    return lease->path != NULL && lease->fd >= 0;
}

// Takes it, or holds it on, if nobody else has it; *ret_is_ours tells. In a transaction that the caller has
// begun, to whose end nobody else gets it. ERR_IO.
MUST_CHECK enum err_code job_lease_hold(struct job_lease *lease, struct own_statements *own, int64_t now_ms,
    const struct job_lease_work *work, bool *ret_is_ours, struct err *err);

// Lets go of it, so that another one gets it at once. In a transaction of the caller's; `own` may be NULL
// where it is a file.
MUST_CHECK enum err_code job_lease_let_go(
    struct job_lease *lease, struct own_statements *own, struct err *err);

// Reads from the row what its holder does; zeros where there is none, or it is a file.
MUST_CHECK enum err_code job_lease_look(
    struct own_statements *own, struct job_lease_work *ret_work, struct err *err);

#endif
