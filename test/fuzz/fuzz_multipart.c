// SPDX-License-Identifier: Apache-2.0
// A form with a file read whole, in two parts and byte by byte must give the same file and the same error.
// The input's first two bytes say where it is cut; then come a Content-Type with the boundary, a line end,
// and the form.
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "text/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TRACE_BYTES = 16 * 1024 * 1024, BYTEWISE_BYTES = 4096 };

static void require(bool condition)
{
    if (!condition)
        abort();
}

static enum err_code feed(struct multipart *multipart, struct span bytes, struct buf *trace, struct err *err)
{
    enum multipart_event event = MULTIPART_BYTES;
    while (event != MULTIPART_MORE) {
        struct span piece;
        enum err_code code = multipart_next(multipart, &bytes, &event, &piece, err);
        if (code != ERR_NONE)
            return code;
        if (event == MULTIPART_BYTES)
            buf_append(trace, piece.at, piece.len);
        if (event == MULTIPART_FILE) {
            struct span name = multipart_file_name(multipart), type = multipart_file_type(multipart);
            require(name.len > 0);
            buf_append(trace, name.at, name.len);
            buf_append(trace, type.len > 0 ? type.at : "", type.len);
        }
    }
    require(bytes.len == 0);
    return ERR_NONE;
}

// What comes of `form`, fed first up to `cut` and then `step` bytes at a time.
static void read_form(struct span boundary, struct span form, size_t cut, size_t step, struct buf *trace)
{
    struct multipart *multipart;
    struct err err = {0};
    if (multipart_new(boundary, &multipart, &err) != ERR_NONE)
        return;
    enum err_code code = feed(multipart, (struct span){.at = form.at, .len = cut}, trace, &err);
    for (size_t at = cut; at < form.len && code == ERR_NONE; at += step) {
        size_t len = form.len - at < step ? form.len - at : step;
        code = feed(multipart, (struct span){.at = form.at + at, .len = len}, trace, &err);
    }
    if (code == ERR_NONE)
        code = multipart_finish(multipart, &err);
    require(code == err.code && (code == ERR_NONE) == (err.text[0] == '\0'));
    buf_printf(trace, "%d %s", (int)code, err.text);
    multipart_free(multipart);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct span form = {.at = (const char *)data + 2, .len = size - 2}, boundary;
    struct span type = span_split(&form, '\n');
    if (!multipart_boundary(type, &boundary))
        return 0;
    require(boundary.len > 0 && boundary.len <= MULTIPART_BOUNDARY_CHARS);
    size_t cut = (size_t)(data[0] | data[1] << 8) % (form.len + 1);
    struct buf whole, parts;
    buf_init(&whole, TRACE_BYTES);
    buf_init(&parts, TRACE_BYTES);
    read_form(boundary, form, form.len, 1, &whole);
    read_form(boundary, form, cut, form.len, &parts);
    require(span_equal(buf_span(&whole), buf_span(&parts)));
    if (form.len <= BYTEWISE_BYTES) {
        buf_clear(&parts);
        read_form(boundary, form, 0, 1, &parts);
        require(span_equal(buf_span(&whole), buf_span(&parts)));
    }
    buf_fini(&whole);
    buf_fini(&parts);
    return 0;
}
