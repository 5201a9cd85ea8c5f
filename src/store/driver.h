// SPDX-License-Identifier: Apache-2.0
// What a driver implements: a table of functions, and the four structs with which its own store, connection,
// statement and version begin. Each function keeps the contract that store.h, versions.h or prompt.h has
// under its name. Only drivers include this, and the files of store/ that hand calls on to them (store.c,
// versions.c, prompt.c, backup.c) or are for all of them (stmt.c, drivers.c, version_slots.h).
#ifndef RECKONER_STORE_DRIVER_H
#define RECKONER_STORE_DRIVER_H

#include "store/stats.h"
#include "store/store.h"
#include "store/versions.h"

struct store {
    const struct store_driver *driver; // static; set by the driver, like those below
};

struct store_conn {
    const struct store_driver *driver; // static
    struct store_stmt *stmts;          // owned by the driver; a list of those that store_prepare gave out
};

// Prompt connections (prompt.h).
struct store_prompt_driver {
    enum err_code (*connect)(struct store *store, struct store_conn **ret_conn, struct err *err);
    enum err_code (*pause)(struct store_conn *conn, struct err *err);
    enum err_code (*resume)(struct store_conn *conn, struct err *err);
    enum err_code (*begin)(struct store_conn *conn, struct err *err);
};

// A column of a statement's result.
struct store_column {
    char *name;               // owned
    const char *refused_type; // static; store_column_refused
    bool is_boolean;          // store_column_is_boolean
    bool is_scaled_decimal;   // store_column_is_scaled_decimal
};

struct store_stmt {
    const struct store_driver *driver; // static
    struct store_stmt *next;           // in the list of its connection
    struct store_stmt **link;          // what points at this one there
    bool writes;                       // may change the database
    size_t column_count;               // columns of the result
    struct store_column *columns;      // owned; set by the driver
};

// A zeroed statement becomes one of the connection's.
void store_stmt_init(struct store_stmt *stmt, struct store_conn *conn);

// Takes it from the connection, and frees its columns; what else it has is the driver's.
void store_stmt_fini(struct store_stmt *stmt);

struct version {
    uint64_t (*now)(const struct version *version); // version_now; set once
};

struct version_buckets {
    const struct version *(*at)(const struct version_buckets *buckets, const struct value *values,
        size_t count); // version_bucket; set once
};

// Backups (backup.h); `driver` is the one that has the table. A file that `write` is told of is there, empty,
// and nobody else's.
struct backup_check;
struct backup_target;
struct store_backup_driver {
    const char *magic; // what a backup begins with
    enum err_code (*write)(struct store *store, const char *path, const atomic_bool *stop, struct err *err);
    enum err_code (*check_file)(
        const struct store_driver *driver, const char *path, struct backup_check *check, struct err *err);
    enum err_code (*check_store)(struct store *store, struct backup_check *check, struct err *err);
    enum err_code (*restore)(const struct store_driver *driver, const struct backup_target *to,
        const char *path, struct backup_check *check, struct err *err);
};

struct store_driver {
    const char *kind;          // also the scheme of its urls: "sqlite"
    const char *short_scheme;  // another scheme of theirs, or NULL
    enum sql_dialect dialect;  // of the SQL that it takes
    bool nulls_are_largest;    // in the order of ORDER BY; else smallest
    bool decimals_are_scaled;  // store_decimals_are_scaled
    bool round_trip_is_costly; // store_round_trip_is_costly

    bool (*has_secret)(const char *url); // store_url_has_secret; NULL: never
    enum err_code (*open)(const char *url, const char *name, struct store **ret_store,
        struct err *err); // url with its scheme
    enum err_code (*open_replica)(const char *url, const char *name, struct store **ret_store,
        struct err *err); // NULL: there are none of its kind
    enum err_code (*scratch)(struct store *like, struct store **ret_store, struct err *err);
    bool (*recovered)(struct store *store, struct store_recovery *ret_recovery); // NULL: never
    void (*close)(struct store *store);
    const char *(*file)(const struct store *store); // NULL: stores of its kind are no files
    enum err_code (*watch)(struct store *store, struct err *err);
    const struct version *(*version_of)(
        struct store *store, const char *table); // versions_of; NULL: there is none that could be known
    enum err_code (*is_there)(struct store *store, struct err *err);   // NULL: always
    void (*stats)(struct store *store, struct store_stats *ret_stats); // into a zeroed one

    enum err_code (*connect)(
        struct store *store, enum store_mode mode, struct store_conn **ret_conn, struct err *err);
    enum err_code (*connect_beside)(struct store_conn *conn, struct store_conn **ret_conn,
        struct err *err); // NULL: there is one writer at a time; so are the other two of these
    void (*disconnect)(struct store_conn *conn);
    const struct store_prompt_driver *prompt; // NULL: there are no such connections
    const struct store_backup_driver *backup; //

    enum err_code (*begin)(struct store_conn *conn, struct err *err);
    enum err_code (*begin_early)(struct store_conn *conn, struct err *err); // NULL: as begin
    enum err_code (*take_turn)(struct store_conn *conn, struct err *err);   // NULL: there are none
    // Both NULL: every transaction sees all that was committed before it began.
    enum err_code (*versions_read)(struct store_conn *conn, struct buf *vector, struct err *err);
    enum err_code (*begin_at)(struct store_conn *conn, struct span vector, bool is_noted,
        struct err *err); // store_begin_at, and store_begin_seen_at where is_noted
    void (*follow)(
        struct store *replica, struct store *primary); // versions_follow; NULL: there are no replicas
    void (*ask)(struct store *store, struct versions_question *question); // NULL: versions never lag
    uint64_t (*asked_ns)(const struct store *store);                      // versions_asked_ns; with `ask`
    enum err_code (*buckets)(struct store_conn *conn, const char *table, const struct span *columns,
        size_t count, const struct version_buckets **ret_buckets, const char **ret_why,
        struct err *err); // versions_by; NULL: there are none
    enum err_code (*begin_seen)(struct store_conn *conn, struct err *err);            // NULL: as begin
    uint64_t (*version_seen)(struct store_conn *conn, const struct version *version); // NULL: never known
    enum err_code (*commit)(struct store_conn *conn, struct err *err);
    enum err_code (*check_deferred)(struct store_conn *conn, struct err *err);
    void (*rollback)(struct store_conn *conn);
    enum err_code (*savepoint)(struct store_conn *conn, struct err *err);
    enum err_code (*release)(struct store_conn *conn, struct err *err);
    enum err_code (*rollback_to)(struct store_conn *conn, struct err *err);
    void (*deadline)(struct store_conn *conn, uint64_t monotonic_ns);
    void (*interrupt_when)(struct store_conn *conn, const atomic_bool *flag);

    enum err_code (*prepare)(struct store_conn *conn, struct span sql, const struct store_name *params,
        size_t param_count, struct store_stmt **ret_stmt, struct err *err);
    void (*finalize)(struct store_stmt *stmt);
    enum err_code (*column_not_null)(
        struct store_stmt *stmt, size_t column, bool *ret_is_not_null, struct err *err);
    enum err_code (*bind)(struct store_stmt *stmt, const struct value *values, struct err *err);
    void (*last)(struct store_conn *conn); // NULL: nothing to gain
    enum err_code (*step)(struct store_stmt *stmt, bool *ret_row, struct err *err);
    enum err_code (*send)(struct store_stmt *stmt, const struct value *values,
        struct err *err);                                                 // NULL: bind, step and reset
    enum err_code (*wait_sent)(struct store_conn *conn, struct err *err); // NULL with `send`
    struct violation (*violation)(struct store_conn *conn);
    enum err_code (*column)(struct store_stmt *stmt, size_t column, struct value *ret_value, struct err *err);
    enum err_code (*column_micros)(struct store_stmt *stmt, size_t column, struct value *ret_value,
        struct err *err); // NULL: store_column cuts nothing
    enum err_code (*key)(struct store_stmt *stmt, size_t column, struct value *ret_value,
        struct err *err); // NULL: store_column is as exact
    void (*reset)(struct store_stmt *stmt);
    enum err_code (*explain)(struct store_stmt *stmt,
        void (*on_line)(void *ctx, const struct store_plan_line *line), void *ctx, struct err *err);
    enum err_code (*explain_any)(struct store_stmt *stmt,
        void (*on_line)(void *ctx, const struct store_plan_line *line), void *ctx,
        struct err *err); // NULL: plans do not show values, and explain does
    enum err_code (*is_unique)(struct store_stmt *stmt, const struct span *columns, size_t count,
        bool *ret_is_unique, struct err *err);
    enum err_code (*reads)(
        struct store_stmt *stmt, void (*on_table)(void *ctx, const char *table), void *ctx, struct err *err);
    enum err_code (*versions_under)(struct store_stmt *stmt, void (*on_name)(void *ctx, const char *name),
        void *ctx, struct err *err); // NULL: as reads
    enum err_code (*versions_cover)(
        struct store_stmt *stmt, bool *ret_is_covered, struct err *err); // NULL: always
    enum err_code (*versions_miss)(struct store_stmt *stmt, struct buf *why, struct err *err);
    uint64_t (*versions_schema)(const struct store_stmt *stmt); // NULL: never known

    enum err_code (*has_table)(struct store_conn *conn, const char *name, bool *ret_has_table,
        struct err *err); // NULL: who may connect may make tables
    enum err_code (*exec)(struct store_conn *conn, struct span sql, struct err *err);
    enum err_code (*empty)(struct store_conn *conn, struct err *err);
    enum err_code (*analyze)(
        struct store_conn *conn, struct err *err); // NULL: the database does so by itself

    enum err_code (*batch_open)(
        struct store_conn *conn, const struct store_name *fields, size_t field_count, struct err *err);
    enum err_code (*batch_close)(struct store_conn *conn, struct err *err);
    enum err_code (*batch_add)(
        struct store_conn *conn, const struct value *values, int64_t line, struct err *err);
};

// The drivers, by number from 0; NULL behind the last.
const struct store_driver *store_driver_at(size_t number);

extern const struct store_driver sqlite_driver;
extern const struct store_driver postgresql_driver;

#endif
