// SPDX-License-Identifier: Apache-2.0
#include "serve/near.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "store/driver.h"

struct counter {
    struct version version; // first
    uint64_t number;
};

static uint64_t counted(const struct version *version)
{
    return ((const struct counter *)version)->number;
}

static struct counter counter = {.version = {.now = counted}, .number = 1};

static struct kept *make(size_t body_bytes)
{
    AUTO(buf_fini) struct buf buf;
    buf_init(&buf, 65536);
    for (size_t i = 0; i < body_bytes; i++)
        buf_append_byte(&buf, 'a');
    struct blob *body = blob_take(&buf);
    struct mark mark = {.version = &counter.version, .number = counter.number};
    struct kept *kept = kept_new(&(struct kept){.key = {.bytes = "k", .len = 1},
        .status = 200,
        .body = body,
        .headers = span_of("A: b\r\n"),
        .marks = &mark,
        .mark_count = 1,
        .has_marks = true});
    blob_unref(body);
    return kept;
}

// "GET", a target, and fields in pairs of name and value.
static bool words_of(enum http_method method, const char *path, const char *query, const char *const *fields,
    struct near_words *ret_words)
{
    struct http_request head = {.method = method, .path = span_of(path), .query = span_of(query)};
    for (; fields != NULL && *fields != NULL; fields += 2)
        head.fields[head.field_count++] =
            (struct http_field){.name = span_of(fields[0]), .value = span_of(fields[1])};
    return near_words_of(&head, ret_words);
}

static struct near_words plain(const char *path)
{
    struct near_words words;
    assert_true(words_of(HTTP_GET, path, "", NULL, &words));
    return words;
}

static void note(struct near *near, const struct near_words *words, uint64_t edition, struct kept *kept)
{
    near_note(near, words, edition, &(struct near_answer){.kept = kept, .service = 3});
}

// The kept answer of what is found.
static struct kept *find(struct near *near, const struct near_words *words, uint64_t edition)
{
    const struct near_answer *answer = near_find(near, words, edition);
    assert_true(answer == NULL || answer->service == 3);
    return answer != NULL ? answer->kept : NULL;
}

static void the_same_words_find_the_answer(void **state)
{
    (void)state;
    struct near *near;
    struct kept *kept = make(100);
    assert_int_equal(near_new(&near, NULL), ERR_NONE);
    struct near_words words = plain("/a"), others[3] = {plain("/b")};
    assert_true(words_of(HTTP_GET, "/a", "", (const char *const[]){"Accept", "text/csv", NULL}, &others[1]));
    assert_true(words_of(HTTP_GET, "/a", "", (const char *const[]){"accept-ENCODING", "", NULL}, &others[2]));
    assert_null(find(near, &words, 1));
    note(near, &words, 1, kept);
    assert_ptr_equal(find(near, &words, 1), kept);
    assert_true(kept->was_used);
    struct near_words again;
    assert_true(
        words_of(HTTP_HEAD, "/a", "", (const char *const[]){"Host", "a", "User-Agent", "b", NULL}, &again));
    assert_ptr_equal(find(near, &again, 1), kept);
    for (size_t i = 0; i < 3; i++)
        assert_null(find(near, &others[i], 1));
    near_free(near);
    kept_unref(kept);
}

static void another_edition_or_state_ends_it(void **state)
{
    (void)state;
    struct near *near;
    struct kept *kept = make(100);
    assert_int_equal(near_new(&near, NULL), ERR_NONE);
    struct near_words words = plain("/a");
    note(near, &words, 1, kept);
    assert_null(find(near, &words, 2));
    assert_null(find(near, &words, 1)); // it was let go
    note(near, &words, 2, kept);
    counter.number++;
    assert_null(find(near, &words, 2));
    near_free(near);
    kept_unref(kept);
}

static void a_large_answer_is_left_to_the_cache(void **state)
{
    (void)state;
    struct near *near;
    struct kept *kept = make(9000);
    assert_int_equal(near_new(&near, NULL), ERR_NONE);
    struct near_words words = plain("/a");
    note(near, &words, 1, kept);
    assert_null(find(near, &words, 1));
    near_free(near);
    kept_unref(kept);
}

static void a_trace_decides_nothing_and_is_told(void **state)
{
    (void)state;
    static const char *const traced[] = {"TraceParent", "anything", NULL};
    static const char *const other[] = {"X-Something", "anything", NULL}; // as long
    struct near *near;
    struct kept *kept = make(100);
    struct near_words words, without = plain("/rates");
    assert_int_equal(near_new(&near, NULL), ERR_NONE);
    note(near, &without, 7, kept);
    assert_true(words_of(HTTP_GET, "/rates", "", traced, &words));
    assert_true(words.has_trace);
    assert_ptr_equal(find(near, &words, 7), kept);
    assert_true(words_of(HTTP_GET, "/rates", "", other, &words));
    assert_false(words.has_trace || without.has_trace);
    near_free(near);
    kept_unref(kept);
}

static void what_else_decides_is_not_plain(void **state)
{
    (void)state;
    struct near_words words;
    static const char *const heads[][5] = {
        {"Cache-Control", "no-cache"},
        {"CACHE-control", "max-age=0"},
        {"If-Match", "\"a\""},
        {"If-Unmodified-Since", "x"},
        {"Accept", "text/csv", "Accept", "application/json"},
        {"If-None-Match", "\"a\"", "If-None-Match", "\"b\""},
    };
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        const char *fields[] = {heads[i][0], heads[i][1], heads[i][2], heads[i][3], NULL};
        assert_false(words_of(HTTP_GET, "/a", "", fields, &words));
    }
    assert_false(words_of(HTTP_POST, "/a", "", NULL, &words));
    static const char *const fine[] = {"If-None-Match", "\"a\"", "Cache-Kontrol", "no-cache", NULL};
    assert_true(words_of(HTTP_GET, "/a", "", fine, &words));
    assert_true(span_is(words.none_match, "\"a\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_words_find_the_answer),
        cmocka_unit_test(another_edition_or_state_ends_it),
        cmocka_unit_test(a_large_answer_is_left_to_the_cache),
        cmocka_unit_test(a_trace_decides_nothing_and_is_told),
        cmocka_unit_test(what_else_decides_is_not_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
