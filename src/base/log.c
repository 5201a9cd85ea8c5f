// SPDX-License-Identifier: Apache-2.0
// Two buffers that change places: callers append to one under the lock while the log's thread writes the
// other one without it. That thread looks every FLUSH_MS rather than being woken by each line, so that a line
// costs its caller a memcpy. What a line says is left to callers.
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"

enum {
    FLUSH_MS = 20,
    LOOK_MS = 100,
    LINE_BYTES = 1024,             // of a message
    FORMED_BYTES = 8 * LINE_BYTES, // of a line of it: a byte may become six, as \u0000 does
    WRITE_BYTES = PIPE_BUF,
};

struct log {
    int fd;                // borrowed; where the lines go
    pthread_t thread;      // writes
    bool is_cut;           // the last write ended within a line; the thread's own
    pthread_mutex_t lock;  // guards all below, but for `form`
    pthread_cond_t wake;   // signalled at the end only
    struct buf waiting;    // lines not yet taken by the thread
    unsigned long dropped; // lines that found no room since the last write
    uint64_t all_dropped;  // the same since the log began, and those that could not be written
    uint64_t end_ns;       // log_free was called: when it gives up on what is not written; 0: it was not
    // Makes lines of messages, see log_set_form; NULL: there is none. Any thread.
    void (*_Atomic form)(struct buf *out, struct span message);
};

// --- messages

// A line may hold what a client sent, which must not begin another line or steer a terminal.
void log_mask(char *line, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            line[i] = '?';
    }
}

// Appends the line of a message.
static void form_message(struct log *log, struct span message, struct buf *out)
{
    void (*form)(struct buf * out, struct span message) =
        atomic_load_explicit(&log->form, memory_order_relaxed);
    if (form != NULL) {
        form(out, message);
    } else if (buf_append(out, message.at, message.len) == ERR_NONE) {
        log_mask(out->data, out->len);
    }
}

void log_set_form(struct log *log, void (*form)(struct buf *out, struct span message))
{
    atomic_store_explicit(&log->form, form, memory_order_relaxed);
}

bool log_has_form(const struct log *log)
{
    return log != NULL && atomic_load_explicit(&log->form, memory_order_relaxed) != NULL;
}

// --- writing

// When to give up; 0: never. Any thread.
static uint64_t end_of(struct log *log)
{
    pthread_mutex_lock(&log->lock);
    uint64_t end_ns = log->end_ns;
    pthread_mutex_unlock(&log->lock);
    return end_ns;
}

// Whether a write of WRITE_BYTES will not block, for which it waits: a pipe has room for PIPE_BUF bytes when
// poll(2) says so (pipe(7)). False at the end of the log.
static bool wait_for_room(struct log *log)
{
    struct pollfd writable = {.fd = log->fd, .events = POLLOUT};
    while (poll(&writable, 1, LOOK_MS) <= 0) {
        uint64_t end_ns = end_of(log);
        if (end_ns != 0 && clock_monotonic_ns() >= end_ns)
            return false;
    }
    return true;
}

// How much of the lines goes in one write: whole ones, as others may write to the same pipe or terminal, and
// a part of a line would take the look of another one there. A line that is longer comes in parts.
static size_t whole_lines(const char *data, size_t len)
{
    if (len <= WRITE_BYTES)
        return len;
    const char *end = memrchr(data, '\n', WRITE_BYTES);
    return end != NULL ? (size_t)(end + 1 - data) : WRITE_BYTES;
}

static unsigned long count_lines(const char *data, size_t len)
{
    unsigned long count = 0;
    for (const char *end = data + len; (data = memchr(data, '\n', (size_t)(end - data))) != NULL; data++)
        count++;
    return count;
}

// Waits while a pipe is full, however long, as only the log's own thread does so; but at its end not for
// ever. Gives up on any other error, such as a full disk: there is no log to tell it to now. A line of which
// a part went in is ended before the next one. Returns how many lines were lost.
static unsigned long write_all(struct log *log, const char *data, size_t len)
{
    const char *start = data;
    if (len == 0)
        return 0;
    while (len > 0 && wait_for_room(log)) {
        ssize_t written =
            log->is_cut ? write(log->fd, "\n", 1) : write(log->fd, data, whole_lines(data, len));
        if (written > 0 && log->is_cut) {
            log->is_cut = false;
        } else if (written > 0) {
            data += written;
            len -= (size_t)written;
        } else if (written < 0 && errno != EINTR && errno != EAGAIN) {
            break;
        }
    }
    log->is_cut = log->is_cut || (len > 0 && data > start && data[-1] != '\n');
    return count_lines(data, len);
}

// False: it could not be written.
static bool write_note(struct log *log, unsigned long dropped)
{
    char note[64];
    int len = snprintf(note, sizeof(note), "log: %lu lines dropped", dropped);
    AUTO(buf_fini) struct buf line;
    buf_init(&line, FORMED_BYTES);
    form_message(log, (struct span){.at = note, .len = (size_t)len}, &line);
    buf_append_byte(&line, '\n');
    return buf_status(&line) == ERR_NONE && write_all(log, line.data, line.len) == 0;
}

static void *run(void *arg)
{
    struct log *log = arg;
    unsigned long untold = 0; // lines that are lost, of which no note tells yet
    struct buf writing;
    buf_init(&writing, LIMIT_LOG_BYTES);
    pthread_mutex_lock(&log->lock);
    while (log->end_ns == 0 || log->waiting.len > 0 || log->dropped > 0) {
        if (log->waiting.len == 0 && log->dropped == 0) {
            (void)cond_wait_until(&log->wake, &log->lock, clock_monotonic_ns() + FLUSH_MS * NS_PER_MS);
            continue;
        }
        struct buf taken = log->waiting;
        log->waiting = writing;
        writing = taken;
        untold += log->dropped;
        log->dropped = 0;
        pthread_mutex_unlock(&log->lock);

        unsigned long lost = write_all(log, writing.data, writing.len);
        buf_clear(&writing);
        untold += lost;
        if (lost == 0 && untold > 0 && write_note(log, untold))
            untold = 0;
        pthread_mutex_lock(&log->lock);
        log->all_dropped += lost;
    }
    pthread_mutex_unlock(&log->lock);
    buf_fini(&writing);
    return NULL;
}

enum err_code log_new(int fd, struct log **ret_log, struct err *err)
{
    struct log *log = mem_zalloc(1, sizeof(*log));
    if (log == NULL)
        return err_no_memory(err);
    log->fd = fd;
    buf_init(&log->waiting, LIMIT_LOG_BYTES);
    pthread_mutex_init(&log->lock, NULL);
    cond_init(&log->wake);
    if (thread_start(run, log, &log->thread, err) != ERR_NONE) {
        pthread_cond_destroy(&log->wake);
        pthread_mutex_destroy(&log->lock);
        mem_free(log);
        return ERR_IO;
    }
    *ret_log = log;
    return ERR_NONE;
}

void log_free(struct log *log)
{
    if (log == NULL)
        return;
    pthread_mutex_lock(&log->lock);
    log->end_ns = clock_monotonic_ns() + LIMIT_LOG_END_MS * NS_PER_MS;
    pthread_cond_signal(&log->wake);
    pthread_mutex_unlock(&log->lock);
    pthread_join(log->thread, NULL);
    pthread_cond_destroy(&log->wake);
    pthread_mutex_destroy(&log->lock);
    buf_fini(&log->waiting);
    mem_free(log);
}

// A line is lost. Under the lock.
static void count_dropped(struct log *log)
{
    log->dropped++;
    log->all_dropped++;
}

void log_line(struct log *log, struct span line)
{
    if (log == NULL)
        return;
    pthread_mutex_lock(&log->lock);
    if (buf_reserve(&log->waiting, line.len + 1) == ERR_NONE) {
        buf_append(&log->waiting, line.at, line.len);
        buf_append_byte(&log->waiting, '\n');
    } else {
        // The buffer is full, not broken: lines after the next write fit again.
        log->waiting.status = ERR_NONE;
        count_dropped(log);
    }
    pthread_mutex_unlock(&log->lock);
}

void log_printf(struct log *log, const char *format, ...)
{
    char line[LINE_BYTES];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (len < 0 || log == NULL)
        return;
    size_t bytes = (size_t)len < sizeof(line) ? (size_t)len : sizeof(line) - 1;
    if (!log_has_form(log)) {
        log_mask(line, bytes);
        log_line(log, (struct span){.at = line, .len = bytes});
        return;
    }
    AUTO(buf_fini) struct buf formed;
    buf_init(&formed, FORMED_BYTES);
    form_message(log, (struct span){.at = line, .len = bytes}, &formed);
    if (buf_status(&formed) == ERR_NONE) {
        log_line(log, buf_span(&formed));
        return;
    }
    pthread_mutex_lock(&log->lock);
    count_dropped(log);
    pthread_mutex_unlock(&log->lock);
}

uint64_t log_dropped(struct log *log)
{
    pthread_mutex_lock(&log->lock);
    uint64_t dropped = log->all_dropped;
    pthread_mutex_unlock(&log->lock);
    return dropped;
}
