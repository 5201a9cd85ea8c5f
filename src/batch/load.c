// SPDX-License-Identifier: Apache-2.0
// Puts a data file through a write endpoint as one batch. Each piece of the file is read, checked and put
// into the table batch before the next one is read, so the file's size does not matter. Making rows of bytes
// is intake.c's, running the endpoint's statements run.c's, and which files are loaded at a store's first
// start first_load.c's. On the thread of the connection.
#include "batch/load.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/body_format.h"
#include "app/csv_request.h"
#include "base/limits.h"
#include "base/mem.h"
#include "batch/culprit.h"
#include "batch/intake.h"
#include "batch/record.h"
#include "batch/run.h"
#include "text/pattern.h"

enum { DEFAULTS_BYTES = 64 * LIMIT_PARAMS }; // of parameters that are worked out: days

// A file on its way into the table batch.
struct data_file {
    const char *path;     // borrowed
    int fd;               // owned; -1 when not open
    uint64_t total;       // its size in bytes
    uint64_t rows;        // that were put into the table batch
    char *bytes;          // owned; LIMIT_LOAD_READ_BYTES for one read
    struct intake intake; // with the rows of one read
};

static void data_file_fini(struct data_file *file)
{
    intake_fini(&file->intake);
    mem_free(file->bytes);
    if (file->fd >= 0)
        close(file->fd);
}

static enum err_code data_file_open(struct data_file *file, struct intake_options *options, struct err *err)
{
    const char *path = file->path;
    if (!body_format_of_file(span_of(path), &options->format))
        return err_set(err, ERR_MEDIA_TYPE, "%s: the file's name must end in " BODY_FILE_ENDINGS, path);
    options->coding = body_coding_of_file(span_of(path));
    options->max_bytes = UINT64_MAX; // the operator's file is no bomb
    struct stat status;
    file->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (file->fd < 0 || fstat(file->fd, &status) != 0)
        return err_set(err, ERR_IO, "%s: could not be opened: %s", path, strerror(errno));
    if (S_ISREG(status.st_mode))
        file->total = (uint64_t)status.st_size;
    file->bytes = mem_alloc(LIMIT_LOAD_READ_BYTES);
    if (file->bytes == NULL)
        return err_no_memory(err);
    return intake_start(&file->intake, options, err);
}

static enum err_code read_some(struct data_file *file, size_t *ret_len, struct err *err)
{
    ssize_t len;
    do
        len = read(file->fd, file->bytes, LIMIT_LOAD_READ_BYTES);
    while (len < 0 && errno == EINTR);
    if (len < 0)
        return err_set(err, ERR_IO, "%s: could not be read: %s", file->path, strerror(errno));
    *ret_len = (size_t)len;
    return ERR_NONE;
}

// Reads the whole file into the table batch, a piece at a time.
static enum err_code fill_batch(
    struct data_file *file, struct store_conn *conn, const struct load_options *options, struct err *err)
{
    uint64_t done = 0;
    size_t len = 0;
    do {
        enum err_code code = read_some(file, &len, err);
        if (code == ERR_NONE && len > 0)
            code = intake_feed(&file->intake, (struct span){.at = file->bytes, .len = len}, err);
        else if (code == ERR_NONE)
            code = intake_finish(&file->intake, err);
        file->rows += file->intake.rows.count;
        if (code == ERR_NONE)
            code = intake_flush(&file->intake, conn, err);
        if (code != ERR_NONE)
            return code;
        done += len;
        if (options != NULL && options->on_bytes != NULL)
            options->on_bytes(options->ctx, done, file->total);
    } while (len > 0);
    return ERR_NONE;
}

// Of all rows of a file, in its dialect, for which `room` is the caller's. A file may be of any size, and
// what its matches take grows with it. Each match is bounded by itself.
static struct intake_options intake_of(const struct endpoint *endpoint, const char *path,
    const struct load_options *options, struct csv_dialect *room)
{
    const struct csv_dialect *csv = options != NULL && options->csv != NULL ? options->csv : endpoint->csv;
    return (struct intake_options){.endpoint = endpoint,
        .csv = csv_of_file(csv, span_of(path), room),
        .max_rows = SIZE_MAX,
        .pattern_steps = PATTERN_STEPS_ENDLESS};
}

static enum err_code fill_from(const struct endpoint *endpoint, struct store_conn *conn, const char *path,
    size_t max_rows, const struct load_options *options, struct report *report, uint64_t *ret_rows,
    struct err *err)
{
    AUTO(data_file_fini) struct data_file file = {.path = path, .fd = -1};
    struct csv_dialect room;
    struct intake_options intake = intake_of(endpoint, path, options, &room);
    intake.max_rows = max_rows;
    intake.report = report;
    enum err_code code = data_file_open(&file, &intake, err);
    if (code == ERR_NONE)
        code = store_batch_open(conn, endpoint->field_names, endpoint_batch_columns(endpoint), err);
    if (code == ERR_NONE)
        code = fill_batch(&file, conn, options, err);
    *ret_rows = file.rows;
    return code;
}

enum err_code load_rows(const struct endpoint *endpoint, struct store_conn *conn, const char *path,
    size_t max_rows, const struct load_options *options, struct report *report, struct err *err)
{
    uint64_t rows = 0;
    return fill_from(endpoint, conn, path, max_rows, options, report, &rows, err);
}

enum answer_format load_format(const struct endpoint *endpoint)
{
    return endpoint_gives(endpoint, FORMAT_JSON) ? FORMAT_JSON : FORMAT_TEXT;
}

// Reading the file again would take longer than the batches of others that have the turn now: so it is asked
// for again and again, from a savepoint, as the transaction would be lost with the lock that did not come.
static enum err_code wait_for_turn(struct store_conn *conn, struct err *err)
{
    enum err_code code = ERR_BUSY;
    for (unsigned tries = 0; code == ERR_BUSY && tries < LIMIT_LOAD_TURN_TRIES; tries++) {
        struct err locked = {0};
        code = store_savepoint(conn, err);
        if (code != ERR_NONE)
            return code;
        code = store_take_turn(conn, &locked);
        if (code == ERR_NONE)
            return store_release(conn, err);
        enum err_code back = store_rollback_to(conn, err);
        if (back != ERR_NONE)
            return back;
        if (code != ERR_BUSY || tries + 1 == LIMIT_LOAD_TURN_TRIES)
            *err = locked;
    }
    return code;
}

enum err_code load_params(
    const struct endpoint *endpoint, struct arena *arena, struct value *params, struct err *err)
{
    for (size_t i = 0; i < endpoint->param_count; i++) {
        if (!rule_default(&endpoint->params[i], arena, &params[i]))
            return err_no_memory(err);
    }
    if (endpoint->batch_param >= 0) // until it is given; a column need not take null
        params[endpoint->batch_param] = (struct value){.kind = VALUE_INTEGER};
    return ERR_NONE;
}

// The checks that are left, the record and the writes, in the turn. `params`: those of `run`.
static enum err_code write_rows(const struct load *load, const struct batch_run *run, struct value *params,
    uint64_t rows, struct err *err)
{
    const struct endpoint *endpoint = plan_endpoint(load->plan);
    const char *slash = strrchr(load->path, '/');
    const struct batch_source source = {.file = span_of(slash != NULL ? slash + 1 : load->path)};
    const struct record_of told = {.endpoint = endpoint, .source = &source, .rows = rows, .wants_id = true};
    struct own_statements own = {.conn = plan_conn(load->plan)};
    struct record record = {0};
    int64_t id = 0;
    enum err_code code = batch_check(run, CHECKS_LATE, err);
    if (code == ERR_NONE)
        code = record_begin(&record, &own, &told, &id, err);
    if (code == ERR_NONE && endpoint->batch_param >= 0)
        params[endpoint->batch_param] = (struct value){.kind = VALUE_INTEGER, .integer = id};
    if (code == ERR_NONE)
        code = batch_write(run, err);
    record_drop(&record);
    own_statements_fini(&own);
    return code;
}

enum err_code load_file(const struct load *load, struct err *err)
{
    const struct endpoint *endpoint = plan_endpoint(load->plan);
    struct store_conn *conn = plan_conn(load->plan);
    const char *problem = endpoint_load_problem(endpoint);
    uint64_t rows = 0;
    if (problem != NULL)
        return err_set(
            err, ERR_CONFIG, "%s %.*s %s", http_method_name(endpoint->method), SHOW(endpoint->path), problem);
    enum err_code code =
        fill_from(endpoint, conn, load->path, SIZE_MAX, load->options, load->report, &rows, err);
    if (code != ERR_NONE)
        return code;
    struct value params[LIMIT_PARAMS];
    struct answered answered;
    const struct batch_run run = {.plan = load->plan,
        .params = params,
        .format = load_format(endpoint),
        .report = load->report,
        .warnings = load->warnings,
        .answer = load->answer,
        .answered = &answered};
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, DEFAULTS_BYTES);
    code = load_params(endpoint, &arena, params, err);
    if (code == ERR_NONE)
        code = batch_run_early(&run, err);
    if (code == ERR_NONE && !endpoint->is_parallel)
        code = wait_for_turn(conn, err);
    return code == ERR_NONE ? write_rows(load, &run, params, rows, err) : code;
}

// --- the row that a constraint has refused

// All rows of the file in memory. Those that do not pass were told before.
static enum err_code read_all(const struct endpoint *endpoint, const char *path,
    const struct load_options *options, struct rows *ret_rows, struct err *err)
{
    AUTO(data_file_fini) struct data_file file = {.path = path, .fd = -1};
    AUTO(report_fini) struct report ignored = {0};
    struct csv_dialect room;
    size_t len = 0;
    struct intake_options intake = intake_of(endpoint, path, options, &room);
    intake.report = &ignored;
    enum err_code code = data_file_open(&file, &intake, err);
    do {
        if (code == ERR_NONE)
            code = read_some(&file, &len, err);
        if (code == ERR_NONE && len > 0)
            code = intake_feed(&file.intake, (struct span){.at = file.bytes, .len = len}, err);
        else if (code == ERR_NONE)
            code = intake_finish(&file.intake, err);
    } while (code == ERR_NONE && len > 0);
    if (code == ERR_NONE)
        intake_take_rows(&file.intake, ret_rows);
    return code;
}

// With `begins` in a transaction of its own, which is rolled back.
static void find_culprit(const struct load *load, bool begins, uint64_t took_ns, struct err *err)
{
    const struct endpoint *endpoint = plan_endpoint(load->plan);
    struct store_conn *conn = plan_conn(load->plan);
    struct value params[LIMIT_PARAMS];
    struct err other = {0};
    AUTO(rows_fini) struct rows rows = {0};
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, DEFAULTS_BYTES);
    bool is_of_rows = err->code == ERR_VALUE || err->code == ERR_CONFLICT || err->code == ERR_CONSTRAINT;
    if (!is_of_rows || read_all(endpoint, load->path, load->options, &rows, &other) != ERR_NONE ||
        load_params(endpoint, &arena, params, &other) != ERR_NONE ||
        (begins && store_begin(conn, &other) != ERR_NONE))
        return;
    struct culprit_case failed = {.plan = load->plan,
        .params = params,
        .rows = &rows,
        .format = load_format(endpoint),
        .took_ns = took_ns,
        .most_ms = LIMIT_CULPRIT_LOAD_MS,
        .is_deferred = begins};
    struct err lost = {0}; // what is known is told all the same
    (void)!culprit_find(&failed, load->report, err, &lost);
    if (begins)
        store_rollback(conn);
}

void load_find_culprit(const struct load *load, uint64_t took_ns, struct err *err)
{
    find_culprit(load, true, took_ns, err);
}

void load_find_culprit_within(const struct load *load, uint64_t took_ns, struct err *err)
{
    find_culprit(load, false, took_ns, err);
}
