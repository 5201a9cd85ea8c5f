// SPDX-License-Identifier: Apache-2.0
// A packed row is the difference of its line to the row before, then each value: a tag byte (enum
// value_kind), and behind it nothing (null), a zigzag number (integer), eight bytes (real) or a length and
// the bytes (text). Numbers are written seven bits a byte, lowest first, the top bit telling that more
// follow. The form never leaves the process. One thread at a time.
#include "batch/rows.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"

void rows_init(struct rows *rows, size_t field_count, struct budget *budget)
{
    *rows = (struct rows){.field_count = field_count, .budget = budget};
    buf_init(&rows->packed, LIMIT_ROWS_BYTES);
}

void rows_fini(struct rows *rows)
{
    if (rows == NULL)
        return;
    buf_fini(&rows->packed);
    budget_give_back(rows->budget, rows->charged_bytes);
    *rows = (struct rows){0};
}

void rows_clear(struct rows *rows)
{
    buf_clear(&rows->packed);
    rows->count = 0;
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

static void put_value(struct buf *out, struct value value)
{
    buf_append_byte(out, (char)value.kind);
    switch (value.kind) {
    case VALUE_NULL:
        break;
    case VALUE_INTEGER:
        put_number(out, ((uint64_t)value.integer << 1) ^ (value.integer < 0 ? UINT64_MAX : 0));
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

// Charges what the packed rows have grown by, so that the budget is passed by one growth at most, and for a
// moment only.
static enum err_code charge(struct rows *rows)
{
    size_t grown_bytes = rows->packed.cap - rows->charged_bytes;
    if (grown_bytes == 0)
        return ERR_NONE;
    if (!budget_take(rows->budget, grown_bytes))
        return ERR_BUSY;
    rows->charged_bytes += grown_bytes;
    return ERR_NONE;
}

enum err_code rows_add(struct rows *rows, int64_t line, const struct value *values)
{
    assert(line >= rows->last_line);
    put_number(&rows->packed, (uint64_t)(line - rows->last_line));
    for (size_t i = 0; i < rows->field_count; i++)
        put_value(&rows->packed, values[i]);
    rows->last_line = line;
    rows->count++;
    enum err_code code = buf_status(&rows->packed);
    return code == ERR_NONE ? charge(rows) : code;
}

void rows_start(const struct rows *rows, struct rows_cursor *ret_cursor)
{
    *ret_cursor = (struct rows_cursor){.rows = rows};
}

bool rows_next(struct rows_cursor *cursor, int64_t *ret_line, struct value *values)
{
    const struct rows *rows = cursor->rows;
    if (cursor->offset == rows->packed.len)
        return false;
    cursor->line += (int64_t)get_number(rows->packed.data, &cursor->offset);
    for (size_t i = 0; i < rows->field_count; i++)
        values[i] = get_value(rows->packed.data, &cursor->offset);
    *ret_line = cursor->line;
    return true;
}
