// SPDX-License-Identifier: Apache-2.0
// A piece is text, as that is what every store takes and gives: base64url, a third larger than its bytes.
#include "jobs/job_body.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "store/own_sql.h"
#include "text/base64url.h"

enum { TEXT_BYTES = BASE64URL_CHARS(LIMIT_JOB_PIECE_BYTES) };

static void show_digest(struct digest digest, char ret_digest[JOB_DIGEST_CHARS + 1])
{
    for (size_t i = 0; i < sizeof(digest.bytes); i++)
        snprintf(ret_digest + 2 * i, 3, "%02x", digest.bytes[i]);
}

void job_body_digest(const struct spool *body, char ret_digest[JOB_DIGEST_CHARS + 1])
{
    show_digest(spool_digest(body), ret_digest);
}

// --- in

// A piece of the spool; it borrows the spool or `room`.
static enum err_code read_piece(
    const struct spool *body, int64_t number, char *room, struct span *ret_piece, struct err *err)
{
    uint64_t offset = (uint64_t)number * LIMIT_JOB_PIECE_BYTES, rest = spool_bytes(body) - offset;
    size_t len = rest < LIMIT_JOB_PIECE_BYTES ? (size_t)rest : LIMIT_JOB_PIECE_BYTES;
    if (!temp_file_is_open(&body->file)) {
        *ret_piece = (struct span){.at = body->buf.data + offset, .len = len};
        return ERR_NONE;
    }
    enum err_code code = temp_file_read(&body->file, offset, room, len, err);
    *ret_piece = (struct span){.at = room, .len = len};
    return code;
}

static enum err_code insert(struct own_statements *own, struct span id, int64_t number, struct span text,
    int64_t now_ms, struct err *err)
{
    const struct own_param params[] = {
        own_text("job", id),
        own_integer("piece", number),
        own_integer("now", now_ms),
        own_text("bytes", text),
    };
    return own_run_kept(own,
        "INSERT INTO reckoner_job_bodies (job, piece, made, bytes) VALUES (:job, :piece, :now, :bytes)",
        params, ARRAY_LEN(params), NULL, NULL, err);
}

enum err_code job_body_put(struct own_statements *own, struct span id, const struct spool *body,
    int64_t first, int64_t count, int64_t now_ms, struct err *err)
{
    int64_t pieces = job_body_pieces(spool_bytes(body)),
            end = first + count < pieces ? first + count : pieces;
    char *room = mem_alloc(LIMIT_JOB_PIECE_BYTES), *text = mem_alloc(TEXT_BYTES);
    enum err_code code = room != NULL && text != NULL ? ERR_NONE : err_no_memory(err);
    for (int64_t i = first; code == ERR_NONE && i < end; i++) {
        struct span piece;
        code = read_piece(body, i, room, &piece, err);
        if (code == ERR_NONE)
            code = insert(
                own, id, i, (struct span){.at = text, .len = base64url_encode(piece, text)}, now_ms, err);
    }
    mem_free(room);
    mem_free(text);
    return code;
}

enum err_code job_body_is_whole(
    struct own_statements *own, struct span id, int64_t pieces, bool *ret_whole, struct err *err)
{
    int64_t found = 0;
    bool is_row = false;
    const struct own_param wanted = own_text("job", id);
    enum err_code code =
        own_run_integers(own, "SELECT count(*) AS pieces FROM reckoner_job_bodies WHERE job = :job", &wanted,
            1, &found, 1, &is_row, err);
    if (code == ERR_NONE)
        *ret_whole = found == pieces;
    return code;
}

// --- out

// A body on its way out.
struct reading {
    struct digester *digester; // owned; of what has come
    char *bytes;               // owned; of one piece
    int64_t total;             // bytes that have come
    bool is_found;             // the piece that was asked for last
    enum err_code (*on_piece)(void *ctx, struct span bytes, struct err *err);
    void *ctx;
};

static enum err_code no_such_body(const struct job *job, struct err *err)
{
    return err_set(err, ERR_STORE, "the body of job %.*s is not what was sent", (int)job->id.len, job->id.at);
}

static enum err_code on_text(void *ctx, struct store_stmt *stmt, struct err *err)
{
    struct reading *reading = ctx;
    struct value value = {0};
    size_t len;
    enum err_code code = store_column(stmt, 0, &value, err);
    if (code != ERR_NONE || value.kind != VALUE_TEXT ||
        !base64url_decode(value.text, reading->bytes, LIMIT_JOB_PIECE_BYTES, &len))
        return code; // it counts as not found
    const struct span bytes = {.at = reading->bytes, .len = len};
    reading->is_found = true;
    reading->total += (int64_t)len;
    digester_add(reading->digester, bytes);
    return reading->on_piece(reading->ctx, bytes, err);
}

static enum err_code read_all(
    struct own_statements *own, const struct job *job, struct reading *reading, struct err *err)
{
    char digest[JOB_DIGEST_CHARS + 1];
    for (int64_t i = 0; i < job->pieces; i++) {
        const struct own_param params[] = {own_text("job", job->id), own_integer("piece", i)};
        reading->is_found = false;
        enum err_code code =
            own_run_kept(own, "SELECT bytes FROM reckoner_job_bodies WHERE job = :job AND piece = :piece",
                params, ARRAY_LEN(params), on_text, reading, err);
        if (code != ERR_NONE)
            return code;
        if (!reading->is_found)
            return no_such_body(job, err);
    }
    show_digest(digester_digest(reading->digester), digest);
    bool is_whole = reading->total == job->bytes && span_is(job->digest, digest);
    return is_whole ? ERR_NONE : no_such_body(job, err);
}

enum err_code job_body_each(struct own_statements *own, const struct job *job,
    enum err_code (*on_piece)(void *ctx, struct span bytes, struct err *err), void *ctx, struct err *err)
{
    struct reading reading = {.digester = digester_new(),
        .bytes = mem_alloc(LIMIT_JOB_PIECE_BYTES),
        .on_piece = on_piece,
        .ctx = ctx};
    enum err_code code = reading.digester != NULL && reading.bytes != NULL ? read_all(own, job, &reading, err)
                                                                           : err_no_memory(err);
    digester_free(reading.digester);
    mem_free(reading.bytes);
    return code;
}

// --- gone

enum err_code job_body_drop(struct own_statements *own, struct span id, bool *ret_more, struct err *err)
{
    size_t count = 0;
    const struct own_param params[] = {own_text("job", id), own_integer("some", LIMIT_JOB_STEP_PIECES)};
    enum err_code code = own_run_count(own,
        "DELETE FROM reckoner_job_bodies WHERE job = :job AND piece IN (SELECT piece FROM reckoner_job_bodies "
        "WHERE job = :job ORDER BY piece LIMIT :some) RETURNING piece",
        params, ARRAY_LEN(params), &count, err);
    if (code == ERR_NONE)
        *ret_more = count == LIMIT_JOB_STEP_PIECES;
    return code;
}

enum err_code job_body_stray(
    struct own_statements *own, int64_t before_ms, char ret_id[JOB_ID_CHARS + 1], struct err *err)
{
    const struct own_param before = own_integer("before", before_ms);
    return own_run_word(own,
        "SELECT job FROM reckoner_job_bodies WHERE NOT EXISTS (SELECT 1 FROM reckoner_jobs "
        "WHERE reckoner_jobs.id = reckoner_job_bodies.job) GROUP BY job HAVING max(made) < :before LIMIT 1",
        &before, 1, JOB_ID_CHARS, ret_id, err);
}
