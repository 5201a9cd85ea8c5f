// SPDX-License-Identifier: Apache-2.0
// Goes through the [load] lines of an app that a store has no record of, in one transaction. When a row has
// run into a constraint, it is looked for in one more transaction, which loads the files before it again and
// is rolled back. How a file becomes a batch is load.c's; the record is store/first_loads.h's. On the thread
// of the connection.
#include "batch/first_load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "batch/file_sum.h"
#include "batch/load.h"
#include "batch/record.h"
#include "store/first_loads.h"
#include "store/notes.h"

enum { PATH_BYTES = 4096 };

static enum err_code load_one(const struct first_load *load, const char *path, struct store_conn *conn,
    struct report *report, struct report *warnings, struct err *err)
{
    AUTO(diags_fini) struct diags diags;
    AUTO(spool_fini) struct spool answer; // written and thrown away: a first load tells of its warnings only
    diags_init(&diags);
    spool_init(&answer, NULL, LIMIT_ANSWER_BYTES);
    struct plan *plan;
    enum err_code code = plan_new(load->endpoint, conn, &diags, &plan, err);
    if (code != ERR_NONE)
        return code;
    const struct load file = {
        .plan = plan, .path = path, .report = report, .warnings = warnings, .answer = &answer};
    code = load_file(&file, err);
    plan_free(plan);
    return code;
}

// The name that a load is recorded under: "POST /prices".
static const char *load_name(struct app *app, const struct first_load *load)
{
    char name[ENDPOINT_NAME_CHARS];
    endpoint_name(load->endpoint, name);
    return arena_strdup(&app->arena, name);
}

// Writes the path of a data file; more than PATH_BYTES - 1 when it does not fit.
static int write_path(
    char path[PATH_BYTES], const struct app *app, const struct first_load *load, const char *data_dir)
{
    const char *dir = data_dir != NULL ? data_dir : app->dir;
    return snprintf(path, PATH_BYTES, data_dir != NULL ? "%s/%.*s" : "%s/data/%.*s", dir, (int)load->file.len,
        load->file.at);
}

static const char *data_path(struct app *app, const struct first_load *load, const char *data_dir)
{
    char path[PATH_BYTES];
    int len = write_path(path, app, load, data_dir);
    return len < PATH_BYTES ? arena_strndup(&app->arena, path, (size_t)len) : NULL;
}

bool first_load_has_files(const struct app *app, const char *data_dir)
{
    for (size_t i = 0; i < app->first_load_count; i++) {
        char path[PATH_BYTES];
        int len = write_path(path, app, &app->first_loads[i], data_dir);
        if (len < PATH_BYTES && access(path, F_OK) == 0)
            return true;
    }
    return false;
}

// What a [load] line came to.
struct load_result {
    const char *path;            // its file; NULL: there is nothing to tell
    enum first_load_event event; //
    struct report warnings;      // of its rows
    uint64_t took_ns;            // how long its rows took, until they failed as well
};

static void free_results(struct load_result *results, size_t count)
{
    for (size_t i = 0; results != NULL && i < count; i++)
        report_fini(&results[i].warnings);
    mem_free(results);
}

// The name of the note that has the file's sum. Cut where it is too long, which mixes up two files at worst.
static void note_name(const char *name, const char *file, char ret_note[LIMIT_TARGET_BYTES])
{
    snprintf(ret_note, LIMIT_TARGET_BYTES, "loaded %s = %s", name, file);
}

static enum err_code find_change(struct store_conn *conn, const char *name, const char *file,
    const char *path, struct load_result *result, struct err *err)
{
    char note[LIMIT_TARGET_BYTES], sum[NOTE_BYTES];
    note_name(name, file, note);
    enum err_code code = note_read(conn, note, sum, err);
    if (code == ERR_NONE && file_sum_differs(path, sum)) {
        result->path = path;
        result->event = FIRST_LOAD_CHANGED;
    }
    return code;
}

// `sum`: of the file's bytes.
static enum err_code record(struct store_conn *conn, const char *name, const char *file, const char *sum,
    const char *now, struct err *err)
{
    char note[LIMIT_TARGET_BYTES];
    enum err_code code = first_load_record(conn, name, file, now, err);
    if (code != ERR_NONE)
        return code;
    note_name(name, file, note);
    return note_write(conn, note, sum, err);
}

// A file of the app's own data/ that is not there, with the line that names it.
static enum err_code fail_missing(
    const struct app *app, const struct first_load *load, const char *path, struct err *err)
{
    return err_set(err, ERR_CONFIG, "%s/app.ini:%u: %s could not be opened: no such file%s", app->dir,
        (unsigned)load->line, path, span_starts_with(load->file, "data/") ? ": leave data/ out" : "");
}

// Loads the file of one [load] line, if the store has no record of it. The sum is taken first: where somebody
// writes to the file meanwhile, it is of older bytes than the rows, and the file is told to have changed.
static enum err_code load_once(struct app *app, const struct first_load *load, struct store_conn *conn,
    const struct first_load_options *options, struct report *report, const char **ret_path,
    struct load_result *result, struct err *err)
{
    const char *name = load_name(app, load), *path = data_path(app, load, options->data_dir);
    const char *file = arena_strndup(&app->arena, load->file.at, load->file.len);
    char sum[FILE_SUM_BYTES];
    bool is_recorded, is_there = options->data_dir == NULL || (path != NULL && access(path, F_OK) == 0);
    if (name == NULL || path == NULL || file == NULL)
        return err_no_memory(err);
    enum err_code code = first_load_is_recorded(conn, name, file, &is_recorded, err);
    if (code != ERR_NONE)
        return code;
    if (is_recorded)
        return find_change(conn, name, file, path, result, err);
    result->path = path;
    result->event = is_there ? FIRST_LOAD_DONE : FIRST_LOAD_NO_FILE;
    if (!is_there)
        return ERR_NONE;
    *ret_path = NULL;
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return fail_missing(app, load, path, err);
    *ret_path = path;
    file_sum(path, sum);
    uint64_t start_ns = clock_monotonic_ns();
    code = load_one(load, path, conn, report, &result->warnings, err);
    result->took_ns = clock_monotonic_ns() - start_ns;
    return code == ERR_NONE ? record(conn, name, file, sum, options->now, err) : code;
}

static bool any_loaded(const struct load_result *results, size_t count)
{
    bool any = false;
    for (size_t i = 0; i < count; i++)
        any = any || (results[i].path != NULL && results[i].event == FIRST_LOAD_DONE);
    return any;
}

// Goes through all lines in one transaction. *ret_last: the one that it came to.
static enum err_code load_all(struct app *app, struct store_conn *conn,
    const struct first_load_options *options, struct report *report, const char **ret_path,
    struct load_result *results, size_t *ret_last, struct err *err)
{
    enum err_code code = store_begin(conn, err);
    if (code != ERR_NONE)
        return code;
    for (size_t i = 0; code == ERR_NONE && i < app->first_load_count; i++) {
        *ret_last = i;
        code = load_once(app, &app->first_loads[i], conn, options, report, ret_path, &results[i], err);
    }
    if (code == ERR_NONE)
        *ret_path = NULL; // what fails from here on is no one file's fault
    if (code == ERR_NONE && any_loaded(results, app->first_load_count))
        code = store_analyze(conn, err);
    if (code == ERR_NONE)
        code = store_commit(conn, err);
    if (code != ERR_NONE)
        store_rollback(conn);
    return code;
}

// --- the row that a constraint has refused

static enum err_code load_again(struct app *app, struct store_conn *conn,
    const struct first_load_options *options, size_t count, struct err *err)
{
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < count; i++) {
        AUTO(report_fini) struct report ignored = {0};
        struct load_result result = {0};
        const char *path;
        code = load_once(app, &app->first_loads[i], conn, options, &ignored, &path, &result, err);
        report_fini(&result.warnings);
    }
    return code;
}

// `failed`: the line whose file at `path` has ended the transaction with *err.
static void find_culprit(struct app *app, struct store_conn *conn, const struct first_load_options *options,
    size_t failed, const char *path, uint64_t took_ns, struct report *report, struct err *err)
{
    AUTO(diags_fini) struct diags diags;
    struct plan *plan = NULL;
    struct err other = {0}; // the row stays untold then
    diags_init(&diags);
    if (store_begin(conn, &other) != ERR_NONE)
        return;
    if (load_again(app, conn, options, failed, &other) == ERR_NONE &&
        plan_new(app->first_loads[failed].endpoint, conn, &diags, &plan, &other) == ERR_NONE)
        load_find_culprit_within(&(struct load){.plan = plan, .path = path, .report = report}, took_ns, err);
    plan_free(plan);
    store_rollback(conn);
}

enum err_code first_load_run(struct app *app, struct store_conn *conn,
    const struct first_load_options *options, struct report *report, const char **ret_path, struct err *err)
{
    *ret_path = NULL;
    if (app->first_load_count == 0)
        return ERR_NONE;
    struct load_result *results = mem_zalloc(app->first_load_count, sizeof(*results));
    if (results == NULL)
        return err_no_memory(err);
    size_t last = 0;
    enum err_code code = notes_make(conn, err);
    if (code == ERR_NONE)
        code = record_make_table(conn, err);
    if (code == ERR_NONE)
        code = load_all(app, conn, options, report, ret_path, results, &last, err);
    bool may_be_row = *ret_path != NULL && report->total == 0 &&
                      (code == ERR_VALUE || code == ERR_CONFLICT || code == ERR_CONSTRAINT);
    if (may_be_row)
        find_culprit(app, conn, options, last, *ret_path, results[last].took_ns, report, err);
    for (size_t i = 0; code == ERR_NONE && i < app->first_load_count; i++) {
        if (results[i].path != NULL)
            options->on_file(options->ctx, results[i].path, results[i].event, &results[i].warnings);
    }
    free_results(results, app->first_load_count);
    return code;
}
