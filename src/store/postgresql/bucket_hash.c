// SPDX-License-Identifier: Apache-2.0
// The values are made into one text, as concat_ws() does it: those that are null are left out, and between
// the others stands a byte. Its hash is the one that PostgreSQL has for texts, lookup3 by Bob Jenkins
// (burtleburtle.net/bob/hash/doobs.html), which does not change between its versions, as hash indexes on disk
// and the borders of partitions hang on it. Whether a server has it is asked when buckets are (buckets.c).
// Two values that differ may well have the same text; what the database takes for equal must. Pure; any
// thread.
#include "store/postgresql/bucket_hash.h"

#include <assert.h>
#include <string.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "text/number.h"

static_assert((LIMIT_BUCKETS & (LIMIT_BUCKETS - 1)) == 0, "a bucket is some bits of a hash");

enum { BLOCK_BYTES = 12, WORD_BYTES = 4, UUID_DIGITS = 32, DATE_CHARS = 10, SEPARATOR = 0x1f };

// --- the hash

struct hash {
    uint32_t a, b, c;
    unsigned char block[BLOCK_BYTES]; // what is not mixed in yet
    size_t used;                      // of it
};

static uint32_t turned(uint32_t word, unsigned bits)
{
    return word << bits | word >> (32 - bits);
}

static uint32_t word_at(const unsigned char *bytes, size_t count)
{
    uint32_t word = 0;
    for (size_t i = 0; i < count; i++)
        word |= (uint32_t)bytes[i] << 8 * i;
    return word;
}

static void begin(struct hash *hash, size_t len)
{
    uint32_t start = UINT32_C(0x9e3779b9) + (uint32_t)len + 3923095;
    *hash = (struct hash){.a = start, .b = start, .c = start};
}

static void mix(uint32_t *one, uint32_t *other, const uint32_t *next, unsigned bits)
{
    *one -= *other;
    *one ^= turned(*other, bits);
    *other += *next;
}

static void mix_block(struct hash *hash)
{
    hash->a += word_at(hash->block, WORD_BYTES);
    hash->b += word_at(hash->block + WORD_BYTES, WORD_BYTES);
    hash->c += word_at(hash->block + 2 * (size_t)WORD_BYTES, WORD_BYTES);
    mix(&hash->a, &hash->c, &hash->b, 4);
    mix(&hash->b, &hash->a, &hash->c, 6);
    mix(&hash->c, &hash->b, &hash->a, 8);
    mix(&hash->a, &hash->c, &hash->b, 16);
    mix(&hash->b, &hash->a, &hash->c, 19);
    mix(&hash->c, &hash->b, &hash->a, 4);
    hash->used = 0;
}

static void add(struct hash *hash, struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        hash->block[hash->used++] = (unsigned char)text.at[i];
        if (hash->used == BLOCK_BYTES)
            mix_block(hash);
    }
}

static void stir(uint32_t *one, uint32_t other, unsigned bits)
{
    *one ^= other;
    *one -= turned(other, bits);
}

// The lowest byte of c is left to the length.
static uint32_t end(struct hash *hash)
{
    memset(hash->block + hash->used, 0, BLOCK_BYTES - hash->used);
    hash->a += word_at(hash->block, WORD_BYTES);
    hash->b += word_at(hash->block + WORD_BYTES, WORD_BYTES);
    hash->c += word_at(hash->block + 2 * (size_t)WORD_BYTES, WORD_BYTES - 1) << 8;
    stir(&hash->c, hash->b, 14);
    stir(&hash->a, hash->c, 11);
    stir(&hash->b, hash->a, 25);
    stir(&hash->c, hash->b, 16);
    stir(&hash->a, hash->c, 4);
    stir(&hash->b, hash->a, 14);
    stir(&hash->c, hash->b, 24);
    return hash->c;
}

uint32_t pg_hash_text(struct span text)
{
    struct hash hash;
    begin(&hash, text.len);
    add(&hash, text);
    return end(&hash);
}

// --- values as text

static_assert((int)UUID_DIGITS <= (int)NUMBER_CHARS, "both are made in one room");

// What has no room in its value: digits.
struct piece {
    struct span text;
    char room[NUMBER_CHARS];
};

static struct span without_blanks(struct span text)
{
    while (text.len > 0 && text.at[text.len - 1] == ' ')
        text.len--;
    return text;
}

static bool is_plain_date(struct span text)
{
    static const char form[] = "0000-00-00";
    bool is = text.len == DATE_CHARS;
    for (size_t i = 0; is && i < text.len; i++)
        is = form[i] == '-' ? text.at[i] == '-' : ascii_is_digit(text.at[i]);
    return is;
}

// Whatever spelling: with or without '-', in braces, of either case.
static bool read_uuid(struct span text, char digits[UUID_DIGITS])
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = ascii_lower(text.at[i]);
        if (c == '-' || c == '{' || c == '}')
            continue;
        if (count == UUID_DIGITS || ascii_hex(c) < 0)
            return false;
        digits[count++] = c;
    }
    return count == UUID_DIGITS;
}

static bool make_piece(enum pg_bucket_kind kind, const struct value *value, struct piece *ret_piece)
{
    bool is_text = value->kind == VALUE_TEXT, is_integer = value->kind == VALUE_INTEGER;
    ret_piece->text =
        (struct span){.at = is_text ? value->text.at : "", .len = is_text ? value->text.len : 0};
    switch (kind) {
    case PG_BUCKET_TEXT:
        ret_piece->text = without_blanks(ret_piece->text);
        return is_text;
    case PG_BUCKET_DATE:
        return is_text && is_plain_date(ret_piece->text);
    case PG_BUCKET_INTEGER:
        if (is_integer)
            ret_piece->text = (struct span){
                .at = ret_piece->room, .len = number_format_integer(value->integer, ret_piece->room)};
        return is_integer;
    case PG_BUCKET_BOOLEAN:
        if (is_integer)
            ret_piece->text = span_of(value->integer != 0 ? "true" : "false");
        return is_integer;
    case PG_BUCKET_UUID:
        if (!is_text || !read_uuid(ret_piece->text, ret_piece->room))
            return false;
        ret_piece->text = (struct span){.at = ret_piece->room, .len = UUID_DIGITS};
        return true;
    }
    return false;
}

bool pg_bucket_of(const char *kinds, const struct value *values, size_t count, uint32_t *ret_bucket)
{
    static const char separator[] = {SEPARATOR};
    struct piece pieces[LIMIT_BUCKET_COLUMNS];
    size_t piece_count = 0, len = 0;
    for (size_t i = 0; i < count; i++) {
        struct piece *piece = &pieces[piece_count];
        if (values[i].kind == VALUE_NULL)
            continue;
        if (!make_piece((enum pg_bucket_kind)kinds[i], &values[i], piece))
            return false;
        len += piece->text.len + (piece_count > 0);
        piece_count++;
    }
    struct hash hash;
    begin(&hash, len);
    for (size_t i = 0; i < piece_count; i++) {
        if (i > 0)
            add(&hash, (struct span){.at = separator, .len = 1});
        add(&hash, pieces[i].text);
    }
    *ret_bucket = end(&hash) & (LIMIT_BUCKETS - 1);
    return true;
}
