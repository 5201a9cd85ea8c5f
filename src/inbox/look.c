// SPDX-License-Identifier: Apache-2.0
// Several lines may share a folder, which is read once.
#include "inbox/look.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"

enum { ARENA_BYTES = 128 * 1024 * 1024 }; // LIMIT_INBOX_NAMES, each as long as it may be

// A folder while it is read.
struct folder_listing {
    struct look *look;           // gets its files
    const struct app *app;       // borrowed
    const char *path;            //
    size_t most;                 // files of it
    size_t count;                // so far
    bool is_cut;                 // there are more
    char stranger[NAME_MAX + 1]; // a name that is no file's; "": none
};

static bool is_unfinished(struct span name)
{
    return name.at[0] == '.' || span_ends_with_nocase(name, ".part") || span_ends_with_nocase(name, ".tmp") ||
           span_ends_with_nocase(name, WATCH_REPORT_ENDING);
}

// The first of the lines of that folder that means the name, or NULL.
static const struct watch_line *line_of(const struct app *app, const char *folder, const char *name)
{
    for (size_t i = 0; i < app->watch_line_count; i++) {
        const struct watch_line *line = &app->watch_lines[i];
        if (strcmp(line->folder, folder) == 0 && fnmatch(line->pattern, name, FNM_NOESCAPE) == 0)
            return line;
    }
    return NULL;
}

static enum err_code keep(struct look *look, const struct watch_line *line, const char *name,
    const struct file_stamp *stamp, struct err *err)
{
    struct listed_file *files =
        arena_grow(&look->arena, look->files, look->count, &look->room, sizeof(*files));
    if (files == NULL)
        return err_no_memory(err);
    look->files = files;
    const char *kept = arena_strdup(&look->arena, name);
    if (kept == NULL)
        return err_no_memory(err);
    files[look->count++] = (struct listed_file){.line = line, .name = kept, .stamp = *stamp};
    return ERR_NONE;
}

static enum err_code add(struct folder_listing *in, int folder, const char *name, struct err *err)
{
    struct stat status;
    const struct watch_line *line = line_of(in->app, in->path, name);
    if (line == NULL || fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0) // it has gone
        return ERR_NONE;
    struct file_stamp stamp = file_stamp_of(&status);
    if (!stamp.is_regular) {
        if (in->stranger[0] == '\0' || strcmp(name, in->stranger) < 0) // always the same one
            snprintf(in->stranger, sizeof(in->stranger), "%s", name);
        return ERR_NONE;
    }
    if (in->count == in->most) {
        in->is_cut = true;
        return ERR_NONE;
    }
    in->count++;
    return keep(in->look, line, name, &stamp, err);
}

// errno is 0 behind it, or tells why the folder could not be read to its end.
static enum err_code read_names(struct folder_listing *in, DIR *folder, struct err *err)
{
    enum err_code code = ERR_NONE;
    struct dirent *item;
    while (code == ERR_NONE && !in->is_cut && (errno = 0, item = readdir(folder)) != NULL) {
        if (!is_unfinished(span_of(item->d_name)))
            code = add(in, dirfd(folder), item->d_name, err);
        errno = 0;
    }
    return code;
}

static enum err_code read_folder(struct folder_listing *in,
    void (*on_folder)(void *ctx, const struct folder_report *folder), void *ctx, struct err *err)
{
    int why = 0;
    enum err_code code = ERR_NONE;
    DIR *folder = opendir(in->path);
    if (folder == NULL) {
        why = errno;
    } else {
        code = read_names(in, folder, err);
        why = errno;
        closedir(folder);
    }
    const struct folder_report told = {
        .path = in->path, .why = why, .is_cut = in->is_cut, .stranger = in->stranger};
    if (code == ERR_NONE)
        on_folder(ctx, &told);
    return code;
}

static int by_time(const void *left, const void *right)
{
    const struct listed_file *a = left, *b = right;
    if (a->stamp.written_ns != b->stamp.written_ns)
        return a->stamp.written_ns < b->stamp.written_ns ? -1 : 1;
    return strcmp(a->name, b->name);
}

static bool is_first_of_folder(const struct app *app, size_t number)
{
    for (size_t i = 0; i < number; i++) {
        if (strcmp(app->watch_lines[i].folder, app->watch_lines[number].folder) == 0)
            return false;
    }
    return true;
}

enum err_code look_read(struct look *look, const struct app *app,
    void (*on_folder)(void *ctx, const struct folder_report *folder), void *ctx, struct err *err)
{
    size_t folders = 0;
    *look = (struct look){0};
    arena_init(&look->arena, ARENA_BYTES);
    for (size_t i = 0; i < app->watch_line_count; i++)
        folders += is_first_of_folder(app, i);
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < app->watch_line_count; i++) {
        struct folder_listing in = {.look = look,
            .app = app,
            .path = app->watch_lines[i].folder,
            .most = LIMIT_INBOX_NAMES / (folders > 0 ? folders : 1)};
        if (is_first_of_folder(app, i))
            code = read_folder(&in, on_folder, ctx, err);
    }
    if (look->count > 0)
        qsort(look->files, look->count, sizeof(*look->files), by_time);
    return code;
}

void look_fini(struct look *look)
{
    arena_fini(&look->arena);
    *look = (struct look){0};
}
