// SPDX-License-Identifier: Apache-2.0
// CSV read whole, in two parts and byte by byte must give the same rows and the same error. The input's first
// two bytes say where it is cut.
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "text/csv_rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TRACE_BYTES = 64 * 1024 * 1024, BYTEWISE_BYTES = 4096 };

static void require(bool condition)
{
    if (!condition)
        abort();
}

static bool on_row(void *ctx, int64_t line, const struct csv_cell *cells, size_t count)
{
    struct buf *trace = ctx;
    buf_append(trace, &line, sizeof(line));
    buf_append(trace, &count, sizeof(count));
    for (size_t i = 0; i < count; i++) {
        require(cells[i].text.at != NULL);
        buf_append(trace, &cells[i].is_quoted, sizeof(cells[i].is_quoted));
        buf_append(trace, &cells[i].text.len, sizeof(cells[i].text.len));
        buf_append(trace, cells[i].text.at, cells[i].text.len);
    }
    return true;
}

static bool on_broken_row(void *ctx, int64_t line)
{
    buf_append(ctx, &line, sizeof(line));
    return true;
}

// What comes of `input`, fed first up to `cut` and then `step` bytes at a time.
static void read_rows(struct span input, size_t cut, size_t step, struct buf *trace)
{
    struct csv_rows_handler handler = {.ctx = trace, .on_row = on_row, .on_broken_row = on_broken_row};
    struct csv_rows *csv;
    struct err err = {0};
    if (csv_rows_new(&handler, &csv, &err) != ERR_NONE)
        return;
    enum err_code code = csv_rows_feed(csv, (struct span){.at = input.at, .len = cut}, &err);
    for (size_t at = cut; at < input.len && code == ERR_NONE; at += step) {
        size_t len = input.len - at < step ? input.len - at : step;
        code = csv_rows_feed(csv, (struct span){.at = input.at + at, .len = len}, &err);
    }
    if (code == ERR_NONE)
        code = csv_rows_finish(csv, &err);
    require(code == err.code && (code == ERR_NONE) == (err.text[0] == '\0'));
    buf_printf(trace, "%d %u %u %s", (int)code, err.line, err.column, err.text);
    csv_rows_free(csv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct span input = {.at = (const char *)data + 2, .len = size - 2};
    size_t cut = (size_t)(data[0] | data[1] << 8) % (input.len + 1);
    struct buf whole, parts;
    buf_init(&whole, TRACE_BYTES);
    buf_init(&parts, TRACE_BYTES);
    read_rows(input, input.len, 1, &whole);
    read_rows(input, cut, input.len, &parts);
    require(span_equal(buf_span(&whole), buf_span(&parts)));
    if (input.len <= BYTEWISE_BYTES) {
        buf_clear(&parts);
        read_rows(input, 0, 1, &parts);
        require(span_equal(buf_span(&whole), buf_span(&parts)));
    }
    buf_fini(&whole);
    buf_fini(&parts);
    return 0;
}
