// SPDX-License-Identifier: Apache-2.0
// Reads an app's folder: endpoints first, then migrations, then public/ and app.ini, which depend on the
// endpoints. It goes on after an error in a file, so that the author sees all of them at once. Reading a
// single file is directives.c's and ini.c's. One thread; nothing else knows the app before it is handed out.
#include "app/app_read.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/app_ini.h"
#include "app/directives.h"
#include "app/folder.h"
#include "app/path.h"
#include "app/public.h"
#include "app/source.h"
#include "app/strays.h"
#include "base/ascii.h"
#include "base/limits.h"
#include "base/mem.h"

enum {
    NUMBER_DIGITS_MIN = 3,                 // of a migration's number
    NUMBER_DIGITS_MAX = 9,                 // so that it fits into 32 bits
    ROOM_BYTES = 2 * LIMIT_APP_FILE_BYTES, // an arena with less room than any one part needs is full
};

struct app_reading {
    struct app *app;        // filled
    const char *dir;        // the folder without slashes at its end
    const char *store_kind; // whose files are read
    struct diags *diags;    // where errors go
    struct err *err;        // for errors that no file is to blame for
    bool is_complete;       // every endpoint file was read
};

// --- endpoints

static int by_path(const void *left, const void *right)
{
    const struct endpoint *a = left, *b = right;
    int order = endpoint_order(a->method, a->path, b);
    return order != 0 ? order : strcmp(a->file, b->file);
}

// Reports endpoints that answer the same requests: of one method, with paths that differ in the names of
// parameters alone.
static void report_doubles(struct app_reading *reading)
{
    const struct app *app = reading->app;
    for (size_t i = 1; i < app->endpoint_count; i++) {
        const struct endpoint *second = &app->endpoints[i];
        for (size_t k = 0; k < i; k++) {
            const struct endpoint *first = &app->endpoints[k];
            if (first->method != second->method || !path_is_same(first, second))
                continue;
            diags_add(reading->diags, second->file, second->line, second->column,
                "%s %.*s is in %s already; change the method or the path of one",
                http_method_name(second->method), SHOW(first->path), first->file);
            break;
        }
    }
}

static enum err_code read_endpoint(struct app_reading *reading, const char *path)
{
    struct app *app = reading->app;
    struct span text;
    bool is_usable;
    enum err_code code = source_read(path, &app->arena, reading->diags, &text, &is_usable, reading->err);
    if (code != ERR_NONE)
        return code;
    struct err wrong = {0};
    code = ERR_CONFIG;
    if (is_usable)
        code = directives_parse(path, text, store_dialect(reading->store_kind), &app->arena, reading->diags,
            &app->endpoints[app->endpoint_count], &wrong);
    if (code == ERR_NONE)
        app->endpoint_count++;
    else
        reading->is_complete = false;
    if (code == ERR_NONE || code == ERR_CONFIG) // which is in diags, and the next file is looked at
        return ERR_NONE;
    return err_set(reading->err, code, "%s", wrong.text);
}

static enum err_code read_endpoints(struct app_reading *reading, const struct folder *folder)
{
    struct app *app = reading->app;
    if (folder->count == 0 && folder->has_others)
        diags_add(reading->diags, reading->dir, 0, 0,
            "all endpoints in the folder are for another store; one for this is in a file such as get_rates.%s.sql",
            reading->store_kind);
    else if (folder->count == 0)
        diags_add(reading->diags, reading->dir, 0, 0,
            "no endpoint in the folder; write one as a file such as get_rates.sql");
    if (folder->count > LIMIT_ENDPOINTS) {
        diags_add(
            reading->diags, reading->dir, 0, 0, "more than %d endpoints; split the app", LIMIT_ENDPOINTS);
        return ERR_NONE;
    }
    app->endpoints = arena_zalloc(&app->arena, folder->count, sizeof(*app->endpoints));
    if (app->endpoints == NULL)
        return err_no_memory(reading->err);
    for (size_t i = 0; i < folder->count; i++) {
        enum err_code code = read_endpoint(reading, folder->files[i].path);
        if (code != ERR_NONE)
            return code;
    }
    qsort(app->endpoints, app->endpoint_count, sizeof(*app->endpoints), by_path);
    report_doubles(reading);
    return ERR_NONE;
}

// --- migrations

// Reads the number in front of NNN_words; false when the stem is not of that form.
static bool read_number(struct folder_file *file)
{
    struct span stem = file->stem;
    size_t digits = 0;
    file->number = 0;
    for (; digits < stem.len && digits < NUMBER_DIGITS_MAX && ascii_is_digit(stem.at[digits]); digits++)
        file->number = file->number * 10 + (uint32_t)(stem.at[digits] - '0');
    return digits >= NUMBER_DIGITS_MIN && digits + 1 < stem.len && stem.at[digits] == '_';
}

static int by_number(const void *left, const void *right)
{
    const struct folder_file *a = left, *b = right;
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    return span_compare(a->stem, b->stem);
}

// Sorts by number; names without one, and two with the same, are reported.
static void check_numbers(struct app_reading *reading, struct folder *schema)
{
    size_t kept = 0;
    for (size_t i = 0; i < schema->count; i++) {
        if (read_number(&schema->files[i]))
            schema->files[kept++] = schema->files[i];
        else
            diags_add(reading->diags, schema->files[i].path, 0, 0,
                "the name has to be a number of %d to %d digits, _ and words, such as 001_tables.sql",
                NUMBER_DIGITS_MIN, NUMBER_DIGITS_MAX);
    }
    schema->count = kept;
    if (kept > 0)
        qsort(schema->files, kept, sizeof(*schema->files), by_number);
    for (size_t i = 1; i < kept; i++) {
        const struct folder_file *first = &schema->files[i - 1], *second = &schema->files[i];
        if (first->number == second->number)
            diags_add(reading->diags, second->path, 0, 0,
                "%s has the number %u already; take the next free one", first->name, (unsigned)first->number);
    }
}

// An empty file is one that its author has not written yet. Once applied, it could never be written.
static bool check_not_empty(struct app_reading *reading, const struct migration_file *migration)
{
    for (size_t i = 0; i < migration->sql.len; i++) {
        if (strchr(" \t\r\n", migration->sql.at[i]) == NULL)
            return true;
    }
    diags_add(reading->diags, migration->file, 0, 0,
        "the file is empty: write its statements, or a comment that says why there are none");
    return false;
}

static enum err_code read_migrations(struct app_reading *reading)
{
    struct app *app = reading->app;
    struct folder schema;
    const char *dir = folder_join(&app->arena, reading->dir, "schema");
    if (dir == NULL)
        return err_no_memory(reading->err);
    enum err_code code =
        folder_list(dir, reading->store_kind, true, &app->arena, reading->diags, &schema, reading->err);
    if (code != ERR_NONE)
        return code;
    check_numbers(reading, &schema);
    app->migrations = arena_zalloc(&app->arena, schema.count, sizeof(*app->migrations));
    if (app->migrations == NULL)
        return err_no_memory(reading->err);
    for (size_t i = 0; i < schema.count; i++) {
        struct migration_file migration = {.name = schema.files[i].stem, .file = schema.files[i].path};
        bool is_usable;
        code = source_read(
            migration.file, &app->arena, reading->diags, &migration.sql, &is_usable, reading->err);
        if (code != ERR_NONE)
            return code;
        if (is_usable && check_not_empty(reading, &migration))
            app->migrations[app->migration_count++] = migration;
    }
    return ERR_NONE;
}

// --- public/

static enum err_code read_public(struct app_reading *reading)
{
    struct app *app = reading->app;
    const char *dir = folder_join(&app->arena, reading->dir, "public");
    if (dir == NULL)
        return err_no_memory(reading->err);
    enum err_code code =
        public_list(dir, &app->arena, reading->diags, &app->public_files, &app->public_count, reading->err);
    if (code == ERR_NONE)
        public_check(app, reading->diags);
    return code;
}

// --- app.ini

static enum err_code read_ini(struct app_reading *reading)
{
    struct app *app = reading->app;
    const char *path = folder_join(&app->arena, reading->dir, "app.ini");
    if (path == NULL)
        return err_no_memory(reading->err);
    struct stat status;
    struct span text;
    bool is_there = lstat(path, &status) == 0;
    if (!is_there && errno == ENOENT) // an app needs none
        return app_ini_read(path, span_of(""), reading->is_complete, app, reading->diags, reading->err);
    if (!is_there) { // it may say who may ask what
        diags_add(reading->diags, path, 0, 0, "could not be opened: %s", strerror(errno));
        return ERR_NONE;
    }
    bool is_usable;
    enum err_code code = source_read(path, &app->arena, reading->diags, &text, &is_usable, reading->err);
    if (code != ERR_NONE || !is_usable)
        return code;
    return app_ini_read(path, text, reading->is_complete, app, reading->diags, reading->err);
}

// --- the whole

bool app_may_be_named(const char *name)
{
    for (size_t i = 0; name[i] != '\0'; i++) {
        bool is_letter = name[i] >= 'a' && name[i] <= 'z';
        bool may_follow = ascii_is_digit(name[i]) || name[i] == '_' || name[i] == '-';
        if (!is_letter && !(may_follow && i > 0))
            return false;
    }
    return name[0] != '\0';
}

static bool is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

// Sets dir and name. "." and ".." have the name of the folder that they mean.
static enum err_code name_app(struct app_reading *reading, const char *dir)
{
    struct app *app = reading->app;
    size_t len = strlen(dir);
    while (len > 1 && dir[len - 1] == '/')
        len--;
    reading->dir = arena_strndup(&app->arena, dir, len);
    app->dir = reading->dir;
    if (reading->dir == NULL)
        return err_no_memory(reading->err);
    char real[PATH_MAX];
    const char *slash = strrchr(reading->dir, '/');
    const char *name = slash != NULL ? slash + 1 : reading->dir;
    bool is_relative = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
    if (is_relative && realpath(reading->dir, real) != NULL)
        name = strrchr(real, '/') + 1;
    if (!app_may_be_named(name) && !is_file(reading->dir)) // which folder_list tells
        diags_add(reading->diags, reading->dir, 0, 0,
            "the folder's name \"%.*s\" becomes the app's; use a-z, 0-9, _ and -, with a letter in front",
            SHOW(span_of(name)));
    app->name = arena_strdup(&app->arena, name);
    if (app->name == NULL)
        return err_no_memory(reading->err);
    app->title = span_of(app->name);
    return ERR_NONE;
}

static enum err_code read_parts(struct app_reading *reading, const char *dir)
{
    enum err_code code = name_app(reading, dir);
    if (code != ERR_NONE)
        return code;
    struct folder folder;
    code = folder_list(reading->dir, reading->store_kind, false, &reading->app->arena, reading->diags,
        &folder, reading->err);
    if (code != ERR_NONE || !folder.is_open)
        return code;
    strays_tell(reading->dir, reading->diags);
    code = read_endpoints(reading, &folder);
    if (code == ERR_NONE)
        code = read_migrations(reading);
    if (code == ERR_NONE)
        code = read_public(reading);
    if (code == ERR_NONE)
        code = read_ini(reading);
    return code;
}

static uint64_t next_number(void)
{
    static atomic_ullong last;
    return atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
}

enum err_code app_read(
    const char *dir, const char *store_kind, struct diags *diags, struct app **ret_app, struct err *err)
{
    struct app *app = mem_zalloc(1, sizeof(*app));
    if (app == NULL)
        return err_no_memory(err);
    atomic_init(&app->references, 1);
    app->number = next_number();
    arena_init(&app->arena, LIMIT_APP_BYTES);
    size_t before = diags_total(diags);
    struct err local = {0};
    struct app_reading reading = {
        .app = app, .store_kind = store_kind, .diags = diags, .err = &local, .is_complete = true};
    enum err_code code = read_parts(&reading, dir);
    if (code == ERR_NO_MEMORY && app->arena.max - app->arena.used < ROOM_BYTES) {
        diags_add(diags, dir, 0, 0, "the app's files need more than %d bytes of memory; split the app",
            LIMIT_APP_BYTES);
        code = ERR_NONE;
        local = (struct err){0};
    }
    size_t errors = diags_total(diags) - before;
    if (code == ERR_NONE && errors > 0)
        code = err_set(&local, ERR_CONFIG, "%s has %zu error%s", dir, errors, errors == 1 ? "" : "s");
    if (code != ERR_NONE && code != ERR_CONFIG) {
        app_unref(app);
        return err_set(err, code, "%s", local.text);
    }
    *ret_app = app;
    return code == ERR_NONE ? ERR_NONE : err_set(err, code, "%s", local.text);
}
