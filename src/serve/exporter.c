// SPDX-License-Identifier: Apache-2.0
// Two buffers that change places, as those of a log do: spans are appended to one under the lock, while the
// exporter's thread sends the other one. It looks each second, so a span costs its request a copy.
#include "serve/exporter.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"
#include "net/outbound.h"

enum { PAUSE_MS = 1000, MEMBER_BYTES = 16384, MORE_BYTES = 1024 };

static const char HEAD[] =
    "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":"
    "{\"stringValue\":\"reckoner\"}},{\"key\":\"service.version\",\"value\":{\"stringValue\":"
    "\"" RECKONER_VERSION "\"}}]},\"scopeSpans\":[{\"scope\":{\"name\":\"reckoner\"},\"spans\":[";
static const char TAIL[] = "]}]}]}";

struct exporter {
    const char *url;           // borrowed
    struct log *log;           // likewise
    pthread_t thread;          // sends
    pthread_mutex_t lock;      // guards all up to `is_away`
    pthread_cond_t wake;       // signalled at the end
    struct buf waiting;        // members of `spans`, with commas between them
    unsigned long count;       // of them
    unsigned long dropped;     // since the log was told of last; they found no room
    uint64_t end_ns;           // when the end is over at the latest; 0: it has not begun
    bool is_away;              // the thread's: the last request to the collector has failed
    CURL *curl;                // the thread's; owned, and kept, as is its connection
    struct curl_slist *fields; // likewise
};

// --- sending

long exporter_time_ms(uint64_t end_ns, uint64_t now_ns)
{
    if (end_ns == 0)
        return LIMIT_EXPORT_MS;
    return now_ns < end_ns ? (long)((end_ns - now_ns) / NS_PER_MS) : 0;
}

// `time_ms`: 0: there is no time left.
static CURLcode post(const struct exporter *exporter, const struct buf *body, long time_ms)
{
    CURL *curl = exporter->curl;
    if (time_ms == 0) // which would be no limit to curl
        return CURLE_OPERATION_TIMEDOUT;
    bool is_set = outbound_set_post(curl, exporter->url, time_ms, body->data, body->len, exporter->fields);
    return is_set ? curl_easy_perform(curl) : CURLE_OUT_OF_MEMORY;
}

// Tells when spans begin to be lost, and when they go out again.
static void tell(struct exporter *exporter, CURLcode result, unsigned long count)
{
    if (result != CURLE_OK && !exporter->is_away)
        log_printf(exporter->log,
            "reckoner: spans cannot be sent to %s: %s: %lu are lost, and more until it is back",
            exporter->url, curl_easy_strerror(result), count);
    else if (result == CURLE_OK && exporter->is_away)
        log_printf(exporter->log, "reckoner: spans are sent to %s again", exporter->url);
    exporter->is_away = result != CURLE_OK;
}

// Sends the members in `spans`, which it empties.
static void send_all(struct exporter *exporter, struct buf *spans, unsigned long count, long time_ms)
{
    AUTO(buf_fini) struct buf body;
    buf_init(&body, LIMIT_EXPORT_BYTES + MORE_BYTES);
    buf_append_str(&body, HEAD);
    buf_append(&body, spans->data, spans->len);
    buf_append_str(&body, TAIL);
    buf_clear(spans);
    bool is_whole = buf_status(&body) == ERR_NONE;
    tell(exporter, is_whole ? post(exporter, &body, time_ms) : CURLE_OUT_OF_MEMORY, count);
}

static void *run(void *arg)
{
    struct exporter *exporter = arg;
    struct buf sending;
    buf_init(&sending, LIMIT_EXPORT_BYTES);
    pthread_mutex_lock(&exporter->lock);
    for (;;) {
        if (exporter->end_ns == 0)
            (void)cond_wait_until(
                &exporter->wake, &exporter->lock, clock_monotonic_ns() + PAUSE_MS * NS_PER_MS);
        uint64_t end_ns = exporter->end_ns;
        struct buf taken = exporter->waiting;
        exporter->waiting = sending;
        sending = taken;
        unsigned long count = exporter->count, dropped = exporter->dropped;
        exporter->count = exporter->dropped = 0;
        pthread_mutex_unlock(&exporter->lock);
        if (dropped > 0)
            log_printf(
                exporter->log, "reckoner: %lu spans were dropped: more came than can be sent", dropped);
        if (sending.len > 0)
            send_all(exporter, &sending, count, exporter_time_ms(end_ns, clock_monotonic_ns()));
        pthread_mutex_lock(&exporter->lock);
        if (end_ns != 0)
            break;
    }
    pthread_mutex_unlock(&exporter->lock);
    buf_fini(&sending);
    return NULL;
}

void exporter_add(struct exporter *exporter, const struct span_record *record)
{
    AUTO(buf_fini) struct buf member;
    buf_init(&member, MEMBER_BYTES);
    span_record_write_otlp(record, &member);
    bool is_whole = buf_status(&member) == ERR_NONE;
    pthread_mutex_lock(&exporter->lock);
    struct buf *waiting = &exporter->waiting;
    bool has_room = is_whole && buf_reserve(waiting, member.len + 1) == ERR_NONE;
    if (has_room && waiting->len > 0)
        buf_append_byte(waiting, ',');
    if (has_room)
        buf_append(waiting, member.data, member.len);
    else
        waiting->status = ERR_NONE; // the buffer is full, not broken
    exporter->count += has_room;
    exporter->dropped += !has_room;
    pthread_mutex_unlock(&exporter->lock);
}

// --- life

// Whether it is one without a user and password, which the log would show.
static bool is_url(const char *url)
{
    struct span rest = span_of(url);
    if (!span_starts_with(rest, "http://") && !span_starts_with(rest, "https://"))
        return false;
    (void)span_split(&rest, '/');
    (void)span_split(&rest, '/');
    struct span authority = span_split(&rest, '/');
    return authority.len > 0 && memchr(authority.at, '@', authority.len) == NULL;
}

enum err_code exporter_new(const char *url, struct log *log, struct exporter **ret_exporter, struct err *err)
{
    if (!is_url(url))
        return err_set(err, ERR_CONFIG,
            "--otlp names no place to send spans to: name one without a password, as "
            "http://127.0.0.1:4318/v1/traces");
    enum err_code code = outbound_init(err);
    if (code != ERR_NONE)
        return code;
    struct exporter *exporter = mem_zalloc(1, sizeof(*exporter));
    struct curl_slist *fields = curl_slist_append(NULL, "Content-Type: application/json");
    CURL *curl = curl_easy_init();
    if (exporter == NULL || fields == NULL || curl == NULL) {
        mem_free(exporter);
        curl_slist_free_all(fields);
        curl_easy_cleanup(curl);
        return err_no_memory(err);
    }
    exporter->url = url;
    exporter->log = log;
    exporter->fields = fields;
    exporter->curl = curl;
    buf_init(&exporter->waiting, LIMIT_EXPORT_BYTES);
    pthread_mutex_init(&exporter->lock, NULL);
    cond_init(&exporter->wake);
    code = thread_start(run, exporter, &exporter->thread, err);
    if (code == ERR_NONE) {
        *ret_exporter = exporter;
        return ERR_NONE;
    }
    pthread_cond_destroy(&exporter->wake);
    pthread_mutex_destroy(&exporter->lock);
    curl_slist_free_all(fields);
    curl_easy_cleanup(curl);
    mem_free(exporter);
    return code;
}

void exporter_free(struct exporter *exporter)
{
    if (exporter == NULL)
        return;
    pthread_mutex_lock(&exporter->lock);
    exporter->end_ns = clock_monotonic_ns() + LIMIT_EXPORT_MS * NS_PER_MS;
    pthread_cond_signal(&exporter->wake);
    pthread_mutex_unlock(&exporter->lock);
    pthread_join(exporter->thread, NULL);
    pthread_cond_destroy(&exporter->wake);
    pthread_mutex_destroy(&exporter->lock);
    curl_slist_free_all(exporter->fields);
    curl_easy_cleanup(exporter->curl);
    buf_fini(&exporter->waiting);
    mem_free(exporter);
}
