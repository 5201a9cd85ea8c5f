// SPDX-License-Identifier: Apache-2.0
// Two libraries behind one stream: zlib and libzstd. Which coding a client takes, and what is worth
// compressing, is serve's. No state beside the struct; any thread.
//
// The levels are the quickest of both: on the answers of apps/ the next ones cost more processor than the
// bytes are worth (docs/performance.md).
#include "text/compressor.h"

#include <assert.h>
#include <limits.h>
#include <zlib.h>
#include <zstd.h>

#include "base/attr.h"
#include "base/mem.h"
#include "text/gzip_memory.h"

enum {
    ZSTD_LEVEL = 1,
    GZIP_LEVEL = 1,
    GZIP_WINDOW_BITS = 15 + 16, // the largest, and gzip's wrapping in place of zlib's (zlib.h, deflateInit2)
    GZIP_MEMORY = 8,            // zlib's default
    ROOM_BYTES = 4096,          // asked of a buffer at a time, at least
};

struct compressor {
    enum coding coding;  // of the stream
    uint64_t left_bytes; // of its input that are still to come
    bool has_gzip;       // `gzip` is initialised
    z_stream gzip;       //
    ZSTD_CCtx *zstd;     // owned; NULL until it is needed
};

// --- life

struct compressor *compressor_new(void)
{
    return mem_zalloc(1, sizeof(struct compressor));
}

void compressor_free(struct compressor *compressor)
{
    if (compressor == NULL)
        return;
    if (compressor->has_gzip)
        (void)deflateEnd(&compressor->gzip);
    ZSTD_freeCCtx(compressor->zstd);
    mem_free(compressor);
}

static enum err_code begin_gzip(struct compressor *compressor)
{
    z_stream *gzip = &compressor->gzip;
    if (compressor->has_gzip)
        return deflateReset(gzip) == Z_OK ? ERR_NONE : ERR_NO_MEMORY;
    gzip_memory_set(gzip);
    compressor->has_gzip =
        deflateInit2(gzip, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW_BITS, GZIP_MEMORY, Z_DEFAULT_STRATEGY) == Z_OK;
    return compressor->has_gzip ? ERR_NONE : ERR_NO_MEMORY;
}

static enum err_code begin_zstd(struct compressor *compressor, uint64_t bytes)
{
    if (compressor->zstd == NULL)
        compressor->zstd = ZSTD_createCCtx();
    ZSTD_CCtx *zstd = compressor->zstd;
    if (zstd == NULL || ZSTD_isError(ZSTD_CCtx_reset(zstd, ZSTD_reset_session_only)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL)) ||
        ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(zstd, bytes)))
        return ERR_NO_MEMORY;
    return ERR_NONE;
}

enum err_code compressor_begin(struct compressor *compressor, enum coding coding, uint64_t bytes)
{
    compressor->coding = coding;
    compressor->left_bytes = bytes;
    return coding == CODING_ZSTD ? begin_zstd(compressor, bytes) : begin_gzip(compressor);
}

// --- the stream

// Room for output behind what the buffer has: some for `in_bytes` more of input, and less where its maximum
// is near.
static enum err_code reserve(struct buf *out, size_t in_bytes)
{
    size_t left = out->max - out->len;
    size_t room = in_bytes / 4 + ROOM_BYTES;
    if (left == 0)
        return ERR_TOO_LARGE;
    return buf_reserve(out, room < left ? room : left);
}

static enum err_code add_gzip(z_stream *gzip, struct span in, bool is_last, struct buf *out)
{
    // zlib does not write to its input, whatever the type says.
    union {
        const char *given;
        Bytef *taken;
    } bytes = {.given = in.at};
    assert(in.len <= UINT_MAX);
    gzip->next_in = bytes.taken;
    gzip->avail_in = (unsigned)in.len;
    for (;;) {
        enum err_code code = reserve(out, gzip->avail_in);
        if (code != ERR_NONE)
            return code;
        size_t room = out->cap - out->len;
        room = room < UINT_MAX ? room : UINT_MAX;
        gzip->next_out = (Bytef *)out->data + out->len;
        gzip->avail_out = (unsigned)room;
        int result = deflate(gzip, is_last ? Z_FINISH : Z_NO_FLUSH);
        out->len += room - gzip->avail_out;
        if (result == Z_STREAM_END)
            return ERR_NONE;
        if (gzip->avail_out > 0)
            return is_last ? ERR_INVALID : ERR_NONE;
    }
}

static enum err_code add_zstd(ZSTD_CCtx *zstd, struct span in, bool is_last, struct buf *out)
{
    ZSTD_inBuffer input = {.src = in.at, .size = in.len};
    for (;;) {
        enum err_code code = reserve(out, input.size - input.pos);
        if (code != ERR_NONE)
            return code;
        ZSTD_outBuffer output = {.dst = out->data + out->len, .size = out->cap - out->len};
        size_t left = ZSTD_compressStream2(zstd, &output, &input, is_last ? ZSTD_e_end : ZSTD_e_continue);
        out->len += output.pos;
        if (ZSTD_isError(left))
            return ERR_NO_MEMORY;
        if (is_last ? left == 0 : input.pos == input.size)
            return ERR_NONE;
    }
}

enum err_code compressor_add(struct compressor *compressor, struct span in, bool is_last, struct buf *out)
{
    if (in.len > compressor->left_bytes || (is_last && in.len < compressor->left_bytes))
        return ERR_INVALID;
    compressor->left_bytes -= in.len;
    return compressor->coding == CODING_ZSTD ? add_zstd(compressor->zstd, in, is_last, out)
                                             : add_gzip(&compressor->gzip, in, is_last, out);
}
