// SPDX-License-Identifier: Apache-2.0
// Turns the events of inotify into "app i has changed". What is done about a change is up to reload.c. Loops
// and the reload thread call file_watch_read; the lock keeps the table of folders for them.
//
// inotify follows a folder where it goes, not its path. So a folder that was renamed or replaced is watched
// again after an event of the folder above it: the app is read anew, and the reload calls file_watch_app.
#include "serve/file_watch.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/span.h"

#define HASH_NONFATAL_OOM          1
#define uthash_malloc(size)        mem_alloc(size)
#define uthash_free(memory, size)  mem_free(memory)
#define uthash_nonfatal_oom(entry) ((entry)->number = SIZE_MAX)
#include <uthash.h>

enum {
    EVENTS =
        IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF,
    READ_BYTES = 16384,
    WALK_BYTES = 64 * 1024 * 1024, // paths of folders below public/; LIMIT_PUBLIC_FILES of any length fit in
};

enum folder_kind {
    FOLDER_APP,    // the app's own
    FOLDER_SCHEMA, // schema/
    FOLDER_PUBLIC, // public/ and all below it
};

struct folder {
    int descriptor;        // inotify's; the key
    size_t number;         // of the app
    enum folder_kind kind; //
    UT_hash_handle hh;     // uthash's own
};

struct file_watch {
    int fd;                  // inotify's
    const char *const *dirs; // borrowed
    size_t count;            // of apps
    pthread_mutex_t lock;    // guards what is below, and that a folder is in the table when its event is read
    struct folder *folders;  // uthash table; owned
    bool *lost;              // owned; the app's own folder is not there to be watched
};

// --- life

enum err_code file_watch_new(
    const char *const *dirs, size_t count, struct file_watch **ret_watch, struct err *err)
{
    struct file_watch *watch = mem_zalloc(1, sizeof(*watch));
    if (watch == NULL)
        return err_no_memory(err);
    pthread_mutex_init(&watch->lock, NULL);
    watch->dirs = dirs;
    watch->count = count;
    watch->lost = mem_zalloc(count, sizeof(*watch->lost));
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch->fd < 0 || watch->lost == NULL) {
        enum err_code code = watch->fd < 0
                                 ? err_set(err, ERR_IO, "could not watch files: %s", strerror(errno))
                                 : err_no_memory(err);
        file_watch_free(watch);
        return code;
    }
    *ret_watch = watch;
    return ERR_NONE;
}

void file_watch_free(struct file_watch *watch)
{
    if (watch == NULL)
        return;
    struct folder *folder, *next;
    HASH_ITER (hh, watch->folders, folder, next) {
        HASH_DEL(watch->folders, folder);
        mem_free(folder);
    }
    if (watch->fd >= 0)
        close(watch->fd);
    mem_free(watch->lost);
    pthread_mutex_destroy(&watch->lock);
    mem_free(watch);
}

int file_watch_fd(const struct file_watch *watch)
{
    return watch->fd;
}

// --- watching

static enum err_code add_to_table(
    struct file_watch *watch, int descriptor, size_t number, enum folder_kind kind, struct err *err)
{
    struct folder *folder;
    HASH_FIND_INT(watch->folders, &descriptor, folder);
    if (folder == NULL) {
        folder = mem_zalloc(1, sizeof(*folder));
        if (folder == NULL)
            return err_no_memory(err);
        folder->descriptor = descriptor;
        HASH_ADD_INT(watch->folders, descriptor, folder);
        if (folder->number == SIZE_MAX) { // uthash had no memory for it
            mem_free(folder);
            return err_no_memory(err);
        }
    }
    folder->number = number;
    folder->kind = kind;
    return ERR_NONE;
}

// Watches one folder; *ret_is_there is false when there is none. Under the lock.
static enum err_code add_locked(struct file_watch *watch, const char *path, size_t number,
    enum folder_kind kind, bool *ret_is_there, struct err *err)
{
    uint32_t mask = EVENTS | IN_ONLYDIR | (kind == FOLDER_PUBLIC ? IN_DONT_FOLLOW : 0u);
    int descriptor = inotify_add_watch(watch->fd, path, mask);
    *ret_is_there = descriptor >= 0;
    if (descriptor >= 0)
        return add_to_table(watch, descriptor, number, kind, err);
    if (errno == ENOSPC)
        return err_set(err, ERR_IO,
            "%s: could not be watched: the system allows no more; raise fs.inotify.max_user_watches", path);
    return errno == ENOMEM ? err_no_memory(err) : ERR_NONE; // what cannot be opened, cannot be served either
}

static enum err_code add(struct file_watch *watch, const char *path, size_t number, enum folder_kind kind,
    bool *ret_is_there, struct err *err)
{
    pthread_mutex_lock(&watch->lock);
    enum err_code code = add_locked(watch, path, number, kind, ret_is_there, err);
    if (kind == FOLDER_APP)
        watch->lost[number] = !*ret_is_there;
    pthread_mutex_unlock(&watch->lock);
    return code;
}

// A folder below public/ that was found and not been looked into yet.
struct found {
    struct found *next; //
    char path[];        //
};

// Puts `dir/name` in front of *list, if it is a folder.
static enum err_code find_folder(
    struct arena *arena, const char *dir, const struct dirent *item, struct found **list, struct err *err)
{
    struct stat status;
    char path[PATH_MAX];
    int len = snprintf(path, sizeof(path), "%s/%s", dir, item->d_name);
    if (item->d_name[0] == '.' || len < 0 || (size_t)len >= sizeof(path) ||
        (item->d_type != DT_DIR && item->d_type != DT_UNKNOWN) || lstat(path, &status) != 0 ||
        !S_ISDIR(status.st_mode))
        return ERR_NONE;
    struct found *found = arena_alloc(arena, sizeof(*found) + (size_t)len + 1);
    if (found == NULL)
        return err_no_memory(err);
    memcpy(found->path, path, (size_t)len + 1);
    found->next = *list;
    *list = found;
    return ERR_NONE;
}

static enum err_code find_folders(struct arena *arena, const char *dir, struct found **list, struct err *err)
{
    DIR *folder = opendir(dir);
    enum err_code code = ERR_NONE;
    for (struct dirent *item; folder != NULL && code == ERR_NONE && (item = readdir(folder)) != NULL;)
        code = find_folder(arena, dir, item, list, err);
    if (folder != NULL)
        closedir(folder);
    return code;
}

// Watches `dir` and all folders below it: each before it is looked into, so that none is missed.
static enum err_code add_tree(struct file_watch *watch, const char *dir, size_t number, struct err *err)
{
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, WALK_BYTES);
    struct found *list = NULL;
    bool is_there;
    enum err_code code = add(watch, dir, number, FOLDER_PUBLIC, &is_there, err);
    if (code == ERR_NONE && is_there)
        code = find_folders(&arena, dir, &list, err);
    while (code == ERR_NONE && list != NULL) {
        const struct found *found = list;
        list = list->next;
        code = add(watch, found->path, number, FOLDER_PUBLIC, &is_there, err);
        if (code == ERR_NONE && is_there)
            code = find_folders(&arena, found->path, &list, err);
    }
    return code;
}

enum err_code file_watch_app(struct file_watch *watch, size_t number, struct err *err)
{
    const char *dir = watch->dirs[number];
    char path[PATH_MAX];
    bool is_there;
    enum err_code code = add(watch, dir, number, FOLDER_APP, &is_there, err);
    if (code != ERR_NONE || !is_there)
        return code;
    snprintf(path, sizeof(path), "%s/schema", dir);
    code = add(watch, path, number, FOLDER_SCHEMA, &is_there, err);
    if (code != ERR_NONE)
        return code;
    snprintf(path, sizeof(path), "%s/public", dir);
    return add_tree(watch, path, number, err);
}

// --- events

// Whether what happened to `name` in a folder can change what is served.
static bool matters(enum folder_kind kind, uint32_t mask, struct span name)
{
    if (span_starts_with(name, "."))
        return false;
    switch (kind) {
    case FOLDER_APP:
        return span_ends_with(name, ".sql") || span_is(name, "app.ini") || span_is(name, "schema") ||
               span_is(name, "public");
    case FOLDER_SCHEMA:
        return span_ends_with(name, ".sql");
    case FOLDER_PUBLIC:
        return !(mask & IN_CLOSE_WRITE); // each request opens the file anyway
    }
    return false;
}

// Forgets the watch of a folder that has gone; of an app's own, that it has to be looked for.
static void lose(struct file_watch *watch, struct folder *folder, uint32_t mask)
{
    if (folder->kind == FOLDER_APP)
        watch->lost[folder->number] = true;
    if (mask & IN_MOVE_SELF)
        (void)inotify_rm_watch(watch->fd, folder->descriptor); // it goes on elsewhere
    HASH_DEL(watch->folders, folder);
    mem_free(folder);
}

static bool take_event(struct file_watch *watch, const struct inotify_event *event, bool *changed)
{
    if (event->mask & IN_Q_OVERFLOW) { // the kernel has dropped events
        for (size_t i = 0; i < watch->count; i++)
            changed[i] = true;
        return true;
    }
    struct folder *folder;
    HASH_FIND_INT(watch->folders, &event->wd, folder);
    if (folder == NULL)
        return false;
    bool is_gone = event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT);
    if (!is_gone && !matters(folder->kind, event->mask, span_of(event->len > 0 ? event->name : "")))
        return false;
    changed[folder->number] = true;
    if (is_gone)
        lose(watch, folder, event->mask);
    return true;
}

static bool find_lost(struct file_watch *watch, bool *changed)
{
    bool any = false, is_there;
    for (size_t i = 0; i < watch->count; i++) {
        if (!watch->lost[i] ||
            add_locked(watch, watch->dirs[i], i, FOLDER_APP, &is_there, NULL) != ERR_NONE || !is_there)
            continue;
        watch->lost[i] = false;
        changed[i] = any = true;
    }
    return any;
}

bool file_watch_read(struct file_watch *watch, bool *changed)
{
    _Alignas(struct inotify_event) char bytes[READ_BYTES];
    pthread_mutex_lock(&watch->lock);
    bool any = false;
    ssize_t len;
    while ((len = read(watch->fd, bytes, sizeof(bytes))) > 0 || (len < 0 && errno == EINTR)) {
        const struct inotify_event *event;
        for (ssize_t at = 0; at < len; at += (ssize_t)(sizeof(*event) + event->len)) {
            event = (const struct inotify_event *)(const void *)(bytes + at);
            any |= take_event(watch, event, changed);
        }
    }
    any |= find_lost(watch, changed);
    pthread_mutex_unlock(&watch->lock);
    return any;
}
