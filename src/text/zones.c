// SPDX-License-Identifier: Apache-2.0
// Zones are in a list that only grows, so whoever has one needs no lock: there are some hundred at most, of a
// few kilobytes each. The files are those that libc takes: of $TZDIR, or of the usual folder.
#include "text/zones.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/mem.h"
#include "text/nearest.h"

enum {
    NAME_BYTES = 64,          // the longest is America/Argentina/ComodRivadavia
    FILE_BYTES = 64 * 1024,   // of a zone; they have 4 kB at most
    LIST_BYTES = 1024 * 1024, // of the list of names
    PATH_BYTES = 512,
};

struct entry {
    const struct zone *zone; // owned
    struct entry *next;      // older ones
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; // taken to read a file and add it
static _Atomic(struct entry *) newest;

static const struct zone *find_known(struct span name)
{
    for (const struct entry *entry = atomic_load_explicit(&newest, memory_order_acquire); entry != NULL;
         entry = entry->next) {
        if (span_is(name, zone_name(entry->zone)))
            return entry->zone;
    }
    return NULL;
}

static const char *folder(void)
{
    const char *named = getenv("TZDIR");
    return named != NULL && named[0] == '/' ? named : "/usr/share/zoneinfo";
}

// --- files

// Reads a file whole. False when it is not there or too large.
static bool read_file(const char *path, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char part[4096];
    ssize_t got = -1;
    while (fd >= 0 && ((got = read(fd, part, sizeof(part))) > 0 || (got < 0 && errno == EINTR))) {
        if (got > 0)
            buf_append(out, part, (size_t)got);
    }
    if (fd >= 0)
        close(fd);
    return got == 0 && buf_status(out) == ERR_NONE;
}

// How many bytes of a name stand in a message.
static int shown_len(struct span name)
{
    return name.len < NAME_BYTES ? (int)name.len : NAME_BYTES;
}

// Whether a name may be part of a path: no zone's leads out of the folder. A file has one name that is plain,
// as names may come from clients and each one that is found is kept.
static bool is_plain(struct span name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        bool is_known = ascii_is_letter(c) || ascii_is_digit(c) || memchr("_+-/", c, 4) != NULL;
        if (!is_known || (c == '/' && i > 0 && name.at[i - 1] == '/'))
            return false;
    }
    return name.len > 0 && name.len < NAME_BYTES && name.at[0] != '/' && name.at[name.len - 1] != '/';
}

// The name of a zone that may have been meant, from the list that comes with the files: lines "Z NAME …" and
// "L TARGET NAME". An empty span when none is near; it borrows the list.
static struct span find_near(struct span name, struct span list)
{
    struct span near = {0};
    size_t fewest = 3;
    while (list.len > 0) {
        struct span line = span_line(&list), word = span_split(&line, ' ');
        struct span known = span_split(&line, ' ');
        if (span_is(word, "L"))
            known = span_split(&line, ' ');
        else if (!span_is(word, "Z"))
            continue;
        size_t slash = known.len;
        while (slash > 0 && known.at[slash - 1] != '/')
            slash--;
        struct span place = {.at = known.at + slash, .len = known.len - slash};
        size_t edits = span_equal_nocase(name, place) ? 0 : nearest_edits(name, known);
        if (edits < fewest) {
            fewest = edits;
            near = known;
        }
    }
    return near;
}

void zones_explain(struct span name, struct err *err)
{
    char path[PATH_BYTES];
    AUTO(buf_fini) struct buf list;
    buf_init(&list, LIST_BYTES);
    if (access(folder(), R_OK) != 0) {
        err_set(err, ERR_CONFIG, "the time zone %.*s cannot be looked up, as %s is not there: install tzdata",
            shown_len(name), name.at, folder());
        return;
    }
    snprintf(path, sizeof(path), "%s/tzdata.zi", folder());
    struct span near = {0};
    if (name.len > 2 && read_file(path, &list))
        near = find_near(name, buf_span(&list));
    if (near.len > 0)
        err_set(err, ERR_CONFIG, "unknown time zone %.*s; did you mean %.*s?", shown_len(name), name.at,
            (int)near.len, near.at);
    else
        err_set(err, ERR_CONFIG, "unknown time zone %.*s; use a name such as Europe/Rome or UTC",
            shown_len(name), name.at);
}

// --- zones

static enum err_code fail_unknown(struct span name, struct err *err)
{
    return err_set(err, ERR_UNKNOWN, "unknown time zone %.*s", shown_len(name), name.at);
}

static enum err_code load(struct span name, const struct zone **ret_zone, struct err *err)
{
    // What a file of UTC holds, so that it needs no file: a head and a type, twice, and a rule.
    static const char utc[] =
        "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
        "\0\0\0\0\0\0UTC\0"
        "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
        "\0\0\0\0\0\0UTC\0\nUTC0\n";
    char path[PATH_BYTES], text[NAME_BYTES];
    AUTO(buf_fini) struct buf bytes;
    struct zone *zone;
    buf_init(&bytes, FILE_BYTES);
    if (!is_plain(name))
        return fail_unknown(name, err);
    snprintf(text, sizeof(text), "%.*s", (int)name.len, name.at);
    snprintf(path, sizeof(path), "%s/%s", folder(), text);
    bool is_utc = span_is(name, "UTC");
    if (!is_utc && !read_file(path, &bytes))
        return fail_unknown(name, err);
    struct span file = is_utc ? (struct span){.at = utc, .len = sizeof(utc) - 1} : buf_span(&bytes);
    enum err_code code = zone_new(text, file, &zone, err);
    if (code != ERR_NONE)
        return code;
    struct entry *entry = mem_zalloc(1, sizeof(*entry));
    if (entry == NULL) {
        zone_free(zone);
        return err_no_memory(err);
    }
    *entry = (struct entry){.zone = zone, .next = atomic_load_explicit(&newest, memory_order_relaxed)};
    atomic_store_explicit(&newest, entry, memory_order_release);
    *ret_zone = zone;
    return ERR_NONE;
}

enum err_code zones_find(struct span name, const struct zone **ret_zone, struct err *err)
{
    const struct zone *zone = find_known(name);
    enum err_code code = ERR_NONE;
    if (zone == NULL) {
        pthread_mutex_lock(&lock);
        zone = find_known(name); // another thread may have been first
        if (zone == NULL)
            code = load(name, &zone, err);
        pthread_mutex_unlock(&lock);
    }
    if (code == ERR_NONE)
        *ret_zone = zone;
    return code;
}
