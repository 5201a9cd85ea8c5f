// SPDX-License-Identifier: Apache-2.0
#include "serve/scrape.h"

#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/attr.h"

struct asker {
    struct scrape_wait wait;
    sem_t is_told;
    bool has_text;
    char first; // of the text
};

static void on_text(struct scrape_wait *wait, struct blob *text)
{
    struct asker *asker = CONTAINER_OF(wait, struct asker, wait);
    asker->has_text = text != NULL;
    if (text != NULL)
        asker->first = text->data[0];
    sem_post(&asker->is_told);
}

static void asker_init(struct asker *asker)
{
    *asker = (struct asker){.wait = {.on_text = on_text}};
    assert_int_equal(sem_init(&asker->is_told, 0, 0), 0);
}

static void await(struct asker *asker)
{
    assert_int_equal(sem_wait(&asker->is_told), 0);
}

// Writes '1', '2', …; holds the first text up until `may_go`.
struct writing {
    char number;
    sem_t has_begun, may_go;
};

static void write_number(void *ctx, struct buf *out)
{
    struct writing *writing = ctx;
    sem_post(&writing->has_begun);
    sem_wait(&writing->may_go);
    buf_append_byte(out, ++writing->number);
}

static struct scraper *start(struct writing *writing)
{
    struct scraper *scraper;
    struct err err = {0};
    *writing = (struct writing){.number = '0'};
    assert_int_equal(sem_init(&writing->has_begun, 0, 0), 0);
    assert_int_equal(sem_init(&writing->may_go, 0, 0), 0);
    assert_int_equal(scraper_new(write_number, writing, &scraper, &err), ERR_NONE);
    return scraper;
}

static void who_asks_during_a_text_gets_the_next_one(void **state)
{
    (void)state;
    struct writing writing;
    struct asker first, second, third;
    struct scraper *scraper = start(&writing);
    asker_init(&first);
    asker_init(&second);
    asker_init(&third);
    scraper_ask(scraper, &first.wait);
    sem_wait(&writing.has_begun);
    scraper_ask(scraper, &second.wait);
    scraper_ask(scraper, &third.wait);
    sem_post(&writing.may_go);
    sem_post(&writing.may_go);
    await(&first);
    await(&second);
    await(&third);
    assert_int_equal(first.first, '1');
    assert_int_equal(second.first, '2');
    assert_int_equal(third.first, '2');
    scraper_end(scraper);
    scraper_free(scraper);
}

static void at_the_end_there_is_no_text(void **state)
{
    (void)state;
    struct writing writing;
    struct asker late;
    struct scraper *scraper = start(&writing);
    asker_init(&late);
    scraper_end(scraper);
    scraper_end(scraper);
    scraper_ask(scraper, &late.wait);
    await(&late);
    assert_false(late.has_text);
    scraper_free(scraper);
    scraper_end(NULL);
    scraper_free(NULL);
}

static void write_too_much(void *ctx, struct buf *out)
{
    (void)ctx;
    out->status = ERR_TOO_LARGE;
}

static void a_text_that_fails_is_none(void **state)
{
    (void)state;
    struct scraper *scraper;
    struct asker asker;
    struct err err = {0};
    asker_init(&asker);
    assert_int_equal(scraper_new(write_too_much, NULL, &scraper, &err), ERR_NONE);
    scraper_ask(scraper, &asker.wait);
    await(&asker);
    assert_false(asker.has_text);
    scraper_end(scraper);
    scraper_free(scraper);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_asks_during_a_text_gets_the_next_one),
        cmocka_unit_test(at_the_end_there_is_no_text),
        cmocka_unit_test(a_text_that_fails_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
