// SPDX-License-Identifier: Apache-2.0
// What a store or a backup is checked for, and what is found: between backup.c, which knows of migrations,
// and the drivers, which know what their files look like. One thread.
#ifndef RECKONER_STORE_BACKUP_CHECK_H
#define RECKONER_STORE_BACKUP_CHECK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"

struct migration_file;
struct store_conn;

struct backup_check {
    const struct migration_file *files; // of the app, in order; borrowed; NULL: it is not known
    size_t file_count;                  //
    bool is_thorough;                   // indexes are compared with their tables, too
    void (*on_fault)(
        const void *ctx, const char *text); // told of the first BACKUP_FAULTS, a line each; or NULL
    const void *ctx;                        // its first argument
    const atomic_bool *stop;                // borrowed; set when it is to end; NULL: never
    // --- set by backup.c: whether the migrations of a database, or one that stands in an archive, are the
    // app's; what does not fit is a fault
    enum err_code (*fits)(struct store_conn *conn, struct backup_check *check, struct err *err);
    void (*fits_record)(
        struct backup_check *check, struct span name, struct span checksum, struct span applied_at);
    // --- found
    size_t faults;  // in all
    size_t applied; // migrations
    size_t pending; // of `files`, that are to be applied yet
};

enum { BACKUP_FAULTS = 20 };

// Whether the work is to end. `stop` is set by another thread or a signal; NULL: never.
static inline bool backup_is_stopped(const atomic_bool *stop)
{
    return stop != NULL && atomic_load_explicit(stop, memory_order_relaxed);
}

// Notes a fault, and tells of it. A long text is cut.
void backup_fault(struct backup_check *check, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
