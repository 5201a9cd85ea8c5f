// SPDX-License-Identifier: Apache-2.0
// A token that the end of the bytes cuts waits in `tail` until its rest has come, and is looked into only
// when it is whole. So what comes out does not depend on how the input was cut, and each byte is passed a
// fixed number of times: once to find a token's end, and in a string with escapes or characters outside of
// ASCII once more. Invariant: a token lies on one line. One thread at a
// time.
#include "text/json_lexer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/limits.h"
#include "text/utf8.h"

// A string as it is written. An escape has at most 6 bytes for each one that it stands for, so a longer
// string is over LIMIT_VALUE_BYTES or broken, even if its last escape is cut.
enum { MAX_STRING_BYTES = 6 * LIMIT_VALUE_BYTES + 16 };

static uint32_t clamp(int64_t number)
{
    return number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
}

void json_lexer_fail(struct json_lexer *lexer, int64_t offset, enum err_code code, const char *format, ...)
{
    char text[128];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    (void)err_set_at(
        &lexer->failure, code, clamp(lexer->line), clamp(offset - lexer->line_start + 1), "%s", text);
}

static void fail_broken(struct json_lexer *lexer, int64_t offset, const char *what)
{
    json_lexer_fail(lexer, offset, ERR_MALFORMED, "broken JSON: %s", what);
}

// An append to a buffer whose maximum is the largest value has failed.
static void fail_value(struct json_lexer *lexer, enum err_code code)
{
    if (code == ERR_TOO_LARGE)
        json_lexer_fail(lexer, lexer->token, code, "a value is larger than %d bytes", LIMIT_VALUE_BYTES);
    else
        (void)err_no_memory(&lexer->failure);
}

// --- strings
//
// These functions take `raw`: a string from its opening quote on, up to lexer->offset. They return false when
// it is broken, which is a failure, and when it ends before its closing quote does, which is none.

static bool fail_in_string(struct json_lexer *lexer, struct span raw, size_t at, const char *what)
{
    fail_broken(lexer, lexer->offset - (int64_t)(raw.len - at), what);
    return false;
}

// Reads the four digits at `at`.
static bool read_hex(struct json_lexer *lexer, struct span raw, size_t at, uint32_t *ret_unit)
{
    uint32_t unit = 0;
    for (size_t i = at; i < at + 4; i++) {
        int digit = i < raw.len ? ascii_hex(raw.at[i]) : 0;
        if (digit < 0)
            return fail_in_string(lexer, raw, i, "\\u without four hexadecimal digits in a string");
        unit = unit << 4 | (uint32_t)digit;
    }
    *ret_unit = unit;
    return at + 4 <= raw.len;
}

// Takes \uXXXX at *at, or two of them that are a surrogate pair (RFC 8259 section 7).
static bool take_code_point(struct json_lexer *lexer, struct span raw, size_t *at)
{
    static const char half[] = "half of a surrogate pair in a string";
    uint32_t unit, low;
    if (!read_hex(lexer, raw, *at + 2, &unit))
        return false;
    *at += 6;
    if ((unit & 0xFC00) == 0xDC00)
        return fail_in_string(lexer, raw, *at - 1, half);
    if ((unit & 0xFC00) == 0xD800) {
        for (size_t i = 0; i < 2; i++) {
            if (*at + i < raw.len && raw.at[*at + i] != "\\u"[i])
                return fail_in_string(lexer, raw, *at + i, half);
        }
        if (!read_hex(lexer, raw, *at + 2, &low))
            return false;
        *at += 6;
        if ((low & 0xFC00) != 0xDC00)
            return fail_in_string(lexer, raw, *at - 1, half);
        unit = 0x10000 + ((unit & 0x3FF) << 10 | (low & 0x3FF));
    }
    char encoded[UTF8_MAX_BYTES];
    buf_append(&lexer->unquoted, encoded, utf8_encode(unit, encoded));
    return true;
}

// Takes the escape at *at.
static bool take_escape(struct json_lexer *lexer, struct span raw, size_t *at)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    if (*at + 1 == raw.len)
        return false;
    char letter = raw.at[*at + 1];
    if (letter == 'u')
        return take_code_point(lexer, raw, at);
    const char *found = letter != '\0' ? strchr(letters, letter) : NULL;
    if (found == NULL)
        return fail_in_string(lexer, raw, *at + 1, "an unknown escape in a string");
    buf_append_byte(&lexer->unquoted, meanings[found - letters]);
    *at += 2;
    return true;
}

// Takes the character of several bytes at *at.
static bool take_sequence(struct json_lexer *lexer, struct span raw, size_t *at)
{
    static const char fault[] = "a string is not UTF-8";
    struct utf8_lead lead = utf8_lead_of((unsigned char)raw.at[*at]);
    if (lead.more == 0)
        return fail_in_string(lexer, raw, *at, fault);
    for (size_t i = *at + 1; i <= *at + lead.more; i++) {
        if (i == raw.len)
            return false;
        unsigned char byte = (unsigned char)raw.at[i];
        if (byte < lead.low || byte > lead.high)
            return fail_in_string(lexer, raw, i, fault);
        lead.low = 0x80;
        lead.high = 0xBF;
    }
    buf_append(&lexer->unquoted, raw.at + *at, lead.more + 1u);
    *at += lead.more + 1u;
    return true;
}

static bool is_plain(unsigned char byte)
{
    return byte >= ' ' && byte < 0x80 && byte != '"' && byte != '\\';
}

// Takes all of a string. Without its quotes it is raw itself where it is plain, else lexer->unquoted.
static bool unquote(struct json_lexer *lexer, struct span raw, struct span *ret_text)
{
    buf_clear(&lexer->unquoted);
    if (lexer->is_plain && raw.len > 1 && raw.len - 2 <= LIMIT_VALUE_BYTES && raw.at[raw.len - 1] == '"') {
        *ret_text = (struct span){.at = raw.at + 1, .len = raw.len - 2};
        return true;
    }
    size_t at = 1;
    bool goes_on = true;
    while (goes_on && buf_status(&lexer->unquoted) == ERR_NONE) {
        size_t first = at;
        while (at < raw.len && is_plain((unsigned char)raw.at[at]))
            at++;
        if (buf_append(&lexer->unquoted, raw.at + first, at - first) != ERR_NONE)
            break; // too large, whatever is broken behind that
        if (at == raw.len || raw.at[at] == '"')
            break;
        if (raw.at[at] == '\\')
            goes_on = take_escape(lexer, raw, &at);
        else if ((unsigned char)raw.at[at] >= 0x80)
            goes_on = take_sequence(lexer, raw, &at);
        else
            goes_on = fail_in_string(lexer, raw, at, "a control character in a string");
    }
    enum err_code code = buf_status(&lexer->unquoted);
    if (code != ERR_NONE)
        fail_value(lexer, code);
    *ret_text = buf_span(&lexer->unquoted);
    return code == ERR_NONE && goes_on && at < raw.len;
}

// --- tokens

enum byte_class {
    CLASS_STRAY, // stands nowhere between tokens
    CLASS_BLANK, // space, tab, CR
    CLASS_LINE_END,
    CLASS_PUNCTUATION,
    CLASS_QUOTE,
    CLASS_WORD,
};

// What a byte is between tokens (RFC 8259 section 2).
static const unsigned char classes[256] = {
    [' '] = CLASS_BLANK,
    ['\t'] = CLASS_BLANK,
    ['\r'] = CLASS_BLANK,
    ['\n'] = CLASS_LINE_END,
    ['{'] = CLASS_PUNCTUATION,
    ['}'] = CLASS_PUNCTUATION,
    ['['] = CLASS_PUNCTUATION,
    [']'] = CLASS_PUNCTUATION,
    [','] = CLASS_PUNCTUATION,
    [':'] = CLASS_PUNCTUATION,
    ['"'] = CLASS_QUOTE,
    ['+'] = CLASS_WORD,
    ['-'] = CLASS_WORD,
    ['.'] = CLASS_WORD,
    ['0' ... '9'] = CLASS_WORD,
    ['A' ... 'Z'] = CLASS_WORD,
    ['a' ... 'z'] = CLASS_WORD,
};

// Moves `len` bytes from the front of *bytes to the current token. True when the token is whole now: *ret_raw
// is it, as it is written. Else it waits in the tail.
static bool take_bytes(
    struct json_lexer *lexer, struct span *bytes, size_t len, bool is_whole, struct span *ret_raw)
{
    struct span part = {.at = bytes->at, .len = len};
    bytes->at += len;
    bytes->len -= len;
    lexer->offset += (int64_t)len;
    if (is_whole && lexer->tail.len == 0) {
        *ret_raw = part;
        return true;
    }
    if (buf_append(&lexer->tail, part.at, part.len) != ERR_NONE) { // the caller has seen to its maximum
        (void)err_no_memory(&lexer->failure);
        return false;
    }
    lexer->is_tail_whole = is_whole;
    *ret_raw = buf_span(&lexer->tail);
    return is_whole;
}

// Passes bytes of a string from the first `len` on; returns how many there are up to and with the one that
// ends it, a quote or a control character, or are there at all.
static size_t scan_string(struct json_lexer *lexer, struct span bytes, size_t len, bool *ret_is_whole)
{
    if (lexer->is_escaped) {
        lexer->is_escaped = false;
        len++;
    }
    while (len < bytes.len) {
        unsigned char byte = (unsigned char)bytes.at[len++];
        if (is_plain(byte))
            continue;
        lexer->is_plain &= byte == '"';
        if (byte < ' ' || byte == '"') {
            *ret_is_whole = true;
            return len;
        }
        if (byte != '\\')
            continue;
        if (len == bytes.len)
            lexer->is_escaped = true;
        else
            len++;
    }
    return len;
}

// Goes on in a string; false when its end has not come, or it is broken.
static bool next_string(struct json_lexer *lexer, struct span *bytes, struct json_token *ret_token)
{
    bool starts = lexer->tail.len == 0, is_whole = false;
    if (starts) {
        if (lexer->offset != lexer->word_end) // the place of 1"x" is that of the 1
            lexer->token = lexer->offset;
        lexer->is_plain = true;
        lexer->is_escaped = false;
    }
    struct span part = *bytes, raw;
    if (part.len > MAX_STRING_BYTES - lexer->tail.len)
        part.len = MAX_STRING_BYTES - lexer->tail.len;
    size_t len = scan_string(lexer, part, starts ? 1 : 0, &is_whole);
    is_whole |= lexer->tail.len + len == MAX_STRING_BYTES;
    if (!take_bytes(lexer, bytes, len, is_whole, &raw))
        return false;
    ret_token->kind = JSON_TOKEN_STRING;
    bool is_fine = unquote(lexer, raw, &ret_token->text);
    assert(is_fine || lexer->failure.code != ERR_NONE); // MAX_STRING_BYTES without an end are too large
    return is_fine;
}

static void fail_stray(struct json_lexer *lexer, int64_t offset)
{
    fail_broken(lexer, offset, "a stray character");
}

// Goes on in a word; false when its end has not come, or it is too long.
static bool next_word(struct json_lexer *lexer, struct span *bytes, struct json_token *ret_token)
{
    if (lexer->tail.len == 0)
        lexer->token = lexer->offset;
    size_t len = 0;
    while (len < bytes->len && classes[(unsigned char)bytes->at[len]] == CLASS_WORD)
        len++;
    if (lexer->tail.len + len > LIMIT_VALUE_BYTES) {
        fail_value(lexer, ERR_TOO_LARGE);
        return false;
    }
    // A stray character counts as more wrong than the word that it ends.
    if (len < bytes->len && classes[(unsigned char)bytes->at[len]] == CLASS_STRAY) {
        fail_stray(lexer, lexer->offset + (int64_t)len);
        return false;
    }
    ret_token->kind = JSON_TOKEN_WORD;
    bool is_whole = take_bytes(lexer, bytes, len, len < bytes->len, &ret_token->text);
    lexer->word_end = lexer->offset;
    return is_whole;
}

// Goes on behind the last token, which was handed out.
static void leave_token(struct json_lexer *lexer)
{
    if (lexer->is_tail_whole) {
        buf_clear(&lexer->tail);
        lexer->is_tail_whole = false;
    }
    if (lexer->is_line_over) {
        lexer->line++;
        lexer->line_start = lexer->offset;
        lexer->is_line_over = false;
    }
}

bool json_lexer_next(struct json_lexer *lexer, struct span *bytes, struct json_token *ret_token)
{
    leave_token(lexer);
    while (bytes->len > 0) {
        const char *first = lexer->tail.len > 0 ? lexer->tail.data : bytes->at;
        enum byte_class class = classes[(unsigned char)*first];
        switch (class) {
        case CLASS_QUOTE:
            return next_string(lexer, bytes, ret_token);
        case CLASS_WORD:
            return next_word(lexer, bytes, ret_token);
        case CLASS_PUNCTUATION:
        case CLASS_LINE_END:
            lexer->token = lexer->offset;
            lexer->is_line_over = class == CLASS_LINE_END;
            ret_token->kind = lexer->is_line_over ? JSON_TOKEN_LINE_END : JSON_TOKEN_PUNCTUATION;
            return take_bytes(lexer, bytes, 1, true, &ret_token->text);
        case CLASS_BLANK:
            span_drop(bytes, 1);
            lexer->offset++;
            break;
        case CLASS_STRAY:
            fail_stray(lexer, lexer->offset);
            return false;
        }
    }
    return false;
}

bool json_lexer_is_in_string(struct json_lexer *lexer)
{
    struct span text;
    bool is_in_string = lexer->tail.len > 0 && !lexer->is_tail_whole && lexer->tail.data[0] == '"';
    if (is_in_string)
        (void)unquote(lexer, buf_span(&lexer->tail), &text);
    return is_in_string;
}

void json_lexer_init(struct json_lexer *lexer)
{
    *lexer = (struct json_lexer){.line = 1, .word_end = -1};
    buf_init(&lexer->tail, MAX_STRING_BYTES);
    buf_init(&lexer->unquoted, LIMIT_VALUE_BYTES);
}

void json_lexer_fini(struct json_lexer *lexer)
{
    buf_fini(&lexer->tail);
    buf_fini(&lexer->unquoted);
}
