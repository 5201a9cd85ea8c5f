// SPDX-License-Identifier: Apache-2.0
// SQL text as this driver needs it: split into statements, with $n for :name, and with places in it.
#ifndef RECKONER_STORE_POSTGRESQL_SQL_H
#define RECKONER_STORE_POSTGRESQL_SQL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "store/store.h"

// Finds the next statement of a script, from *start on, and moves *start behind it; an empty one at the end.
MUST_CHECK struct span pg_next_statement(struct span sql, size_t *start);

// Appends the statement with $n in the place of each :name, blanks behind it so that all else stays where it
// is, and a NUL. ret_params[n - 1] is the index in `params` of $n; there is room for PG_PARAMS.
// ERR_CONFIG for a name that is not among them.
enum { PG_PARAMS = 2 * LIMIT_PARAMS };
MUST_CHECK enum err_code pg_translate(struct span sql, const struct store_name *params, size_t param_count,
    struct buf *out, uint16_t *ret_params, size_t *ret_count, struct err *err);

// Refuses bytes that the server reads otherwise than the scan of SQL does: NULs, and carriage returns alone,
// which end a comment there. ERR_CONFIG.
MUST_CHECK enum err_code pg_check_bytes(struct span sql, struct err *err);

// A copy of `sql` with a NUL behind it; refuses what pg_check_bytes does. The caller frees.
MUST_CHECK enum err_code pg_copy_text(struct span sql, char **ret_copy, struct err *err);

// The error at an offset in `sql`.
enum err_code pg_fail_at(struct span sql, size_t offset, struct err *err, const char *text);

#endif
