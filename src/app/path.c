// SPDX-License-Identifier: Apache-2.0
// Checks and splits the path that an @endpoint declares, and compares paths. Finding the endpoint of a
// request is not done here but by a tree of all paths (serve/route.c). Any thread.
#include "app/path.h"

#include "app/rule_read.h"
#include "base/ascii.h"
#include "base/limits.h"
#include "text/url.h"

// RFC 3986 section 2.3: what no client or proxy writes in two ways.
static bool is_unreserved(char c)
{
    return ascii_is_letter(c) || ascii_is_digit(c) || (c != '\0' && strchr("-._~", c) != NULL);
}

static bool is_param(struct span part)
{
    return part.len >= 2 && part.at[0] == '{' && memchr(part.at, '}', part.len) == part.at + part.len - 1 &&
           memchr(part.at + 1, '{', part.len - 1) == NULL;
}

static struct span param_name(struct span part)
{
    return (struct span){.at = part.at + 1, .len = part.len - 2};
}

// Takes the next part off the front of *rest, which starts with a slash.
static struct span next_part(struct span *rest)
{
    struct span part = {.at = rest->at + 1, .len = rest->len - 1};
    const char *slash = memchr(part.at, '/', part.len);
    if (slash != NULL)
        part.len = (size_t)(slash - part.at);
    rest->at = part.at + part.len;
    rest->len -= part.len + 1;
    return part;
}

static const char *part_problem(struct span part, bool is_first)
{
    if (part.len == 0)
        return "has an empty part; take a slash away";
    if (is_param(part))
        return rule_is_name(param_name(part))
                   ? NULL
                   : "has a parameter whose name is not of a-z, 0-9 and _, with no digit in front";
    if (memchr(part.at, '{', part.len) != NULL || memchr(part.at, '}', part.len) != NULL)
        return "has a brace inside a part; a parameter is all of a part, as in /things/{id}";
    if (span_is(part, ".") || span_is(part, ".."))
        return "has a part . or .., which clients take out";
    if (is_first && span_is(part, "-"))
        return "is under /-/, where the server's own pages are";
    for (size_t i = 0; i < part.len; i++) {
        if (!is_unreserved(part.at[i]))
            return strchr(":<*$", part.at[0]) != NULL
                       ? "has no parameters but in braces, such as /things/{id}"
                       : "may have only letters, digits and -._~ between its slashes";
    }
    return NULL;
}

// Whether a part of `rest` is the same as `part`.
static bool has_part(struct span rest, struct span part)
{
    while (rest.len > 0) {
        if (span_equal(next_part(&rest), part))
            return true;
    }
    return false;
}

const char *path_problem(struct span path)
{
    if (path.at[0] != '/')
        return "does not start with a slash";
    if (memchr(path.at, '?', path.len) != NULL)
        return "has a query; parameters are declared by @param";
    if (path.len > LIMIT_PATH_BYTES)
        return "is longer than 1024 bytes";
    struct span rest = path;
    while (rest.len > 0 && path.len > 1) {
        bool is_first = rest.at == path.at;
        struct span part = next_part(&rest);
        const char *problem = part_problem(part, is_first);
        if (problem != NULL)
            return problem;
        if (is_param(part) && has_part(rest, part))
            return "has a parameter twice; give one of them another name";
    }
    return NULL;
}

enum err_code path_split(
    struct span path, struct arena *arena, struct path_part **ret_parts, size_t *ret_count)
{
    size_t most = 0, count = 0;
    for (size_t i = 0; i < path.len; i++)
        most += path.at[i] == '/';
    struct path_part *parts = arena_zalloc(arena, most, sizeof(*parts));
    if (parts == NULL)
        return ERR_NO_MEMORY;
    for (struct span rest = path; rest.len > 0 && path.len > 1; count++) {
        struct span part = next_part(&rest);
        parts[count] = is_param(part) ? (struct path_part){.text = param_name(part), .param = 0}
                                      : (struct path_part){.text = part, .param = -1};
    }
    *ret_parts = parts;
    *ret_count = count;
    return ERR_NONE;
}

bool path_is_same(const struct endpoint *a, const struct endpoint *b)
{
    if (a->part_count != b->part_count)
        return false;
    for (size_t i = 0; i < a->part_count; i++) {
        bool is_param = a->parts[i].param >= 0;
        if (is_param != (b->parts[i].param >= 0))
            return false;
        if (!is_param && !span_equal(a->parts[i].text, b->parts[i].text))
            return false;
    }
    return true;
}

// Whether each % has its two digits behind it (RFC 3986 section 2.1).
static bool is_encoded(struct span part)
{
    for (size_t i = 0; i < part.len; i++) {
        if (part.at[i] == '%' &&
            (part.len - i < 3 || ascii_hex(part.at[i + 1]) < 0 || ascii_hex(part.at[i + 2]) < 0))
            return false;
    }
    return true;
}

enum err_code path_matches(
    const struct endpoint *endpoint, struct span path, struct arena *arena, bool *ret_matches)
{
    struct span rest = path;
    bool matches = path.len > 0 && path.at[0] == '/';
    if (path.len == 1)
        rest.len = 0; // "/" has no parts
    for (size_t i = 0; i < endpoint->part_count && matches; i++) {
        struct span part = {0};
        if (rest.len > 0)
            part = next_part(&rest);
        matches = part.len > 0 && is_encoded(part);
        if (matches && !url_decode(part, false, arena, &part))
            return ERR_NO_MEMORY;
        if (endpoint->parts[i].param < 0)
            matches = matches && span_equal(part, endpoint->parts[i].text);
    }
    *ret_matches = matches && rest.len == 0;
    return ERR_NONE;
}
