// SPDX-License-Identifier: Apache-2.0
// What counts the writes to the app's tables, in the database: the table reckoner_versions, and the functions
// and triggers that fill it.
#ifndef RECKONER_STORE_POSTGRESQL_TRACKING_H
#define RECKONER_STORE_POSTGRESQL_TRACKING_H

#include <stdint.h>

#include "base/buf.h"

struct pg_store;

// The tables in the app's schema that are not the app's, for IN.
#define PG_OWN_TABLES                                                                                        \
    "('reckoner_audit', 'reckoner_batches', 'reckoner_buckets', 'reckoner_changes', 'reckoner_commits',"     \
    " 'reckoner_files', 'reckoner_history', 'reckoner_job_bodies', 'reckoner_job_line', 'reckoner_jobs',"    \
    " 'reckoner_key_uses', 'reckoner_keys', 'reckoner_loads', 'reckoner_migrations', 'reckoner_notes',"      \
    " 'reckoner_outbox', 'reckoner_quota', 'reckoner_reloads', 'reckoner_repeats', 'reckoner_usage',"        \
    " 'reckoner_usage_nodes', 'reckoner_versions')"

// A number of the app's name, for its advisory locks and settings.
uint32_t pg_tracking_number(const struct pg_store *store);

// Appends a text of the driver's SQL, in which each of `marks` stands for something else: '@' for the schema
// and
// '%' for its name as a literal, '#' for pg_tracking_number, '~' for LIMIT_BUCKETS, '`' for
// LIMIT_BUCKET_SETS.
void pg_expand(const struct pg_store *store, const char *text, const char *marks, struct buf *sql);

// Appends the script that makes all of it in the app's schema, or makes the functions anew. It is run where
// the schema is the first of the search_path.
void pg_append_tracking(const struct pg_store *store, struct buf *sql);

#endif
