// SPDX-License-Identifier: Apache-2.0
// The thread takes the source that is due first, reads it without the lock, and puts what it has read in
// place under it. Sources are in a list that only grows, so the thread may keep a pointer to one.
#include "access/jwks_source.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/fetch.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "net/outbound.h"

// What tells one state of a file from another.
struct file_mark {
    dev_t device;
    ino_t number;
    off_t size;
    struct timespec changed; // of its data or its inode
};

struct source {
    struct source *next;   // of the list; fixed once it is in it, as the next three
    char *location;        // owned
    size_t location_len;   //
    bool is_url;           //
    struct file_mark mark; // of the file as it was read last; the thread's, as the next three
    bool has_failed;       // the last time
    uint64_t read_ns;      // when it was read well last; 0: never
    struct err failure;    // of the last time, where it has failed; under the lock, as all that follows
    bool is_tried;         // at this moment
    bool was_tried;        // at least once since it was followed
    uint64_t tried_ns;     // when it was tried last
    uint64_t due_ns;       // when it is to be tried next
    struct jwks *keys;     // a reference; NULL: not known
    struct keeper_question *first; // borrowed; those that wait for the next try
};

struct jwks_sources {
    void (*tell)(void *ctx, struct span location, const struct err *err); // fixed
    void *ctx;                                                            // borrowed
    atomic_bool is_ending;       // the thread has to end; set under the lock, and interrupts a fetch
    atomic_uint_fast64_t number; // of the keys in force
    bool is_running;             // the thread exists; the owner's
    pthread_t thread;            // valid while is_running
    pthread_mutex_t lock;        // guards the list, and what sources have under it
    pthread_cond_t change;       // signalled when the thread has something to look at
    pthread_cond_t progress;     // broadcast when a source was tried
    struct source *first;        // owned, as all of the list
};

static bool is_ending(const struct jwks_sources *sources)
{
    return atomic_load_explicit(&sources->is_ending, memory_order_relaxed);
}

static struct span location_of(const struct source *source)
{
    return (struct span){.at = source->location, .len = source->location_len};
}

// --- one try, on the thread

static enum err_code fail_file(struct err *err)
{
    return err_set(err, ERR_CONFIG, "cannot be read: %s", strerror(errno));
}

// Reads an open file; *ret_is_same: it is as it was read last.
static enum err_code read_open_file(
    struct source *source, int fd, struct buf *document, bool *ret_is_same, struct err *err)
{
    struct stat status;
    char bytes[8192];
    ssize_t got = 0;
    if (fstat(fd, &status) != 0)
        return fail_file(err);
    struct file_mark mark = {
        .device = status.st_dev, .number = status.st_ino, .size = status.st_size, .changed = status.st_ctim};
    *ret_is_same = source->read_ns != 0 && mark.device == source->mark.device &&
                   mark.number == source->mark.number && mark.size == source->mark.size &&
                   mark.changed.tv_sec == source->mark.changed.tv_sec &&
                   mark.changed.tv_nsec == source->mark.changed.tv_nsec;
    while (!*ret_is_same && (got = read(fd, bytes, sizeof(bytes))) > 0)
        (void)buf_append(document, bytes, (size_t)got);
    if (got < 0)
        return fail_file(err);
    if (buf_status(document) == ERR_TOO_LARGE)
        return err_set(err, ERR_CONFIG, "has more than %d bytes", LIMIT_JWKS_BYTES);
    source->mark = mark;
    return buf_status(document) == ERR_NONE ? ERR_NONE : err_no_memory(err);
}

static enum err_code read_file(
    struct source *source, struct buf *document, bool *ret_is_same, struct err *err)
{
    int fd = open(source->location, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return fail_file(err);
    enum err_code code = read_open_file(source, fd, document, ret_is_same, err);
    close(fd);
    return code;
}

// How long what was fetched counts.
static uint64_t life_ns(int64_t max_age_s)
{
    int64_t life_s = max_age_s > LIMIT_JWKS_LONG_S ? LIMIT_JWKS_LONG_S : max_age_s;
    return (uint64_t)(life_s < LIMIT_JWKS_SHORT_S ? LIMIT_JWKS_SHORT_S : life_s) * NS_PER_S;
}

// Reads or fetches, without the lock. *ret_keys NULL: they are as they were.
static enum err_code try_source(struct jwks_sources *sources, struct source *source, struct jwks **ret_keys,
    uint64_t *ret_pause_ns, struct err *err)
{
    AUTO(buf_fini) struct buf document;
    bool is_same = false;
    int64_t max_age_s = 0;
    buf_init(&document, LIMIT_JWKS_BYTES);
    enum err_code code =
        source->is_url ? fetch_document(source->location, &sources->is_ending, &document, &max_age_s, err)
                       : read_file(source, &document, &is_same, err);
    *ret_keys = NULL;
    if (code == ERR_NONE && !is_same)
        code = jwks_read(buf_span(&document), ret_keys, err);
    if (code != ERR_NONE)
        source->mark = (struct file_mark){0};
    if (!source->is_url)
        *ret_pause_ns = LIMIT_JWKS_LOOK_MS * NS_PER_MS;
    else
        *ret_pause_ns = code == ERR_NONE ? life_ns(max_age_s) : LIMIT_JWKS_AGAIN_S * NS_PER_S;
    return code;
}

static void report(
    struct jwks_sources *sources, struct source *source, enum err_code code, const struct err *err)
{
    bool has_failed = code != ERR_NONE;
    if (has_failed != source->has_failed && !is_ending(sources) && (source->is_url || source->read_ns != 0))
        sources->tell(sources->ctx, location_of(source), has_failed ? err : NULL);
    source->has_failed = has_failed;
}

// Answers those that have waited. Under the lock, which is given up meanwhile.
static void answer(struct jwks_sources *sources, struct source *source)
{
    struct keeper_question *question = source->first;
    source->first = NULL;
    pthread_mutex_unlock(&sources->lock);
    while (question != NULL) {
        struct keeper_question *next = question->next; // on_round may free it
        question->on_round(question);
        question = next;
    }
    pthread_mutex_lock(&sources->lock);
}

// Puts keys in force; NULL: none are known. Under the lock.
static void put_keys(struct jwks_sources *sources, struct source *source, struct jwks *keys)
{
    jwks_unref(source->keys);
    source->keys = keys;
    atomic_fetch_add_explicit(&sources->number, 1, memory_order_release);
}

// Under the lock, which is given up meanwhile.
static void follow_source(struct jwks_sources *sources, struct source *source)
{
    struct jwks *keys;
    struct err err = {0};
    uint64_t pause_ns;
    source->tried_ns = clock_monotonic_ns();
    source->is_tried = true;
    pthread_mutex_unlock(&sources->lock);
    enum err_code code = try_source(sources, source, &keys, &pause_ns, &err);
    report(sources, source, code, &err);
    pthread_mutex_lock(&sources->lock);
    uint64_t now_ns = clock_monotonic_ns();
    if (code == ERR_NONE)
        source->read_ns = now_ns;
    if (keys != NULL)
        put_keys(sources, source, keys);
    else if (source->is_url && source->keys != NULL &&
             now_ns - source->read_ns > LIMIT_JWKS_STALE_S * NS_PER_S)
        put_keys(sources, source, NULL);
    source->due_ns = now_ns + pause_ns;
    source->failure = err;
    source->is_tried = false;
    source->was_tried = true;
    pthread_cond_broadcast(&sources->progress);
    answer(sources, source);
}

static struct source *find_first_due(const struct jwks_sources *sources)
{
    struct source *due = sources->first;
    for (struct source *source = due; source != NULL; source = source->next)
        due = source->due_ns < due->due_ns ? source : due;
    return due;
}

static void *run(void *arg)
{
    struct jwks_sources *sources = arg;
    pthread_mutex_lock(&sources->lock);
    while (!is_ending(sources)) {
        struct source *due = find_first_due(sources);
        if (due == NULL)
            pthread_cond_wait(&sources->change, &sources->lock);
        else if (due->due_ns <= clock_monotonic_ns())
            follow_source(sources, due);
        else
            (void)cond_wait_until(&sources->change, &sources->lock, due->due_ns);
    }
    for (struct source *source = sources->first; source != NULL; source = source->next)
        answer(sources, source);
    pthread_mutex_unlock(&sources->lock);
    return NULL;
}

// --- life

enum err_code jwks_sources_new(void (*tell)(void *ctx, struct span location, const struct err *err),
    void *ctx, struct jwks_sources **ret_sources, struct err *err)
{
    enum err_code code = outbound_init(err);
    if (code != ERR_NONE)
        return code;
    struct jwks_sources *sources = mem_zalloc(1, sizeof(*sources));
    if (sources == NULL)
        return err_no_memory(err);
    sources->tell = tell;
    sources->ctx = ctx;
    atomic_init(&sources->is_ending, false);
    atomic_init(&sources->number, 1);
    pthread_mutex_init(&sources->lock, NULL);
    cond_init(&sources->change);
    cond_init(&sources->progress);
    code = thread_start(run, sources, &sources->thread, err);
    sources->is_running = code == ERR_NONE;
    if (code != ERR_NONE)
        jwks_sources_free(sources);
    else
        *ret_sources = sources;
    return code;
}

static void free_source(struct source *source)
{
    jwks_unref(source->keys);
    mem_free(source->location);
    mem_free(source);
}

void jwks_sources_free(struct jwks_sources *sources)
{
    if (sources == NULL)
        return;
    if (sources->is_running) {
        pthread_mutex_lock(&sources->lock);
        atomic_store_explicit(&sources->is_ending, true, memory_order_relaxed);
        pthread_cond_signal(&sources->change);
        pthread_cond_broadcast(&sources->progress);
        pthread_mutex_unlock(&sources->lock);
        pthread_join(sources->thread, NULL);
    }
    while (sources->first != NULL) {
        struct source *next = sources->first->next;
        free_source(sources->first);
        sources->first = next;
    }
    pthread_cond_destroy(&sources->progress);
    pthread_cond_destroy(&sources->change);
    pthread_mutex_destroy(&sources->lock);
    mem_free(sources);
}

// --- what other threads say. Under the lock where a list is walked.

static struct source *find(const struct jwks_sources *sources, struct span location)
{
    struct source *source = sources->first;
    while (source != NULL && !span_equal(location_of(source), location))
        source = source->next;
    return source;
}

static struct source *make(struct span location, bool is_url)
{
    struct source *source = mem_zalloc(1, sizeof(*source));
    if (source == NULL)
        return NULL;
    source->location = mem_strndup(location.at, location.len);
    source->location_len = location.len;
    source->is_url = is_url;
    if (source->location != NULL)
        return source;
    mem_free(source);
    return NULL;
}

// Has a source tried now, and waits until it was.
static void try_now(struct jwks_sources *sources, struct source *source)
{
    source->was_tried = false;
    source->due_ns = 0;
    pthread_cond_signal(&sources->change);
    while (!source->was_tried && !is_ending(sources))
        pthread_cond_wait(&sources->progress, &sources->lock);
}

enum err_code jwks_sources_follow(
    struct jwks_sources *sources, struct span location, bool is_url, struct err *err)
{
    enum err_code code = ERR_NONE;
    pthread_mutex_lock(&sources->lock);
    struct source *source = find(sources, location);
    if (source == NULL && (source = make(location, is_url)) != NULL) {
        source->next = sources->first;
        sources->first = source;
        try_now(sources, source);
    } else if (source != NULL && source->keys == NULL && !is_url) {
        try_now(sources, source);
    }
    if (source == NULL)
        code = err_no_memory(err);
    else if (source->keys == NULL && !is_url)
        code = err_set(err, ERR_CONFIG, "%.*s: %s", (int)location.len, location.at, source->failure.text);
    pthread_mutex_unlock(&sources->lock);
    return code;
}

struct jwks *jwks_sources_keys(struct jwks_sources *sources, struct span location)
{
    pthread_mutex_lock(&sources->lock);
    const struct source *source = find(sources, location);
    struct jwks *keys = source != NULL && source->keys != NULL ? jwks_ref(source->keys) : NULL;
    pthread_mutex_unlock(&sources->lock);
    return keys;
}

uint64_t jwks_sources_number(const struct jwks_sources *sources)
{
    return atomic_load_explicit(&sources->number, memory_order_acquire);
}

// Whether the question is to wait: for a try that others wait for already, or for one of its own, which is
// due at once then. Under the lock.
static bool has_to_wait(const struct jwks_sources *sources, struct source *source)
{
    if (source == NULL || is_ending(sources))
        return false;
    if (source->is_tried || source->first != NULL)
        return true;
    if (!source->is_url || clock_monotonic_ns() - source->tried_ns < LIMIT_JWKS_AGAIN_S * NS_PER_S)
        return false;
    source->due_ns = 0;
    return true;
}

void jwks_sources_ask(struct jwks_sources *sources, struct span location, struct keeper_question *question)
{
    pthread_mutex_lock(&sources->lock);
    struct source *source = find(sources, location);
    bool waits = has_to_wait(sources, source);
    if (waits) {
        question->next = source->first;
        source->first = question;
        pthread_cond_signal(&sources->change);
    }
    pthread_mutex_unlock(&sources->lock);
    if (!waits)
        question->on_round(question);
}
