// SPDX-License-Identifier: Apache-2.0
// Each app has a book. Its counts go through two tables:
//
//     taken from loops ──► waiting ── nothing is being written ──► writing ──► the store, in parts
//
// What is being written never changes, so that a part whose outcome is unknown can be written again as it was
// (usage_store.h). The flusher's thread.
#include "access/flusher.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/random.h>

#include "access/usage_store.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"

enum { NODE_CHARS = 33 };

struct book {
    struct flusher_target target;
    struct store_conn *conn;    // owned; NULL: none at the moment
    struct usage_writer writer; // on it
    struct usage_table waiting; //
    struct usage_table writing; // sorted
    size_t written;             // entries at the begin of `writing` that are committed
    uint64_t number;            // of the part that is written next
    uint64_t failures;          // in a row
    uint64_t lost;              // requests that found no room, since that was told
};

struct flusher {
    struct flusher_options options; // `targets` is not used any more
    struct book *books;             // owned; by number of the service
    char node[NODE_CHARS];          // random
    pthread_t thread;
    atomic_bool is_ending; // set once, by flusher_free
};

// --- from loops into books

static void add_up(struct flusher *flusher, const struct usage_table *taken)
{
    for (size_t i = 0; i < taken->count; i++) {
        struct book *book = &flusher->books[taken->entries[i]->key.service];
        if (usage_table_merge(&book->waiting, taken->entries[i]) != ERR_NONE)
            book->lost += taken->entries[i]->counts.requests;
    }
}

// False when some loop has its table in hand.
static bool take(struct flusher *flusher)
{
    bool is_all;
    struct usage_table *taken = meter_take(flusher->options.meter, &is_all);
    for (struct usage_table *next; taken != NULL; taken = next) {
        next = taken->next;
        add_up(flusher, taken);
        meter_drop(taken);
    }
    uint64_t lost = meter_lost(flusher->options.meter);
    if (lost > 0)
        teller_say(&flusher->options.log,
            "usage of %" PRIu64 " requests was not counted: there was no memory for it", lost);
    return is_all;
}

// --- from books into stores

static bool is_empty(const struct book *book)
{
    return book->waiting.count == 0 && book->writing.count == 0;
}

static void disconnect(struct book *book)
{
    usage_writer_fini(&book->writer);
    store_disconnect(book->conn);
    book->conn = NULL;
}

static enum err_code connect(const struct flusher *flusher, struct book *book, struct err *err)
{
    if (book->conn != NULL)
        return ERR_NONE;
    enum err_code code = store_connect(book->target.store, STORE_WRITE, &book->conn, err);
    return code == ERR_NONE ? usage_writer_init(&book->writer, book->conn, flusher->node, usage_today(), err)
                            : code;
}

static enum err_code write_part(const struct flusher *flusher, struct book *book, struct err *err)
{
    size_t left = book->writing.count - book->written;
    size_t count = left < LIMIT_USAGE_PART ? left : LIMIT_USAGE_PART;
    enum err_code code = connect(flusher, book, err);
    if (code != ERR_NONE)
        return code;
    store_deadline(book->conn, clock_monotonic_ns() + LIMIT_USAGE_WRITE_MS * NS_PER_MS);
    code = usage_writer_add(
        &book->writer, book->number, usage_today(), book->writing.entries + book->written, count, err);
    store_deadline(book->conn, 0);
    if (code != ERR_NONE)
        return code;
    book->written += count;
    book->number++;
    return ERR_NONE;
}

// All of `writing`, and then `waiting`.
static enum err_code write_all(const struct flusher *flusher, struct book *book, struct err *err)
{
    while (!is_empty(book)) {
        if (book->writing.count == 0) {
            struct usage_table none = book->writing;
            book->writing = book->waiting;
            book->waiting = none;
            usage_table_sort(&book->writing);
            book->written = 0;
        }
        while (book->written < book->writing.count) {
            enum err_code code = write_part(flusher, book, err);
            if (code != ERR_NONE)
                return code;
        }
        usage_table_fini(&book->writing);
    }
    return ERR_NONE;
}

static enum err_code touch(const struct flusher *flusher, struct book *book, struct err *err)
{
    if (flusher->options.touch == NULL || book->conn == NULL)
        return ERR_NONE;
    size_t service = (size_t)(book - flusher->books);
    store_deadline(book->conn, clock_monotonic_ns() + LIMIT_USAGE_WRITE_MS * NS_PER_MS);
    enum err_code code = flusher->options.touch(flusher->options.touch_ctx, service, book->conn, err);
    store_deadline(book->conn, 0);
    return code;
}

// A store that others have locked for some seconds is nothing to tell of.
static void write_book(const struct flusher *flusher, struct book *book)
{
    const char *name = book->target.name;
    struct err err = {0};
    if (is_empty(book))
        return;
    enum err_code code = write_all(flusher, book, &err);
    if (code == ERR_NONE)
        code = touch(flusher, book, &err);
    if (code == ERR_NONE) {
        if (book->failures >= LIMIT_USAGE_TRIES)
            teller_say(&flusher->options.log, "%s: usage is written again", name);
        book->failures = 0;
    } else {
        disconnect(book);
        if (++book->failures == LIMIT_USAGE_TRIES)
            teller_say(&flusher->options.log,
                "%s: usage could not be written: %s%s%s; it is kept and tried again", name, err.text,
                err.hint[0] != '\0' ? ": " : "", err.hint);
    }
    if (book->lost > 0)
        teller_say(&flusher->options.log,
            "%s: usage of %" PRIu64 " requests was not counted: too much of it waits for the store", name,
            book->lost);
    book->lost = 0;
}

// --- the thread

static uint64_t requests_of(const struct book *book)
{
    uint64_t requests = 0;
    for (size_t i = book->written; i < book->writing.count; i++)
        requests += book->writing.entries[i]->counts.requests;
    for (size_t i = 0; i < book->waiting.count; i++)
        requests += book->waiting.entries[i]->counts.requests;
    return requests;
}

static void write_last(const struct flusher *flusher, struct book *book)
{
    struct err err = {0};
    uint64_t end_ns = clock_monotonic_ns() + LIMIT_USAGE_LAST_MS * NS_PER_MS;
    while (write_all(flusher, book, &err) != ERR_NONE) {
        disconnect(book);
        if (clock_monotonic_ns() >= end_ns) {
            teller_say(&flusher->options.log,
                "%s: usage of %" PRIu64 " requests is lost: it could not be written: %s", book->target.name,
                requests_of(book), err.text);
            return;
        }
        clock_pause(LIMIT_USAGE_PAUSE_MS * NS_PER_MS);
        err = (struct err){0};
    }
    (void)!touch(flusher, book, &err); // with the usage that was written all that counts is there
}

static bool is_ending(struct flusher *flusher)
{
    return atomic_load_explicit(&flusher->is_ending, memory_order_acquire);
}

static void *run(void *arg)
{
    struct flusher *flusher = arg;
    struct meter *meter = flusher->options.meter;
    bool is_idle = true;
    while (!is_ending(flusher)) {
        if (is_idle)
            meter_wait(meter);
        if (!is_ending(flusher))
            meter_wait_full(meter, clock_monotonic_ns() + LIMIT_USAGE_FLUSH_MS * NS_PER_MS);
        is_idle = take(flusher);
        for (size_t i = 0; i < flusher->options.count && !is_ending(flusher); i++) {
            write_book(flusher, &flusher->books[i]);
            is_idle = is_idle && is_empty(&flusher->books[i]);
        }
    }
    (void)take(flusher);
    for (size_t i = 0; i < flusher->options.count; i++)
        write_last(flusher, &flusher->books[i]);
    return NULL;
}

// --- life

static void free_books(struct flusher *flusher)
{
    for (size_t i = 0; flusher->books != NULL && i < flusher->options.count; i++) {
        struct book *book = &flusher->books[i];
        disconnect(book);
        usage_table_fini(&book->waiting);
        usage_table_fini(&book->writing);
    }
    mem_free(flusher->books);
    mem_free(flusher);
}

static enum err_code set_node(struct flusher *flusher, struct err *err)
{
    uint64_t random[2];
    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return err_set(err, ERR_IO, "could not get random bytes from the system");
    snprintf(flusher->node, sizeof(flusher->node), "%016" PRIx64 "%016" PRIx64, random[0], random[1]);
    return ERR_NONE;
}

enum err_code flusher_new(
    const struct flusher_options *options, struct flusher **ret_flusher, struct err *err)
{
    struct flusher *flusher = mem_zalloc(1, sizeof(*flusher));
    if (flusher == NULL)
        return err_no_memory(err);
    flusher->options = *options;
    flusher->books = mem_zalloc(options->count, sizeof(*flusher->books));
    if (flusher->books == NULL) {
        mem_free(flusher);
        return err_no_memory(err);
    }
    enum err_code code = set_node(flusher, err);
    for (size_t i = 0; code == ERR_NONE && i < options->count; i++) {
        struct book *book = &flusher->books[i];
        book->target = options->targets[i];
        book->number = 1;
        usage_table_init(&book->waiting, LIMIT_USAGE_WAITING);
        usage_table_init(&book->writing, LIMIT_USAGE_WAITING);
    }
    if (code == ERR_NONE)
        code = thread_start(run, flusher, &flusher->thread, err);
    if (code != ERR_NONE) {
        free_books(flusher);
        return code;
    }
    *ret_flusher = flusher;
    return ERR_NONE;
}

void flusher_free(struct flusher *flusher)
{
    if (flusher == NULL)
        return;
    atomic_store_explicit(&flusher->is_ending, true, memory_order_release);
    meter_wake(flusher->options.meter);
    pthread_join(flusher->thread, NULL);
    free_books(flusher);
}
