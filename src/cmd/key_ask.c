// SPDX-License-Identifier: Apache-2.0
// A scope, claim or plan that no app knows would be a key that does not open what it should, so each is
// compared with the apps' files. On the main thread.
#include "cmd/key_ask.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "access/key_change.h"
#include "app/app.h"
#include "base/attr.h"
#include "base/limits.h"
#include "text/date.h"
#include "text/nearest.h"
#include "text/timestamp.h"
#include "text/utf8.h"

enum { TEXTS_BYTES = LIMIT_SCOPES_BYTES, DAY_S = 86400, MAX_NAMES = 2048, NAME_BYTES = 256 };

#define MAX_SPAN_S (100LL * 366 * DAY_S) // a hundred years
#define US_PER_S   1000000

// --- times

// "90d", "12h", "30m", "45s".
static bool read_duration(const char *text, int64_t *ret_s)
{
    static const struct {
        char unit;
        int64_t s;
    } units[] = {{'d', DAY_S}, {'h', 3600}, {'m', 60}, {'s', 1}};
    char *end;
    errno = 0;
    long count = strtol(text, &end, 10);
    if (errno != 0 || text[0] < '0' || text[0] > '9' || end[0] == '\0' || end[1] != '\0')
        return false;
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (end[0] != units[i].unit || count > MAX_SPAN_S / units[i].s)
            continue;
        *ret_s = count * units[i].s;
        return true;
    }
    return false;
}

// A day, which is its beginning in UTC, or a moment.
static bool read_moment(const char *text, int64_t *ret_s)
{
    struct date date;
    int64_t at_us;
    if (date_parse(span_of(text), &date))
        *ret_s = (int64_t)date_to_days(date) * DAY_S;
    else if (timestamp_parse(span_of(text), &at_us))
        *ret_s = at_us / US_PER_S;
    else
        return false;
    return true;
}

bool key_ask_end(const char *text, int64_t now_s, int64_t never, int64_t *ret_ends_s)
{
    int64_t ends_s = never;
    int64_t duration_s = 0;
    if (text != NULL && read_duration(text, &duration_s))
        ends_s = now_s + duration_s;
    else if (text != NULL && !read_moment(text, &ends_s)) {
        fprintf(stderr,
            "reckoner: --expires is a time from now, such as 90d or 12h, or a day, 2027-01-31, not %s\n",
            text);
        return false;
    }
    if (text != NULL && ends_s <= now_s) {
        fprintf(stderr, "reckoner: --expires %s is no time to come: the key would never work\n", text);
        return false;
    }
    *ret_ends_s = ends_s;
    return true;
}

bool key_ask_overlap(const char *text, int64_t now_s, int64_t *ret_end_s)
{
    int64_t duration_s = 0;
    if (strcmp(text, "0") != 0 && !read_duration(text, &duration_s)) {
        fprintf(stderr, "reckoner: --overlap is a time such as 7d or 12h, or 0, not %s\n", text);
        return false;
    }
    *ret_end_s = now_s + duration_s;
    return true;
}

// --- the options

// Line feeds divide scopes and claims in the store; no other control has a use in a text for people.
static bool is_plain(const char *flag, const char *text, size_t max)
{
    bool is_text = utf8_valid(span_of(text));
    for (size_t i = 0; text[i] != '\0'; i++)
        is_text = is_text && (unsigned char)text[i] >= ' ' && text[i] != 0x7f;
    if (!is_text)
        fprintf(stderr, "reckoner: %s has to be text in UTF-8 without controls\n", flag);
    else if (strlen(text) > max)
        fprintf(stderr, "reckoner: %s has more than %zu bytes\n", flag, max);
    else
        return true;
    return false;
}

static bool read_claim(const struct option_list *claims, size_t number)
{
    const char *text = claims->texts[number];
    struct span rest = span_of(text);
    struct span name = span_split(&rest, '=');
    if (name.len == 0 || name.len == strlen(text)) {
        fprintf(stderr, "reckoner: --claim is NAME=TEXT, not %s\n", text);
        return false;
    }
    for (size_t i = 0; i < number; i++) {
        struct span other = span_of(claims->texts[i]);
        if (!span_equal(span_split(&other, '='), name))
            continue;
        fprintf(stderr, "reckoner: --claim %.*s is there twice\n", (int)name.len, name.at);
        return false;
    }
    return is_plain("--claim", text, LIMIT_CLAIM_BYTES);
}

static bool read_lists(const struct options *options, struct key_ask *ask)
{
    for (size_t i = 0; i < options->scopes.count; i++) {
        const char *text = options->scopes.texts[i];
        if (!is_plain("--scope", text, LIMIT_PATH_BYTES + HTTP_METHODS))
            return false;
        buf_printf(&ask->scopes, "%s%s", i > 0 ? "\n" : "", text);
    }
    for (size_t i = 0; i < options->claims.count; i++) {
        if (!read_claim(&options->claims, i))
            return false;
        buf_printf(&ask->claims, "%s%s", i > 0 ? "\n" : "", options->claims.texts[i]);
    }
    bool done = buf_status(&ask->scopes) == ERR_NONE && buf_status(&ask->claims) == ERR_NONE;
    if (!done)
        fprintf(stderr, "reckoner: --scope and --claim have more than %d bytes together\n", TEXTS_BYTES);
    return done;
}

bool key_ask_read(const struct options *options, int64_t now_s, struct key_ask *ret_ask)
{
    *ret_ask = (struct key_ask){.row.secret = 1};
    buf_init(&ret_ask->scopes, TEXTS_BYTES);
    buf_init(&ret_ask->claims, TEXTS_BYTES);
    const char *label = options->label != NULL ? options->label : "";
    if (!key_ask_end(options->expires, now_s, CLIENT_NEVER_ENDS, &ret_ask->row.ends_s) ||
        !is_plain("--label", label, LIMIT_LABEL_BYTES) || !read_lists(options, ret_ask))
        return false;
    ret_ask->row.label = span_of(label);
    ret_ask->row.plan = span_of(options->plan != NULL ? options->plan : "");
    ret_ask->row.scopes = ret_ask->scopes.len > 0 ? buf_span(&ret_ask->scopes) : span_of("");
    ret_ask->row.claims = ret_ask->claims.len > 0 ? buf_span(&ret_ask->claims) : span_of("");
    return true;
}

void key_ask_fini(struct key_ask *ask)
{
    buf_fini(&ask->scopes);
    buf_fini(&ask->claims);
}

// --- what apps know

// Names of one kind, to compare a word with, and to find the nearest one in.
struct names {
    char texts[MAX_NAMES][NAME_BYTES]; // NUL-ended; a longer one is cut, and near to nothing
    size_t count;                      // what is more is not told of
};

// The only ones that are in use: of the word that is looked for now.
static struct names *no_names(void)
{
    static struct names names;
    names.count = 0;
    return &names;
}

static void add_name(struct names *names, const char *method, struct span name)
{
    if (names->count < MAX_NAMES && name.len > 0)
        snprintf(names->texts[names->count++], NAME_BYTES, "%s%s%.*s", method, method[0] != '\0' ? " " : "",
            (int)name.len, name.at);
}

static const char *nearest_name(const struct names *names, struct span word)
{
    const char *known[MAX_NAMES];
    for (size_t i = 0; i < names->count; i++)
        known[i] = names->texts[i];
    return nearest_of(word, known, names->count);
}

// "reckoner: rates has no plan gould; did you mean gold?"
static bool fail_name(
    const char *subject, const char *what, struct span word, const struct names *names, const char *otherwise)
{
    const char *nearest = nearest_name(names, word);
    fprintf(stderr, "reckoner: %s %s %.*s; ", subject, what, (int)word.len, word.at);
    if (nearest != NULL)
        fprintf(stderr, "did you mean '%s'?\n", nearest);
    else
        fprintf(stderr, "%s\n", otherwise);
    return false;
}

static bool has_plan(const struct app *app, const char *plan)
{
    struct names *names = no_names();
    for (size_t i = 0; i < app->quota_count; i++) {
        if (span_is(app->quotas[i].name, plan))
            return true;
        add_name(names, "", app->quotas[i].name);
    }
    return fail_name(app->dir, "has no plan", span_of(plan), names, "app.ini names them as [plan NAME]");
}

static bool is_scope_of(const struct endpoint *endpoint, struct span scope)
{
    struct span rest = scope;
    struct span method = span_split(&rest, ' ');
    if (method.len == scope.len)
        return endpoint->access.kind == ACCESS_SCOPE && span_equal(endpoint->access.scope, scope);
    return !endpoint->is_private && span_is(method, http_method_name(endpoint->method)) &&
           span_equal(endpoint->path, rest);
}

static bool has_scope(const struct key_sites *sites, struct span scope)
{
    struct names *names = no_names();
    for (size_t i = 0; i < sites->count; i++) {
        const struct app *app = sites->items[i].app;
        for (size_t k = 0; k < app->endpoint_count; k++) {
            const struct endpoint *endpoint = &app->endpoints[k];
            if (is_scope_of(endpoint, scope))
                return true;
            if (!endpoint->is_private)
                add_name(names, http_method_name(endpoint->method), endpoint->path);
            if (endpoint->access.kind == ACCESS_SCOPE)
                add_name(names, "", endpoint->access.scope);
        }
    }
    return fail_name(sites->count > 1 ? "no app" : sites->items[0].app->dir,
        sites->count > 1 ? "has an endpoint or a scope" : "has no endpoint or scope", scope, names,
        "'reckoner routes' lists endpoints");
}

static bool has_claim(const struct key_sites *sites, struct span claim)
{
    struct names *names = no_names();
    for (size_t i = 0; i < sites->count; i++) {
        const struct app *app = sites->items[i].app;
        for (size_t k = 0; k < app->endpoint_count; k++) {
            const struct endpoint *endpoint = &app->endpoints[k];
            for (size_t n = 0; n < endpoint->param_count; n++) {
                const struct rule *rule = &endpoint->params[n];
                if (rule->source == PARAM_CLAIM && span_equal(rule->outside, claim))
                    return true;
                if (rule->source == PARAM_CLAIM)
                    add_name(names, "", rule->outside);
            }
        }
    }
    return fail_name(sites->count > 1 ? "no app" : sites->items[0].app->dir,
        sites->count > 1 ? "asks for a claim" : "asks for no claim", claim, names,
        "an endpoint does by '-- @claim NAME text'");
}

bool key_ask_fits(const struct options *options, const struct key_sites *sites)
{
    bool fits = true;
    for (size_t i = 0; options->plan != NULL && i < sites->count; i++)
        fits = has_plan(sites->items[i].app, options->plan) && fits;
    for (size_t i = 0; i < options->scopes.count; i++)
        fits = has_scope(sites, span_of(options->scopes.texts[i])) && fits;
    for (size_t i = 0; i < options->claims.count; i++) {
        struct span rest = span_of(options->claims.texts[i]);
        fits = has_claim(sites, span_split(&rest, '=')) && fits;
    }
    for (size_t i = 0; fits && i < sites->count; i++) {
        if (!sites->items[i].app->access.wants_keys)
            fprintf(stderr,
                "reckoner: %s: asks nobody for a key: '[access]' with 'default = key' in app.ini does, or "
                "'-- @access key' in an endpoint\n",
                sites->items[i].app->dir);
    }
    return fits;
}

// --- who asks

struct span key_ask_actor(char *memory, size_t size)
{
    char host[64] = "";
    const char *sudo = geteuid() == 0 ? getenv("SUDO_USER") : NULL;
    const struct passwd *user = getpwuid(geteuid());
    bool has_host = gethostname(host, sizeof(host) - 1) == 0 && host[0] != '\0';
    if (sudo != NULL && sudo[0] != '\0')
        snprintf(memory, size, "%s%s%s", sudo, has_host ? "@" : "", host);
    else if (user != NULL)
        snprintf(memory, size, "%s%s%s", user->pw_name, has_host ? "@" : "", host);
    else
        snprintf(memory, size, "uid %u%s%s", (unsigned)geteuid(), has_host ? "@" : "", host);
    return span_of(memory);
}
