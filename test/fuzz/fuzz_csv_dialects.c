// SPDX-License-Identifier: Apache-2.0
// A CSV body in a dialect, read whole, in two parts and byte by byte, must give the same rows, faults and
// error. The input's first two bytes say where it is cut, the next four choose the dialect.
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/limits.h"
#include "batch/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TRACE_BYTES = 64 * 1024 * 1024, HEAD_BYTES = 6, MAX_ROWS = 1000 };

static struct rule fields[] = {
    {.name = {"a", 1}, .outside = {"a", 1}, .type = TYPE_TEXT},
    {.name = {"b", 1}, .outside = {"b", 1}, .type = TYPE_NUMBER},
    {.name = {"c", 1}, .outside = {"c", 1}, .type = TYPE_INTEGER},
    {.name = {"d", 1}, .outside = {"d", 1}, .type = TYPE_DATE},
    {.name = {"e", 1}, .outside = {"e", 1}, .type = TYPE_BOOLEAN},
    {.name = {"f", 1}, .outside = {"f", 1}, .type = TYPE_TIMESTAMP},
};
static const struct endpoint endpoint = {
    .method = HTTP_POST, .fields = fields, .field_count = ARRAY_LEN(fields)};

static void require(bool condition)
{
    if (!condition)
        abort();
}

static struct csv_dialect dialect_of(const uint8_t *data)
{
    static const char delimiters[] = {',', ';', '\t', '|', ' ', ','}, thousands[] = {'\0', '.', ' ', '\''};
    static const char *const encodings[] = {
        "", "", "windows-1252", "UTF-16", "UTF-16LE", "UTF-16BE", "ISO-8859-15", "windows-1258", "UTF-7"};
    struct csv_dialect dialect = CSV_STRICT;
    dialect.delimiter = delimiters[data[0] % ARRAY_LEN(delimiters)];
    dialect.is_auto = (data[0] & 0x80) != 0;
    dialect.has_no_quotes = (data[1] & 1) != 0;
    dialect.trims = (data[1] & 2) != 0;
    dialect.ignores_extra = (data[1] & 4) != 0;
    dialect.header = (enum csv_header)((data[1] >> 4) % 3);
    dialect.skip = data[1] >> 6;
    dialect.encoding = span_of(encodings[data[2] % ARRAY_LEN(encodings)]);
    dialect.decimal = (data[3] & 1) != 0 ? ',' : '.';
    dialect.thousands = thousands[(data[3] >> 1) % ARRAY_LEN(thousands)];
    dialect.ignores_blank = (data[3] & 8) != 0;
    if (dialect.thousands == dialect.decimal)
        dialect.thousands = '\0';
    if ((data[3] & 0x10) != 0) {
        dialect.date = span_of("%d.%m.%Y");
        dialect.timestamp = span_of("%d.%m.%Y %H:%M");
        dialect.nulls[dialect.null_count++] = span_of("NA");
        dialect.trues[0] = span_of("ja");
        dialect.falses[dialect.boolean_count++] = span_of("nein");
        dialect.until = span_of("__");
    }
    return dialect;
}

static void trace_rows(const struct rows *rows, struct buf *trace)
{
    struct rows_cursor cursor;
    struct value values[ARRAY_LEN(fields)];
    char number[NUMBER_CHARS];
    int64_t line;
    rows_start(rows, &cursor);
    while (rows_next(&cursor, &line, values)) {
        buf_append(trace, &line, sizeof(line));
        for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
            struct span shown = value_show(values[i], number);
            buf_append(trace, &values[i].kind, sizeof(values[i].kind));
            buf_append(trace, shown.at, shown.len);
        }
    }
}

// What comes of `input`, fed first up to `cut` and then `step` bytes at a time.
static void read_body(
    const struct csv_dialect *dialect, struct span input, size_t cut, size_t step, struct buf *trace)
{
    struct rows rows;
    struct report report = {0};
    struct reader *reader;
    struct err err = {0};
    rows_init(&rows, ARRAY_LEN(fields), NULL);
    const struct reader_options options = {.endpoint = &endpoint,
        .format = BODY_CSV,
        .dialect = dialect,
        .max_rows = MAX_ROWS,
        .pattern_steps = LIMIT_BATCH_STEPS,
        .rows = &rows,
        .report = &report};
    enum err_code code = reader_new(&options, &reader, &err);
    require(code == ERR_NONE);
    code = reader_feed(reader, (struct span){.at = input.at, .len = cut}, &err);
    for (size_t at = cut; at < input.len && code == ERR_NONE; at += step) {
        size_t len = input.len - at < step ? input.len - at : step;
        code = reader_feed(reader, (struct span){.at = input.at + at, .len = len}, &err);
    }
    if (code == ERR_NONE)
        code = reader_finish(reader, &err);
    require(code == err.code && (code == ERR_NONE) == (err.text[0] == '\0'));
    report_finish(&report);
    trace_rows(&rows, trace);
    report_write(&report, trace);
    buf_printf(trace, "%d %u %s", (int)code, err.line, err.text);
    reader_free(reader);
    rows_fini(&rows);
    report_fini(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD_BYTES)
        return 0;
    struct span input = {.at = (const char *)data + HEAD_BYTES, .len = size - HEAD_BYTES};
    size_t cut = (size_t)(data[0] | data[1] << 8) % (input.len + 1);
    struct csv_dialect dialect = dialect_of(data + 2);
    struct buf whole, parts;
    buf_init(&whole, TRACE_BYTES);
    buf_init(&parts, TRACE_BYTES);
    read_body(&dialect, input, input.len, 1, &whole);
    read_body(&dialect, input, cut, input.len + 1, &parts);
    require(span_equal(buf_span(&whole), buf_span(&parts)));
    buf_clear(&parts);
    read_body(&dialect, input, 0, 1, &parts);
    require(span_equal(buf_span(&whole), buf_span(&parts)));
    buf_fini(&whole);
    buf_fini(&parts);
    return 0;
}
