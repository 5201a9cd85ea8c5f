// SPDX-License-Identifier: Apache-2.0
// Surveys the file (survey.h), decides what an app for it looks like (new_table.h), writes its files and
// tries them as `check` does. Nothing is written before the file has been read to its end. On the main
// thread.
#include "cmd/init_from.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "app/csv_options.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/first_load.h"
#include "cmd/key_search.h"
#include "cmd/message.h"
#include "cmd/new_dir.h"
#include "cmd/new_table_files.h"
#include "cmd/workspace.h"

enum {
    FILE_TEXT_BYTES = 4 * 1024 * 1024, // of one file of the app
    TRIAL_BYTES = 256 * 1024 * 1024,   // of a file that is tried in memory
};

// The app's name out of the file's: "Umsätze 2025.csv" is umsaetze_2025.
static bool make_dir_name(const char *file, char ret_dir[SQL_NAME_CHARS])
{
    const char *slash = strrchr(file, '/');
    struct span name = span_of(slash != NULL ? slash + 1 : file);
    for (size_t i = name.len; i > 1; i--) {
        if (name.at[i - 1] == '.') {
            name.len = i - 1;
            break;
        }
    }
    if (sql_name_make(name, ret_dir))
        return true;
    message_print(file, "the file's name makes no name for an app: give a folder, init --from FILE DIR");
    return false;
}

// A path without the slashes that a shell puts behind it.
static bool take_slashes_off(const char *dir, char ret_plain[NEW_DIR_PATH_BYTES])
{
    size_t len = strlen(dir);
    while (len > 1 && dir[len - 1] == '/')
        len--;
    if (len >= NEW_DIR_PATH_BYTES) {
        message_print(dir, "the path is too long");
        return false;
    }
    memcpy(ret_plain, dir, len);
    ret_plain[len] = '\0';
    return true;
}

static const char *last_part(const char *dir)
{
    const char *slash = strrchr(dir, '/');
    return slash != NULL ? slash + 1 : dir;
}

static bool write_files(const char *dir, const struct new_table *table, const char *file)
{
    static const struct {
        const char *start, *end;
        bool is_named; // after the table
        void (*write)(const struct new_table *table, struct buf *out);
    } files[] = {{"app", ".ini", false, new_table_write_ini},
        {"schema/001_", ".sql", true, new_table_write_schema}, {"post_", ".sql", true, new_table_write_post},
        {"get_", ".sql", true, new_table_write_get}, {"get_one_", ".sql", true, new_table_write_get_one},
        {"tests/", ".http", true, new_table_write_tests}};
    char name[NEW_DIR_PATH_BYTES];
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        AUTO(buf_fini) struct buf text;
        buf_init(&text, FILE_TEXT_BYTES);
        files[i].write(table, &text);
        if (buf_status(&text) != ERR_NONE) {
            message_print(dir, "there is no memory for its files");
            return false;
        }
        snprintf(
            name, sizeof(name), "%s%s%s", files[i].start, files[i].is_named ? table->name : "", files[i].end);
        if (!new_dir_write(dir, name, buf_span(&text)))
            return false;
    }
    snprintf(name, sizeof(name), "data/%s.%s", table->app, new_table_ending(table));
    return new_dir_copy(dir, name, file);
}

// --- what is told

static void print_found(const char *file, const struct survey *survey, const struct new_table *table)
{
    AUTO(buf_fini) struct buf dialect;
    size_t typed = 0;
    buf_init(&dialect, FILE_TEXT_BYTES);
    csv_options_write(&table->dialect, &dialect);
    for (size_t i = 0; i < table->count; i++)
        typed += table->columns[i].kind > COLUMN_TEXT;
    printf("%s: %" PRIu64 " rows of %zu columns, %zu of them numbers, dates or the like\n", file,
        survey->rows, table->count, typed);
    if (dialect.len > 0)
        printf("  written as: %.*s\n", (int)dialect.len, dialect.data);
    if (survey->notes > 0)
        printf("  %" PRIu64 " lines behind the rows are notes, and left out\n", survey->notes);
    if (survey->shorts.count > 0)
        printf("  %" PRIu64 " rows have fewer cells than there are columns, the first in line %" PRId64
               ": they have no value in the others\n",
            survey->shorts.count, survey->shorts.line);
    if (survey->layout.columns > LIMIT_FIELDS)
        printf("  of %zu columns the first %d are taken, as many as an endpoint may have\n",
            survey->layout.columns, LIMIT_FIELDS);
    if (table->key_count == 1)
        printf("  key: %s, which is there and unique in all rows\n", table->keys[0]->name);
    else if (table->key_count > 1)
        printf("  key: %s, %s%s%s, which together are unique in all rows\n", table->keys[0]->name,
            table->keys[1]->name, table->key_count > 2 ? ", " : "",
            table->key_count > 2 ? table->keys[2]->name : "");
    else
        printf("  key: none was found; the rows are numbered as %s\n", table->id);
}

// Rows that cannot be loaded as they are.
static void print_bad(const char *file, const struct survey *survey)
{
    const struct bad_rows *odd = &survey->odd, *broken = &survey->broken;
    if (odd->count > 0)
        fprintf(stderr,
            "reckoner: %s:%" PRId64 ": a row of %zu cells, the others have %zu; %" PRIu64 " are so: %s\n",
            file, odd->line, odd->cells, survey->layout.columns, odd->count,
            odd->cells < survey->layout.columns
                ? "is the file cut off? Else mend it, or declare @csv short fill"
                : "mend them, for @csv has no word for it");
    if (broken->count > 0)
        fprintf(stderr,
            "reckoner: %s:%" PRId64 ": a cell goes on behind its closing quote; %" PRIu64
            " rows are so: mend them, a quote inside of quotes is written twice\n",
            file, broken->line, broken->count);
}

static void print_next(const char *dir, const struct new_table *table)
{
    printf("%s/ is an app that loads it. Next:\n"
           "\n"
           "  reckoner serve --watch %s\n"
           "      then, in another terminal:\n"
           "  curl 'http://127.0.0.1:8080/%s?limit=3'\n"
           "  curl 'http://127.0.0.1:8080/-/docs'\n"
           "\n"
           "  reckoner test %s\n"
           "\n"
           "Types, names and what is required stand in %s/post_%s.sql and schema/: edit them as you like.\n",
        dir, dir, table->app, dir, dir, table->name);
}

// Checks the app and loads the file, on a scratch store. False after messages.
static bool try_out(const char *dir, const char *file)
{
    struct workspace workspace;
    struct stat status;
    if (!workspace_open_scratch(dir, NULL, &workspace))
        return false;
    bool good = true;
    if (stat(file, &status) == 0 && status.st_size > TRIAL_BYTES)
        fprintf(stderr, "reckoner: %s: too large to be tried in memory; the first start loads it\n", file);
    else
        good = workspace_first_load(&workspace, &(struct options){0}, false);
    workspace_fini(&workspace);
    return good;
}

static int write_app(const char *file, const char *dir, const struct survey *survey, struct new_table *table)
{
    struct err err = {0};
    new_table_settle(survey, last_part(dir), table);
    if (table->key_count == 0 && table->form == SURVEY_CSV &&
        key_search(survey, file, table, &err) != ERR_NONE) {
        message_error(file, &err);
        return EXIT_FAILED;
    }
    if (!new_dir_check_name(dir) || !new_dir_make(dir) || !write_files(dir, table, file))
        return EXIT_FAILED;
    print_found(file, survey, table);
    fflush(stdout);
    print_bad(file, survey);
    if (!try_out(dir, file)) {
        fprintf(stderr,
            "reckoner: %s is written, but does not load the file yet: edit it until 'reckoner check %s' is content\n",
            dir, dir);
        return EXIT_FAILED;
    }
    print_next(dir, table);
    return EXIT_OK;
}

int init_from(const char *file, const char *dir)
{
    char name[SQL_NAME_CHARS], plain[NEW_DIR_PATH_BYTES];
    struct survey *survey = NULL;
    struct err err = {0};
    if (dir == NULL) {
        if (!make_dir_name(file, name))
            return EXIT_FAILED;
        dir = name;
    } else if (!take_slashes_off(dir, plain)) {
        return EXIT_FAILED;
    } else {
        dir = plain;
    }
    int result = EXIT_FAILED;
    struct new_table *table = mem_zalloc(1, sizeof(*table));
    enum err_code code = table != NULL ? survey_file(file, &survey, &err) : err_no_memory(&err);
    if (code == ERR_NONE && survey != NULL && table != NULL)
        result = write_app(file, dir, survey, table);
    else
        message_error(file, &err);
    survey_free(survey);
    mem_free(table);
    return result;
}
