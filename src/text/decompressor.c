// SPDX-License-Identifier: Apache-2.0
// Two libraries behind one stream: zlib and libzstd. Both keep what they need of their input, so that it may
// come in parts of any size. Output comes in pieces of OUT_BYTES at most, and the bounds are looked at behind
// each. Any thread.
//
//     BETWEEN ─ a byte ─► INSIDE ─ the end of the member or frame ─► BETWEEN …
//     A stream may end BETWEEN, once it has been INSIDE.
#include "text/decompressor.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/limits.h"
#include "base/mem.h"
#include "text/gzip_memory.h"

enum {
    OUT_BYTES = 65536,
    GZIP_WINDOW_BITS = 15 + 16, // the largest, and gzip's wrapping alone (zlib.h, inflateInit2)
    GZIP_BYTES = 48 * 1024,     // that zlib takes, by its manual
    MAGIC_BYTES = 4,            // with which a frame of zstd begins
};

struct decompressor {
    enum coding coding; // of the stream
    uint64_t max_bytes; // of its output; UINT64_MAX: no bounds
    uint64_t in_bytes;  // taken so far
    uint64_t out_bytes; // given so far
    uint64_t ended;     // members or frames that have ended
    bool is_inside;     // of one
    bool has_more;      // the last piece was full: there may be more without any input
    bool has_gzip;      // `gzip` is initialised
    z_stream gzip;      //
    ZSTD_DCtx *zstd;    // owned; NULL: the coding is gzip
    size_t magic_len;   // bytes of the frame's magic number that have come
    unsigned char magic[MAGIC_BYTES];
    char out[OUT_BYTES]; // the piece that was given last
};

// --- life

static bool begin_gzip(struct decompressor *decompressor)
{
    z_stream *gzip = &decompressor->gzip;
    gzip_memory_set(gzip);
    decompressor->has_gzip = inflateInit2(gzip, GZIP_WINDOW_BITS) == Z_OK;
    return decompressor->has_gzip;
}

static bool begin_zstd(struct decompressor *decompressor)
{
    decompressor->zstd = ZSTD_createDCtx();
    return decompressor->zstd != NULL && !ZSTD_isError(ZSTD_DCtx_setParameter(
                                             decompressor->zstd, ZSTD_d_windowLogMax, LIMIT_ZSTD_WINDOW_LOG));
}

enum err_code decompressor_new(
    enum coding coding, uint64_t max_bytes, struct decompressor **ret_decompressor, struct err *err)
{
    struct decompressor *decompressor = mem_alloc(sizeof(*decompressor));
    if (decompressor == NULL)
        return err_no_memory(err);
    decompressor->coding = coding;
    decompressor->max_bytes = max_bytes;
    decompressor->in_bytes = decompressor->out_bytes = decompressor->ended = 0;
    decompressor->is_inside = decompressor->has_more = decompressor->has_gzip = false;
    decompressor->gzip = (z_stream){0};
    decompressor->zstd = NULL;
    decompressor->magic_len = 0;
    if (coding == CODING_ZSTD ? !begin_zstd(decompressor) : !begin_gzip(decompressor)) {
        decompressor_free(decompressor);
        return err_no_memory(err);
    }
    *ret_decompressor = decompressor;
    return ERR_NONE;
}

void decompressor_free(struct decompressor *decompressor)
{
    if (decompressor == NULL)
        return;
    if (decompressor->has_gzip)
        (void)inflateEnd(&decompressor->gzip);
    ZSTD_freeDCtx(decompressor->zstd);
    mem_free(decompressor);
}

size_t decompressor_held_bytes(const struct decompressor *decompressor)
{
    return sizeof(*decompressor) +
           (decompressor->zstd != NULL ? ZSTD_sizeof_DCtx(decompressor->zstd) : GZIP_BYTES);
}

// --- errors

static const char *name_of(const struct decompressor *decompressor)
{
    return decompressor->coding == CODING_ZSTD ? "zstd" : "gzip";
}

// Where a member or frame should begin is none.
static enum err_code fail_begin(const struct decompressor *decompressor, struct err *err)
{
    return err_set(err, ERR_MALFORMED,
        decompressor->ended == 0 ? "the bytes are no %s stream" : "the %s stream has bytes behind its end",
        name_of(decompressor));
}

static enum err_code check_size(const struct decompressor *decompressor, struct err *err)
{
    uint64_t out_bytes = decompressor->out_bytes, in_bytes = decompressor->in_bytes;
    if (decompressor->max_bytes == UINT64_MAX)
        return ERR_NONE;
    if (out_bytes > decompressor->max_bytes)
        return err_set(err, ERR_TOO_LARGE, "the body is larger than %llu bytes when it is decompressed",
            (unsigned long long)decompressor->max_bytes);
    if (out_bytes > LIMIT_RATIO_FREE_BYTES && out_bytes / LIMIT_RATIO > in_bytes)
        return err_set(err, ERR_TOO_LARGE,
            "the %s stream grows to more than %d times its size: send it uncompressed, or in several requests",
            name_of(decompressor), LIMIT_RATIO);
    return ERR_NONE;
}

// --- the stream

static enum err_code next_gzip(
    struct decompressor *decompressor, struct span *in, size_t *ret_len, struct err *err)
{
    z_stream *gzip = &decompressor->gzip;
    // zlib does not write to its input, whatever the type says.
    union {
        const char *given;
        Bytef *taken;
    } bytes = {.given = in->at};
    unsigned len = in->len < UINT_MAX ? (unsigned)in->len : UINT_MAX;
    gzip->next_in = bytes.taken;
    gzip->avail_in = len;
    gzip->next_out = (Bytef *)decompressor->out;
    gzip->avail_out = OUT_BYTES;
    int result = inflate(gzip, Z_NO_FLUSH);
    if (result == Z_MEM_ERROR)
        return err_no_memory(err);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) { // Z_BUF_ERROR: nothing to do
        const char *why = gzip->msg != NULL ? gzip->msg : "it needs a dictionary";
        return strcmp(why, "incorrect header check") == 0
                   ? fail_begin(decompressor, err)
                   : err_set(err, ERR_MALFORMED, "the gzip stream is damaged: %s", why);
    }
    size_t taken = len - gzip->avail_in;
    span_drop(in, taken);
    decompressor->in_bytes += taken;
    decompressor->is_inside = result != Z_STREAM_END && (decompressor->is_inside || taken > 0);
    *ret_len = OUT_BYTES - gzip->avail_out;
    decompressor->ended += result == Z_STREAM_END;
    if (result == Z_STREAM_END)
        (void)inflateReset(gzip); // cannot fail: the stream is initialised
    return ERR_NONE;
}

// Takes the magic number of a frame, which may come in parts. The library also reads frames of older formats,
// whose windows it does not bound.
static enum err_code take_magic(struct decompressor *decompressor, struct span *in, struct err *err)
{
    unsigned char *magic = decompressor->magic;
    while (decompressor->magic_len < MAGIC_BYTES && in->len > 0) {
        magic[decompressor->magic_len++] = (unsigned char)in->at[0];
        span_drop(in, 1);
        decompressor->in_bytes++;
        decompressor->is_inside = true;
    }
    if (decompressor->magic_len < MAGIC_BYTES)
        return ERR_NONE;
    uint32_t number =
        magic[0] | (uint32_t)magic[1] << 8 | (uint32_t)magic[2] << 16 | (uint32_t)magic[3] << 24;
    if (number != ZSTD_MAGICNUMBER && (number & ZSTD_MAGIC_SKIPPABLE_MASK) != ZSTD_MAGIC_SKIPPABLE_START)
        return fail_begin(decompressor, err);
    ZSTD_inBuffer input = {.src = magic, .size = MAGIC_BYTES};
    ZSTD_outBuffer output = {.dst = decompressor->out, .size = OUT_BYTES};
    size_t left = ZSTD_decompressStream(decompressor->zstd, &output, &input); // keeps them
    return ZSTD_isError(left) || input.pos < MAGIC_BYTES ? fail_begin(decompressor, err) : ERR_NONE;
}

static enum err_code next_zstd(
    struct decompressor *decompressor, struct span *in, size_t *ret_len, struct err *err)
{
    if (decompressor->magic_len < MAGIC_BYTES) {
        enum err_code code = take_magic(decompressor, in, err);
        if (code != ERR_NONE || in->len == 0)
            return code;
    }
    ZSTD_inBuffer input = {.src = in->at, .size = in->len};
    ZSTD_outBuffer output = {.dst = decompressor->out, .size = OUT_BYTES};
    size_t left = ZSTD_decompressStream(decompressor->zstd, &output, &input);
    if (ZSTD_isError(left)) {
        switch (ZSTD_getErrorCode(left)) {
        case ZSTD_error_memory_allocation:
            return err_no_memory(err);
        case ZSTD_error_frameParameter_windowTooLarge:
            return err_set(err, ERR_TOO_LARGE,
                "the zstd stream needs a window of more than %d MiB: compress it at a level of 19 at most",
                1 << (LIMIT_ZSTD_WINDOW_LOG - 20));
        case ZSTD_error_prefix_unknown:
            return fail_begin(decompressor, err);
        default:
            return err_set(err, ERR_MALFORMED, "the zstd stream is damaged"); // its words hang on the parts
        }
    }
    span_drop(in, input.pos);
    decompressor->in_bytes += input.pos;
    if (input.pos > 0 || output.pos > 0) {
        decompressor->is_inside = left != 0;
        decompressor->ended += left == 0;
    }
    if (!decompressor->is_inside)
        decompressor->magic_len = 0;
    *ret_len = output.pos;
    return ERR_NONE;
}

enum err_code decompressor_next(
    struct decompressor *decompressor, struct span *in, struct span *ret_out, struct err *err)
{
    size_t len = 0, before = SIZE_MAX;
    while (len == 0 && in->len < before && (in->len > 0 || decompressor->has_more)) {
        before = in->len;
        enum err_code code = decompressor->zstd != NULL ? next_zstd(decompressor, in, &len, err)
                                                        : next_gzip(decompressor, in, &len, err);
        if (code != ERR_NONE)
            return code;
        decompressor->has_more = len == OUT_BYTES;
    }
    decompressor->out_bytes += len;
    *ret_out = (struct span){.at = decompressor->out, .len = len};
    return check_size(decompressor, err);
}

enum err_code decompressor_finish(const struct decompressor *decompressor, struct err *err)
{
    if (!decompressor->is_inside && decompressor->in_bytes > 0)
        return ERR_NONE;
    return err_set(err, ERR_MALFORMED, "the %s stream is cut off behind byte %llu", name_of(decompressor),
        (unsigned long long)decompressor->in_bytes);
}
