// SPDX-License-Identifier: Apache-2.0
#include "text/decompressor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"

enum { TEXT_BYTES = 300000, ROOM = 64 * 1024 * 1024 };

static const enum coding codings[] = {CODING_GZIP, CODING_ZSTD};

static void append_text(struct buf *text, size_t bytes)
{
    for (size_t i = 0; text->len < bytes; i++)
        buf_printf(text, "2026-%02zu-%02zu,%zu\n", i % 12 + 1, i % 28 + 1, i * i % 9973);
}

// Appends `text` as one member or frame.
static void compress(enum coding coding, struct span text, struct buf *out)
{
    struct compressor *compressor = compressor_new();
    assert_int_equal(compressor_begin(compressor, coding, text.len), ERR_NONE);
    assert_int_equal(compressor_add(compressor, text, true, out), ERR_NONE);
    compressor_free(compressor);
}

// Feeds all of `in`, in parts of that many bytes; appends what comes of it.
static enum err_code run_through(
    enum coding coding, struct span in, size_t part, uint64_t max_bytes, struct buf *out, struct err *err)
{
    struct decompressor *decompressor;
    enum err_code code = decompressor_new(coding, max_bytes, &decompressor, err);
    if (code != ERR_NONE)
        return code;
    while (in.len > 0 && code == ERR_NONE) {
        struct span piece = {.at = in.at, .len = in.len < part ? in.len : part}, got = {0};
        in = (struct span){.at = in.at + piece.len, .len = in.len - piece.len};
        do {
            code = decompressor_next(decompressor, &piece, &got, err);
            if (code == ERR_NONE)
                buf_append(out, got.at, got.len);
        } while (code == ERR_NONE && got.len > 0);
        if (code == ERR_NONE)
            assert_int_equal(piece.len, 0);
    }
    if (code == ERR_NONE)
        code = decompressor_finish(decompressor, err);
    decompressor_free(decompressor);
    return code;
}

static void expect_failure(
    enum coding coding, struct span in, uint64_t max_bytes, enum err_code code, const char *text)
{
    for (size_t part = 1; part <= in.len; part = part == 1 ? 1000 : part * 1000) {
        AUTO(buf_fini) struct buf out;
        struct err err = {0};
        buf_init(&out, ROOM);
        assert_int_equal(run_through(coding, in, part, max_bytes, &out, &err), code);
        assert_string_equal(err.text, text);
    }
}

static void what_was_compressed_comes_back_in_parts_of_any_size(void **state)
{
    (void)state;
    static const size_t parts[] = {1, 7, 4096, SIZE_MAX}, sizes[] = {0, 1, 65536, TEXT_BYTES};
    for (size_t i = 0; i < 2 * ARRAY_LEN(parts) * ARRAY_LEN(sizes); i++) {
        AUTO(buf_fini) struct buf text, coded, out;
        struct err err = {0};
        enum coding coding = codings[i % 2];
        buf_init(&text, ROOM);
        buf_init(&coded, ROOM);
        buf_init(&out, ROOM);
        append_text(&text, sizes[i / 2 % ARRAY_LEN(sizes)]);
        compress(coding, buf_span(&text), &coded);
        assert_int_equal(
            run_through(coding, buf_span(&coded), parts[i / 2 / ARRAY_LEN(sizes)], ROOM, &out, &err),
            ERR_NONE);
        assert_true(span_equal(buf_span(&out), buf_span(&text)));
    }
}

static void members_and_frames_follow_each_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        AUTO(buf_fini) struct buf coded, out;
        struct err err = {0};
        buf_init(&coded, ROOM);
        compress(codings[i], span_of("one,"), &coded);
        compress(codings[i], span_of(""), &coded);
        compress(codings[i], span_of("two"), &coded);
        for (size_t part = 1; part <= coded.len; part++) {
            buf_init(&out, ROOM);
            assert_int_equal(run_through(codings[i], buf_span(&coded), part, ROOM, &out, &err), ERR_NONE);
            assert_true(span_is(buf_span(&out), "one,two"));
            if (part < coded.len)
                buf_fini(&out);
        }
    }
}

static void a_stream_that_is_cut_off_is_told_wherever_that_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        AUTO(buf_fini) struct buf coded;
        buf_init(&coded, ROOM);
        compress(codings[i], span_of("some text, some text"), &coded);
        for (size_t len = 0; len < coded.len; len++) {
            AUTO(buf_fini) struct buf out;
            struct err err = {0};
            char text[80];
            snprintf(text, sizeof(text), "the %s stream is cut off behind byte %zu", i == 0 ? "gzip" : "zstd",
                len);
            buf_init(&out, ROOM);
            assert_int_equal(
                run_through(codings[i], (struct span){.at = coded.data, .len = len}, 5, ROOM, &out, &err),
                ERR_MALFORMED);
            assert_string_equal(err.text, text);
        }
    }
}

static void what_is_no_stream_or_damaged_is_told(void **state)
{
    (void)state;
    expect_failure(
        CODING_GZIP, span_of("id,name\n1,a\n"), ROOM, ERR_MALFORMED, "the bytes are no gzip stream");
    expect_failure(
        CODING_ZSTD, span_of("id,name\n1,a\n"), ROOM, ERR_MALFORMED, "the bytes are no zstd stream");
    expect_failure(CODING_ZSTD, span_of("\x26\xb5\x2f\xfd, of an older format"), ROOM, ERR_MALFORMED,
        "the bytes are no zstd stream");
    for (size_t i = 0; i < 2; i++) {
        AUTO(buf_fini) struct buf text, coded;
        buf_init(&text, ROOM);
        buf_init(&coded, ROOM);
        append_text(&text, 5000);
        compress(codings[i], buf_span(&text), &coded);
        size_t len = coded.len;
        buf_append_str(&coded, "\nid,name\n1,a\n");
        expect_failure(codings[i], buf_span(&coded), ROOM, ERR_MALFORMED,
            i == 0 ? "the gzip stream has bytes behind its end" : "the zstd stream has bytes behind its end");
        coded.len = len;
        if (i == 0) { // a bit of its sum
            coded.data[len - 6] = (char)(coded.data[len - 6] ^ 1);
            expect_failure(CODING_GZIP, buf_span(&coded), ROOM, ERR_MALFORMED,
                "the gzip stream is damaged: incorrect data check");
        } else { // the kind of its block
            coded.data[7] = (char)(coded.data[7] | 6);
            AUTO(buf_fini) struct buf out;
            struct err err = {0};
            buf_init(&out, ROOM);
            assert_int_equal(
                run_through(CODING_ZSTD, buf_span(&coded), 1000, ROOM, &out, &err), ERR_MALFORMED);
            assert_string_equal(err.text, "the zstd stream is damaged");
        }
    }
}

static void a_bomb_is_refused_by_its_size_and_by_its_ratio(void **state)
{
    (void)state;
    enum { BOMB_BYTES = 4 * LIMIT_RATIO_FREE_BYTES };
    char *zeros = calloc(1, BOMB_BYTES);
    assert_non_null(zeros);
    for (size_t i = 0; i < 2; i++) {
        AUTO(buf_fini) struct buf coded, out;
        struct err err = {0};
        buf_init(&coded, ROOM);
        buf_init(&out, ROOM);
        compress(codings[i], (struct span){.at = zeros, .len = BOMB_BYTES}, &coded);
        assert_true(coded.len < BOMB_BYTES / LIMIT_RATIO);
        expect_failure(codings[i], buf_span(&coded), ROOM, ERR_TOO_LARGE,
            i == 0
                ? "the gzip stream grows to more than 200 times its size: send it uncompressed, or in several requests"
                : "the zstd stream grows to more than 200 times its size: send it uncompressed, or in several requests");
        expect_failure(codings[i], buf_span(&coded), 100000, ERR_TOO_LARGE,
            "the body is larger than 100000 bytes when it is decompressed");
        assert_int_equal(
            run_through(codings[i], buf_span(&coded), SIZE_MAX, UINT64_MAX, &out, &err), ERR_NONE);
        assert_int_equal(out.len, BOMB_BYTES); // of a file
        buf_clear(&coded);
        buf_clear(&out);
        compress(codings[i], (struct span){.at = zeros, .len = LIMIT_RATIO_FREE_BYTES}, &coded);
        assert_int_equal(
            run_through(codings[i], buf_span(&coded), SIZE_MAX, LIMIT_RATIO_FREE_BYTES, &out, &err),
            ERR_NONE);
    }
    free(zeros);
}

static void a_zstd_window_is_bounded(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf text, coded, out;
    struct err err = {0};
    buf_init(&text, ROOM);
    buf_init(&coded, ROOM);
    buf_init(&out, ROOM);
    append_text(&text, TEXT_BYTES);
    buf_reserve(&coded, TEXT_BYTES);
    for (int log = LIMIT_ZSTD_WINDOW_LOG; log <= LIMIT_ZSTD_WINDOW_LOG + 1; log++) {
        ZSTD_CCtx *zstd = ZSTD_createCCtx();
        ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, log);
        ZSTD_inBuffer input = {.src = text.data, .size = text.len};
        ZSTD_outBuffer output = {.dst = coded.data, .size = coded.cap};
        while (input.pos < input.size) // of a size that is not known, so that the window is not made smaller
            assert_false(ZSTD_isError(ZSTD_compressStream2(zstd, &output, &input, ZSTD_e_continue)));
        assert_int_equal(ZSTD_compressStream2(zstd, &output, &input, ZSTD_e_end), 0);
        coded.len = output.pos;
        ZSTD_freeCCtx(zstd);
        if (log == LIMIT_ZSTD_WINDOW_LOG)
            assert_int_equal(run_through(CODING_ZSTD, buf_span(&coded), 1000, ROOM, &out, &err), ERR_NONE);
        else
            expect_failure(CODING_ZSTD, buf_span(&coded), ROOM, ERR_TOO_LARGE,
                "the zstd stream needs a window of more than 8 MiB: compress it at a level of 19 at most");
    }
}

static void missing_memory_is_told_and_what_is_held_can_be_asked(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf coded;
    enum err_code code = ERR_NO_MEMORY;
    buf_init(&coded, ROOM);
    compress(CODING_GZIP, span_of("some text"), &coded);
    for (long n = 0; code == ERR_NO_MEMORY; n++) {
        struct span in = buf_span(&coded), got = {0};
        struct decompressor *decompressor = NULL;
        mem_fail_after(n);
        code = decompressor_new(CODING_GZIP, ROOM, &decompressor, NULL);
        if (code == ERR_NONE)
            code = decompressor_next(decompressor, &in, &got, NULL);
        mem_fail_after(-1);
        if (code == ERR_NONE)
            assert_in_range(decompressor_held_bytes(decompressor), 65536, 200000);
        decompressor_free(decompressor);
        assert_true(n < 20);
    }
    assert_int_equal(code, ERR_NONE);
    decompressor_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_compressed_comes_back_in_parts_of_any_size),
        cmocka_unit_test(members_and_frames_follow_each_other),
        cmocka_unit_test(a_stream_that_is_cut_off_is_told_wherever_that_is),
        cmocka_unit_test(what_is_no_stream_or_damaged_is_told),
        cmocka_unit_test(a_bomb_is_refused_by_its_size_and_by_its_ratio),
        cmocka_unit_test(a_zstd_window_is_bounded),
        cmocka_unit_test(missing_memory_is_told_and_what_is_held_can_be_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
