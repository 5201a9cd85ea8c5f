// SPDX-License-Identifier: Apache-2.0
// Prefer = 1#( token [ "=" word ] *( ";" [ token [ "=" word ] ] ) ), where a word is a token or a quoted
// string (RFC 7240 section 2). A value is split at its commas first, so that what is badly written ends with
// its element. Each byte is looked at three times at most.
#include "text/prefer.h"

#include "base/attr.h"

enum { WORD_BYTES = 32 }; // of a value; none that is understood is as long

// --- the grammar

// RFC 9110 section 5.6.2.
static bool is_token_byte(char byte)
{
    return ascii_is_letter(byte) || ascii_is_digit(byte) ||
           (byte != '\0' && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

static void drop(struct span *rest, size_t bytes)
{
    rest->at += bytes;
    rest->len -= bytes;
}

static void drop_blanks(struct span *rest)
{
    while (rest->len > 0 && (rest->at[0] == ' ' || rest->at[0] == '\t'))
        drop(rest, 1);
}

static bool take_byte(struct span *rest, char byte)
{
    drop_blanks(rest);
    if (rest->len == 0 || rest->at[0] != byte)
        return false;
    drop(rest, 1);
    return true;
}

// Takes what is in front of the next comma that is not quoted, or all, and the comma with it.
static struct span take_element(struct span *rest)
{
    struct span element = {.at = rest->at};
    bool is_quoted = false;
    for (; element.len < rest->len; element.len++) {
        char byte = rest->at[element.len];
        if (byte == ',' && !is_quoted)
            break;
        if (byte == '"')
            is_quoted = !is_quoted;
        else if (byte == '\\' && is_quoted && element.len + 1 < rest->len)
            element.len++;
    }
    drop(rest, element.len + (element.len < rest->len));
    return element;
}

static bool take_token(struct span *rest, struct span *ret_token)
{
    drop_blanks(rest);
    struct span token = {.at = rest->at};
    while (token.len < rest->len && is_token_byte(rest->at[token.len]))
        token.len++;
    drop(rest, token.len);
    *ret_token = token;
    return token.len > 0;
}

// A value without its quotes and backslashes.
struct word {
    char bytes[WORD_BYTES];
    size_t len;       // of those that fit
    bool is_too_long; // so that it is none that is understood
};

static void add_byte(struct word *word, char byte)
{
    if (word->len == WORD_BYTES)
        word->is_too_long = true;
    else
        word->bytes[word->len++] = byte;
}

// Takes a quoted string behind its first quote; false where the last one is missing.
static bool take_quoted(struct span *rest, struct word *word)
{
    while (rest->len > 0) {
        char byte = rest->at[0];
        drop(rest, 1);
        if (byte == '"')
            return true;
        if (byte == '\\' && rest->len > 0) {
            byte = rest->at[0];
            drop(rest, 1);
        }
        add_byte(word, byte);
    }
    return false;
}

// Takes a name and, where there is one, its value; no value and an empty one mean the same.
static bool take_pair(struct span *rest, struct span *ret_name, struct word *ret_value)
{
    *ret_value = (struct word){.len = 0};
    if (!take_token(rest, ret_name))
        return false;
    if (!take_byte(rest, '='))
        return true;
    if (take_byte(rest, '"'))
        return take_quoted(rest, ret_value);
    struct span token;
    if (!take_token(rest, &token))
        return false;
    for (size_t i = 0; i < token.len; i++)
        add_byte(ret_value, token.at[i]);
    return true;
}

// Whether what is behind a preference is nothing but parameters.
static bool has_only_parameters(struct span rest)
{
    struct span name;
    struct word value;
    while (take_byte(&rest, ';')) {
        struct span ahead = rest;
        drop_blanks(&ahead);
        bool is_empty = ahead.len == 0 || ahead.at[0] == ';';
        if (!is_empty && !take_pair(&rest, &name, &value))
            return false;
    }
    return rest.len == 0;
}

// --- preferences

static void take_tx(struct prefer *prefer, struct span value)
{
    if (span_is_nocase(value, "rollback"))
        prefer->tx = PREFER_TX_ROLLBACK;
    else if (span_is_nocase(value, "commit"))
        prefer->tx = PREFER_TX_COMMIT;
}

static void take_return(struct prefer *prefer, struct span value)
{
    if (span_is_nocase(value, "minimal"))
        prefer->returns = PREFER_RETURN_MINIMAL;
    else if (span_is_nocase(value, "representation"))
        prefer->returns = PREFER_RETURN_REPRESENTATION;
}

static void take_handling(struct prefer *prefer, struct span value)
{
    if (span_is_nocase(value, "lenient"))
        prefer->handling = PREFER_HANDLING_LENIENT;
    else if (span_is_nocase(value, "strict"))
        prefer->handling = PREFER_HANDLING_STRICT;
}

static void take_async(struct prefer *prefer, struct span value)
{
    prefer->is_async = value.len == 0;
}

static void take_wait(struct prefer *prefer, struct span value)
{
    uint32_t seconds = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (!ascii_is_digit(value.at[i]))
            return;
        seconds = seconds * 10 + (uint32_t)(value.at[i] - '0');
        if (seconds > PREFER_MAX_WAIT_S)
            seconds = PREFER_MAX_WAIT_S;
    }
    prefer->has_wait = value.len > 0;
    prefer->wait_s = seconds;
}

static const struct {
    const char *name; // as it is registered
    void (*take)(struct prefer *prefer, struct span value);
} known[] = {
    {"tx", take_tx},
    {"return", take_return},
    {"handling", take_handling},
    {"respond-async", take_async},
    {"wait", take_wait},
};

static void take_preference(struct prefer *prefer, struct span name, const struct word *value)
{
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (!span_is_nocase(name, known[i].name) || (prefer->seen & 1u << i) != 0)
            continue;
        prefer->seen |= 1u << i;
        if (!value->is_too_long)
            known[i].take(prefer, (struct span){.at = value->bytes, .len = value->len});
    }
}

void prefer_read(struct span value, struct prefer *prefer)
{
    while (value.len > 0) {
        struct span element = take_element(&value), name;
        struct word word;
        if (take_pair(&element, &name, &word) && has_only_parameters(element))
            take_preference(prefer, name, &word);
    }
}
