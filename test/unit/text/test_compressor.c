// SPDX-License-Identifier: Apache-2.0
#include "text/compressor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#include "base/mem.h"

enum { TEXT_BYTES = 700000, MAX_BYTES = 1000000 };

static const enum coding codings[] = {CODING_GZIP, CODING_ZSTD};

// Text such as answers have, of exactly that many bytes.
static char *make_text(size_t bytes)
{
    char *text = malloc(bytes + 64);
    assert_non_null(text);
    for (size_t len = 0, i = 0; len < bytes; i++)
        len += (size_t)sprintf(text + len, "{\"day\":\"2026-%02zu-%02zu\",\"price\":%zu},", i % 12 + 1,
            i % 28 + 1, i * i % 9973);
    return text;
}

// The bytes that the coded ones stand for.
static size_t decode(enum coding coding, struct span coded, char *out, size_t room)
{
    if (coding == CODING_ZSTD) {
        assert_int_equal(ZSTD_findFrameCompressedSize(coded.at, coded.len), coded.len); // one frame
        size_t len = ZSTD_decompress(out, room, coded.at, coded.len);
        assert_false(ZSTD_isError(len));
        return len;
    }
    z_stream stream = {
        .avail_in = (unsigned)coded.len, .next_out = (Bytef *)out, .avail_out = (unsigned)room};
    memcpy(&stream.next_in, &coded.at, sizeof(coded.at));
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.avail_in, 0); // one member
    size_t len = stream.total_out;
    inflateEnd(&stream);
    return len;
}

// In parts of that many bytes.
static enum err_code run_through(
    struct compressor *compressor, enum coding coding, struct span text, size_t part, struct buf *out)
{
    enum err_code code = compressor_begin(compressor, coding, text.len);
    for (size_t done = 0; code == ERR_NONE;) {
        size_t len = text.len - done < part ? text.len - done : part;
        struct span in = {.at = text.at + done, .len = len};
        done += len;
        code = compressor_add(compressor, in, done == text.len, out);
        if (done == text.len)
            break;
    }
    return code;
}

static void what_is_compressed_comes_back(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 100, 4096, 131072, TEXT_BYTES}, parts[] = {1000, 65536, TEXT_BYTES};
    char *text = make_text(TEXT_BYTES), *decoded = malloc(MAX_BYTES);
    struct compressor *compressor = compressor_new();
    assert_non_null(compressor);
    for (size_t i = 0; i < ARRAY_LEN(sizes) * ARRAY_LEN(parts) * ARRAY_LEN(codings); i++) {
        enum coding coding = codings[i % ARRAY_LEN(codings)]; // one compressor for all, in turn
        size_t part = parts[i / ARRAY_LEN(codings) % ARRAY_LEN(parts)];
        size_t size = sizes[i / ARRAY_LEN(codings) / ARRAY_LEN(parts)];
        AUTO(buf_fini) struct buf out;
        buf_init(&out, MAX_BYTES);
        assert_int_equal(
            run_through(compressor, coding, (struct span){.at = text, .len = size}, part, &out), ERR_NONE);
        assert_int_equal(decode(coding, buf_span(&out), decoded, MAX_BYTES), size);
        assert_memory_equal(decoded, text, size);
        assert_true(size < 4096 || out.len < size / 3);
    }
    compressor_free(compressor);
    free(decoded);
    free(text);
}

static void a_full_buffer_ends_it_and_the_next_stream_is_fine(void **state)
{
    (void)state;
    char *text = make_text(TEXT_BYTES), *decoded = malloc(MAX_BYTES);
    struct span all = {.at = text, .len = TEXT_BYTES};
    struct compressor *compressor = compressor_new();
    for (size_t i = 0; i < ARRAY_LEN(codings); i++) {
        AUTO(buf_fini) struct buf small;
        buf_init(&small, 5000);
        assert_int_equal(run_through(compressor, codings[i], all, 65536, &small), ERR_TOO_LARGE);
        assert_true(small.len <= 5000);
        AUTO(buf_fini) struct buf out;
        buf_init(&out, MAX_BYTES);
        assert_int_equal(run_through(compressor, codings[i], all, 65536, &out), ERR_NONE);
        assert_int_equal(decode(codings[i], buf_span(&out), decoded, MAX_BYTES), TEXT_BYTES);
        assert_memory_equal(decoded, text, TEXT_BYTES);
    }
    compressor_free(compressor);
    free(decoded);
    free(text);
}

static void other_sizes_than_was_said_are_refused(void **state)
{
    (void)state;
    struct compressor *compressor = compressor_new();
    for (size_t i = 0; i < ARRAY_LEN(codings); i++) {
        AUTO(buf_fini) struct buf out;
        buf_init(&out, MAX_BYTES);
        assert_int_equal(compressor_begin(compressor, codings[i], 4), ERR_NONE);
        assert_int_equal(compressor_add(compressor, span_of("12345"), true, &out), ERR_INVALID);
        assert_int_equal(compressor_begin(compressor, codings[i], 4), ERR_NONE);
        assert_int_equal(compressor_add(compressor, span_of("123"), false, &out), ERR_NONE);
        assert_int_equal(compressor_add(compressor, (struct span){0}, true, &out), ERR_INVALID);
    }
    compressor_free(compressor);
}

// libzstd has an allocator of its own.
static void without_memory_it_says_so(void **state)
{
    (void)state;
    char *text = make_text(TEXT_BYTES);
    for (long n = 0;; n++) {
        mem_fail_after(n);
        struct compressor *compressor = compressor_new();
        enum err_code code = compressor == NULL ? ERR_NO_MEMORY : ERR_NONE;
        AUTO(buf_fini) struct buf out;
        buf_init(&out, MAX_BYTES);
        for (size_t i = 0; code == ERR_NONE && i < ARRAY_LEN(codings); i++)
            code = run_through(
                compressor, codings[i], (struct span){.at = text, .len = TEXT_BYTES}, 65536, &out);
        mem_fail_after(-1);
        compressor_free(compressor);
        if (code == ERR_NONE) {
            assert_true(n > 5);
            break;
        }
        assert_int_equal(code, ERR_NO_MEMORY);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_compressed_comes_back),
        cmocka_unit_test(a_full_buffer_ends_it_and_the_next_stream_is_fine),
        cmocka_unit_test(other_sizes_than_was_said_are_refused),
        cmocka_unit_test(without_memory_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
