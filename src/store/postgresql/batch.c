// SPDX-License-Identifier: Apache-2.0
// The table batch: a temporary table, filled by COPY in its binary form (PostgreSQL's manual, COPY, "Binary
// Format"). The connection's thread.
//
//     opened ─ asked for ─┬─ rows up to PG_FEW ───────► made, or emptied ─ INSERT or COPY, whichever is less
//                         └─ more ──► made, or emptied by TRUNCATE ─ COPY
//
// How many rows there are decides how it is made ready, so that waits for the first ones. After it was made,
// or emptied by TRUNCATE, the server plans the statements that read it for the rows that are in it now; but
// that, with the entries in its catalogs, takes longer than a batch of a few rows. So after a batch of few
// rows another one finds the table as it is: its rows go at the commit, or by DELETE in the same transaction.
// Outside of a transaction the table keeps its rows, so that statements can be prepared over it; through a
// pooler it goes with its transaction, and outside of one it is only remembered, and pg_prepare makes it.
//
// A table that stays keeps the server from freezing what is older, and other sessions cannot vacuum it: so it
// is made anew every PG_KEEP_MS.
//
// COPY is the one thing that libpq does not pipeline: the link leaves its pipeline for it.
#include "store/postgresql/batch.h"

#include <assert.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/postgresql/conn.h"
#include "store/postgresql/error.h"
#include "store/postgresql/pipe.h"
#include "store/postgresql/queue.h"
#include "store/postgresql/session.h"
#include "store/postgresql/value.h"
#include "text/sql_quote.h"

enum {
    PG_COPY_BYTES = 64 * 1024, // of rows that are sent at a time
    PG_FEW = 64,               // rows for which no statement has to be planned anew
    PG_INSERTS = 8,            // rows that cost less one by one, in the pipeline, than leaving it for COPY
    PG_KEEP_MS = 60000,
};

static const char copy_head[] =
    "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0"; // signature, flags, no more head; with its last NUL

void pg_batch_init(struct pg_batch *batch)
{
    buf_init(&batch->definition, LIMIT_APP_FILE_BYTES);
    buf_init(&batch->rows, LIMIT_ROWS_BYTES);
}

void pg_batch_fini(struct pg_batch *batch)
{
    buf_fini(&batch->definition);
    buf_fini(&batch->rows);
    mem_free(batch->types);
    batch->types = NULL;
}

// --- making the table

static enum err_code define(
    struct buf *sql, const struct store_name *fields, size_t field_count, struct err *err)
{
    for (size_t i = 0; i < field_count; i++) {
        sql_append_name(sql, fields[i].name);
        buf_printf(sql, " %s, ", pg_type_sql(fields[i].is_list ? TYPE_TEXT : fields[i].type));
    }
    buf_append_str(sql, "line bigint");
    buf_append_byte(sql, '\0');
    if (buf_status(sql) == ERR_NO_MEMORY)
        return err_no_memory(err);
    return buf_status(sql) == ERR_NONE ? ERR_NONE
                                       : err_set(err, ERR_CONFIG, "the fields have too long names");
}

// Takes the statement away that inserts a row of the last definition.
static enum err_code forget_insert(struct pg_conn *conn, struct err *err)
{
    struct pg_once *insert = &conn->batch.insert;
    char sql[40];
    bool is_there = insert->session != 0 && insert->session == conn->session;
    snprintf(sql, sizeof(sql), "DEALLOCATE %s", insert->name);
    insert->session = 0;
    return is_there ? pg_command(conn, sql, err) : ERR_NONE;
}

// Takes the definition over.
static enum err_code remember(struct pg_conn *conn, struct buf *definition, const struct store_name *fields,
    size_t field_count, struct err *err)
{
    struct pg_batch *batch = &conn->batch;
    enum pg_type *kinds = mem_zalloc(field_count, sizeof(*kinds));
    if (kinds == NULL)
        return err_no_memory(err);
    for (size_t i = 0; i < field_count; i++)
        kinds[i] = pg_type_of(fields[i].is_list ? TYPE_TEXT : fields[i].type);
    mem_free(batch->types);
    pg_batch_note(batch, PG_BATCH_GONE);
    batch->types = kinds;
    batch->field_count = field_count;
    struct buf old = batch->definition;
    batch->definition = *definition;
    *definition = old;
    return forget_insert(conn, err);
}

enum err_code pg_batch_make(struct pg_conn *conn, struct err *err)
{
    struct pg_batch *batch = &conn->batch;
    AUTO(buf_fini) struct buf sql;
    buf_init(&sql, 2 * LIMIT_APP_FILE_BYTES);
    if (batch->definition.len == 0)
        return ERR_NONE;
    buf_printf(&sql, "CREATE TEMPORARY TABLE batch (%s)", batch->definition.data);
    if (conn->tx != PG_TX_NONE)
        buf_append_str(&sql, conn->keeps_batch ? " ON COMMIT DELETE ROWS" : " ON COMMIT DROP");
    buf_append_byte(&sql, '\0');
    if (buf_status(&sql) != ERR_NONE)
        return err_no_memory(err);
    enum err_code code = pg_command(conn, "DROP TABLE IF EXISTS pg_temp.batch", err);
    if (code == ERR_NONE)
        code = pg_command(conn, sql.data, err);
    pg_batch_note(batch, code == ERR_NONE && conn->tx != PG_TX_NONE ? PG_BATCH_MADE : PG_BATCH_GONE);
    batch->made_ns = clock_monotonic_ns();
    return code;
}

// Makes the table that was opened an empty one, for few rows or more.
static enum err_code make_ready(struct pg_conn *conn, bool is_for_few, struct err *err)
{
    struct pg_batch *batch = &conn->batch;
    enum err_code code = ERR_NONE;
    if (!batch->is_asked)
        return ERR_NONE;
    batch->is_asked = false;
    bool is_old = clock_monotonic_ns() - batch->made_ns > PG_KEEP_MS * NS_PER_MS;
    if (batch->state == PG_BATCH_UNKNOWN || is_old)
        code = pg_batch_make(conn, err);
    else if (!is_for_few || !batch->is_for_few)
        code = pg_command(conn, "TRUNCATE pg_temp.batch", err);
    else if (batch->state == PG_BATCH_FILLED)
        code = pg_queue_once(conn, &batch->empty, "DELETE FROM pg_temp.batch", NULL,
            (struct pg_item){.kind = PG_COMMAND}, err);
    batch->is_for_few = is_for_few;
    pg_batch_note(batch, PG_BATCH_WAS_FILLED);
    return code;
}

void pg_batch_keep(struct pg_conn *conn)
{
    pg_batch_note(&conn->batch, conn->keeps_batch ? PG_BATCH_KEPT : PG_BATCH_GONE);
}

// --- the link, out of its pipeline and back

// The next answer; NULL: there are no more. ERR_BUSY: lost.
static enum err_code next_answer(struct pg_conn *conn, PGresult **ret_result, struct err *err)
{
    enum err_code code = pg_next_result(conn, ret_result, err);
    if (code == ERR_NONE && *ret_result != NULL && PQresultStatus(*ret_result) == PGRES_FATAL_ERROR)
        code = pg_fail(conn, *ret_result, err);
    return code;
}

// Reads on to the end of the answers and goes back into the pipeline. The first failure is that of COPY.
static enum err_code end_copy(struct pg_conn *conn, enum err_code code, struct err *err)
{
    PGresult *result = NULL;
    struct err failure = {0};
    do {
        PQclear(result);
        result = NULL;
        enum err_code more = next_answer(conn, &result, &failure);
        if (code == ERR_NONE && more != ERR_NONE)
            code = err_pass(err, &failure);
    } while (result != NULL && PQresultStatus(result) != PGRES_COPY_IN);
    PQclear(result);
    if (conn->link_state == PG_LINK_LOST)
        return code;
    if (PQenterPipelineMode(conn->link) == 0)
        pg_lose(conn);
    else
        pg_link_move(conn, PG_LINK_PIPELINED);
    return code;
}

static enum err_code start_copy(struct pg_conn *conn, struct err *err)
{
    PGresult *result = NULL;
    enum err_code code = pg_drain(conn, err);
    if (code != ERR_NONE)
        return code;
    if (PQexitPipelineMode(conn->link) == 0)
        return err_set(err, ERR_STORE, "the link to the store is out of step");
    pg_link_move(conn, PG_LINK_COPYING);
    if (PQsendQuery(conn->link, "COPY pg_temp.batch FROM STDIN (FORMAT binary)") == 0)
        code = pg_fail_link(conn->link, ERR_BUSY, err);
    if (code == ERR_NONE)
        code = next_answer(conn, &result, err);
    bool is_open = code == ERR_NONE && result != NULL && PQresultStatus(result) == PGRES_COPY_IN;
    PQclear(result);
    if (!is_open && conn->link != NULL)
        code = end_copy(conn, code, err);
    if (code == ERR_NONE && PQputCopyData(conn->link, copy_head, sizeof(copy_head)) != 1)
        code = pg_fail_link(conn->link, ERR_BUSY, err);
    return code;
}

// Sends the rows that wait.
static enum err_code send_rows(struct pg_conn *conn, struct err *err)
{
    struct pg_batch *batch = &conn->batch;
    enum err_code code = make_ready(conn, false, err);
    if (code == ERR_NONE && conn->link_state != PG_LINK_COPYING)
        code = start_copy(conn, err);
    if (code == ERR_NONE && PQputCopyData(conn->link, batch->rows.data, (int)batch->rows.len) != 1)
        code = pg_fail_link(conn->link, ERR_BUSY, err);
    pg_batch_clear(batch);
    return code == ERR_NONE ? pg_push(conn, err) : code;
}

// --- a few rows

static int take_length(const char **at)
{
    const unsigned char *bytes = (const unsigned char *)*at;
    *at += 4;
    return (int)((uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3]);
}

static enum err_code prepare_insert(struct pg_conn *conn, struct err *err)
{
    struct pg_batch *batch = &conn->batch;
    Oid types[LIMIT_FIELDS + 1];
    AUTO(buf_fini) struct buf sql;
    buf_init(&sql, LIMIT_APP_FILE_BYTES);
    if (batch->insert.session == conn->session)
        return ERR_NONE;
    buf_append_str(&sql, "INSERT INTO pg_temp.batch VALUES (");
    for (size_t i = 0; i <= batch->field_count; i++) {
        types[i] = i < batch->field_count ? (Oid)batch->types[i] : PG_TYPE_INT8;
        buf_printf(&sql, i > 0 ? ", $%zu" : "$%zu", i + 1);
    }
    buf_append(&sql, ")", sizeof(")"));
    if (buf_status(&sql) != ERR_NONE)
        return err_no_memory(err);
    snprintf(batch->insert.name, sizeof(batch->insert.name), "s%u", ++conn->named);
    batch->insert.session = conn->session;
    return pg_queued(conn,
        PQsendPrepare(conn->link, batch->insert.name, sql.data, (int)batch->field_count + 1, types),
        (struct pg_item){.kind = PG_COMMAND, .once = &batch->insert}, err);
}

// The same bytes as COPY has them, as the parameters of an INSERT for each row.
static enum err_code insert_rows(struct pg_conn *conn, struct err *err)
{
    struct pg_batch *batch = &conn->batch;
    const char *values[LIMIT_FIELDS + 1];
    int lengths[LIMIT_FIELDS + 1], formats[LIMIT_FIELDS + 1];
    const char *at = batch->rows.data;
    enum err_code code = conn->count < PG_QUEUE / 2 ? ERR_NONE : pg_drain(conn, err);
    if (code == ERR_NONE)
        code = prepare_insert(conn, err);
    for (; code == ERR_NONE && batch->row_count > 0; batch->row_count--) {
        at += 2; // how many columns
        for (size_t i = 0; i <= batch->field_count; i++) {
            int length = take_length(&at);
            formats[i] = 1;
            lengths[i] = length < 0 ? 0 : length;
            values[i] = length < 0 ? NULL : at;
            at += lengths[i];
        }
        code = pg_queued(conn,
            PQsendQueryPrepared(
                conn->link, batch->insert.name, (int)batch->field_count + 1, values, lengths, formats, 1),
            (struct pg_item){.kind = PG_COMMAND}, err);
    }
    pg_batch_clear(batch);
    return code;
}

static enum err_code finish(struct pg_conn *conn, struct err *err)
{
    struct pg_batch *batch = &conn->batch;
    static const char end[] = {'\xff', '\xff'};
    if (conn->link_state != PG_LINK_COPYING) {
        enum err_code ready = make_ready(conn, batch->row_count <= PG_FEW, err);
        if (ready != ERR_NONE || batch->rows.len == 0)
            return ready;
        if (batch->row_count <= PG_INSERTS && !conn->is_pooled)
            return insert_rows(conn, err);
    }
    buf_append(&batch->rows, end, sizeof(end));
    enum err_code code = buf_status(&batch->rows) == ERR_NONE ? send_rows(conn, err) : err_no_memory(err);
    if (conn->link_state != PG_LINK_COPYING)
        return code;
    if (PQputCopyEnd(conn->link, code == ERR_NONE ? NULL : "it cannot be finished") != 1 && code == ERR_NONE)
        code = pg_fail_link(conn->link, ERR_BUSY, err);
    return end_copy(conn, code, err);
}

enum err_code pg_batch_finish(struct pg_conn *conn, struct err *err)
{
    struct err cause = {0};
    if (conn->link_state != PG_LINK_COPYING && conn->batch.rows.len == 0 && !conn->batch.is_asked)
        return ERR_NONE;
    enum err_code code = finish(conn, &cause);
    if (code == ERR_NONE)
        return ERR_NONE;
    pg_fail_tx(conn, &cause);
    return err_pass(err, &cause);
}

void pg_batch_forget(struct pg_conn *conn)
{
    struct err ignored = {0};
    pg_batch_clear(&conn->batch);
    conn->batch.is_asked = false;
    if (conn->link_state == PG_LINK_COPYING) {
        (void)PQputCopyEnd(conn->link, "it was taken back");
        enum err_code code = end_copy(conn, ERR_NONE, &ignored);
        if (code == ERR_BUSY && conn->link != NULL && PQstatus(conn->link) != CONNECTION_OK)
            pg_lose(conn);
    }
    pg_batch_note(&conn->batch, PG_BATCH_GONE);
}

// --- opening

enum err_code pg_batch_open(
    struct store_conn *base, const struct store_name *fields, size_t field_count, struct err *err)
{
    assert(field_count <= LIMIT_FIELDS);
    struct pg_conn *conn = pg_conn(base);
    struct pg_batch *batch = &conn->batch;
    AUTO(buf_fini) struct buf definition;
    buf_init(&definition, LIMIT_APP_FILE_BYTES);
    enum err_code code = pg_check_alive(conn, err);
    if (code == ERR_NONE)
        code = pg_batch_finish(conn, err);
    if (code == ERR_NONE)
        code = define(&definition, fields, field_count, err);
    if (code != ERR_NONE)
        return code;
    if (!span_equal(buf_span(&definition), buf_span(&batch->definition)))
        code = remember(conn, &definition, fields, field_count, err);
    batch->is_asked = code == ERR_NONE && conn->tx != PG_TX_NONE;
    if (code != ERR_NONE || conn->tx != PG_TX_NONE || conn->is_pooled)
        return code;
    code = pg_batch_make(conn, err);
    return code == ERR_NONE ? pg_drain(conn, err) : code;
}

enum err_code pg_batch_close(struct store_conn *base, struct err *err)
{
    struct pg_conn *conn = pg_conn(base);
    enum err_code code = pg_check_alive(conn, err);
    if (code == ERR_NONE)
        code = pg_batch_finish(conn, err);
    buf_clear(&conn->batch.definition);
    pg_batch_note(&conn->batch, PG_BATCH_GONE);
    if (code != ERR_NONE || conn->mode == STORE_READ || (conn->tx == PG_TX_NONE && conn->is_pooled))
        return code;
    code = pg_command(conn, "DROP TABLE IF EXISTS pg_temp.batch", err);
    if (code == ERR_NONE && conn->tx == PG_TX_NONE)
        code = pg_drain(conn, err);
    return code;
}

// --- rows

static void append_length(struct buf *rows, int32_t length)
{
    uint32_t bits = (uint32_t)length;
    const char bytes[] = {(char)(bits >> 24), (char)(bits >> 16), (char)(bits >> 8), (char)bits};
    buf_append(rows, bytes, sizeof(bytes));
}

static enum err_code append_value(
    struct buf *rows, enum pg_type type, const struct value *value, struct err *err)
{
    char room[PG_TEXT_BYTES];
    struct span bytes;
    bool is_binary;
    if (value->kind == VALUE_NULL) {
        append_length(rows, -1);
        return ERR_NONE;
    }
    enum err_code code = pg_encode(type, value, room, &bytes, &is_binary, err);
    if (code != ERR_NONE)
        return code;
    assert(is_binary); // as COPY is: a field's decimal is VALUE_SCALED, and pg_type_of gives no other type of
                       // text
    append_length(rows, (int32_t)bytes.len);
    buf_append(rows, bytes.at, bytes.len);
    return ERR_NONE;
}

// The hot path of every write.
enum err_code pg_batch_add(struct store_conn *base, const struct value *values, int64_t line, struct err *err)
{
    struct pg_conn *conn = pg_conn(base);
    struct pg_batch *batch = &conn->batch;
    struct buf *rows = &batch->rows;
    if (pg_tx_has_failed(conn) || conn->link == NULL)
        return pg_check_alive(conn, err);
    if (conn->tx == PG_TX_NONE && conn->is_pooled)
        return err_set(err, ERR_STORE, "through a pooler, rows need a transaction to be kept for");
    const struct value number = {.kind = VALUE_INTEGER, .integer = line};
    uint16_t columns = (uint16_t)(batch->field_count + 1);
    const char count[] = {(char)(columns >> 8), (char)columns};
    size_t before = rows->len;
    buf_append(rows, count, sizeof(count));
    enum err_code code = ERR_NONE;
    for (size_t i = 0; i < batch->field_count && code == ERR_NONE; i++)
        code = append_value(rows, batch->types[i], &values[i], err);
    if (code == ERR_NONE)
        code = append_value(rows, PG_TYPE_INT8, &number, err);
    if (code == ERR_NONE && buf_status(rows) != ERR_NONE) {
        pg_batch_clear(batch);
        return err_no_memory(err);
    }
    if (code != ERR_NONE) {
        rows->len = before; // a row is whole or not there
        return code;
    }
    batch->row_count++;
    if (rows->len < PG_COPY_BYTES)
        return ERR_NONE;
    code = pg_check_deadline(conn, err);
    struct err cause = {0};
    if (code == ERR_NONE && send_rows(conn, &cause) != ERR_NONE) {
        pg_fail_tx(conn, &cause);
        code = err_pass(err, &cause);
    }
    return code;
}
