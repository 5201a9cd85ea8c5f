// SPDX-License-Identifier: Apache-2.0
// Kept answers: found while their versions hold, bounded in bytes, and ranked.
#include "cache/cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <pthread.h>

#include "base/limits.h"
#include "base/mem.h"
#include "store/driver.h"

enum { ROOM = 1024 * 1024, BODY_BYTES = 400 };

// A version whose number the test sets.
struct counter {
    struct version version; // first
    _Atomic uint64_t number;
};

static uint64_t counted(const struct version *version)
{
    return atomic_load(&((const struct counter *)version)->number);
}

static struct counter counter = {.version = {.now = counted}, .number = 5};

static struct key key_of(unsigned number, char bytes[24])
{
    int len = snprintf(bytes, 24, "key %u", number);
    return (struct key){.bytes = bytes, .len = (size_t)len, .hash = number * UINT64_C(0x9e3779b97f4a7c15)};
}

static struct kept *make(unsigned number, size_t body_bytes)
{
    char bytes[24];
    static const char headers[] = "Vary: Accept\r\nETag: \"x\"\r\n";
    AUTO(buf_fini) struct buf buf;
    buf_init(&buf, ROOM);
    for (size_t i = 0; i < body_bytes; i++)
        buf_append_byte(&buf, (char)('a' + number % 26));
    struct blob *body = blob_take(&buf);
    struct mark mark = {.version = &counter.version, .number = counted(&counter.version)};
    struct kept *kept = kept_new(&(struct kept){.key = key_of(number, bytes),
        .status = 200,
        .content_type = "application/json",
        .body = body,
        .headers = span_of(headers),
        .etag = {.at = headers + 20, .len = 3},
        .cursor = span_of("next"),
        .marks = &mark,
        .mark_count = 1,
        .has_marks = true});
    blob_unref(body);
    return kept;
}

static void keep(struct cache *cache, unsigned number, size_t body_bytes)
{
    struct kept *kept = make(number, body_bytes);
    assert_true(cache_keep(cache, kept));
    kept_unref(kept);
}

static struct kept *find(struct cache *cache, unsigned number)
{
    char bytes[24];
    struct key key = key_of(number, bytes);
    return cache_find(cache, &key);
}

static bool has(struct cache *cache, unsigned number)
{
    struct kept *kept = find(cache, number);
    kept_unref(kept);
    return kept != NULL;
}

static struct cache *new_cache(size_t bytes)
{
    struct cache *cache = NULL;
    assert_int_equal(cache_new(bytes, &cache, NULL), ERR_NONE);
    return cache;
}

static void an_answer_is_found_with_all_that_it_is(void **state)
{
    (void)state;
    struct cache *cache = new_cache(ROOM);
    keep(cache, 1, BODY_BYTES);
    struct kept *kept = find(cache, 1);
    assert_non_null(kept);
    assert_int_equal(kept->status, 200);
    assert_int_equal(kept->body->len, BODY_BYTES);
    assert_string_equal(kept->headers.at, "Vary: Accept\r\nETag: \"x\"\r\n");
    assert_true(span_is(kept->etag, "\"x\""));
    assert_true(span_is(kept->cursor, "next"));
    assert_true(kept_is_current(kept));
    cache_free(cache);
    assert_int_equal(kept->body->data[0], 'b'); // it lives as long as somebody has it
    kept_unref(kept);
    assert_null(kept_ref(NULL));
}

static void it_is_current_while_its_versions_are(void **state)
{
    (void)state;
    struct cache *cache = new_cache(ROOM);
    keep(cache, 1, BODY_BYTES);
    struct kept *kept = find(cache, 1);
    atomic_fetch_add(&counter.number, 1);
    assert_false(kept_is_current(kept));
    size_t before = cache_stats(cache).bytes;
    cache_drop(cache, kept);
    struct cache_stats stats = cache_stats(cache);
    assert_int_equal(stats.bytes, before - kept->bytes);
    assert_int_equal(stats.answers, 0);
    assert_int_equal(stats.entries, 1); // it keeps its rank
    assert_false(has(cache, 1));
    keep(cache, 1, BODY_BYTES);
    cache_drop(cache, kept); // which is not the one that is there now
    assert_true(has(cache, 1));
    kept_unref(kept);
    cache_free(cache);
}

static void it_takes_no_more_than_its_bytes(void **state)
{
    (void)state;
    struct cache *cache = new_cache(ROOM);
    size_t most = 0;
    for (unsigned i = 0; i < 20000; i++) {
        keep(cache, i, i * 7 % 3000);
        size_t bytes = cache_stats(cache).bytes;
        most = bytes > most ? bytes : most;
    }
    struct cache_stats stats = cache_stats(cache);
    assert_in_range(most, ROOM / 2, ROOM);
    assert_int_equal(stats.evicted, 20000 - stats.entries);
    assert_in_range(stats.max_bytes, stats.bytes, ROOM); // both with what an empty one takes
    assert_in_range(stats.max_bytes, ROOM - 16, ROOM);   // all but what 16 shards cannot share
    cache_free(cache);
}

static void a_scan_leaves_those_that_are_asked_for(void **state)
{
    (void)state;
    struct cache *cache = new_cache(ROOM);
    for (unsigned i = 0; i < 100; i++) {
        keep(cache, i, BODY_BYTES);
        assert_true(has(cache, i));
    }
    unsigned hits = 0, asked = 0;
    for (unsigned i = 0; i < 100000; i++) {
        keep(cache, 1000 + i, BODY_BYTES);
        if (i % 5 == 0) {
            hits += has(cache, i / 5 % 100);
            asked++;
        }
    }
    assert_int_equal(hits, asked);
    cache_free(cache);
}

static void a_stale_answer_keeps_its_rank(void **state)
{
    (void)state;
    struct cache *cache = new_cache(ROOM);
    for (unsigned i = 0; i < 50; i++) {
        keep(cache, i, BODY_BYTES);
        assert_true(has(cache, i));
    }
    atomic_fetch_add(&counter.number, 1);
    for (unsigned i = 0; i < 50; i++) {
        struct kept *kept = find(cache, i);
        cache_drop(cache, kept);
        kept_unref(kept);
        keep(cache, i, BODY_BYTES); // by whoever has asked
    }
    for (unsigned i = 0; i < 2000; i++) // a scan for which the oldest have to go
        keep(cache, 1000 + i, BODY_BYTES);
    unsigned left = 0;
    for (unsigned i = 0; i < 50; i++)
        left += has(cache, i);
    assert_int_equal(left, 50);
    cache_free(cache);
}

static bool wants(struct cache *cache, unsigned number)
{
    char bytes[24];
    struct key key = key_of(number, bytes);
    return cache_wants(cache, &key);
}

static void what_nobody_repeats_is_not_kept_for_long(void **state)
{
    (void)state;
    struct cache *cache = new_cache(64 * ROOM);
    unsigned kept = 0;
    for (unsigned i = 0; i < 100000; i++) {
        if (wants(cache, i)) {
            keep(cache, i, 0);
            kept++;
        }
    }
    assert_in_range(kept, 1000, 20000);
    assert_false(wants(cache, 200000));
    assert_true(wants(cache, 200000)); // it has come before
    assert_true(wants(cache, 5));      // it is there
    for (unsigned i = 0; i < 2000; i++)
        assert_true(has(cache, i)); // they are asked for again after all
    assert_true(wants(cache, 300000));
    cache_free(cache);
}

static void what_is_too_large_is_not_kept(void **state)
{
    (void)state;
    struct cache *cache = new_cache(ROOM), *large = new_cache(64 * ROOM);
    struct kept *kept = make(1, ROOM / 16), *huge = make(2, LIMIT_KEPT_BYTES);
    assert_false(cache_keep(cache, kept));
    assert_true(cache_keep(large, kept));
    assert_false(cache_keep(large, huge));
    kept_unref(kept);
    kept_unref(huge);
    cache_free(cache);
    cache_free(large);
}

static void a_lack_of_memory_keeps_nothing(void **state)
{
    (void)state;
    struct cache *cache = new_cache(ROOM);
    struct kept *kept = make(1, BODY_BYTES);
    for (long count = 0; count < 3; count++) { // the entry, and uthash's table and buckets
        mem_fail_after(count);
        assert_false(cache_keep(cache, kept));
    }
    mem_fail_after(-1);
    assert_true(cache_keep(cache, kept));
    kept_unref(kept);
    cache_free(cache);
}

static void *use(void *ctx)
{
    struct cache *cache = ctx;
    for (unsigned i = 0; i < 4000; i++) {
        unsigned number = i * 7919 % 500;
        struct kept *kept = find(cache, number);
        if (kept == NULL)
            keep(cache, number, BODY_BYTES);
        else if (i % 50 == 0)
            cache_drop(cache, kept);
        else
            assert_int_equal(kept->body->data[0], 'a' + number % 26);
        kept_unref(kept);
    }
    return NULL;
}

static void threads_may_use_it_at_once(void **state)
{
    (void)state;
    struct cache *cache = new_cache(ROOM / 2);
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use, cache), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_in_range(cache_stats(cache).bytes, 1, ROOM / 2);
    cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_found_with_all_that_it_is),
        cmocka_unit_test(it_is_current_while_its_versions_are),
        cmocka_unit_test(it_takes_no_more_than_its_bytes),
        cmocka_unit_test(a_scan_leaves_those_that_are_asked_for),
        cmocka_unit_test(a_stale_answer_keeps_its_rank),
        cmocka_unit_test(what_nobody_repeats_is_not_kept_for_long),
        cmocka_unit_test(what_is_too_large_is_not_kept),
        cmocka_unit_test(a_lack_of_memory_keeps_nothing),
        cmocka_unit_test(threads_may_use_it_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
