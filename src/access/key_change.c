// SPDX-License-Identifier: Apache-2.0
// The row of the audit comes first, as audit.h wants it; what is refused then takes it back with the
// transaction. On the connection's thread.
#include "access/key_change.h"

#include <stdio.h>

#include "access/key_records.h"
#include "store/own_sql.h"
#include "base/attr.h"
#include "base/limits.h"
#include "store/notes.h"
#include "text/timestamp.h"

enum { DETAIL_BYTES = 160 };

// "until 2027-01-01T00:00:00Z", or "without an end".
static void show_end(int64_t ends_s, char ret_text[DETAIL_BYTES])
{
    char moment[TIMESTAMP_CHARS];
    if (ends_s == CLIENT_NEVER_ENDS) {
        snprintf(ret_text, DETAIL_BYTES, "without an end");
        return;
    }
    timestamp_format_seconds(ends_s, moment);
    snprintf(ret_text, DETAIL_BYTES, "until %s", moment);
}

static enum err_code on_count(void *ctx, struct store_stmt *stmt, struct err *err)
{
    return own_column_integer(stmt, 0, 0, ctx, err);
}

// Whether servers would still know all secrets with one more (key_store_read).
static enum err_code has_room(struct store_conn *conn, int64_t now_s, struct err *err)
{
    static const char sql[] =
        "SELECT count(*) FROM reckoner_keys"
        " WHERE (ends IS NULL OR ends > :since) AND (revoked IS NULL OR revoked > :since)";
    const struct own_param params[] = {own_integer("since", now_s - LIMIT_KEYS_ENDED_S)};
    int64_t count = 0;
    enum err_code code = own_run(conn, sql, params, ARRAY_LEN(params), on_count, &count, err);
    if (code == ERR_NONE && count >= LIMIT_KEYS)
        code = err_set(err, ERR_TOO_LARGE, "the app has %d keys, and can have no more", LIMIT_KEYS);
    return code;
}

static enum err_code add_row(
    struct store_conn *conn, const struct audit_who *who, const struct key_row *row, struct err *err)
{
    static const char sql[] =
        "INSERT INTO reckoner_keys (id, secret, digest, label, plan, scopes, claims, created, created_by, ends)"
        " VALUES (:id, :secret, :digest, :label, :plan, :scopes, :claims, :created, :created_by, :ends)";
    char digest[SECRET_DIGEST_CHARS + 1];
    struct own_param ends = own_integer("ends", row->ends_s);
    secret_digest_format(&row->digest, digest);
    if (row->ends_s == CLIENT_NEVER_ENDS)
        ends.value = (struct value){.kind = VALUE_NULL};
    const struct own_param params[] = {own_text("id", row->id), own_integer("secret", row->secret),
        own_text("digest", span_of(digest)), own_text("label", row->label), own_text("plan", row->plan),
        own_text("scopes", row->scopes), own_text("claims", row->claims), own_integer("created", who->now_s),
        own_text("created_by", who->actor), ends};
    enum err_code code = has_room(conn, who->now_s, err);
    return code == ERR_NONE ? own_run(conn, sql, params, ARRAY_LEN(params), NULL, NULL, err) : code;
}

enum err_code key_create(
    struct store_conn *conn, const struct audit_who *who, const struct key_row *row, struct err *err)
{
    char detail[DETAIL_BYTES];
    show_end(row->ends_s, detail);
    enum err_code code = audit_add(conn, who, "created", row->id, span_of(detail), err);
    if (code == ERR_NONE)
        code = add_row(conn, who, row, err);
    if (code == ERR_NONE)
        code = note_write(conn, NOTE_DRAFT, "", err);
    return code;
}

// Reads the newest secret of a key that can be changed: one record.
static enum err_code find(
    struct store_conn *conn, struct span id, struct key_records *ret_records, struct err *err)
{
    enum err_code code = key_records_read_newest(conn, id, ret_records, err);
    if (code != ERR_NONE)
        return code;
    if (ret_records->count == 0)
        return err_set(err, ERR_UNKNOWN, "there is no key %.*s", (int)id.len, id.at);
    int64_t revoked_s = ret_records->items[0].row.revoked_s;
    if (revoked_s == 0)
        return ERR_NONE;
    char moment[TIMESTAMP_CHARS];
    timestamp_format_seconds(revoked_s, moment);
    err_set(err, ERR_INVALID, "the key %.*s was revoked already, %s", (int)id.len, id.at, moment);
    err_hint(err, "make a new one by 'reckoner key create'");
    return ERR_INVALID;
}

static enum err_code replace(struct store_conn *conn, const struct audit_who *who, struct span id,
    const struct secret_digest *digest, int64_t ends_s, int64_t overlap_end_s,
    const struct key_record *newest, struct err *err)
{
    static const char sql[] =
        "UPDATE reckoner_keys SET ends = :end WHERE id = :id AND (ends IS NULL OR ends > :end)";
    const struct own_param params[] = {own_integer("end", overlap_end_s), own_text("id", id)};
    struct key_row row = newest->row;
    row.digest = *digest;
    row.secret = newest->row.secret + 1;
    if (ends_s != KEY_LIVES_AS_LONG)
        row.ends_s = ends_s;
    else if (row.ends_s != CLIENT_NEVER_ENDS)
        row.ends_s = who->now_s + (newest->row.ends_s - newest->created_s);
    enum err_code code = own_run(conn, sql, params, ARRAY_LEN(params), NULL, NULL, err);
    return code == ERR_NONE ? add_row(conn, who, &row, err) : code;
}

// When the newest secret of a key ends. For the words of the audit alone, as it is read before its row is
// there: what is changed is read behind that.
static enum err_code former_end(struct store_conn *conn, struct span id, int64_t *ret_end_s, struct err *err)
{
    struct key_records records = {0};
    enum err_code code = key_records_read_newest(conn, id, &records, err);
    if (code == ERR_NONE && records.count > 0)
        *ret_end_s = records.items[0].row.ends_s;
    key_records_fini(&records);
    return code;
}

enum err_code key_rotate(struct store_conn *conn, const struct audit_who *who, struct span id,
    const struct secret_digest *digest, int64_t ends_s, int64_t overlap_end_s, struct err *err)
{
    char end[DETAIL_BYTES];
    char detail[2 * DETAIL_BYTES];
    struct key_records records = {0};
    int64_t former_end_s = CLIENT_NEVER_ENDS;
    enum err_code code = former_end(conn, id, &former_end_s, err);
    if (code != ERR_NONE)
        return code;
    show_end(former_end_s < overlap_end_s ? former_end_s : overlap_end_s, end);
    snprintf(detail, sizeof(detail), "the former secret goes on %s", end);
    code = audit_add(conn, who, "rotated", id, span_of(detail), err);
    if (code == ERR_NONE)
        code = find(conn, id, &records, err);
    if (code == ERR_NONE)
        code = replace(conn, who, id, digest, ends_s, overlap_end_s, &records.items[0], err);
    key_records_fini(&records);
    return code;
}

enum err_code key_revoke(
    struct store_conn *conn, const struct audit_who *who, struct span id, struct err *err)
{
    static const char sql[] = "UPDATE reckoner_keys SET revoked = :now WHERE id = :id";
    const struct own_param params[] = {own_integer("now", who->now_s), own_text("id", id)};
    struct key_records records = {0};
    enum err_code code = audit_add(conn, who, "revoked", id, span_of(""), err);
    if (code == ERR_NONE)
        code = find(conn, id, &records, err);
    if (code == ERR_NONE)
        code = own_run(conn, sql, params, ARRAY_LEN(params), NULL, NULL, err);
    key_records_fini(&records);
    return code;
}
