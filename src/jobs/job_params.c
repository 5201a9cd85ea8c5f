// SPDX-License-Identifier: Apache-2.0
// The text comes back from a database, where a hand may have changed it: so reading trusts no length of it.
#include "jobs/job_params.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"

enum { NUMBER_BYTES = 64 };

static void write_value(const struct value *value, struct buf *out)
{
    switch (value->kind) {
    case VALUE_INTEGER:
        buf_printf(out, "i%" PRId64 ";", value->integer);
        return;
    case VALUE_SCALED:
        buf_printf(out, "s%" PRId64 "/%u;", value->integer, value->scale);
        return;
    case VALUE_REAL:
        buf_printf(out, "r%a;", value->real);
        return;
    case VALUE_TEXT:
    case VALUE_DECIMAL:
        buf_printf(out, "%c%zu:", value->kind == VALUE_TEXT ? 't' : 'd', value->text.len);
        buf_append(out, value->text.at, value->text.len);
        buf_append_byte(out, ';');
        return;
    case VALUE_NULL:
        break;
    }
    buf_append_str(out, "n;");
}

void job_params_write(const struct value *values, size_t count, struct buf *out)
{
    for (size_t i = 0; i < count; i++)
        write_value(&values[i], out);
}

// --- reading

// Takes what stands before `end` off the front, with it, as a text with a NUL. False when that is too long or
// not there.
static bool take(struct span *rest, char end, char ret_text[NUMBER_BYTES])
{
    const char *found = rest->len > 0 ? memchr(rest->at, end, rest->len) : NULL;
    size_t len = found != NULL ? (size_t)(found - rest->at) : 0;
    if (found == NULL || len == 0 || len >= NUMBER_BYTES)
        return false;
    memcpy(ret_text, rest->at, len);
    ret_text[len] = '\0';
    rest->at += len + 1;
    rest->len -= len + 1;
    return true;
}

static bool take_integer(struct span *rest, char end, int64_t *ret_integer)
{
    char text[NUMBER_BYTES], *stop;
    if (!take(rest, end, text) || (text[0] != '-' && !ascii_is_digit(text[0])))
        return false;
    *ret_integer = strtoll(text, &stop, 10);
    return *stop == '\0';
}

static bool take_real(struct span *rest, double *ret_real)
{
    char text[NUMBER_BYTES], *stop;
    if (!take(rest, ';', text))
        return false;
    *ret_real = strtod(text, &stop);
    return *stop == '\0';
}

static bool take_text(struct span *rest, struct span *ret_text)
{
    int64_t len;
    if (!take_integer(rest, ':', &len) || len < 0 || (uint64_t)len >= rest->len || rest->at[len] != ';')
        return false;
    *ret_text = (struct span){.at = rest->at, .len = (size_t)len};
    rest->at += len + 1;
    rest->len -= (size_t)len + 1;
    return true;
}

static bool take_value(struct span *rest, struct value *ret_value)
{
    if (rest->len == 0)
        return false;
    char kind = rest->at[0];
    int64_t scale;
    rest->at++;
    rest->len--;
    switch (kind) {
    case 'n':
        ret_value->kind = VALUE_NULL;
        return rest->len > 0 && span_split(rest, ';').len == 0;
    case 'i':
        ret_value->kind = VALUE_INTEGER;
        return take_integer(rest, ';', &ret_value->integer);
    case 's':
        ret_value->kind = VALUE_SCALED;
        if (!take_integer(rest, '/', &ret_value->integer) || !take_integer(rest, ';', &scale) || scale < 0 ||
            scale > UINT8_MAX)
            return false;
        ret_value->scale = (uint8_t)scale;
        return true;
    case 'r':
        ret_value->kind = VALUE_REAL;
        return take_real(rest, &ret_value->real);
    case 't':
    case 'd':
        ret_value->kind = kind == 't' ? VALUE_TEXT : VALUE_DECIMAL;
        return take_text(rest, &ret_value->text);
    default:
        return false;
    }
}

// Takes up to `max` values off the front.
static bool take_values(struct span *rest, struct value *ret_values, size_t max, size_t *ret_count)
{
    size_t count = 0;
    for (; count < max && rest->len > 0; count++) {
        ret_values[count] = (struct value){0};
        if (!take_value(rest, &ret_values[count]))
            return false;
    }
    *ret_count = count;
    return true;
}

bool job_params_read_some(struct span text, struct value *ret_values, size_t max, size_t *ret_count)
{
    return take_values(&text, ret_values, max, ret_count);
}

bool job_params_read(struct span text, struct value *ret_values, size_t count)
{
    size_t found;
    return take_values(&text, ret_values, count, &found) && found == count && text.len == 0;
}
