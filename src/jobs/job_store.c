// SPDX-License-Identifier: Apache-2.0
// SQL that every store understands, but for the clock. The rows of jobs that wait are found by an index of
// these alone, so a long history makes nothing slow.
//
// Numbers come from a row of reckoner_job_line, which an enqueuing transaction locks to its end. So numbers
// are given out in the order of commits: whoever sees a number has seen all lower ones.
#include "jobs/job_store.h"

#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "batch/repeat.h"
#include "jobs/job_params.h"
#include "store/own_sql.h"

enum {
    ASKED_BYTES = 4 * 1024 * 1024, // as text: a request's arena bounds what it is made of
    ASKED_TEXTS = 8,
};

static const char MAKE_JOBS[] =
    "CREATE TABLE IF NOT EXISTS reckoner_jobs (number bigint NOT NULL PRIMARY KEY, id text NOT NULL UNIQUE, "
    "state text NOT NULL, endpoint text NOT NULL, shape text NOT NULL, client text NOT NULL, "
    "asked text NOT NULL, bytes bigint NOT NULL, pieces bigint NOT NULL, digest text NOT NULL, "
    "created bigint NOT NULL, has_body bigint NOT NULL DEFAULT 1, started bigint NOT NULL DEFAULT 0, "
    "ended bigint NOT NULL DEFAULT 0, next bigint NOT NULL DEFAULT 0, attempts bigint NOT NULL DEFAULT 0, "
    "token bigint NOT NULL DEFAULT 0, rows bigint NOT NULL DEFAULT 0, batch bigint NOT NULL DEFAULT 0, "
    "status bigint NOT NULL DEFAULT 0, result text NOT NULL DEFAULT '');\n"
    "CREATE INDEX IF NOT EXISTS reckoner_jobs_open ON reckoner_jobs (number) "
    "WHERE state IN ('queued', 'running');\n"
    "CREATE INDEX IF NOT EXISTS reckoner_jobs_spent ON reckoner_jobs (number) WHERE has_body = 1;\n"
    "CREATE INDEX IF NOT EXISTS reckoner_jobs_ended ON reckoner_jobs (ended)";

// A piece of a body, as text.
static const char MAKE_BODIES[] =
    "CREATE TABLE IF NOT EXISTS reckoner_job_bodies (job text NOT NULL, piece bigint NOT NULL, "
    "made bigint NOT NULL, bytes text NOT NULL, PRIMARY KEY (job, piece))";

// Rows that are locked: 'number', the last one that was given; 'lease', see job_lease.c.
static const char MAKE_LINE[] =
    "CREATE TABLE IF NOT EXISTS reckoner_job_line (name text NOT NULL PRIMARY KEY, number bigint NOT NULL, "
    "holder text NOT NULL, ends bigint NOT NULL, job bigint NOT NULL, rows bigint NOT NULL)";

#define OPEN "state IN ('queued', 'running')"
#define COLUMNS                                                                                              \
    "number, id, state, endpoint, shape, client, asked, bytes, pieces, digest, has_body, created, started, " \
    "ended, next, attempts, token, rows, batch, status"

enum { COLUMN_COUNT = 20 }; // of COLUMNS; behind them may be the result

enum err_code job_store_make(struct store_conn *conn, struct err *err)
{
    enum err_code code = store_make_table(conn, "reckoner_jobs", MAKE_JOBS, err);
    if (code == ERR_NONE)
        code = store_make_table(conn, "reckoner_job_bodies", MAKE_BODIES, err);
    if (code == ERR_NONE)
        code = store_make_table(conn, "reckoner_job_line", MAKE_LINE, err);
    return code == ERR_NONE ? repeat_make_table(conn, err) : code; // of the keys that jobs have
}

// --- reading

// What was asked for, one text after another.
static enum err_code write_asked(const struct job_asked *asked, struct buf *out, struct err *err)
{
    const struct span texts[ASKED_TEXTS] = {asked->content_type, asked->coding, asked->format, asked->query,
        asked->params, asked->client_kind, asked->address, asked->plan};
    for (size_t i = 0; i < ASKED_TEXTS; i++) {
        const struct value value = {.kind = VALUE_TEXT, .text = texts[i]};
        job_params_write(&value, 1, out);
    }
    return buf_status(out) == ERR_NONE ? ERR_NONE : err_no_memory(err);
}

// Nodes of two versions may work on one queue: what a newer one has put behind the texts is passed over, and
// what an older one has not put there is empty.
static enum err_code read_asked(struct span text, struct job_asked *ret_asked, struct err *err)
{
    struct value values[ASKED_TEXTS] = {0};
    size_t count = 0;
    bool is_sound = job_params_read_some(text, values, ASKED_TEXTS, &count);
    for (size_t i = 0; is_sound && i < count; i++)
        is_sound = values[i].kind == VALUE_TEXT;
    if (!is_sound)
        return err_set(err, ERR_STORE, "the table reckoner_jobs has been tampered with");
    ret_asked->content_type = values[0].text;
    ret_asked->coding = values[1].text;
    ret_asked->format = values[2].text;
    ret_asked->query = values[3].text;
    ret_asked->params = values[4].text;
    ret_asked->client_kind = values[5].text;
    ret_asked->address = values[6].text;
    ret_asked->plan = values[7].text;
    return ERR_NONE;
}

// A job of the current row of a SELECT of COLUMNS.
static enum err_code read_job(
    struct store_stmt *stmt, struct arena *arena, struct job *ret_job, struct err *err)
{
    struct job job = {0};
    struct span state = {0}, asked = {0};
    int64_t has_body = 0;
    const struct {
        size_t column;
        struct span *text;
    } texts[] = {{1, &job.id}, {2, &state}, {3, &job.asked.endpoint}, {4, &job.asked.shape},
        {5, &job.asked.client}, {6, &asked}, {9, &job.digest}};
    const struct {
        size_t column;
        int64_t *integer;
    } integers[] = {{0, &job.number}, {7, &job.bytes}, {8, &job.pieces}, {10, &has_body},
        {11, &job.created_ms}, {12, &job.started_ms}, {13, &job.ended_ms}, {14, &job.next_ms},
        {15, &job.attempts}, {16, &job.token}, {17, &job.rows}, {18, &job.batch}, {19, &job.status}};
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < ARRAY_LEN(texts); i++)
        code = own_column_text(stmt, texts[i].column, arena, texts[i].text, err);
    for (size_t i = 0; code == ERR_NONE && i < ARRAY_LEN(integers); i++)
        code = own_column_integer(stmt, integers[i].column, 0, integers[i].integer, err);
    if (code == ERR_NONE && !job_state_from_word(state, &job.state))
        code = err_set(err, ERR_STORE, "the table reckoner_jobs has been tampered with");
    if (code == ERR_NONE)
        code = read_asked(asked, &job.asked, err);
    job.has_body = has_body != 0;
    if (code == ERR_NONE)
        *ret_job = job;
    return code;
}

// The first row of a statement as a job.
struct one_job {
    struct arena *arena;
    struct job *job;
    bool is_found;
    bool has_result; // the statement has it behind COLUMNS
};

static enum err_code on_one_job(void *ctx, struct store_stmt *stmt, struct err *err)
{
    struct one_job *one = ctx;
    enum err_code code = read_job(stmt, one->arena, one->job, err);
    if (code == ERR_NONE && one->has_result)
        code = own_column_text(stmt, COLUMN_COUNT, one->arena, &one->job->result, err);
    one->is_found = code == ERR_NONE;
    return code;
}

// --- the queue

enum err_code job_store_queue(struct own_statements *own, struct job_queue *ret_queue, struct err *err)
{
    int64_t found[4] = {0};
    bool row = false;
    enum err_code code = own_run_integers(own,
        "SELECT count(*) AS jobs, CAST(coalesce(sum(CASE WHEN state = 'running' THEN 1 ELSE 0 END), 0) AS bigint) "
        "AS running, CAST(coalesce(sum(bytes), 0) AS bigint) AS bytes, coalesce(min(created), 0) AS oldest "
        "FROM reckoner_jobs WHERE " OPEN,
        NULL, 0, found, ARRAY_LEN(found), &row, err);
    if (code == ERR_NONE)
        *ret_queue = (struct job_queue){
            .queued = found[0] - found[1], .running = found[1], .bytes = found[2], .oldest_ms = found[3]};
    return code;
}

// Locks the row of numbers, and tells the next one.
static enum err_code next_number(struct own_statements *own, int64_t *ret_number, struct err *err)
{
    bool row = false;
    return own_run_integers(own,
        "INSERT INTO reckoner_job_line (name, number, holder, ends, job, rows) "
        "VALUES ('number', 1, '', 0, 0, 0) ON CONFLICT (name) DO UPDATE "
        "SET number = reckoner_job_line.number + 1 RETURNING number",
        NULL, 0, ret_number, 1, &row, err);
}

static enum err_code insert(
    struct own_statements *own, const struct job_new *job, int64_t number, int64_t now_ms, struct err *err)
{
    AUTO(buf_fini) struct buf asked;
    buf_init(&asked, ASKED_BYTES);
    enum err_code code = write_asked(&job->asked, &asked, err);
    if (code != ERR_NONE)
        return code;
    const struct own_param params[] = {
        own_integer("number", number),
        own_text("id", job->id),
        own_text("endpoint", job->asked.endpoint),
        own_text("shape", job->asked.shape),
        own_text("client", job->asked.client),
        own_text("asked", buf_span(&asked)),
        own_integer("bytes", job->bytes),
        own_integer("pieces", job->pieces),
        own_text("digest", job->digest),
        own_integer("now", now_ms),
    };
    return own_run_kept(own,
        "INSERT INTO reckoner_jobs (number, id, state, endpoint, shape, client, asked, bytes, pieces, digest, "
        "created) VALUES (:number, :id, 'queued', :endpoint, :shape, :client, :asked, :bytes, :pieces, :digest, "
        ":now)",
        params, ARRAY_LEN(params), NULL, NULL, err);
}

static enum err_code count_room(struct own_statements *own, struct job_room *room, struct err *err)
{
    struct job_queue queue;
    if (room->is_counted)
        return ERR_NONE;
    enum err_code code = job_store_queue(own, &queue, err);
    if (code != ERR_NONE)
        return code;
    room->is_counted = true;
    room->jobs = queue.queued + queue.running;
    room->bytes = queue.bytes;
    return ERR_NONE;
}

enum err_code job_store_add(struct own_statements *own, const struct job_new *job, struct job_room *room,
    int64_t now_ms, int64_t *ret_ahead, bool *ret_full, struct err *err)
{
    const struct job_bounds *bounds = &room->bounds;
    int64_t number;
    enum err_code code = next_number(own, &number, err); // first, as whoever has it sees all others
    if (code == ERR_NONE)
        code = count_room(own, room, err);
    if (code != ERR_NONE)
        return code;
    *ret_full = room->jobs >= bounds->jobs || (room->jobs > 0 && room->bytes + job->bytes > bounds->bytes);
    if (*ret_full)
        return ERR_NONE;
    code = insert(own, job, number, now_ms, err);
    if (code != ERR_NONE)
        return code;
    *ret_ahead = room->jobs++;
    room->bytes += job->bytes;
    return ERR_NONE;
}

enum err_code job_store_first(
    struct own_statements *own, struct arena *arena, struct job *ret_job, bool *ret_found, struct err *err)
{
    struct one_job one = {.arena = arena, .job = ret_job};
    enum err_code code =
        own_run_kept(own, "SELECT " COLUMNS " FROM reckoner_jobs WHERE " OPEN " ORDER BY number LIMIT 1",
            NULL, 0, on_one_job, &one, err);
    if (code == ERR_NONE)
        *ret_found = one.is_found;
    return code;
}

// --- moves

// Runs an UPDATE that returns the number of the one job that it has moved.
static enum err_code move(struct own_statements *own, const char *sql, const struct own_param *params,
    size_t count, bool *ret_moved, struct err *err)
{
    int64_t number;
    return own_run_integers(own, sql, params, count, &number, 1, ret_moved, err);
}

enum err_code job_store_take(
    struct own_statements *own, struct job *job, int64_t now_ms, bool *ret_moved, struct err *err)
{
    int64_t token = own_token();
    bool is_moved = false;
    const struct own_param params[] = {
        own_integer("number", job->number),
        own_integer("seen", job->token),
        own_integer("token", token),
        own_integer("now", now_ms),
    };
    enum err_code code = move(own,
        "UPDATE reckoner_jobs SET state = 'running', token = :token, attempts = attempts + 1, started = :now, "
        "next = 0 WHERE number = :number AND token = :seen AND " OPEN " RETURNING number",
        params, ARRAY_LEN(params), &is_moved, err);
    if (code != ERR_NONE)
        return code;
    if (is_moved) {
        job->state = JOB_RUNNING;
        job->token = token;
        job->attempts++;
        job->started_ms = now_ms;
    }
    *ret_moved = is_moved;
    return ERR_NONE;
}

enum err_code job_store_end(struct own_statements *own, const struct job *job, const struct job_end *end,
    int64_t now_ms, bool *ret_moved, struct err *err)
{
    bool is_over = job_state_is_over(end->state), is_moved = false;
    const struct own_param params[] = {
        own_integer("number", job->number),
        own_integer("token", job->token),
        own_text("state", span_of(job_state_word(end->state))),
        own_integer("ended", is_over ? now_ms : 0),
        own_integer("next", is_over ? 0 : end->next_ms),
        own_integer("back", !is_over && end->gives_back ? 1 : 0),
        own_integer("rows", end->rows),
        own_integer("batch", end->batch),
        own_integer("status", end->status),
        own_text("result", end->result),
    };
    enum err_code code = move(own,
        "UPDATE reckoner_jobs SET state = :state, ended = :ended, next = :next, attempts = attempts - :back, "
        "rows = :rows, batch = :batch, status = :status, result = :result "
        "WHERE number = :number AND token = :token AND state = 'running' RETURNING number",
        params, ARRAY_LEN(params), &is_moved, err);
    if (code == ERR_NONE && is_moved && is_over)
        code = repeat_job_is_over(own, job->id, err);
    if (code == ERR_NONE)
        *ret_moved = is_moved;
    return code;
}

enum err_code job_store_cancel(
    struct own_statements *own, struct span id, int64_t now_ms, bool *ret_moved, struct err *err)
{
    const struct own_param params[] = {
        own_text("id", id), own_integer("now", now_ms), own_integer("token", own_token())};
    bool is_moved = false;
    enum err_code code = move(own,
        "UPDATE reckoner_jobs SET state = 'cancelled', ended = :now, next = 0, token = :token "
        "WHERE id = :id AND state = 'queued' RETURNING number",
        params, ARRAY_LEN(params), &is_moved, err);
    if (code == ERR_NONE && is_moved)
        code = repeat_job_is_over(own, id, err);
    if (code == ERR_NONE)
        *ret_moved = is_moved;
    return code;
}

enum err_code job_store_retry(struct own_statements *own, struct span id, bool *ret_moved, struct err *err)
{
    const struct own_param params[] = {own_text("id", id), own_integer("token", own_token())};
    bool is_moved = false;
    enum err_code code = move(own,
        "UPDATE reckoner_jobs SET state = 'queued', ended = 0, next = 0, attempts = 0, token = :token, rows = 0, "
        "status = 0, result = '' "
        "WHERE id = :id AND state IN ('refused', 'failed') AND has_body = 1 RETURNING number",
        params, ARRAY_LEN(params), &is_moved, err);
    if (code == ERR_NONE && is_moved)
        code = repeat_job_is_open(own, id, err);
    if (code == ERR_NONE)
        *ret_moved = is_moved;
    return code;
}

// --- looking

static enum err_code count_ahead(
    struct own_statements *own, const struct job *job, int64_t *ret_ahead, struct err *err)
{
    bool row;
    const struct own_param number = own_integer("number", job->number);
    *ret_ahead = 0;
    if (job_state_is_over(job->state))
        return ERR_NONE;
    return own_run_integers(own,
        "SELECT count(*) AS ahead FROM reckoner_jobs WHERE number < :number AND " OPEN, &number, 1, ret_ahead,
        1, &row, err);
}

enum err_code job_store_find(struct own_statements *own, struct span id, struct arena *arena,
    struct job *ret_job, int64_t *ret_ahead, bool *ret_found, struct err *err)
{
    struct job job = {0};
    struct one_job one = {.arena = arena, .job = &job, .has_result = true};
    const struct own_param wanted = own_text("id", id);
    enum err_code code = own_run_kept(own, "SELECT " COLUMNS ", result FROM reckoner_jobs WHERE id = :id",
        &wanted, 1, on_one_job, &one, err);
    if (code == ERR_NONE && one.is_found)
        code = count_ahead(own, &job, ret_ahead, err);
    if (code != ERR_NONE)
        return code;
    if (one.is_found)
        *ret_job = job;
    *ret_found = one.is_found;
    return ERR_NONE;
}

enum err_code job_store_has(struct own_statements *own, struct span id, bool *ret_has, struct err *err)
{
    int64_t number;
    const struct own_param wanted = own_text("id", id);
    return own_run_integers(
        own, "SELECT number FROM reckoner_jobs WHERE id = :id", &wanted, 1, &number, 1, ret_has, err);
}

// Who is told of jobs that are listed.
struct listing {
    enum err_code (*on_job)(void *ctx, const struct job *job, struct err *err);
    void *ctx;
};

static enum err_code on_listed(void *ctx, struct store_stmt *stmt, struct err *err)
{
    const struct listing *listing = ctx;
    struct job job;
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, 2 * ASKED_BYTES);
    enum err_code code = read_job(stmt, &arena, &job, err);
    return code == ERR_NONE ? listing->on_job(listing->ctx, &job, err) : code;
}

enum err_code job_store_list(struct own_statements *own, const struct job_filter *filter,
    enum err_code (*on_job)(void *ctx, const struct job *job, struct err *err), void *ctx, struct err *err)
{
    struct listing listing = {.on_job = on_job, .ctx = ctx};
    const struct own_param params[] = {
        own_text("state", span_of(filter->has_state ? job_state_word(filter->state) : "")),
        own_text("client", filter->has_client ? filter->client : span_of("")),
        own_integer("any_client", filter->has_client ? 0 : 1),
        own_integer("before", filter->before > 0 ? filter->before : INT64_MAX),
        own_integer("limit", filter->limit),
    };
    return own_run_kept(own,
        "SELECT " COLUMNS " FROM reckoner_jobs WHERE number < :before AND (:state = '' OR state = :state) "
        "AND (:any_client = 1 OR client = :client) ORDER BY number DESC LIMIT :limit",
        params, ARRAY_LEN(params), on_listed, &listing, err);
}

// --- clearing up

enum err_code job_store_spent(
    struct own_statements *own, int64_t before_ms, char ret_id[JOB_ID_CHARS + 1], struct err *err)
{
    const struct own_param before = own_integer("before", before_ms);
    enum err_code code = own_run_word(own,
        "SELECT id FROM reckoner_jobs WHERE has_body = 1 AND (state IN ('done', 'cancelled') "
        "OR (ended > 0 AND ended < :before)) ORDER BY number LIMIT 1",
        &before, 1, JOB_ID_CHARS, ret_id, err);
    if (!job_id_is_sound(span_of(ret_id)))
        ret_id[0] = '\0';
    return code;
}

enum err_code job_store_note_gone(struct own_statements *own, const char *id, struct err *err)
{
    const struct own_param wanted = own_text("id", span_of(id));
    return own_run_kept(own,
        "UPDATE reckoner_jobs SET has_body = 0 WHERE id = :id AND state NOT IN ('queued', 'running')",
        &wanted, 1, NULL, NULL, err);
}

enum { PRUNE_ROWS = 100 }; // old jobs that one transaction removes

enum err_code job_store_prune(struct own_statements *own, int64_t before_ms, bool *ret_more, struct err *err)
{
    size_t count = 0;
    const struct own_param params[] = {own_integer("before", before_ms), own_integer("some", PRUNE_ROWS)};
    enum err_code code = own_run_count(own,
        "DELETE FROM reckoner_jobs WHERE number IN (SELECT number FROM reckoner_jobs WHERE ended > 0 "
        "AND ended < :before AND has_body = 0 ORDER BY ended LIMIT :some) RETURNING number",
        params, ARRAY_LEN(params), &count, err);
    if (code == ERR_NONE)
        *ret_more = count == PRUNE_ROWS;
    return code;
}
