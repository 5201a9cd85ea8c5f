// SPDX-License-Identifier: Apache-2.0
// Lists the SQL files of one folder, sorted, so that neither messages nor results depend on the file system's
// own order. Reading the files is source.c's, what their names mean app_read.c's. Any thread.
#include "app/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "store/store.h"

// What one listing needs everywhere.
struct lister {
    const char *dir;        // the folder's path
    const char *store_kind; // whose files are wanted
    struct arena *arena;    // of the files
    struct diags *diags;    // where errors go
    struct folder folder;   // as far as listed
    size_t room;            // files that the array has room for
    struct err *err;        // for errors that no file is to blame for
};

char *folder_join(struct arena *arena, const char *dir, const char *name)
{
    size_t dir_len = strlen(dir), name_len = strlen(name);
    char *path = arena_alloc(arena, dir_len + name_len + 2);
    if (path == NULL)
        return NULL;
    memcpy(path, dir, dir_len);
    path[dir_len] = '/';
    memcpy(path + dir_len + 1, name, name_len);
    path[dir_len + 1 + name_len] = '\0';
    return path;
}

// By stem, and the file for every store in front of the one for ours.
static int by_stem(const void *left, const void *right)
{
    const struct folder_file *a = left, *b = right;
    int order = span_compare(a->stem, b->stem);
    return order != 0 ? order : span_compare(a->kind, b->kind);
}

// Leaves out hidden files and those that editors leave behind (.#x.sql, #x.sql#, x.sql~).
static bool is_sql_name(const char *name)
{
    size_t len = strlen(name);
    return len > 4 && strcmp(name + len - 4, ".sql") == 0 && name[0] != '.' && name[0] != '#';
}

// A kind of store that a file's name may have. Any other is a typing mistake.
static bool is_known_kind(struct span kind)
{
    size_t i = 0;
    while (store_kind_at(i) != NULL && !span_is(kind, store_kind_at(i)))
        i++;
    return store_kind_at(i) != NULL;
}

static void fail_kind(struct lister *lister, const struct folder_file *file)
{
    AUTO(buf_fini) struct buf known;
    buf_init(&known, 1024);
    for (size_t i = 0; store_kind_at(i) != NULL; i++)
        buf_printf(&known, ".%s.sql, ", store_kind_at(i));
    diags_add(lister->diags, file->path, 0, 0,
        "unknown store kind \"%.*s\" in the name; use %.*sor no other dot", SHOW(file->kind),
        SHOW(buf_span(&known)));
}

// Splits stem[.kind].sql, and tells whether the file is for our store.
static bool split_name(struct lister *lister, struct folder_file *file)
{
    struct span rest = {.at = file->name, .len = strlen(file->name) - 4};
    bool has_kind = memchr(rest.at, '.', rest.len) != NULL;
    file->stem = span_split(&rest, '.');
    file->kind = rest;
    if (!has_kind || span_is(rest, lister->store_kind))
        return true;
    lister->folder.has_others = true;
    if (!is_known_kind(rest))
        fail_kind(lister, file);
    return false;
}

// The place of the next file in the array, which grows; NULL without memory.
static struct folder_file *next_place(struct lister *lister)
{
    struct folder *folder = &lister->folder;
    struct folder_file *files =
        arena_grow(lister->arena, folder->files, folder->count, &lister->room, sizeof(*files));
    if (files == NULL)
        return NULL;
    folder->files = files;
    return &files[folder->count];
}

static enum err_code add(struct lister *lister, const char *name)
{
    struct folder_file *file = next_place(lister);
    const char *path = folder_join(lister->arena, lister->dir, name);
    if (file == NULL || path == NULL)
        return err_no_memory(lister->err);
    *file = (struct folder_file){.path = path, .name = path + strlen(lister->dir) + 1};
    lister->folder.count += split_name(lister, file);
    return ERR_NONE;
}

static enum err_code add_all(struct lister *lister, DIR *open_dir)
{
    struct dirent *item;
    while ((errno = 0, item = readdir(open_dir)) != NULL) {
        if (!is_sql_name(item->d_name))
            continue;
        if (lister->folder.count == LIMIT_FOLDER_FILES) {
            diags_add(lister->diags, lister->dir, 0, 0, "more than %d .sql files in the folder",
                LIMIT_FOLDER_FILES);
            lister->folder.is_open = true;
            return ERR_NONE;
        }
        enum err_code code = add(lister, item->d_name);
        if (code != ERR_NONE)
            return code;
    }
    lister->folder.is_open = errno == 0;
    if (errno != 0)
        diags_add(lister->diags, lister->dir, 0, 0, "the folder could not be read: %s", strerror(errno));
    return ERR_NONE;
}

// Where stem.sql and stem.kind.sql are both there, the second one stays.
static void drop_replaced(struct folder *folder)
{
    size_t kept = 0;
    for (size_t i = 0; i < folder->count; i++) {
        bool is_replaced =
            i + 1 < folder->count && span_equal(folder->files[i].stem, folder->files[i + 1].stem);
        if (!is_replaced)
            folder->files[kept++] = folder->files[i];
    }
    folder->count = kept;
}

enum err_code folder_list(const char *dir, const char *store_kind, bool is_optional, struct arena *arena,
    struct diags *diags, struct folder *ret_folder, struct err *err)
{
    struct lister lister = {.dir = dir, .store_kind = store_kind, .arena = arena, .diags = diags, .err = err};
    DIR *open_dir = opendir(dir);
    if (open_dir == NULL) {
        if (!is_optional || errno != ENOENT)
            diags_add(diags, dir, 0, 0,
                errno == ENOTDIR ? "is no folder, and an app is one: name that"
                                 : "the folder could not be opened: %s",
                strerror(errno));
        *ret_folder = lister.folder;
        return ERR_NONE;
    }
    enum err_code code = add_all(&lister, open_dir);
    closedir(open_dir);
    if (code != ERR_NONE)
        return code;
    if (lister.folder.count > 0)
        qsort(lister.folder.files, lister.folder.count, sizeof(*lister.folder.files), by_stem);
    drop_replaced(&lister.folder);
    *ret_folder = lister.folder;
    return ERR_NONE;
}
