// SPDX-License-Identifier: Apache-2.0
// Walks through public/ folder by folder. One folder is open at a time; those found in it wait in a list.
// Sending the files is serve/static.c's. Any thread.
#include "app/public.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/folder.h"
#include "base/limits.h"
#include "text/utf8.h"

// What one walk needs everywhere.
struct walk {
    size_t root_len;           // bytes of the path of public/, which no request has
    struct arena *arena;       // of files and paths
    struct diags *diags;       // where errors go
    const char **folders;      // paths, in order of finding; the first is public/ itself
    size_t folder_count;       //
    size_t folder_room;        // of the array
    struct public_file *files; // found so far
    size_t file_count;         //
    size_t file_room;          // of the array
    bool is_full;              // there are more than may be
};

// --- media types

static const struct {
    const char *ending; // lower case
    const char *type;   //
    bool shrinks;       // by compression
} types[] = {
    {".avif", "image/avif", false},
    {".css", "text/css; charset=utf-8", true},
    {".csv", "text/csv; charset=utf-8", true},
    {".geojson", "application/geo+json", true},
    {".gif", "image/gif", false},
    {".htm", "text/html; charset=utf-8", true},
    {".html", "text/html; charset=utf-8", true},
    {".ico", "image/vnd.microsoft.icon", true},
    {".jpeg", "image/jpeg", false},
    {".jpg", "image/jpeg", false},
    {".js", "text/javascript; charset=utf-8", true},
    {".json", "application/json", true},
    {".map", "application/json", true},
    {".md", "text/markdown; charset=utf-8", true},
    {".mjs", "text/javascript; charset=utf-8", true},
    {".mp3", "audio/mpeg", false},
    {".mp4", "video/mp4", false},
    {".ndjson", "application/x-ndjson", true},
    {".ogg", "audio/ogg", false},
    {".pdf", "application/pdf", false},
    {".png", "image/png", false},
    {".svg", "image/svg+xml", true},
    {".ttf", "font/ttf", true},
    {".txt", "text/plain; charset=utf-8", true},
    {".wasm", "application/wasm", true},
    {".webm", "video/webm", false},
    {".webmanifest", "application/manifest+json", true},
    {".webp", "image/webp", false},
    {".woff", "font/woff", false},
    {".woff2", "font/woff2", false},
    {".xml", "application/xml", true},
    {".zip", "application/zip", false},
};

// The place of the path's ending in `types`; ARRAY_LEN(types) for an unknown one.
static size_t type_of(struct span path)
{
    const char *dot = path.len > 0 ? memrchr(path.at, '.', path.len) : NULL;
    size_t i = dot != NULL ? 0 : ARRAY_LEN(types);
    for (; i < ARRAY_LEN(types); i++) {
        if (span_is_nocase(
                (struct span){.at = dot, .len = (size_t)(path.at + path.len - dot)}, types[i].ending))
            break;
    }
    return i;
}

const char *public_media_type(struct span path)
{
    size_t i = type_of(path);
    return i < ARRAY_LEN(types) ? types[i].type : "application/octet-stream";
}

bool public_shrinks(struct span path)
{
    size_t i = type_of(path);
    return i < ARRAY_LEN(types) && types[i].shrinks;
}

// --- the walk

static bool add_folder(struct walk *walk, const char *path)
{
    const char **grown = arena_grow(
        walk->arena, (void *)walk->folders, walk->folder_count, &walk->folder_room, sizeof(*walk->folders));
    if (grown == NULL)
        return false;
    walk->folders = grown;
    walk->folders[walk->folder_count++] = path;
    return true;
}

static bool add_file(struct walk *walk, const char *path)
{
    struct public_file *grown =
        arena_grow(walk->arena, walk->files, walk->file_count, &walk->file_room, sizeof(*walk->files));
    if (grown == NULL)
        return false;
    struct span public_path = span_of(path + walk->root_len);
    walk->files = grown;
    walk->files[walk->file_count++] = (struct public_file){.path = public_path,
        .file = path,
        .media_type = public_media_type(public_path),
        .shrinks = public_shrinks(public_path)};
    return true;
}

// Why a thing of that name cannot be served, or NULL.
static const char *problem_of(const struct walk *walk, const char *path, mode_t mode)
{
    struct span public_path = span_of(path + walk->root_len);
    if (S_ISLNK(mode))
        return "is a symbolic link, which is not followed; put the file itself there";
    if (!S_ISREG(mode) && !S_ISDIR(mode))
        return "is neither a file nor a folder";
    if (!utf8_valid(public_path))
        return "has a name that is not UTF-8; rename it";
    if (span_is(public_path, "/-"))
        return "is where the server's own pages are; rename it";
    return NULL;
}

// Takes in one name of an open folder. ERR_NO_MEMORY.
static enum err_code visit(struct walk *walk, DIR *folder, const char *folder_path, const char *name)
{
    struct stat status;
    const char *path = folder_join(walk->arena, folder_path, name);
    if (path == NULL)
        return ERR_NO_MEMORY;
    if (fstatat(dirfd(folder), name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno != ENOENT) // it was taken away just now
            diags_add(walk->diags, path, 0, 0, "could not be looked at: %s", strerror(errno));
        return ERR_NONE;
    }
    const char *problem = problem_of(walk, path, status.st_mode);
    if (problem != NULL) {
        diags_add(walk->diags, path, 0, 0, "%s", problem);
        return ERR_NONE;
    }
    walk->is_full = walk->file_count + walk->folder_count > LIMIT_PUBLIC_FILES;
    if (walk->is_full)
        return ERR_NONE;
    return (S_ISDIR(status.st_mode) ? add_folder(walk, path) : add_file(walk, path)) ? ERR_NONE
                                                                                     : ERR_NO_MEMORY;
}

static enum err_code visit_folder(struct walk *walk, const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        diags_add(walk->diags, path, 0, 0, "the folder could not be opened: %s", strerror(errno));
        return ERR_NONE;
    }
    enum err_code code = ERR_NONE;
    struct dirent *item;
    while (code == ERR_NONE && !walk->is_full) {
        errno = 0;
        item = readdir(folder);
        if (item == NULL) {
            if (errno != 0)
                diags_add(walk->diags, path, 0, 0, "the folder could not be read: %s", strerror(errno));
            break;
        }
        if (item->d_name[0] != '.')
            code = visit(walk, folder, path, item->d_name);
    }
    closedir(folder);
    return code;
}

static int by_path(const void *left, const void *right)
{
    const struct public_file *a = left, *b = right;
    return span_compare(a->path, b->path);
}

enum err_code public_list(const char *dir, struct arena *arena, struct diags *diags,
    struct public_file **ret_files, size_t *ret_count, struct err *err)
{
    struct walk walk = {.root_len = strlen(dir), .arena = arena, .diags = diags};
    struct stat status;
    bool is_there = lstat(dir, &status) == 0;
    if (!is_there && errno != ENOENT)
        diags_add(diags, dir, 0, 0, "the folder could not be opened: %s", strerror(errno));
    else if (is_there && !S_ISDIR(status.st_mode))
        diags_add(diags, dir, 0, 0, "is not a folder; static files are served from a folder of that name");
    else if (is_there && !add_folder(&walk, dir))
        return err_no_memory(err);
    for (size_t i = 0; i < walk.folder_count && !walk.is_full; i++) {
        if (visit_folder(&walk, walk.folders[i]) != ERR_NONE)
            return err_no_memory(err);
    }
    if (walk.is_full)
        diags_add(diags, dir, 0, 0, "more than %d files and folders; serve them from somewhere else",
            LIMIT_PUBLIC_FILES);
    if (walk.file_count > 0)
        qsort(walk.files, walk.file_count, sizeof(*walk.files), by_path);
    *ret_files = walk.files;
    *ret_count = walk.file_count;
    return ERR_NONE;
}

// --- clashes

// The path of the folder that a file is the page of, without a slash at its end unless it is the whole;
// empty for another file.
static struct span folder_of_index(struct span path)
{
    static const char index[] = "/index.html";
    size_t len = sizeof(index) - 1;
    if (!span_ends_with(path, index))
        return (struct span){0};
    return (struct span){.at = path.at, .len = path.len == len ? 1 : path.len - len};
}

void public_check(const struct app *app, struct diags *diags)
{
    for (size_t i = 0; i < app->public_count; i++) {
        const struct public_file *file = &app->public_files[i];
        const struct endpoint *endpoint = app_find(app, HTTP_GET, file->path);
        if (endpoint == NULL)
            endpoint = app_find(app, HTTP_GET, folder_of_index(file->path));
        if (endpoint != NULL)
            diags_add(diags, file->file, 0, 0,
                "is where the endpoint GET %.*s of %s answers; rename one of them", SHOW(endpoint->path),
                endpoint->file);
    }
}
