// SPDX-License-Identifier: Apache-2.0
// Reads what credentials look like in a head. Names in the query are compared as they were sent: a key behind
// a percent-encoded one is shown to nobody. Pure functions, any thread.
#include "serve/credential.h"

#include <string.h>

#include "access/secret.h"
#include "text/url.h"

// --- reading

// The token behind "Bearer" and blanks; false for another scheme.
static bool take_bearer(struct span value, struct span *ret_text)
{
    static const char SCHEME[] = "Bearer";
    size_t len = sizeof(SCHEME) - 1;
    if (!span_starts_with_nocase(value, SCHEME) || (value.len > len && value.at[len] != ' '))
        return false;
    *ret_text = span_trim((struct span){.at = value.at + len, .len = value.len - len});
    return true;
}

static void add(struct credential *credential, struct span text, bool is_in_query)
{
    credential->count++;
    credential->text = text;
    credential->is_in_query = is_in_query;
}

static void add_authorization(struct credential *credential, struct span value)
{
    struct span text;
    if (take_bearer(value, &text))
        add(credential, text, false);
}

struct credential credential_of_fields(struct span authorization, struct span api_key)
{
    struct credential credential = {0};
    if (authorization.at != NULL)
        add_authorization(&credential, authorization);
    if (api_key.at != NULL)
        add(&credential, api_key, false);
    return credential;
}

struct credential credential_read(const struct http_request *head, struct span name)
{
    struct credential credential = {0};
    for (size_t i = 0; i < head->field_count; i++) {
        const struct http_field *field = &head->fields[i];
        if (span_is_nocase(field->name, "authorization"))
            add_authorization(&credential, field->value);
        else if (span_is_nocase(field->name, "x-api-key"))
            add(&credential, field->value, false);
    }
    struct span query = head->query, found, value;
    while (name.len > 0 && url_next_pair(&query, &found, &value)) {
        if (span_equal(found, name))
            add(&credential, value, true);
    }
    return credential;
}

// --- hiding

bool credential_cut(struct span query, struct span name, struct arena *arena, struct span *ret_query)
{
    struct span rest = query, found, value;
    char *out = arena_alloc(arena, query.len);
    size_t len = 0;
    if (out == NULL)
        return false;
    while (url_next_pair(&rest, &found, &value)) {
        if (span_equal(found, name))
            continue;
        const char *end = value.len > 0 ? value.at + value.len : found.at + found.len;
        size_t pair_len = (size_t)(end - found.at);
        if (len > 0)
            out[len++] = '&';
        memcpy(out + len, found.at, pair_len);
        len += pair_len;
    }
    *ret_query = (struct span){.at = out, .len = len};
    return true;
}

static bool is_secret_char(char byte)
{
    return ascii_is_letter(byte) || ascii_is_digit(byte);
}

// What stands behind the prefix of a key.
static void mask_keys(char *target, size_t len)
{
    static const char PREFIX[] = SECRET_PREFIX;
    const size_t prefix_len = sizeof(PREFIX) - 1;
    char *at = target, *end = target + len;
    while (at < end && (at = memchr(at, '_', (size_t)(end - at))) != NULL) {
        at++;
        bool is_key = (size_t)(at - target) >= prefix_len && memcmp(at - prefix_len, PREFIX, prefix_len) == 0;
        while (is_key && at < end && is_secret_char(*at))
            *at++ = '*';
    }
}

static void mask_values(char *target, size_t len, struct span name)
{
    char *query = memchr(target, '?', len);
    if (query == NULL)
        return;
    query++;
    struct span rest = {.at = query, .len = len - (size_t)(query - target)}, found, value;
    while (url_next_pair(&rest, &found, &value)) {
        if (span_equal(found, name) && value.len > 0)
            memset(target + (value.at - target), '*', value.len);
    }
}

void credential_mask(char *target, size_t len, struct span name)
{
    mask_keys(target, len);
    if (name.len > 0)
        mask_values(target, len, name);
}
