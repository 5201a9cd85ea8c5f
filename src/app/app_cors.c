// SPDX-License-Identifier: Apache-2.0
// What the lines of [cors] mean. An origin that a browser would never write is an error, as it would match
// nothing. What fields go without saying, since the server itself reads or sends them, stands here. One
// thread.
#include "app/app_cors.h"

#include "base/limits.h"
#include "http/chars.h"
#include "text/nearest.h"

// What requests may have that the server reads, beyond what browsers let any page send.
#define OWN_HEADERS                                                                                            \
    "Authorization, X-API-Key, Content-Type, Content-Encoding, If-Match, If-None-Match, If-Unmodified-Since, " \
    "Cache-Control, Prefer, Idempotency-Key, Traceparent, Tracestate"
// What answers have that pages do not see unless it is said.
#define OWN_EXPOSED                                                                                          \
    "ETag, Link, Location, Retry-After, RateLimit, RateLimit-Policy, Server-Timing, Cache-Status, "          \
    "WWW-Authenticate, Allow, Accept-Post, Accept-Query, Content-Encoding, Preference-Applied, Batch-Id, Idempotency-Replayed"

enum { STANDARD_AGE_S = 600, MAX_AGE_S = 86400, OTHER_BYTES = 256 };

// --- origins

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || ascii_is_digit(c) || c == '-' || c == '.' || c == '_';
}

// Why the port cannot be that of an origin, or NULL.
static const char *port_problem(struct span scheme, struct span port)
{
    if (port.len == 0 || port.len > 5)
        return "its port is no number";
    for (size_t i = 0; i < port.len; i++) {
        if (!ascii_is_digit(port.at[i]))
            return "its port is no number";
    }
    bool goes_without = (span_is(scheme, "https") && span_is(port, "443")) ||
                        (span_is(scheme, "http") && span_is(port, "80"));
    return goes_without ? "browsers leave this port out, so leave it out here" : NULL;
}

// Why what stands behind "://" cannot be that of an origin, or NULL.
static const char *authority_problem(struct span scheme, struct span authority)
{
    struct span host = authority, port = {0};
    bool is_v6 = host.len > 0 && host.at[0] == '[';
    const char *from = is_v6 ? memchr(host.at, ']', host.len) : host.at;
    if (from == NULL)
        return "its [ is not closed";
    const char *colon = memchr(from, ':', host.len - (size_t)(from - host.at));
    if (colon != NULL) {
        host.len = (size_t)(colon - host.at);
        port = (struct span){.at = colon + 1, .len = authority.len - host.len - 1};
        const char *problem = port_problem(scheme, port);
        if (problem != NULL)
            return problem;
    }
    if (host.len == 0)
        return "it has no host";
    for (size_t i = 0; !is_v6 && i < host.len; i++) {
        if (host.at[i] == '*' && i == 0 && host.len > 2 && host.at[1] == '.')
            continue;
        if (host.at[i] == '*')
            return "a * stands for whole names in front: https://*.example.org";
        if ((unsigned char)host.at[i] >= 0x80)
            return "write the name as browsers do, xn--...";
        if (!is_host_char(host.at[i]))
            return "its host has a character that none has";
    }
    return NULL;
}

// Why no browser would write the origin, or NULL.
static const char *origin_problem(struct span origin)
{
    struct span rest = origin, scheme = span_split(&rest, ':');
    if (origin.len > LIMIT_ORIGIN_BYTES)
        return "it is longer than any";
    if (span_is(origin, "null"))
        return "any page in a sandbox and any file says so; leave it out";
    for (size_t i = 0; i < origin.len; i++) {
        if (ascii_is_letter(origin.at[i]) && origin.at[i] < 'a')
            return "browsers write origins in small letters";
    }
    if (!span_starts_with(rest, "//") || scheme.len == 0)
        return "write it with its scheme, as in https://example.org";
    for (size_t i = 0; i < scheme.len; i++) {
        if (!is_host_char(scheme.at[i]))
            return "its scheme has a character that none has; a * stands for names of hosts alone";
    }
    struct span authority = {.at = rest.at + 2, .len = rest.len - 2};
    if (authority.len > 0 && memchr(authority.at, '/', authority.len) != NULL)
        return "an origin ends behind its host and port; leave out what begins with the /";
    return authority_problem(scheme, authority);
}

static void add_origin(struct cors_lines *lines, struct span text)
{
    struct app *app = lines->ini->app;
    struct cors *cors = &app->cors;
    if (cors->origin_count == LIMIT_CORS_ORIGINS) {
        if (!lines->has_too_many)
            INI_FAIL(lines->ini, lines->first_line,
                "more than %d origins; name those of one site as https://*.example.org", LIMIT_CORS_ORIGINS);
        lines->has_too_many = true;
        return;
    }
    struct cors_origin *origins =
        arena_grow(&app->arena, cors->origins, cors->origin_count, &lines->origin_room, sizeof(*origins));
    if (origins == NULL) {
        lines->ini->status = ERR_NO_MEMORY;
        return;
    }
    cors->origins = origins;
    const char *star = memchr(text.at, '*', text.len);
    struct cors_origin origin = {.front = text, .is_wildcard = star != NULL};
    if (star != NULL) {
        origin.front.len = (size_t)(star - text.at);
        origin.back = (struct span){.at = star + 1, .len = text.len - origin.front.len - 1};
    }
    cors->origins[cors->origin_count++] = origin;
}

static void read_origins(struct cors_lines *lines, const struct ini_entry *entry)
{
    struct span rest = entry->value;
    do {
        struct span text = span_trim(span_split(&rest, ','));
        const char *problem = text.len == 0 ? "write https://example.org, or *" : NULL;
        if (span_is(text, "*")) {
            lines->all_line = entry->line;
            lines->ini->app->cors.takes_all = true;
            continue;
        }
        if (problem == NULL)
            problem = origin_problem(text);
        if (lines->origin_line == 0)
            lines->origin_line = entry->line;
        if (problem != NULL)
            INI_FAIL(lines->ini, entry->line, "\"%.*s\" is no origin: %s", SHOW(text), problem);
        else
            add_origin(lines, text);
    } while (rest.len > 0);
}

// --- the other keys

// Appends names of fields to `out`, ", " in front of each.
static void read_names(struct cors_lines *lines, const struct ini_entry *entry, struct buf *out)
{
    struct span rest = entry->value;
    do {
        struct span name = span_trim(span_split(&rest, ','));
        size_t len = 0;
        while (len < name.len && http_char_is(name.at[len], HTTP_TOKEN))
            len++;
        if (span_is(name, "*") && out == &lines->headers)
            lines->any_header_line = entry->line;
        else if (len == 0 || len < name.len || span_is(name, "*"))
            INI_FAIL(lines->ini, entry->line,
                "\"%.*s\" is no name of a header field; write %.*s = X-Request-Id, X-Page", SHOW(name),
                SHOW(entry->key));
        if (len == name.len && len > 0) {
            buf_append_str(out, ", ");
            buf_append(out, name.at, name.len);
        }
    } while (rest.len > 0);
    if (buf_status(out) == ERR_TOO_LARGE && !lines->has_many)
        INI_FAIL(lines->ini, entry->line,
            "the names of header fields are longer than %d bytes in all; leave some out",
            LIMIT_CORS_NAMES_BYTES);
    lines->has_many = lines->has_many || buf_status(out) == ERR_TOO_LARGE;
}

static void read_max_age(struct cors_lines *lines, const struct ini_entry *entry)
{
    uint32_t seconds = 0;
    if (!diags_is_first(lines->ini->diags, lines->ini->file, entry, &lines->max_age_line))
        return;
    bool is_good = entry->value.len > 0 && entry->value.len <= 5;
    for (size_t i = 0; is_good && i < entry->value.len; i++) {
        is_good = ascii_is_digit(entry->value.at[i]);
        seconds = seconds * 10 + (uint32_t)(entry->value.at[i] - '0');
    }
    if (!is_good || seconds > MAX_AGE_S)
        INI_FAIL(lines->ini, entry->line, "max_age is in seconds, from 0 to %d, and not \"%.*s\"", MAX_AGE_S,
            SHOW(entry->value));
    else
        lines->ini->app->cors.max_age_s = seconds;
}

void cors_lines_read(struct cors_lines *lines, const struct ini_entry *entry)
{
    static const char *const known[] = {"origins", "headers", "expose", "credentials", "max_age"};
    const char *nearest = nearest_of(entry->key, known, ARRAY_LEN(known));
    if (lines->first_line == 0) {
        lines->first_line = entry->line;
        lines->ini->app->cors.max_age_s = STANDARD_AGE_S;
        buf_init(&lines->headers, LIMIT_CORS_NAMES_BYTES);
        buf_init(&lines->expose, LIMIT_CORS_NAMES_BYTES);
    }
    if (span_is(entry->key, "origins"))
        read_origins(lines, entry);
    else if (span_is(entry->key, "headers"))
        read_names(lines, entry, &lines->headers);
    else if (span_is(entry->key, "expose"))
        read_names(lines, entry, &lines->expose);
    else if (span_is(entry->key, "credentials"))
        diags_read_switch(lines->ini->diags, lines->ini->file, entry, &lines->credentials_line,
            &lines->ini->app->cors.takes_credentials);
    else if (span_is(entry->key, "max_age"))
        read_max_age(lines, entry);
    else if (span_is(entry->key, "methods"))
        INI_FAIL(lines->ini, entry->line, "methods are those of the endpoints; leave the line out");
    else if (nearest != NULL)
        INI_FAIL(
            lines->ini, entry->line, "unknown key \"%.*s\"; did you mean %s?", SHOW(entry->key), nearest);
    else
        INI_FAIL(lines->ini, entry->line,
            "unknown key \"%.*s\"; known in [cors] are origins, headers, expose, credentials and max_age",
            SHOW(entry->key));
}

// --- the end

static void check(struct cors_lines *lines)
{
    const struct cors *cors = &lines->ini->app->cors;
    if (lines->all_line == 0 && lines->origin_line == 0)
        INI_FAIL(
            lines->ini, lines->first_line, "[cors] names no origins; write origins = https://example.org");
    if (lines->all_line != 0 && lines->origin_line != 0)
        INI_FAIL(lines->ini, lines->all_line,
            "origins = * takes all, those of line %u, too; leave one of them out",
            (unsigned)lines->origin_line);
    if (lines->all_line != 0 && cors->takes_credentials)
        INI_FAIL(lines->ini, lines->credentials_line,
            "credentials = on needs origins by name, as browsers refuse it together with origins = *");
    if (lines->any_header_line != 0 && cors->takes_credentials)
        INI_FAIL(lines->ini, lines->any_header_line,
            "credentials = on needs headers by name, as browsers take * for a name then");
}

// The text of `out`, as the app's; what goes wrong leaves ret_text as it is.
static void keep(struct cors_lines *lines, struct buf *out, struct span *ret_text)
{
    char *kept =
        buf_status(out) == ERR_NONE ? arena_strndup(&lines->ini->app->arena, out->data, out->len) : NULL;
    if (kept == NULL)
        lines->ini->status = ERR_NO_MEMORY;
    else
        *ret_text = (struct span){.at = kept, .len = out->len};
}

static void make_texts(struct cors_lines *lines)
{
    struct cors *cors = &lines->ini->app->cors;
    struct span for_all = {0};
    AUTO(buf_fini) struct buf out;
    buf_init(&out, LIMIT_CORS_NAMES_BYTES + sizeof(OWN_HEADERS OWN_EXPOSED) + OTHER_BYTES);
    buf_append_str(&out, OWN_HEADERS);
    buf_append(&out, lines->headers.data, lines->headers.len);
    if (buf_status(&lines->headers) != ERR_NONE || buf_status(&lines->expose) != ERR_NONE)
        lines->ini->status = ERR_NO_MEMORY; // names are missing
    keep(lines, &out, &cors->headers);
    out.len = 0;
    if (cors->takes_all)
        buf_append_str(&out, "Access-Control-Allow-Origin: *\r\n");
    if (cors->takes_credentials)
        buf_append_str(&out, "Access-Control-Allow-Credentials: true\r\n");
    buf_append_str(&out, "Access-Control-Expose-Headers: " OWN_EXPOSED);
    buf_append(&out, lines->expose.data, lines->expose.len);
    buf_append_str(&out, "\r\n");
    keep(lines, &out, cors->takes_all ? &for_all : &cors->granted);
    cors->for_all = for_all.at;
}

void cors_lines_finish(struct cors_lines *lines)
{
    if (lines->first_line == 0)
        return;
    check(lines);
    lines->ini->app->cors.is_declared = true;
    if (!lines->has_many)
        make_texts(lines);
    buf_fini(&lines->headers);
    buf_fini(&lines->expose);
}
