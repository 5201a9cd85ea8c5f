// SPDX-License-Identifier: Apache-2.0
// libpq reads the url (PostgreSQL 34.1.1.2), and marks those of its options that are secrets. Its own words
// about a url that is wrong quote it, so they are replaced. And where a part of a password has become a host,
// a port or a database, what libpq and the server say later would quote that: such urls are refused here. No
// state.
#include "store/postgresql/url.h"

#include <libpq-fe.h>
#include <string.h>

#include "base/attr.h"
#include "base/span.h"

// --- urls that libpq does not read

// What libpq's message holds, and what is said instead; the first match decides.
static const struct {
    const char *of, *words;
} reasons[] = {
    {"may not be empty", "the address between [ and ] is empty"},
    {"matching \"]\"", "the [ of an address has no ] behind it"},
    {"unexpected character", "behind the ] of an address there has to be a : or a /"},
    {"%00", "%00 cannot stand in it"},
    {"percent", "a % needs two hexadecimal digits behind it"},
    {"separator", "behind its ? there have to be parameters as NAME=VALUE, with & between them"},
};

// "invalid URI query parameter: "NAME"": the name, where nothing behind the ? can be a part of a password.
static bool may_name_parameter(const char *url, const char *reason)
{
    const char *query = strchr(url, '?');
    return strstr(reason, "query parameter: ") != NULL && query != NULL && strchr(query, '@') == NULL;
}

static enum err_code fail_unread(const char *url, const char *reason, struct err *err)
{
    if (may_name_parameter(url, reason) && strstr(reason, "separator") == NULL)
        return err_set(err, ERR_CONFIG, "the store's url is wrong: %.*s", (int)strcspn(reason, "\n"), reason);
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        if (strstr(reason, reasons[i].of) != NULL)
            return err_set(err, ERR_CONFIG, "the store's url is wrong: %s", reasons[i].words);
    }
    return err_set(err, ERR_CONFIG,
        "the store's url is wrong: write it as postgresql://USER@HOST:PORT/DATABASE?NAME=VALUE");
}

// --- urls that are read in another way than was meant

// Whether an @ stands where none can, but as a part of a password: a second one, or one behind a slash.
static bool has_stray_at(const char *url)
{
    const char *authority = strstr(url, "://");
    authority = authority != NULL ? authority + strlen("://") : url;
    struct span rest = {.at = authority, .len = strcspn(authority, "?")};
    const char *at = memchr(rest.at, '@', rest.len), *slash = memchr(rest.at, '/', rest.len);
    if (at == NULL)
        return false;
    size_t behind = rest.len - (size_t)(at - rest.at) - 1;
    return memchr(at + 1, '@', behind) != NULL || (slash != NULL && slash < at);
}

static bool is_ports(const char *value)
{
    return strspn(value, "0123456789,") == strlen(value);
}

static const char *find_stray(const char *url, const PQconninfoOption *options)
{
    if (has_stray_at(url))
        return "an @ or a / in its password has to be percent-encoded, as %40 or %2F";
    for (; options->keyword != NULL; options++) {
        const char *value = options->val != NULL ? options->val : "";
        if (strcmp(options->keyword, "port") == 0 && !is_ports(value))
            return "its port is no number, or its password has a character that has to be percent-encoded";
        if (strcmp(options->keyword, "user") == 0 && strchr(value, ':') != NULL)
            return "its user has a colon: the one before a password is not percent-encoded";
    }
    return NULL;
}

enum err_code pg_url_check(const char *url, struct err *err)
{
    char *reason = NULL;
    PQconninfoOption *options = PQconninfoParse(url, &reason);
    enum err_code code = ERR_NONE;
    if (options == NULL) {
        code = reason != NULL ? fail_unread(url, reason, err) : err_no_memory(err);
        PQfreemem(reason);
        return code;
    }
    const char *stray = find_stray(url, options);
    if (stray != NULL)
        code = err_set(err, ERR_CONFIG, "the store's url is wrong: %s", stray);
    PQconninfoFree(options);
    return code;
}

// --- secrets

static bool is_secret(const PQconninfoOption *option)
{
    if (option->val == NULL || option->val[0] == '\0')
        return false;
    return strchr(option->dispchar, '*') != NULL || strcasestr(option->val, "password=") != NULL;
}

bool pg_url_has_secret(const char *url)
{
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    if (options == NULL)
        return strpbrk(url, "@%") != NULL || strcasestr(url, "pass") != NULL;
    bool has_secret = find_stray(url, options) != NULL;
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++)
        has_secret = has_secret || is_secret(option);
    PQconninfoFree(options);
    return has_secret;
}
