// SPDX-License-Identifier: Apache-2.0
// A packed row is the difference of its line to the row before, then each value: a tag byte (enum
// value_kind), and behind it nothing (null), a zigzag number (integer), the same behind its scale (scaled),
// eight bytes (real) or a length and the bytes (text). Numbers are written seven bits a byte, lowest first,
// the top bit telling that more follow.
//
// A file has pieces, each its length in PIECE_HEAD_BYTES and then whole rows, and is written and read by
// whole pieces. Neither form outlives the process. One thread at a time.
#include "batch/rows.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"

enum {
    PIECE_HEAD_BYTES = 8,
    // Of a piece, from which on it goes to the file: below the next power of two, to which memory grows.
    PIECE_BYTES = LIMIT_ROWS_PIECE_BYTES - LIMIT_ROWS_PIECE_BYTES / 32,
};

void rows_init(struct rows *rows, size_t field_count, struct budget *budget)
{
    *rows = (struct rows){.field_count = field_count, .budget = budget};
    buf_init(&rows->packed, LIMIT_ROWS_BYTES);
}

void rows_spill_to(struct rows *rows, struct temp_space *space, uint64_t max_bytes)
{
    assert(rows->count == 0);
    rows->space = space != NULL && space->dir != NULL ? space : NULL;
    rows->max_bytes = max_bytes;
}

void rows_fini(struct rows *rows)
{
    if (rows == NULL)
        return;
    buf_fini(&rows->packed);
    budget_give_back(rows->budget, rows->charged_bytes);
    line_set_fini(&rows->left_out);
    temp_file_close(&rows->file);
    *rows = (struct rows){0};
}

void rows_clear(struct rows *rows)
{
    assert(!temp_file_is_open(&rows->file));
    buf_clear(&rows->packed);
    rows->count = rows->all_count = 0;
    rows->last_line = 0;
}

static void put_number(struct buf *out, uint64_t number)
{
    char bytes[10];
    size_t len = 0;
    while (number >= 0x80) {
        bytes[len++] = (char)(number | 0x80);
        number >>= 7;
    }
    bytes[len++] = (char)number;
    buf_append(out, bytes, len);
}

static uint64_t get_number(const char *data, size_t *offset)
{
    uint64_t number = 0;
    for (unsigned shift = 0;; shift += 7) {
        unsigned char byte = (unsigned char)data[(*offset)++];
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return number;
    }
}

static uint64_t zigzag(int64_t integer)
{
    return ((uint64_t)integer << 1) ^ (integer < 0 ? UINT64_MAX : 0);
}

static void put_value(struct buf *out, struct value value)
{
    buf_append_byte(out, (char)value.kind);
    switch (value.kind) {
    case VALUE_NULL:
        break;
    case VALUE_SCALED:
        buf_append_byte(out, (char)value.scale);
        put_number(out, zigzag(value.integer));
        break;
    case VALUE_INTEGER:
        put_number(out, zigzag(value.integer));
        break;
    case VALUE_REAL:
        buf_append(out, &value.real, sizeof(value.real));
        break;
    case VALUE_TEXT:
    case VALUE_DECIMAL: // which no parser gives
        put_number(out, value.text.len);
        buf_append(out, value.text.at, value.text.len);
        break;
    }
}

static struct value get_value(const char *data, size_t *offset)
{
    struct value value = {.kind = (enum value_kind)data[(*offset)++]};
    uint64_t number;
    switch (value.kind) {
    case VALUE_NULL:
        break;
    case VALUE_SCALED:
        value.scale = (uint8_t)data[(*offset)++];
        number = get_number(data, offset);
        value.integer = (int64_t)(number >> 1) ^ -(int64_t)(number & 1);
        break;
    case VALUE_INTEGER:
        number = get_number(data, offset);
        value.integer = (int64_t)(number >> 1) ^ -(int64_t)(number & 1);
        break;
    case VALUE_REAL:
        memcpy(&value.real, data + *offset, sizeof(value.real));
        *offset += sizeof(value.real);
        break;
    case VALUE_TEXT:
    case VALUE_DECIMAL:
        value.text.len = (size_t)get_number(data, offset);
        value.text.at = data + *offset;
        *offset += value.text.len;
        break;
    }
    return value;
}

// --- writing

// Charges what the packed rows have grown by, so that the budget is passed by one growth at most, and for a
// moment only.
static enum err_code charge(struct rows *rows, struct err *err)
{
    size_t grown_bytes = rows->packed.cap - rows->charged_bytes;
    if (grown_bytes == 0)
        return ERR_NONE;
    if (!budget_take(rows->budget, grown_bytes))
        return err_set(err, ERR_BUSY, "too many batches are waiting: send this one again later");
    rows->charged_bytes += grown_bytes;
    return ERR_NONE;
}

static enum err_code fail_size(uint64_t max_bytes, struct err *err)
{
    return err_set(err, ERR_TOO_LARGE,
        "the rows of the batch take more than %llu bytes: send them in several requests",
        (unsigned long long)max_bytes);
}

// Moves the packed rows to the file, as one piece.
static enum err_code spill(struct rows *rows, struct err *err)
{
    struct buf *packed = &rows->packed;
    const uint64_t len = packed->len;
    enum err_code code = ERR_NONE;
    if (!temp_file_is_open(&rows->file))
        code = temp_file_open(&rows->file, rows->space, err);
    if (code == ERR_NONE && rows->file.bytes + len > rows->max_bytes)
        code = fail_size(rows->max_bytes, err);
    if (code == ERR_NONE)
        code = temp_file_append(&rows->file, &len, PIECE_HEAD_BYTES, err);
    if (code == ERR_NONE)
        code = temp_file_append(&rows->file, packed->data, packed->len, err);
    buf_clear(packed);
    return code;
}

enum err_code rows_add(struct rows *rows, int64_t line, const struct value *values, struct err *err)
{
    assert(line >= rows->last_line);
    put_number(&rows->packed, (uint64_t)(line - rows->last_line));
    for (size_t i = 0; i < rows->field_count; i++)
        put_value(&rows->packed, values[i]);
    rows->last_line = line;
    rows->all_count = ++rows->count;
    enum err_code code = buf_status(&rows->packed);
    if (code == ERR_TOO_LARGE)
        return fail_size(rows->packed.max, err);
    if (code != ERR_NONE)
        return err_no_memory(err);
    code = charge(rows, err);
    if (code == ERR_NONE && rows->packed.len >= PIECE_BYTES && rows->space != NULL)
        code = spill(rows, err);
    return code;
}

enum err_code rows_end(struct rows *rows, struct err *err)
{
    if (!temp_file_is_open(&rows->file))
        return ERR_NONE;
    enum err_code code = rows->packed.len > 0 ? spill(rows, err) : ERR_NONE;
    buf_fini(&rows->packed);
    budget_give_back(rows->budget, rows->charged_bytes);
    rows->charged_bytes = 0;
    return code;
}

// --- reading

void rows_start(const struct rows *rows, struct rows_cursor *ret_cursor)
{
    *ret_cursor = (struct rows_cursor){.rows = rows};
    if (temp_file_is_open(&rows->file))
        buf_init(&ret_cursor->read, LIMIT_ROWS_BYTES);
    else
        ret_cursor->piece = buf_span(&rows->packed);
}

// Reads the next piece of the file; behind the last one come the rows in memory, if rows_end was not called.
static enum err_code read_piece(struct rows_cursor *cursor)
{
    const struct rows *rows = cursor->rows;
    struct buf *read = &cursor->read;
    uint64_t len;
    if (cursor->file_offset == rows->file.bytes) {
        bool was_last = cursor->piece.at == rows->packed.data;
        cursor->piece = buf_span(&rows->packed);
        if (was_last)
            cursor->piece = (struct span){0};
        return ERR_NONE;
    }
    enum err_code code =
        temp_file_read(&rows->file, cursor->file_offset, &len, PIECE_HEAD_BYTES, &cursor->failure);
    if (code != ERR_NONE)
        return code;
    buf_clear(read);
    if (buf_reserve(read, len) != ERR_NONE)
        return err_no_memory(&cursor->failure);
    code = temp_file_read(
        &rows->file, cursor->file_offset + PIECE_HEAD_BYTES, read->data, len, &cursor->failure);
    cursor->file_offset += PIECE_HEAD_BYTES + len;
    cursor->piece = (struct span){.at = read->data, .len = len};
    return code;
}

// The next row, be it left out or not.
static bool next_of_all(struct rows_cursor *cursor, struct value *values)
{
    if (cursor->offset == cursor->piece.len) {
        cursor->offset = 0;
        if (!temp_file_is_open(&cursor->rows->file) || read_piece(cursor) != ERR_NONE)
            cursor->piece = (struct span){0};
        if (cursor->piece.len == 0)
            return false;
    }
    const char *data = cursor->piece.at;
    cursor->line += (int64_t)get_number(data, &cursor->offset);
    for (size_t i = 0; i < cursor->rows->field_count; i++)
        values[i] = get_value(data, &cursor->offset);
    return true;
}

bool rows_next(struct rows_cursor *cursor, int64_t *ret_line, struct value *values)
{
    do {
        if (!next_of_all(cursor, values))
            return false;
    } while (line_set_has(&cursor->rows->left_out, cursor->line));
    *ret_line = cursor->line;
    return true;
}

void rows_cursor_fini(struct rows_cursor *cursor)
{
    buf_fini(&cursor->read);
}

enum err_code rows_stop(struct rows_cursor *cursor, struct err *err)
{
    rows_cursor_fini(cursor);
    if (cursor->failure.code != ERR_NONE)
        *err = cursor->failure;
    return cursor->failure.code;
}

// --- rows that are left out

enum err_code rows_leave_out(
    struct rows *rows, const struct line_set *lines, size_t *ret_found, struct err *err)
{
    struct value values[LIMIT_FIELDS];
    struct rows_cursor cursor;
    size_t left = 0, found = 0;
    int64_t line, latest = 0; // of those that were found
    enum err_code code = ERR_NONE;
    if (rows->left_out.words == NULL)
        code = line_set_init(&rows->left_out, rows->last_line, rows->budget, err);
    if (code != ERR_NONE)
        return code;
    rows_start(rows, &cursor);
    while (rows_next(&cursor, &line, values)) {
        bool is_found = line_set_has(lines, line);
        left += !is_found;
        found += is_found && line != latest;
        latest = is_found ? line : latest;
    }
    code = rows_stop(&cursor, err);
    if (code != ERR_NONE)
        return code;
    line_set_add_all(&rows->left_out, lines);
    rows->count = left;
    *ret_found = found;
    return ERR_NONE;
}

void rows_put_back(struct rows *rows)
{
    line_set_fini(&rows->left_out);
    rows->count = rows->all_count;
}
