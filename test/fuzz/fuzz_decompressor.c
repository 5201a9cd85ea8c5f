// SPDX-License-Identifier: Apache-2.0
// A stream decompressed whole, in two parts and byte by byte must give the same bytes and the same error. The
// input's first byte says in which coding, the next two where it is cut.
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/limits.h"
#include "text/decompressor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_BYTES = LIMIT_RATIO_FREE_BYTES, BYTEWISE_BYTES = 512 };

static void require(bool condition)
{
    if (!condition)
        abort();
}

// Appends what comes of the bytes, up to MAX_BYTES of it.
static enum err_code feed(
    struct decompressor *decompressor, struct span bytes, struct buf *trace, struct err *err)
{
    for (;;) {
        struct span got;
        enum err_code code = decompressor_next(decompressor, &bytes, &got, err);
        if (code != ERR_NONE)
            return code;
        if (got.len == 0)
            break;
        buf_append(trace, got.at, got.len);
    }
    require(bytes.len == 0);
    return ERR_NONE;
}

// What comes of `input`, fed first up to `cut` and then `step` bytes at a time. Of an output that is too
// large only that it is: how much came before hangs on the parts.
static void decompress(enum coding coding, struct span input, size_t cut, size_t step, struct buf *trace)
{
    struct decompressor *decompressor;
    struct err err = {0};
    if (decompressor_new(coding, MAX_BYTES, &decompressor, &err) != ERR_NONE)
        return;
    enum err_code code = feed(decompressor, (struct span){.at = input.at, .len = cut}, trace, &err);
    for (size_t at = cut; at < input.len && code == ERR_NONE; at += step) {
        size_t len = input.len - at < step ? input.len - at : step;
        code = feed(decompressor, (struct span){.at = input.at + at, .len = len}, trace, &err);
    }
    if (code == ERR_NONE)
        code = decompressor_finish(decompressor, &err);
    require(code == err.code && (code == ERR_NONE) == (err.text[0] == '\0'));
    if (code != ERR_NONE)
        buf_clear(trace);
    buf_printf(trace, "%d %s", (int)code, err.text);
    decompressor_free(decompressor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    enum coding coding = data[0] % 2 == 0 ? CODING_GZIP : CODING_ZSTD;
    struct span input = {.at = (const char *)data + 3, .len = size - 3};
    size_t cut = (size_t)(data[1] | data[2] << 8) % (input.len + 1);
    struct buf whole, parts;
    buf_init(&whole, 2 * MAX_BYTES);
    buf_init(&parts, 2 * MAX_BYTES);
    decompress(coding, input, input.len, 1, &whole);
    decompress(coding, input, cut, input.len, &parts);
    require(span_equal(buf_span(&whole), buf_span(&parts)));
    if (input.len <= BYTEWISE_BYTES) {
        buf_clear(&parts);
        decompress(coding, input, 0, 1, &parts);
        require(span_equal(buf_span(&whole), buf_span(&parts)));
    }
    buf_fini(&whole);
    buf_fini(&parts);
    return 0;
}
