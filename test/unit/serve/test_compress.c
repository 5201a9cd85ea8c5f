// SPDX-License-Identifier: Apache-2.0
#include "serve/compress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/thread.h"

enum { LARGE_BYTES = 3000000 };

static const uint64_t ROOM = 100 * 1000 * 1000;

struct fixture {
    char dir[40];
    struct temp_space space;
    struct spool spool;
    struct compressors compressors;
    atomic_bool in_vain;
    char *bytes; // of the spool
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    strcpy(f->dir, "/tmp/test_compress_XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    f->space = (struct temp_space){.dir = f->dir, .what = "answer", .whats = "answers", .max_bytes = ROOM};
    spool_init(&f->spool, &f->space, ROOM);
    *state = f;
    return 0;
}

// Each test leaves the folder empty and the space unused.
static int tear_down(void **state)
{
    struct fixture *f = *state;
    spool_fini(&f->spool);
    compressors_fini(&f->compressors);
    assert_int_equal(f->space.used_bytes, 0);
    assert_int_equal(rmdir(f->dir), 0);
    free(f->bytes);
    free(f);
    return 0;
}

// Writes that many bytes into the spool and ends it: text, or what cannot be made smaller.
static void fill(struct fixture *f, size_t bytes, bool is_text)
{
    uint64_t noise = 88172645463325252;
    struct err err = {0};
    f->bytes = malloc(bytes);
    for (size_t i = 0; i < bytes; i++) {
        noise ^= noise << 13, noise ^= noise >> 7, noise ^= noise << 17;
        f->bytes[i] = is_text ? "abcdefgh"[noise & 7] : (char)noise;
    }
    for (size_t done = 0; done < bytes;) {
        size_t part = bytes - done < 10000 ? bytes - done : 10000;
        assert_int_equal(buf_append(&f->spool.buf, f->bytes + done, part), ERR_NONE);
        assert_int_equal(spool_flow(&f->spool, &err), ERR_NONE);
        done += part;
    }
    assert_int_equal(spool_end(&f->spool, &err), ERR_NONE);
}

// The spool's bytes, which the caller frees.
static char *spooled(const struct spool *spool)
{
    size_t len = spool_bytes(spool);
    char *bytes = malloc(len);
    if (temp_file_is_open(&spool->file))
        assert_int_equal(pread(spool->file.fd, bytes, len, 0), len);
    else if (len > 0)
        memcpy(bytes, spool->buf.data, len);
    return bytes;
}

static void assert_unchanged(const struct fixture *f, size_t bytes)
{
    char *now = spooled(&f->spool);
    assert_int_equal(spool_bytes(&f->spool), bytes);
    assert_memory_equal(now, f->bytes, bytes);
    free(now);
}

static void assert_gunzips(const struct fixture *f, size_t bytes)
{
    char *coded = spooled(&f->spool), *text = malloc(bytes);
    z_stream stream = {.next_in = (Bytef *)coded,
        .avail_in = (unsigned)spool_bytes(&f->spool),
        .next_out = (Bytef *)text,
        .avail_out = (unsigned)bytes};
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.total_out, bytes);
    assert_memory_equal(text, f->bytes, bytes);
    inflateEnd(&stream);
    free(coded);
    free(text);
}

static void a_small_answer_stays_in_memory(void **state)
{
    struct fixture *f = *state;
    fill(f, LIMIT_CODED_BYTES, true);
    assert_true(compress_spool(&f->compressors, CODING_GZIP, &f->spool, &f->in_vain));
    assert_false(temp_file_is_open(&f->spool.file));
    assert_int_equal(f->spool.buf.cap, f->spool.buf.len); // nothing is kept that is not in use
    assert_true(spool_bytes(&f->spool) < LIMIT_CODED_BYTES / 2);
    assert_gunzips(f, LIMIT_CODED_BYTES);
}

static void a_large_answer_goes_from_file_to_file(void **state)
{
    struct fixture *f = *state;
    fill(f, LARGE_BYTES, true);
    assert_true(compress_spool(&f->compressors, CODING_GZIP, &f->spool, &f->in_vain));
    assert_true(temp_file_is_open(&f->spool.file) && spool_bytes(&f->spool) < LARGE_BYTES / 2);
    assert_int_equal(f->space.used_bytes, spool_bytes(&f->spool)); // the first one is gone
    assert_gunzips(f, LARGE_BYTES);
}

static void what_is_short_or_gains_nothing_stays_as_it_is(void **state)
{
    static const struct {
        size_t bytes;
        bool is_text;
        enum coding coding;
    } cases[] = {
        {0, true, CODING_GZIP},
        {LIMIT_CODED_BYTES - 1, true, CODING_GZIP},
        {LIMIT_CODED_BYTES, true, CODING_IDENTITY},
        {LIMIT_CODED_BYTES, false, CODING_GZIP},
        {LIMIT_CODED_BYTES, false, CODING_ZSTD},
        {LARGE_BYTES, false, CODING_GZIP},
        {LARGE_BYTES, false, CODING_ZSTD},
        {LARGE_BYTES, true, CODING_IDENTITY},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fill(f, cases[i].bytes, cases[i].is_text);
        assert_false(compress_spool(&f->compressors, cases[i].coding, &f->spool, &f->in_vain));
        assert_unchanged(f, cases[i].bytes);
        spool_reset(&f->spool);
        free(f->bytes);
        f->bytes = NULL;
    }
}

// Compressed text of eight letters is three eighths: there is room for the answer, but not for that beside
// it.
static void a_full_disk_leaves_the_answer_as_it_is(void **state)
{
    struct fixture *f = *state;
    f->space.max_bytes = LARGE_BYTES + LARGE_BYTES / 4;
    fill(f, LARGE_BYTES, true);
    assert_false(compress_spool(&f->compressors, CODING_ZSTD, &f->spool, &f->in_vain));
    assert_int_equal(f->space.used_bytes, LARGE_BYTES);
    assert_unchanged(f, LARGE_BYTES);
}

static void nothing_is_compressed_when_nobody_waits(void **state)
{
    struct fixture *f = *state;
    fill(f, LARGE_BYTES, true);
    atomic_store(&f->in_vain, true);
    assert_false(compress_spool(&f->compressors, CODING_ZSTD, &f->spool, &f->in_vain));
    assert_unchanged(f, LARGE_BYTES);
}

static void a_file_that_is_shorter_than_was_said_is_left(void **state)
{
    struct fixture *f = *state;
    AUTO(spool_fini) struct spool out;
    spool_init(&out, &f->space, ROOM);
    fill(f, LARGE_BYTES, true);
    assert_false(
        compress_file(&f->compressors, CODING_ZSTD, f->spool.file.fd, LARGE_BYTES + 1, &out, &f->in_vain));
}

static void without_memory_all_stays_as_it_is(void **state)
{
    static const size_t sizes[] = {50000, LARGE_BYTES};
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        fill(f, sizes[i], true);
        for (long n = 0;; n++) {
            mem_fail_after(n);
            bool is_done = compress_spool(&f->compressors, CODING_GZIP, &f->spool, &f->in_vain);
            mem_fail_after(-1);
            if (is_done)
                break;
            assert_unchanged(f, sizes[i]);
        }
        assert_gunzips(f, sizes[i]);
        spool_reset(&f->spool);
        free(f->bytes);
        f->bytes = NULL;
    }
}

static void a_blob_becomes_another_one(void **state)
{
    struct fixture *f = *state;
    fill(f, 5000, true);
    struct blob *blob = blob_take(&f->spool.buf);
    struct blob *coded = compress_blob(&f->compressors, CODING_GZIP, blob);
    assert_non_null(coded);
    assert_null(compress_blob(&f->compressors, CODING_IDENTITY, blob));
    assert_null(compress_blob(&f->compressors, CODING_GZIP, coded)); // nothing to gain
    assert_memory_equal(blob->data, f->bytes, 5000);
    assert_int_equal(buf_append(&f->spool.buf, coded->data, coded->len), ERR_NONE);
    assert_gunzips(f, 5000);
    blob_unref(coded);
    blob_unref(blob);
}

// --- compressors

static size_t count_kept(const struct fixture *f)
{
    size_t count = 0;
    for (size_t i = 0; i < COMPRESSORS_KEPT; i++)
        count += atomic_load(&f->compressors.kept[i]) != NULL;
    return count;
}

static void compressors_are_kept_until_nobody_uses_them(void **state)
{
    struct fixture *f = *state;
    fill(f, 5000, true);
    struct blob *blob = blob_take(&f->spool.buf);
    for (int i = 0; i < 3; i++)
        blob_unref(compress_blob(&f->compressors, CODING_ZSTD, blob));
    blob_unref(blob);
    assert_int_equal(count_kept(f), 1);
    compressors_trim(&f->compressors);
    assert_int_equal(count_kept(f), 1);
    compressors_trim(&f->compressors);
    assert_int_equal(count_kept(f), 0);
}

static void *compress_often(void *ctx)
{
    struct fixture *f = ctx;
    size_t *coded_bytes = calloc(1, sizeof(*coded_bytes));
    struct buf copy;
    buf_init(&copy, 5000);
    assert_int_equal(buf_append(&copy, f->bytes, 5000), ERR_NONE);
    struct blob *blob = blob_take(&copy);
    for (int i = 0; i < 200; i++) {
        struct blob *coded = compress_blob(&f->compressors, i % 2 ? CODING_ZSTD : CODING_GZIP, blob);
        assert_non_null(coded);
        *coded_bytes += coded->len;
        blob_unref(coded);
        if (i % 10 == 0)
            compressors_trim(&f->compressors);
    }
    blob_unref(blob);
    return coded_bytes;
}

static void threads_share_them(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[4];
    size_t *sums[4];
    fill(f, 5000, true);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, compress_often, f), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        void *sum;
        assert_int_equal(pthread_join(threads[i], &sum), 0);
        sums[i] = sum;
    }
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        assert_int_equal(*sums[i], *sums[0]);
        if (i > 0)
            free(sums[i]);
    }
    free(sums[0]);
    assert_true(count_kept(f) <= ARRAY_LEN(threads));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_small_answer_stays_in_memory),
        TEST(a_large_answer_goes_from_file_to_file),
        TEST(what_is_short_or_gains_nothing_stays_as_it_is),
        TEST(a_full_disk_leaves_the_answer_as_it_is),
        TEST(nothing_is_compressed_when_nobody_waits),
        TEST(a_file_that_is_shorter_than_was_said_is_left),
        TEST(without_memory_all_stays_as_it_is),
        TEST(a_blob_becomes_another_one),
        TEST(compressors_are_kept_until_nobody_uses_them),
        TEST(threads_share_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
