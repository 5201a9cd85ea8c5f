// SPDX-License-Identifier: Apache-2.0
// Looks at names, and into folders that an app does not know. Whoever keeps something of their own beside an
// app puts a dot in front of its name. Reading what is known is app_read.c's. Any thread; it blocks on the
// disk.
#include "app/strays.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/attr.h"
#include "base/buf.h"
#include "text/nearest.h"

// The folders that an app may have.
static const char *const known[] = {"schema", "data", "tests", "public"};

// One folder that is looked through.
struct looking {
    const char *app;            // the app's folder
    const char *sub;            // the folder in it: "" or "schema"
    const char *ending;         // of the files that are read there
    struct diags *diags;        // where errors go
    bool has[ARRAY_LEN(known)]; // which of the known folders there are
};

static bool is_hidden(struct span name)
{
    return name.len == 0 || name.at[0] == '.' || name.at[0] == '#' || name.at[name.len - 1] == '~';
}

// Joins with slashes what is not empty; false where a path is too long, which has been told by others.
static bool join(char ret_path[PATH_MAX], const char *dir, const char *sub, const char *name)
{
    int len = snprintf(ret_path, PATH_MAX, "%s%s%s%s%s", dir, sub[0] != '\0' ? "/" : "", sub,
        name[0] != '\0' ? "/" : "", name);
    return len > 0 && len < PATH_MAX;
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

// --- files

// The end of a name from its last dot on; empty without one.
static struct span ending_of(struct span name)
{
    const char *dot = memrchr(name.at, '.', name.len);
    return dot != NULL ? (struct span){.at = dot, .len = (size_t)(name.at + name.len - dot)}
                       : (struct span){0};
}

// Whether a name ends nearly as it should: get_k.SQL, get_k.slq, get_k.sql.txt.
static bool is_nearly(struct span name, const char *ending)
{
    struct span end = ending_of(name);
    if (span_is(end, ending))
        return false;
    if (span_is_nocase(end, ".txt")) {
        struct span front = {.at = name.at, .len = name.len - end.len};
        return span_is_nocase(ending_of(front), ending);
    }
    return end.len > 0 && nearest_edits(end, span_of(ending)) <= 1;
}

static void look_at_file(const struct looking *looking, const char *path, struct span name)
{
    bool is_top = looking->sub[0] == '\0';
    if (is_nearly(name, looking->ending))
        diags_add(looking->diags, path, 0, 0, "is not read: its name has to end in %s", looking->ending);
    else if (is_top && !span_is(name, "app.ini") &&
             (nearest_edits(name, span_of("app.ini")) <= 1 || span_is(name, "app.toml") ||
                 span_is(name, "app.yaml") || span_is(name, "app.yml")))
        diags_add(looking->diags, path, 0, 0, "is not read; did you mean app.ini?");
    else if (is_top && span_ends_with(name, ".http"))
        diags_add(looking->diags, path, 0, 0, "is not read; put it into tests/");
}

// --- folders

static bool has_file(const char *dir, const char *ending)
{
    DIR *open_dir = opendir(dir);
    struct dirent *item;
    bool found = false;
    while (open_dir != NULL && !found && (item = readdir(open_dir)) != NULL) {
        struct span name = span_of(item->d_name);
        found = !is_hidden(name) && span_ends_with_nocase(name, ending);
    }
    if (open_dir != NULL)
        closedir(open_dir);
    return found;
}

// A folder that the app does not know: told where it is nearly a known one, or holds files that are meant.
static void look_at_folder(const struct looking *looking, const char *path, struct span name)
{
    const char *meant = NULL;
    for (size_t i = 0; i < ARRAY_LEN(known) && meant == NULL; i++) {
        if (span_is_nocase(name, known[i]) ||
            (!looking->has[i] && !span_is(name, "test") && nearest_edits(name, span_of(known[i])) <= 1))
            meant = known[i];
    }
    if (meant == NULL && span_is(name, "migrations"))
        meant = "schema";
    if (meant == NULL && has_file(path, ".http"))
        meant = "tests";
    if (meant != NULL)
        diags_add(looking->diags, path, 0, 0, "is not read; did you mean %s/?", meant);
    else if (has_file(path, ".sql"))
        diags_add(looking->diags, path, 0, 0,
            "holds .sql files, which are not read there: move them up, or put a dot in front of the folder's name");
}

static void look_below(const struct looking *looking, const char *path)
{
    if (has_file(path, looking->ending))
        diags_add(looking->diags, path, 0, 0,
            "holds %s files, which are not read there: move them up, or put a dot in front of the folder's name",
            looking->ending);
}

// --- the whole

static void look_at(const struct looking *looking, const char *item)
{
    struct span name = span_of(item);
    char path[PATH_MAX];
    if (is_hidden(name) || !join(path, looking->app, looking->sub, item))
        return;
    bool is_known = false;
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        is_known = is_known || (looking->sub[0] == '\0' && span_is(name, known[i]));
    if (is_known)
        return;
    if (!is_folder(path))
        look_at_file(looking, path, name);
    else if (looking->sub[0] == '\0')
        look_at_folder(looking, path, name);
    else
        look_below(looking, path);
}

static void look_through(struct looking *looking)
{
    char path[PATH_MAX];
    DIR *open_dir = join(path, looking->app, looking->sub, "") ? opendir(path) : NULL;
    struct dirent *item;
    while (open_dir != NULL && (item = readdir(open_dir)) != NULL)
        look_at(looking, item->d_name);
    if (open_dir != NULL)
        closedir(open_dir);
}

void strays_tell(const char *dir, struct diags *diags)
{
    struct looking looking = {.app = dir, .sub = "", .ending = ".sql", .diags = diags};
    char path[PATH_MAX];
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        looking.has[i] = join(path, dir, known[i], "") && is_folder(path);
    look_through(&looking);
    looking.sub = "schema";
    look_through(&looking);
    looking.sub = "tests";
    looking.ending = ".http";
    look_through(&looking);
}
