// SPDX-License-Identifier: Apache-2.0
// Versions of a table's rows by some of its columns (versions_by).
#ifndef RECKONER_STORE_POSTGRESQL_BUCKETS_H
#define RECKONER_STORE_POSTGRESQL_BUCKETS_H

#include "store/store.h"
#include "store/versions.h"

MUST_CHECK enum err_code pg_buckets_find(struct store_conn *conn, const char *table,
    const struct span *columns, size_t count, const struct version_buckets **ret_buckets,
    const char **ret_why, struct err *err);

#endif
