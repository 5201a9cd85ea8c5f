// SPDX-License-Identifier: Apache-2.0
// JSON and NDJSON read whole, in two parts and byte by byte must give the same rows and the same error; names
// and strings must be UTF-8. The input's first byte chooses the format, the next two say where it is cut.
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/limits.h"
#include "text/json_rows.h"
#include "text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TRACE_BYTES = 64 * 1024 * 1024, BYTEWISE_BYTES = 4096 };

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void write_text(struct buf *trace, struct span text)
{
    require(text.at != NULL && text.len <= LIMIT_VALUE_BYTES && utf8_valid(text));
    buf_append(trace, &text.len, sizeof(text.len));
    buf_append(trace, text.at, text.len);
}

static bool on_row(void *ctx, int64_t line, const struct json_member *members, size_t count)
{
    struct buf *trace = ctx;
    require(line > 0 && count <= LIMIT_FIELDS);
    buf_append(trace, &line, sizeof(line));
    for (size_t i = 0; i < count; i++) {
        buf_append(trace, &members[i].kind, sizeof(members[i].kind));
        write_text(trace, members[i].name);
        write_text(trace, members[i].text);
    }
    return true;
}

static bool on_not_object(void *ctx, int64_t line)
{
    struct buf *trace = ctx;
    require(line > 0);
    buf_append_str(trace, "no object");
    buf_append(trace, &line, sizeof(line));
    return true;
}

// What comes of `input`, fed first up to `cut` and then `step` bytes at a time.
static void read_rows(struct span input, bool ndjson, size_t cut, size_t step, struct buf *trace)
{
    struct json_rows_handler handler = {.ctx = trace, .on_row = on_row, .on_not_object = on_not_object};
    struct json_rows *json;
    struct err err = {0};
    if (json_rows_new(&handler, ndjson, &json, &err) != ERR_NONE)
        return;
    enum err_code code = json_rows_feed(json, (struct span){.at = input.at, .len = cut}, &err);
    for (size_t at = cut; at < input.len && code == ERR_NONE; at += step) {
        size_t len = input.len - at < step ? input.len - at : step;
        code = json_rows_feed(json, (struct span){.at = input.at + at, .len = len}, &err);
    }
    if (code == ERR_NONE)
        code = json_rows_finish(json, &err);
    require(code == err.code && (code == ERR_NONE) == (err.text[0] == '\0'));
    require(err.line <= input.len + 1 && err.column <= input.len + 1);
    buf_printf(trace, "%d %u %u %s", (int)code, err.line, err.column, err.text);
    json_rows_free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    bool ndjson = data[0] & 1;
    struct span input = {.at = (const char *)data + 3, .len = size - 3};
    size_t cut = (size_t)(data[1] | data[2] << 8) % (input.len + 1);
    struct buf whole, parts;
    buf_init(&whole, TRACE_BYTES);
    buf_init(&parts, TRACE_BYTES);
    read_rows(input, ndjson, input.len, 1, &whole);
    read_rows(input, ndjson, cut, input.len, &parts);
    require(span_equal(buf_span(&whole), buf_span(&parts)));
    if (input.len <= BYTEWISE_BYTES) {
        buf_clear(&parts);
        read_rows(input, ndjson, 0, 1, &parts);
        require(span_equal(buf_span(&whole), buf_span(&parts)));
    }
    buf_fini(&whole);
    buf_fini(&parts);
    return 0;
}
