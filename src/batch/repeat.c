// SPDX-License-Identifier: Apache-2.0
// Two with one key at a time, in two processes: on SQLite the second one's transaction begins when the first
// one's has ended, and finds its row. On PostgreSQL the key has an advisory lock of the transaction, which is
// tried and not waited for. The look-up is a statement of its own behind it: in one statement its snapshot
// would be older than the lock, and miss a row that was committed just before. Both go in one message. Last
// of all the key is unique: a row that was missed all the same fails the transaction.
//
// What is kept is what a batch was answered that is in. One that was refused, or failed, has no row, and may
// be sent again with its key. On the connection's thread.
#include "batch/repeat.h"

#include <inttypes.h>

#include "base/attr.h"
#include "base/limits.h"
#include "batch/writer.h"

static const char LOCK[] = "SELECT CAST(pg_try_advisory_xact_lock("
                           "hashtextextended(current_schema() || ' ' || :identity, 7304)) AS integer)";

#define LOOK_UP(now)                                                                                         \
    "SELECT digest, status, format, answer, is_cut, batch_id, CASE WHEN ends_us > " now                      \
    " THEN 1 ELSE 0 END FROM reckoner_repeats WHERE identity = :identity"

#define NO_END   "9223372036854775807"
#define END(now) "(" now " + :hours * 3600000000)"
#define OF_JOB   "batch_id = 0 AND answer = :job"

#define INSERT(now)                                                                                                    \
    "INSERT INTO reckoner_repeats (identity, digest, status, format, answer, is_cut, batch_id, ends_us)"               \
    " VALUES (:identity, :digest, :status, :format, :answer, :is_cut, :batch_id, CASE WHEN :batch_id = 0 THEN " NO_END \
    " ELSE " END(now) " END)"

#define JOB_IS_OVER(now) "UPDATE reckoner_repeats SET ends_us = " END(now) " WHERE " OF_JOB

#define PRUNE(now, lock)                                                                                          \
    "DELETE FROM reckoner_repeats WHERE identity IN (SELECT identity FROM reckoner_repeats WHERE ends_us <= " now \
    " ORDER BY ends_us LIMIT :most" lock ") RETURNING 1"

enum err_code repeat_make_table(struct store_conn *conn, struct err *err)
{
    return store_make_table(conn, "reckoner_repeats",
        "CREATE TABLE IF NOT EXISTS reckoner_repeats (identity text NOT NULL PRIMARY KEY, digest text NOT NULL,"
        " status bigint NOT NULL, format bigint NOT NULL, answer text NOT NULL, is_cut bigint NOT NULL,"
        " batch_id bigint NOT NULL, ends_us bigint NOT NULL);"
        "CREATE INDEX IF NOT EXISTS reckoner_repeats_ends ON reckoner_repeats (ends_us);"
        "CREATE INDEX IF NOT EXISTS reckoner_repeats_jobs ON reckoner_repeats (answer) WHERE batch_id = 0",
        err);
}

// --- the row of a key

struct found {
    struct repeat *repeat;
    struct repeat_kept *kept; // out
    struct buf *text;         // out
};

static enum err_code read_kept(const struct found *found, struct store_stmt *stmt, struct err *err)
{
    struct value text = {0};
    int64_t status = 0, format = 0, is_cut = 0, batch_id = 0;
    enum err_code code = own_column_integer(stmt, 1, 0, &status, err);
    if (code == ERR_NONE)
        code = own_column_integer(stmt, 2, 0, &format, err);
    if (code == ERR_NONE)
        code = store_column(stmt, 3, &text, err);
    if (code == ERR_NONE)
        code = own_column_integer(stmt, 4, 0, &is_cut, err);
    if (code == ERR_NONE)
        code = own_column_integer(stmt, 5, 0, &batch_id, err);
    if (code == ERR_NONE && (text.kind != VALUE_TEXT || format < 0 || format > FORMAT_TEXT))
        code = err_set(err, ERR_STORE, "reckoner_repeats has a row that no Reckoner has written");
    if (code != ERR_NONE)
        return code;
    *found->kept = (struct repeat_kept){.status = (int)status,
        .format = (enum answer_format)format,
        .is_cut = is_cut != 0,
        .batch_id = batch_id};
    return buf_append(found->text, text.text.at, text.text.len) == ERR_NONE ? ERR_NONE : err_no_memory(err);
}

static enum err_code on_row(const struct found *found, struct store_stmt *stmt, struct err *err)
{
    struct repeat *repeat = found->repeat;
    struct value digest = {0};
    int64_t is_live = 0;
    enum err_code code = store_column(stmt, 0, &digest, err);
    if (code == ERR_NONE)
        code = own_column_integer(stmt, 6, 0, &is_live, err);
    if (code != ERR_NONE)
        return code;
    bool is_same = digest.kind == VALUE_TEXT && span_is(digest.text, repeat->digest);
    repeat->has_ended = is_live == 0;
    if (is_live == 0)
        return ERR_NONE;
    repeat->verdict = is_same ? REPEAT_KNOWN : REPEAT_DIFFERS;
    return is_same ? read_kept(found, stmt, err) : ERR_NONE;
}

// Asks for the lock; the caller reads it, and looks up behind it.
static enum err_code ask_lock(struct own_statements *own, const struct own_param *identity,
    struct store_stmt **ret_lock, struct err *err)
{
    *ret_lock = NULL;
    if (store_conn_dialect(own->conn) != SQL_POSTGRESQL)
        return ERR_NONE;
    return own_ask_kept(own, LOCK, identity, 1, ret_lock, err);
}

static enum err_code read_lock(struct store_stmt *lock, int64_t *ret_has_lock, struct err *err)
{
    bool row = false;
    *ret_has_lock = 1;
    if (lock == NULL)
        return ERR_NONE;
    enum err_code code = store_step(lock, &row, err);
    return code == ERR_NONE ? own_column_integer(lock, 0, 0, ret_has_lock, err) : code;
}

static enum err_code look_up(struct own_statements *own, const struct found *found, struct err *err)
{
    static const char sqlite[] = LOOK_UP(OWN_NOW_SQLITE), postgresql[] = LOOK_UP(OWN_NOW_POSTGRESQL);
    const struct own_param identity = own_text("identity", span_of(found->repeat->identity));
    struct store_stmt *lock = NULL, *stmt = NULL;
    int64_t has_lock = 1;
    bool row = false;
    enum err_code code = ask_lock(own, &identity, &lock, err);
    if (code == ERR_NONE)
        code = own_ask_kept(own, own_sql_of(own->conn, sqlite, postgresql), &identity, 1, &stmt, err);
    if (code == ERR_NONE)
        code = read_lock(lock, &has_lock, err);
    if (code == ERR_NONE && has_lock == 0)
        found->repeat->verdict = REPEAT_RUNS;
    if (code == ERR_NONE && has_lock != 0)
        code = store_step(stmt, &row, err);
    if (code == ERR_NONE && row)
        code = on_row(found, stmt, err);
    if (lock != NULL)
        store_reset(lock);
    if (stmt != NULL)
        store_reset(stmt);
    return code;
}

enum err_code repeat_look(struct repeat *repeat, struct own_statements *own, struct repeat_kept *ret_kept,
    struct buf *text, struct err *err)
{
    const struct found found = {.repeat = repeat, .kept = ret_kept, .text = text};
    repeat->verdict = REPEAT_NEW;
    repeat->has_ended = false;
    return look_up(own, &found, err);
}

enum err_code repeat_keep(const struct repeat *repeat, struct own_statements *own,
    const struct repeat_kept *kept, struct span text, struct err *err)
{
    static const char sqlite[] = INSERT(OWN_NOW_SQLITE), postgresql[] = INSERT(OWN_NOW_POSTGRESQL);
    static const char drop[] = "DELETE FROM reckoner_repeats WHERE identity = :identity";
    const struct own_param params[] = {
        own_text("identity", span_of(repeat->identity)),
        own_text("digest", span_of(repeat->digest)),
        own_integer("status", kept->status),
        own_integer("format", kept->format),
        own_text("answer", kept->is_cut || text.len == 0 ? span_of("") : text),
        own_integer("is_cut", kept->is_cut),
        own_integer("batch_id", kept->batch_id),
        own_integer("hours", LIMIT_REPEAT_HOURS),
    };
    enum err_code code = ERR_NONE;
    if (repeat->has_ended)
        code = own_send_kept(own, drop, params, 1, err);
    if (code == ERR_NONE)
        code = own_send_kept(own, own_sql_of(own->conn, sqlite, postgresql), params, ARRAY_LEN(params), err);
    return code;
}

// --- of a job

enum err_code repeat_job_is_over(struct own_statements *own, struct span job, struct err *err)
{
    static const char sqlite[] = JOB_IS_OVER(OWN_NOW_SQLITE), postgresql[] = JOB_IS_OVER(OWN_NOW_POSTGRESQL);
    const struct own_param params[] = {own_text("job", job), own_integer("hours", LIMIT_REPEAT_HOURS)};
    return own_send_kept(own, own_sql_of(own->conn, sqlite, postgresql), params, ARRAY_LEN(params), err);
}

enum err_code repeat_job_is_open(struct own_statements *own, struct span job, struct err *err)
{
    static const char sql[] = "UPDATE reckoner_repeats SET ends_us = " NO_END " WHERE " OF_JOB;
    const struct own_param param = own_text("job", job);
    return own_send_kept(own, sql, &param, 1, err);
}

// --- the seal

enum err_code repeat_give(const struct repeat_kept *kept, struct batch *batch, struct err *err)
{
    batch->is_known = true;
    batch->id = kept->batch_id;
    batch->format = kept->is_cut ? FORMAT_JSON : kept->format;
    batch->answered = (struct answered){.status = kept->status};
    if (kept->is_cut)
        buf_printf(&batch->answer.buf,
            "{\"batch_id\":%" PRId64
            ",\"detail\":\"the batch is in; what it was answered was longer than %d bytes, "
            "and was not kept\"}",
            batch->id, LIMIT_REPEAT_ANSWER_BYTES);
    return spool_end(&batch->answer, err);
}

static enum err_code on_open(
    struct seal *seal, struct batch *batch, struct own_statements *own, struct err *err)
{
    struct repeat *repeat = CONTAINER_OF(seal, struct repeat, seal);
    struct repeat_kept kept = {0};
    enum err_code code = repeat_look(repeat, own, &kept, &batch->answer.buf, err);
    if (code != ERR_NONE || repeat->verdict == REPEAT_NEW)
        return code;
    if (repeat->verdict == REPEAT_DIFFERS)
        return err_set(err, ERR_INVALID, "the key was sent with another request");
    if (repeat->verdict == REPEAT_RUNS)
        return err_set(err, ERR_BUSY, "a batch with the same key is being written");
    return repeat_give(&kept, batch, err);
}

static enum err_code on_close(
    struct seal *seal, struct batch *batch, struct own_statements *own, struct err *err)
{
    const struct repeat_kept kept = {.status = batch->answered.status,
        .format = batch->format,
        .is_cut = spool_bytes(&batch->answer) > LIMIT_REPEAT_ANSWER_BYTES,
        .batch_id = batch->id};
    return repeat_keep(
        CONTAINER_OF(seal, struct repeat, seal), own, &kept, buf_span(&batch->answer.buf), err);
}

void repeat_seal(struct repeat *repeat)
{
    repeat->seal = (struct seal){.open = on_open, .close = on_close};
}

// --- old ones

enum err_code repeat_prune(struct own_statements *own, size_t *ret_count, struct err *err)
{
    static const char sqlite[] = PRUNE(OWN_NOW_SQLITE, "");
    static const char postgresql[] = PRUNE(OWN_NOW_POSTGRESQL, " FOR UPDATE SKIP LOCKED");
    const struct own_param most = own_integer("most", LIMIT_PRUNE_ROWS);
    return own_run_count(own, own_sql_of(own->conn, sqlite, postgresql), &most, 1, ret_count, err);
}
