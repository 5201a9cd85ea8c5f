// SPDX-License-Identifier: Apache-2.0
// The bytes of a cursor: four for the statement, then for each key a tag, and behind it eight bytes (integer,
// real), or two bytes of length and the text (also of a decimal), or nothing (null). All numbers have their
// lowest byte first. Bytes rather than JSON, so that every value comes back as it was, a real to the last
// bit. Whether the keys suit the order is page.c's. Pure; any thread.
#include "app/cursor.h"

#include <assert.h>
#include <string.h>

#include "base/ascii.h"
#include "text/utf8.h"

enum { TAG_NULL = 'n', TAG_INTEGER = 'i', TAG_REAL = 'r', TAG_DECIMAL = 'd', TAG_TEXT = 't' };

// --- packing

// False when it does not fit any more.
static bool put_number(struct cursor *cursor, uint64_t number, size_t bytes)
{
    if (bytes > sizeof(cursor->bytes) - cursor->len)
        return false;
    for (size_t i = 0; i < bytes; i++)
        cursor->bytes[cursor->len++] = (char)(unsigned char)(number >> (8 * i));
    return true;
}

static bool put_text(struct cursor *cursor, struct span text)
{
    if (text.len > UINT16_MAX || !put_number(cursor, text.len, sizeof(uint16_t)) ||
        text.len > sizeof(cursor->bytes) - cursor->len)
        return false;
    if (text.len > 0)
        memcpy(cursor->bytes + cursor->len, text.at, text.len);
    cursor->len += text.len;
    return true;
}

// As a store gives one: digits with a point between them, perhaps, and a minus in front.
static bool is_decimal(struct span text)
{
    size_t points = 0, start = text.len > 0 && text.at[0] == '-';
    for (size_t i = start; i < text.len; i++) {
        bool is_point = text.at[i] == '.' && i > start && i + 1 < text.len;
        if (!is_point && !ascii_is_digit(text.at[i]))
            return false;
        points += is_point;
    }
    return text.len > start && points <= 1;
}

static enum cursor_result put_value(struct cursor *cursor, const struct value *value)
{
    uint64_t bits;
    bool fits = false;
    switch (value->kind) {
    case VALUE_INTEGER:
        fits =
            put_number(cursor, TAG_INTEGER, 1) && put_number(cursor, (uint64_t)value->integer, sizeof(bits));
        break;
    case VALUE_REAL:
        memcpy(&bits, &value->real, sizeof(bits));
        fits = put_number(cursor, TAG_REAL, 1) && put_number(cursor, bits, sizeof(bits));
        break;
    case VALUE_TEXT:
        if (!utf8_is_text(value->text))
            return CURSOR_NO_VALUE;
        fits = put_number(cursor, TAG_TEXT, 1) && put_text(cursor, value->text);
        break;
    case VALUE_DECIMAL:
        fits = put_number(cursor, TAG_DECIMAL, 1) && put_text(cursor, value->text);
        break;
    case VALUE_SCALED: // which no store gives
    case VALUE_NULL:
        fits = put_number(cursor, TAG_NULL, 1);
        break;
    }
    return fits ? CURSOR_OK : CURSOR_TOO_LONG;
}

enum cursor_result cursor_pack(
    uint32_t statement, const struct value *keys, size_t count, struct cursor *ret_cursor)
{
    ret_cursor->len = 0;
    if (!put_number(ret_cursor, statement, sizeof(statement)))
        return CURSOR_TOO_LONG;
    for (size_t i = 0; i < count; i++) {
        enum cursor_result result = put_value(ret_cursor, &keys[i]);
        if (result != CURSOR_OK)
            return result;
    }
    return CURSOR_OK;
}

// --- unpacking

static bool get_number(struct span *rest, size_t bytes, uint64_t *ret_number)
{
    uint64_t number = 0;
    if (rest->len < bytes)
        return false;
    for (size_t i = 0; i < bytes; i++)
        number |= (uint64_t)(unsigned char)rest->at[i] << (8 * i);
    rest->at += bytes;
    rest->len -= bytes;
    *ret_number = number;
    return true;
}

// What stands behind a tag, before any text.
static size_t head_bytes(uint64_t tag)
{
    if (tag == TAG_NULL)
        return 0;
    return tag == TAG_TEXT || tag == TAG_DECIMAL ? sizeof(uint16_t) : sizeof(uint64_t);
}

static bool get_value(struct span *rest, struct value *ret_value)
{
    uint64_t tag, number;
    if (!get_number(rest, 1, &tag) || !get_number(rest, head_bytes(tag), &number))
        return false;
    switch (tag) {
    case TAG_NULL:
        *ret_value = (struct value){.kind = VALUE_NULL};
        return true;
    case TAG_INTEGER:
        *ret_value = (struct value){.kind = VALUE_INTEGER, .integer = (int64_t)number};
        return true;
    case TAG_REAL:
        ret_value->kind = VALUE_REAL;
        memcpy(&ret_value->real, &number, sizeof(number));
        return true;
    case TAG_DECIMAL:
    case TAG_TEXT:
        if (number > rest->len)
            return false;
        *ret_value = (struct value){.kind = tag == TAG_TEXT ? VALUE_TEXT : VALUE_DECIMAL,
            .text = {.at = rest->at, .len = (size_t)number}};
        rest->at += number;
        rest->len -= (size_t)number;
        return tag == TAG_TEXT ? utf8_is_text(ret_value->text) : is_decimal(ret_value->text);
    default:
        return false;
    }
}

bool cursor_unpack(const struct cursor *cursor, uint32_t statement, size_t count, struct value *ret_keys)
{
    struct span rest = {.at = cursor->bytes, .len = cursor->len};
    struct value keys[CURSOR_KEYS];
    uint64_t whose;
    assert(count <= CURSOR_KEYS);
    if (!get_number(&rest, sizeof(statement), &whose) || whose != statement)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!get_value(&rest, &keys[i]))
            return false;
    }
    if (rest.len > 0)
        return false;
    memcpy(ret_keys, keys, count * sizeof(*keys));
    return true;
}

// --- text

size_t cursor_to_text(const struct cursor *cursor, char text[CURSOR_CHARS])
{
    return base64url_encode((struct span){.at = cursor->bytes, .len = cursor->len}, text);
}

bool cursor_from_text(struct span text, struct cursor *ret_cursor)
{
    return base64url_decode(text, ret_cursor->bytes, sizeof(ret_cursor->bytes), &ret_cursor->len);
}
