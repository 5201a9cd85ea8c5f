// SPDX-License-Identifier: Apache-2.0
// A list of those that wait, and a thread that takes all of it at once. What the text says is metrics.c's.
#include "serve/scrape.h"

#include <pthread.h>
#include <stdbool.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"

struct scraper {
    void (*write)(void *ctx, struct buf *out); // fixed
    void *ctx;                                 // borrowed
    pthread_t thread;                          // until scraper_end
    pthread_mutex_t lock;                      // guards all below
    pthread_cond_t asked;                      // somebody waits, or it has to end
    struct scrape_wait *first;                 // of those that wait
    bool has_ended;                            //
};

// Hands the text to each of them.
static void answer(struct scrape_wait *wait, struct blob *text)
{
    for (struct scrape_wait *next; wait != NULL; wait = next) {
        next = wait->next;
        wait->on_text(wait, text); // it is the asker's then
    }
}

static struct scrape_wait *take_all(struct scraper *scraper)
{
    struct scrape_wait *first = scraper->first;
    scraper->first = NULL;
    return first;
}

static void *run(void *arg)
{
    struct scraper *scraper = arg;
    struct buf out;
    buf_init(&out, LIMIT_METRICS_BYTES);
    pthread_mutex_lock(&scraper->lock);
    while (!scraper->has_ended) {
        if (scraper->first == NULL) {
            pthread_cond_wait(&scraper->asked, &scraper->lock);
            continue;
        }
        struct scrape_wait *waiting = take_all(scraper);
        pthread_mutex_unlock(&scraper->lock);
        scraper->write(scraper->ctx, &out);
        struct blob *text = buf_status(&out) == ERR_NONE ? blob_take(&out) : NULL;
        answer(waiting, text);
        blob_unref(text);
        buf_fini(&out);
        buf_init(&out, LIMIT_METRICS_BYTES);
        pthread_mutex_lock(&scraper->lock);
    }
    pthread_mutex_unlock(&scraper->lock);
    buf_fini(&out);
    return NULL;
}

enum err_code scraper_new(
    void (*write)(void *ctx, struct buf *out), void *ctx, struct scraper **ret_scraper, struct err *err)
{
    struct scraper *scraper = mem_zalloc(1, sizeof(*scraper));
    if (scraper == NULL)
        return err_no_memory(err);
    scraper->write = write;
    scraper->ctx = ctx;
    pthread_mutex_init(&scraper->lock, NULL);
    cond_init(&scraper->asked);
    enum err_code code = thread_start(run, scraper, &scraper->thread, err);
    if (code != ERR_NONE) {
        scraper->has_ended = true;
        scraper_free(scraper);
        return code;
    }
    *ret_scraper = scraper;
    return ERR_NONE;
}

void scraper_ask(struct scraper *scraper, struct scrape_wait *wait)
{
    wait->next = NULL;
    pthread_mutex_lock(&scraper->lock);
    bool has_ended = scraper->has_ended;
    if (!has_ended) {
        wait->next = scraper->first;
        scraper->first = wait;
        pthread_cond_signal(&scraper->asked);
    }
    pthread_mutex_unlock(&scraper->lock);
    if (has_ended)
        answer(wait, NULL);
}

void scraper_end(struct scraper *scraper)
{
    if (scraper == NULL)
        return;
    pthread_mutex_lock(&scraper->lock);
    bool has_ended = scraper->has_ended;
    scraper->has_ended = true;
    struct scrape_wait *waiting = take_all(scraper);
    pthread_cond_signal(&scraper->asked);
    pthread_mutex_unlock(&scraper->lock);
    answer(waiting, NULL);
    if (!has_ended)
        pthread_join(scraper->thread, NULL);
}

void scraper_free(struct scraper *scraper)
{
    if (scraper == NULL)
        return;
    pthread_cond_destroy(&scraper->asked);
    pthread_mutex_destroy(&scraper->lock);
    mem_free(scraper);
}
