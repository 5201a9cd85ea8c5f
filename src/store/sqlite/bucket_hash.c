// SPDX-License-Identifier: Apache-2.0
// The hash of values that decides in which bucket a row is. Pure; any thread.
//
// - Texts are equal by BINARY, by NOCASE, which does not tell the cases of ASCII apart, or by RTRIM, which
//   leaves blanks at the end out. So both are left out here. NOCASE compares up to a NUL and by length
//   (func.c: nocaseCollatingFunc), so what stands behind a NUL does not count.
// - A number equals another one if it is the same number. Integers beyond 2^53 that are the same as reals
//   share a bucket.
// - A number in a column of texts is the text that SQLite makes of it, and a text in a column of numbers the
//   number that it looks like.
// - What no parameter can equal is in any bucket: a blob, say.
#include "store/sqlite/bucket_hash.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/limits.h"

static_assert((LIMIT_BUCKETS & (LIMIT_BUCKETS - 1)) == 0, "a bucket is some bits of a hash");

enum { PIECE_BYTES = 64, INTEGER_CHARS = 24 };

static uint64_t add_null(uint64_t hash)
{
    return XXH64("n", 1, hash);
}

static uint64_t add_number(uint64_t hash, double number)
{
    number += 0.0; // of -0.0 it makes 0.0
    return XXH64(&number, sizeof(number), hash);
}

static uint64_t add_text(uint64_t hash, const char *text, size_t len)
{
    char piece[PIECE_BYTES];
    len = strnlen(text, len);
    while (len > 0 && text[len - 1] == ' ')
        len--;
    hash = XXH64("t", 1, hash);
    for (size_t done = 0; done < len;) {
        size_t count = len - done < sizeof(piece) ? len - done : sizeof(piece);
        for (size_t i = 0; i < count; i++) {
            char c = text[done + i];
            piece[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
        }
        hash = XXH64(piece, count, hash);
        done += count;
    }
    return hash;
}

bool sqlite_bucket_add(uint64_t *hash, enum sqlite_bucket_kind kind, sqlite3_value *value)
{
    int type = kind == BUCKET_NUMBER ? sqlite3_value_numeric_type(value) : sqlite3_value_type(value);
    bool is_number = type == SQLITE_INTEGER || type == SQLITE_FLOAT;
    if (type == SQLITE_NULL) {
        *hash = add_null(*hash);
    } else if (kind == BUCKET_NUMBER && type == SQLITE_INTEGER) {
        *hash = add_number(*hash, (double)sqlite3_value_int64(value));
    } else if (kind == BUCKET_NUMBER && type == SQLITE_FLOAT) {
        *hash = add_number(*hash, sqlite3_value_double(value));
    } else if (kind != BUCKET_NUMBER && (type == SQLITE_TEXT || is_number)) {
        const char *text = (const char *)sqlite3_value_text(value);
        if (text == NULL)
            return false;
        *hash = add_text(*hash, text, (size_t)sqlite3_value_bytes(value));
    }
    return true;
}

bool sqlite_bucket_add_param(uint64_t *hash, enum sqlite_bucket_kind kind, const struct value *value)
{
    char digits[INTEGER_CHARS];
    switch (value->kind) {
    case VALUE_NULL:
        *hash = add_null(*hash);
        return true;
    case VALUE_INTEGER:
    case VALUE_SCALED:
        if (kind == BUCKET_NUMBER)
            *hash = add_number(*hash, (double)value->integer);
        else
            *hash = add_text(
                *hash, digits, (size_t)snprintf(digits, sizeof(digits), "%lld", (long long)value->integer));
        return kind != BUCKET_AS_IS;
    case VALUE_REAL:
        *hash = add_number(*hash, value->real);
        return kind == BUCKET_NUMBER;
    case VALUE_TEXT:
        *hash =
            value->text.len > 0 ? add_text(*hash, value->text.at, value->text.len) : add_text(*hash, "", 0);
        return kind != BUCKET_NUMBER;
    case VALUE_DECIMAL: // which no value of this store's is
        break;
    }
    return false;
}

uint32_t sqlite_bucket_of(uint64_t hash)
{
    return (uint32_t)((hash ^ hash >> 32) & (LIMIT_BUCKETS - 1));
}
