// SPDX-License-Identifier: Apache-2.0
// A file becomes a batch in pieces: each one is read, checked and put into the table batch before the next,
// so that its size does not matter. A first load is such files in the order of app.ini, in one transaction
// with the record of each. Leaves to batch/run.c what is done with the table batch. On the thread of the
// connection.
#include "batch/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "batch/reader.h"
#include "batch/run.h"
#include "store/loads.h"

enum { READ_BYTES = 256 * 1024, PATH_BYTES = 4096 };

// What load_file holds while it works.
struct source {
    int fd;                // the file; -1 when not open
    uint64_t total;        // its size in bytes
    char *bytes;           // READ_BYTES for one read
    struct rows rows;      // the checked rows of one read
    struct reader *reader; //
};

static void source_fini(struct source *source)
{
    reader_free(source->reader);
    rows_fini(&source->rows);
    mem_free(source->bytes);
    if (source->fd >= 0)
        close(source->fd);
}

static enum err_code source_open(struct source *source, const struct endpoint *endpoint, const char *path,
    struct report *report, struct err *err)
{
    enum body_format format;
    if (!body_format_of_file(span_of(path), &format))
        return err_set(err, ERR_MEDIA_TYPE, "%s: the file's name must end in .csv, .json or .ndjson", path);
    struct stat status;
    source->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (source->fd < 0 || fstat(source->fd, &status) != 0)
        return err_set(err, ERR_IO, "%s: could not be opened: %s", path, strerror(errno));
    if (S_ISREG(status.st_mode))
        source->total = (uint64_t)status.st_size;
    source->bytes = mem_alloc(READ_BYTES);
    if (source->bytes == NULL)
        return err_no_memory(err);
    rows_init(&source->rows, endpoint->field_count);
    return reader_new(endpoint, format, SIZE_MAX, &source->rows, report, &source->reader, err);
}

static enum err_code read_some(struct source *source, const char *path, size_t *ret_len, struct err *err)
{
    ssize_t len;
    do
        len = read(source->fd, source->bytes, READ_BYTES);
    while (len < 0 && errno == EINTR);
    if (len < 0)
        return err_set(err, ERR_IO, "%s: could not be read: %s", path, strerror(errno));
    *ret_len = (size_t)len;
    return ERR_NONE;
}

// Reads the whole file into the table batch, a piece at a time.
static enum err_code fill_batch(struct source *source, struct store_conn *conn, const char *path,
    const struct load_progress *progress, struct err *err)
{
    uint64_t done = 0;
    size_t len = 0;
    do {
        enum err_code code = read_some(source, path, &len, err);
        if (code == ERR_NONE && len > 0)
            code = reader_feed(source->reader, (struct span){.at = source->bytes, .len = len}, err);
        else if (code == ERR_NONE)
            code = reader_finish(source->reader, err);
        if (code == ERR_NONE)
            code = batch_insert(conn, &source->rows, err);
        if (code != ERR_NONE)
            return code;
        rows_clear(&source->rows);
        done += len;
        if (progress != NULL && progress->on_bytes != NULL)
            progress->on_bytes(progress->ctx, done, source->total);
    } while (len > 0);
    return ERR_NONE;
}

// Nobody negotiates with a file: text where there is nothing else.
static enum answer_format load_format(const struct endpoint *endpoint)
{
    return endpoint_gives(endpoint, FORMAT_JSON) ? FORMAT_JSON : FORMAT_TEXT;
}

enum err_code load_file(struct plan *plan, struct store_conn *conn, const char *path,
    const struct load_progress *progress, struct report *report, struct report *warnings,
    struct spool *answer, struct err *err)
{
    const struct endpoint *endpoint = plan_endpoint(plan);
    AUTO(source_fini) struct source source = {.fd = -1};
    const char *problem = endpoint_load_problem(endpoint);
    if (problem != NULL)
        return err_set(
            err, ERR_CONFIG, "%s %.*s %s", http_method_name(endpoint->method), SHOW(endpoint->path), problem);
    enum err_code code = source_open(&source, endpoint, path, report, err);
    if (code == ERR_NONE)
        code = store_batch_open(conn, endpoint->field_names, endpoint->field_count, err);
    if (code == ERR_NONE)
        code = fill_batch(&source, conn, path, progress, err);
    if (code != ERR_NONE)
        return code;
    struct value params[LIMIT_PARAMS];
    for (size_t i = 0; i < endpoint->param_count; i++)
        params[i] = endpoint->params[i].has_default ? endpoint->params[i].default_value
                                                    : (struct value){.kind = VALUE_NULL};
    int status;
    return batch_run(plan, params, load_format(endpoint), report, warnings, answer, &status, err);
}

static enum err_code load_one(const struct load *load, const char *path, struct store_conn *conn,
    struct report *report, struct report *warnings, struct err *err)
{
    AUTO(diags_fini) struct diags diags;
    AUTO(spool_fini) struct spool answer; // which nobody reads
    diags_init(&diags);
    spool_init(&answer, NULL, LIMIT_ANSWER_BYTES);
    struct plan *plan;
    enum err_code code = plan_new(load->endpoint, conn, &diags, &plan, err);
    if (code != ERR_NONE)
        return code;
    code = load_file(plan, conn, path, NULL, report, warnings, &answer, err);
    plan_free(plan);
    return code;
}

// The name that a load is recorded under: "POST /prices".
static const char *load_name(struct app *app, const struct load *load)
{
    char name[LIMIT_TARGET_BYTES];
    int len = snprintf(name, sizeof(name), "%s %.*s", http_method_name(load->endpoint->method),
        (int)load->endpoint->path.len, load->endpoint->path.at);
    return arena_strndup(&app->arena, name, (size_t)len);
}

// Writes the path of a data file; more than PATH_BYTES - 1 when it does not fit.
static int write_path(
    char path[PATH_BYTES], const struct app *app, const struct load *load, const char *data_dir)
{
    const char *dir = data_dir != NULL ? data_dir : app->dir;
    return snprintf(path, PATH_BYTES, data_dir != NULL ? "%s/%.*s" : "%s/data/%.*s", dir, (int)load->file.len,
        load->file.at);
}

static const char *data_path(struct app *app, const struct load *load, const char *data_dir)
{
    char path[PATH_BYTES];
    int len = write_path(path, app, load, data_dir);
    return len < PATH_BYTES ? arena_strndup(&app->arena, path, (size_t)len) : NULL;
}

bool load_has_files(const struct app *app, const char *data_dir)
{
    for (size_t i = 0; i < app->load_count; i++) {
        char path[PATH_BYTES];
        int len = write_path(path, app, &app->loads[i], data_dir);
        if (len < PATH_BYTES && access(path, F_OK) == 0)
            return true;
    }
    return false;
}

// What became of one [load] line.
struct outcome {
    const char *path;       // its file; NULL: it was loaded before, and there is nothing to tell
    bool loaded;            // the file was there
    struct report warnings; // of its rows
};

static void free_outcomes(struct outcome *outcomes, size_t count)
{
    for (size_t i = 0; outcomes != NULL && i < count; i++)
        report_fini(&outcomes[i].warnings);
    mem_free(outcomes);
}

// Loads the file of one [load] line, if the store has no record of it.
static enum err_code load_once(struct app *app, const struct load *load, struct store_conn *conn,
    const struct first_load *options, struct report *report, const char **ret_path, struct outcome *outcome,
    struct err *err)
{
    const char *name = load_name(app, load), *path = data_path(app, load, options->data_dir);
    const char *file = arena_strndup(&app->arena, load->file.at, load->file.len);
    bool is_recorded, is_there = options->data_dir == NULL || (path != NULL && access(path, F_OK) == 0);
    if (name == NULL || path == NULL || file == NULL)
        return err_no_memory(err);
    enum err_code code = load_is_recorded(conn, name, file, &is_recorded, err);
    if (code != ERR_NONE || is_recorded)
        return code;
    outcome->path = path;
    outcome->loaded = is_there;
    if (!is_there)
        return ERR_NONE;
    *ret_path = path;
    code = load_one(load, path, conn, report, &outcome->warnings, err);
    return code == ERR_NONE ? load_record(conn, name, file, options->now, err) : code;
}

static bool any_loaded(const struct outcome *outcomes, size_t count)
{
    bool any = false;
    for (size_t i = 0; i < count; i++)
        any = any || outcomes[i].loaded;
    return any;
}

// All in one transaction.
static enum err_code load_all(struct app *app, struct store_conn *conn, const struct first_load *options,
    struct report *report, const char **ret_path, struct outcome *outcomes, struct err *err)
{
    enum err_code code = store_begin(conn, err);
    if (code != ERR_NONE)
        return code;
    for (size_t i = 0; code == ERR_NONE && i < app->load_count; i++)
        code = load_once(app, &app->loads[i], conn, options, report, ret_path, &outcomes[i], err);
    if (code == ERR_NONE)
        *ret_path = NULL; // what fails from here on is no one file's fault
    if (code == ERR_NONE && any_loaded(outcomes, app->load_count))
        code = store_analyze(conn, err);
    if (code == ERR_NONE)
        code = store_commit(conn, err);
    if (code != ERR_NONE)
        store_rollback(conn);
    return code;
}

enum err_code load_first(struct app *app, struct store_conn *conn, const struct first_load *options,
    struct report *report, const char **ret_path, struct err *err)
{
    *ret_path = NULL;
    if (app->load_count == 0)
        return ERR_NONE;
    struct outcome *outcomes = mem_zalloc(app->load_count, sizeof(*outcomes));
    if (outcomes == NULL)
        return err_no_memory(err);
    enum err_code code = load_all(app, conn, options, report, ret_path, outcomes, err);
    for (size_t i = 0; code == ERR_NONE && i < app->load_count; i++) {
        if (outcomes[i].path != NULL)
            options->on_file(options->ctx, outcomes[i].path, outcomes[i].loaded, &outcomes[i].warnings);
    }
    free_outcomes(outcomes, app->load_count);
    return code;
}
