// SPDX-License-Identifier: Apache-2.0
// Writes the page /-/docs out of the apps as they were read, when an edition is made; docs_page.c answers
// with it. Texts of an app go through add_text, which escapes them; add takes HTML of this file. A failed
// append sticks to the buffer, so only docs_page looks for it. One thread at a time.
#include "serve/docs.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "app/csv_options.h"
#include "app/rule.h"
#include "base/buf.h"
#include "base/limits.h"
#include "text/html.h"
#include "text/number.h"

static const char style[] =
    ":root{color-scheme:light dark;--text:#1c1e21;--soft:#55595e;--back:#fff;--box:#f3f4f6;--line:#c9ccd1;"
    "--link:#0b57b0}\n"
    "@media(prefers-color-scheme:dark){:root{--text:#e6e7e9;--soft:#a9adb3;--back:#17191c;--box:#222529;"
    "--line:#454a51;--link:#8ab8f5}}\n"
    "body{margin:0 auto;max-width:60rem;padding:1rem;font:1rem/1.5 system-ui,sans-serif;color:var(--text);"
    "background:var(--back)}\n"
    "a{color:var(--link)}a:focus-visible,[tabindex]:focus-visible{outline:2px solid var(--link);"
    "outline-offset:2px}\n"
    ".skip{position:absolute;left:-999rem}.skip:focus{left:1rem;background:var(--back)}\n"
    "h2{border-bottom:1px solid var(--line);margin-top:2.5rem}\n"
    "h3{margin:2rem 0 .5rem;overflow-wrap:anywhere}\n"
    ".method{font-size:.8em;color:var(--soft);letter-spacing:.05em}\n"
    "nav ul,.examples{list-style:none;padding:0}\n"
    "nav ul ul{padding-left:1rem}.scroll{overflow-x:auto}\n"
    "code,pre{font-family:ui-monospace,monospace;font-size:.9em}pre code{font-size:1em}\n"
    "a code,pre{overflow-wrap:anywhere}\n"
    "pre{background:var(--box);padding:.6rem .8rem;margin:.5rem 0;white-space:pre-wrap}\n"
    "table{border-collapse:collapse;margin:.75rem 0;width:100%}\n"
    "caption{text-align:left;font-weight:600}\n"
    "th,td{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;"
    "border-bottom:1px solid var(--line)}\n"
    "thead th{color:var(--soft);font-weight:400}tbody th{font-weight:400}\n";

// --- pieces

static void add(struct buf *out, const char *html)
{
    buf_append_str(out, html);
}

static void add_text(struct buf *out, struct span text)
{
    html_write_text(out, text);
}

static void add_code(struct buf *out, struct span text)
{
    add(out, "<code>");
    add_text(out, text);
    add(out, "</code>");
}

// Ends a text that is made in a buffer of its own: it goes onto the page, and so does a failure.
static void add_made(struct buf *out, const struct buf *made)
{
    if (buf_status(made) == ERR_NONE)
        add_text(out, buf_span(made));
    else if (out->status == ERR_NONE)
        out->status = buf_status(made);
}

// Paragraphs; an empty line ends one.
static void add_paragraphs(struct buf *out, struct span text)
{
    while (text.len > 0) {
        const char *gap = memmem(text.at, text.len, "\n\n", 2);
        size_t len = gap != NULL ? (size_t)(gap - text.at) : text.len;
        add(out, "<p>");
        add_text(out, (struct span){.at = text.at, .len = len});
        add(out, "</p>\n");
        while (len < text.len && text.at[len] == '\n')
            len++;
        text.at += len;
        text.len -= len;
    }
}

// A table with a row for the heads, which are separated by |. It scrolls by itself where it is too wide.
static void open_table(struct buf *out, const char *caption, const char *heads)
{
    buf_printf(out,
        "<div class=\"scroll\" role=\"group\" aria-label=\"%s\" tabindex=\"0\">\n"
        "<table><caption>%s</caption>\n<thead><tr>",
        caption, caption);
    struct span rest = span_of(heads);
    while (rest.len > 0) {
        add(out, "<th scope=\"col\">");
        add_text(out, span_split(&rest, '|'));
        add(out, "</th>");
    }
    add(out, "</tr></thead>\n<tbody>\n");
}

static void close_table(struct buf *out)
{
    add(out, "</tbody></table>\n</div>\n");
}

// --- parameters and fields

static void add_presence(struct buf *out, const struct rule *rule)
{
    if (rule->in_path || rule->required) {
        add(out, rule->in_path ? "in the path" : "required");
    } else if (rule->has_default) {
        AUTO(buf_fini) struct buf made;
        buf_init(&made, out->max);
        if (rule->default_today || rule->default_now)
            buf_append_str(&made, rule->default_now ? "now" : "today");
        else
            rule_write_value(rule->type, rule->default_value, &made);
        add(out, "default <code>");
        add_made(out, &made);
        add(out, "</code>");
    } else {
        add(out, "optional");
    }
}

static void add_expected(struct buf *out, const struct rule *rule)
{
    AUTO(buf_fini) struct buf made;
    buf_init(&made, out->max);
    rule_expected(rule, &made);
    if (rule->unique)
        buf_append_str(&made, ", unique in a batch");
    add_made(out, &made);
}

static void add_rules(struct buf *out, const char *caption, const struct rule *rules, size_t count)
{
    size_t shown = 0;
    for (size_t i = 0; i < count; i++)
        shown += rules[i].source == PARAM_REQUEST;
    if (shown == 0)
        return;
    open_table(out, caption, "name|type|presence|must be|meaning");
    for (size_t i = 0; i < count; i++) {
        if (rules[i].source != PARAM_REQUEST) // it is no client's to send
            continue;
        add(out, "<tr><th scope=\"row\">");
        add_code(out, rules[i].outside);
        add(out, "</th><td>");
        struct rule_type type = {.type = rules[i].type,
            .is_list = rules[i].is_list,
            .precision = rules[i].precision,
            .scale = rules[i].scale};
        rule_write_type(type, out);
        add(out, "</td><td>");
        add_presence(out, &rules[i]);
        add(out, "</td><td>");
        add_expected(out, &rules[i]);
        add(out, "</td><td>");
        add_text(out, rules[i].description);
        add(out, "</td></tr>\n");
    }
    close_table(out);
}

// --- who may ask

static void add_access(struct buf *out, const struct endpoint *endpoint)
{
    if (endpoint->access.kind == ACCESS_OPEN)
        return;
    add(out, "<p>Needs a key, as <code>Authorization: Bearer</code> or <code>X-API-Key</code>");
    if (endpoint->access.kind == ACCESS_SCOPE) {
        add(out, ", with the scope ");
        add_code(out, endpoint->access.scope);
    }
    add(out, ".</p>\n");
}

// --- answers

// The statuses of the answers, each once: "200 or 202".
static void add_statuses(struct buf *out, const struct endpoint *endpoint)
{
    const struct statement *statements = endpoint->statements;
    bool any = false;
    for (size_t i = 0; i < endpoint->statement_count; i++) {
        bool is_new = statements[i].kind == STATEMENT_ANSWER;
        for (size_t k = 0; k < i && is_new; k++)
            is_new = statements[k].kind != STATEMENT_ANSWER || statements[k].status != statements[i].status;
        if (!is_new)
            continue;
        buf_printf(out, "%s%d", any ? " or " : "", statements[i].status);
        any = true;
    }
}

static void add_dialect(struct buf *out, const struct endpoint *endpoint)
{
    if (endpoint->csv == NULL)
        return;
    AUTO(buf_fini) struct buf words;
    buf_init(&words, LIMIT_APP_FILE_BYTES);
    csv_options_write(endpoint->csv, &words);
    add(out, "<p>CSV as <code>");
    add_made(out, &words);
    add(out, "</code>, where a request says nothing else.</p>\n");
}

static void add_answer(struct buf *out, const struct endpoint *endpoint)
{
    static const char *const shapes[] = {[SHAPE_ROWS] = "an array of objects",
        [SHAPE_OBJECT] = "an object",
        [SHAPE_VALUES] = "an array of values",
        [SHAPE_VALUE] = "one value",
        [SHAPE_TEXT] = "plain text"};
    size_t answers = 0, empty = 0;
    for (size_t i = 0; i < endpoint->statement_count; i++) {
        answers += endpoint->statements[i].kind == STATEMENT_ANSWER;
        empty += endpoint->statements[i].kind == STATEMENT_ANSWER && endpoint->statements[i].status == 204;
    }
    add(out, "<p>Answers ");
    add_statuses(out, endpoint);
    if (answers == empty) {
        add(out, ", without a body.</p>\n");
        return;
    }
    buf_printf(out, " with %s", shapes[endpoint->shape]);
    if (endpoint->under.len > 0) {
        add(out, " under the key ");
        add_code(out, endpoint->under);
    }
    if (endpoint->shape != SHAPE_TEXT)
        add(out, endpoint_gives(endpoint, FORMAT_CSV) ? ", as JSON, NDJSON or CSV" : ", as JSON");
    if (endpoint->shape != SHAPE_ROWS && endpoint->shape != SHAPE_VALUES)
        add(out, ", or 404 when there is none");
    add(out, ".");
    if (endpoint->warns)
        add(out,
            " It is the member <code>answer</code> of an object, with the <code>warnings</code> beside it.");
    if (endpoint->page_rows > 0)
        add(out,
            " It comes in pages: as long as there are more, the header field <code>Link</code> has the next "
            "one&#39;s address, with <code>rel=&quot;next&quot;</code>.");
    if (endpoint->page_rows > 0 && endpoint->is_question)
        add(out, " Send the same body there, with the same method.");
    add(out, "</p>\n");
}

static void add_columns(struct buf *out, const struct endpoint *endpoint)
{
    if (endpoint->column_count == 0)
        return;
    open_table(out, "Columns of the answer with a fixed type", "name|type");
    for (size_t i = 0; i < endpoint->column_count; i++) {
        add(out, "<tr><th scope=\"row\">");
        add_code(out, endpoint->columns[i].name);
        add(out, "</th><td>");
        rule_write_type(endpoint->columns[i].type, out);
        add(out, endpoint->columns[i].micros ? " with microseconds" : "");
        add(out, "</td></tr>\n");
    }
    close_table(out);
}

static size_t count_kind(const struct endpoint *endpoint, enum statement_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < endpoint->statement_count; i++)
        count += endpoint->statements[i].kind == kind;
    return count;
}

static void add_rejects(struct buf *out, const struct endpoint *endpoint)
{
    if (count_kind(endpoint, STATEMENT_REJECT) == 0)
        return;
    open_table(out, "Refused when", "reason|code|status");
    for (size_t i = 0; i < endpoint->statement_count; i++) {
        const struct statement *statement = &endpoint->statements[i];
        if (statement->kind != STATEMENT_REJECT)
            continue;
        add(out, "<tr><th scope=\"row\">");
        add_text(out, statement->text);
        add(out, "</th><td>");
        add_code(out, statement->code);
        buf_printf(out, "</td><td>%d</td></tr>\n", statement->status);
    }
    close_table(out);
}

static void add_warns(struct buf *out, const struct endpoint *endpoint)
{
    if (count_kind(endpoint, STATEMENT_WARN) == 0)
        return;
    open_table(out, "Warned of", "reason|code");
    for (size_t i = 0; i < endpoint->statement_count; i++) {
        const struct statement *statement = &endpoint->statements[i];
        if (statement->kind != STATEMENT_WARN)
            continue;
        add(out, "<tr><th scope=\"row\">");
        add_text(out, statement->text);
        add(out, "</th><td>");
        add_code(out, statement->code);
        add(out, "</td></tr>\n");
    }
    close_table(out);
}

// --- examples

// Appends a word of a shell command: in single quotes nothing but they themselves means anything.
static void append_quoted(struct buf *out, struct span head, struct span text)
{
    buf_append_byte(out, '\'');
    buf_append(out, head.at, head.len);
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '\'')
            buf_append_str(out, "'\\''");
        else
            buf_append_byte(out, text.at[i]);
    }
    buf_append_byte(out, '\'');
}

static void add_curl(struct buf *out, const struct endpoint *endpoint, const struct example *example)
{
    AUTO(buf_fini) struct buf made;
    buf_init(&made, out->max);
    struct span target = example->target.len > 0 ? example->target : endpoint->path;
    buf_append_str(&made, "curl ");
    if (memchr(target.at, '[', target.len) != NULL || memchr(target.at, '{', target.len) != NULL)
        buf_append_str(&made, "-g "); // without it curl makes several requests of [1-3] or {a,b}
    if (endpoint->method != HTTP_POST || example->body.len == 0)
        buf_printf(&made, "-X %s ", http_method_name(endpoint->method));
    append_quoted(&made, span_of(DOCS_EXAMPLE_HOST), target);
    if (example->body.len > 0) {
        buf_append_str(&made, " -H 'Content-Type: application/json' -d ");
        append_quoted(&made, (struct span){0}, example->body);
    }
    add(out, "<pre><code>");
    add_made(out, &made);
    add(out, "</code></pre>\n");
}

// A check has seen that an example's target starts with a slash and a part of the path: a link stays here.
static void add_link(struct buf *out, struct span target)
{
    add(out, "<li><a href=\"");
    add_text(out, target);
    add(out, "\"><code>");
    add_text(out, target);
    add(out, "</code></a></li>\n");
}

static void add_examples(struct buf *out, const struct endpoint *endpoint)
{
    if (endpoint->example_count == 0)
        return;
    add(out, endpoint->example_count == 1 ? "<p>Example:</p>\n" : "<p>Examples:</p>\n");
    if (endpoint->method == HTTP_GET)
        add(out, "<ul class=\"examples\">\n");
    for (size_t i = 0; i < endpoint->example_count; i++) {
        if (endpoint->method == HTTP_GET)
            add_link(out, endpoint->examples[i].target);
        else
            add_curl(out, endpoint, &endpoint->examples[i]);
    }
    if (endpoint->method == HTTP_GET)
        add(out, "</ul>\n");
}

// --- endpoints and apps

// What the endpoint is called in links of the page: no two apps have the same method and path.
static void add_id(struct buf *out, const struct endpoint *endpoint)
{
    add(out, http_method_name(endpoint->method));
    add_text(out, endpoint->path);
}

static void add_name(struct buf *out, const struct endpoint *endpoint)
{
    buf_printf(out, "<span class=\"method\">%s</span> ", http_method_name(endpoint->method));
    add_code(out, endpoint->path);
}

static void add_endpoint(struct buf *out, const struct endpoint *endpoint)
{
    add(out, "<article aria-labelledby=\"");
    add_id(out, endpoint);
    add(out, "\">\n<h3 id=\"");
    add_id(out, endpoint);
    add(out, "\">");
    add_name(out, endpoint);
    add(out, "</h3>\n");
    add_paragraphs(out, endpoint->description);
    add_access(out, endpoint);
    add_rules(out, "Parameters", endpoint->params, endpoint->param_count);
    if (endpoint->strict)
        add(out, "<p>Other parameters are refused.</p>\n");
    if (endpoint->is_question)
        add(out,
            "<p>Parameters come in the query or in the body: a JSON object with a member for each, lists as "
            "arrays, or a form. It only reads.</p>\n");
    add_rules(out, "Fields of a row", endpoint->fields, endpoint->field_count);
    if (endpoint->is_one)
        add(out, "<p>Takes exactly one row, as JSON, NDJSON or CSV, or as a form.</p>\n");
    else if (endpoint->field_count > 0)
        add(out,
            "<p>Takes one row or many, as JSON, NDJSON or CSV, or one as a form: all of them or none.</p>\n");
    if (endpoint->is_lenient)
        add(out,
            "<p>With <code>Prefer: handling=lenient</code> it takes the good rows and leaves the bad ones out: "
            "the answer is then the member <code>answer</code> of an object, with the <code>errors</code> "
            "beside it.</p>\n");
    add_dialect(out, endpoint);
    add_answer(out, endpoint);
    add_columns(out, endpoint);
    add_rejects(out, endpoint);
    add_warns(out, endpoint);
    add_examples(out, endpoint);
    add(out, "</article>\n");
}

// A path of public/ as a link has it (RFC 3986 section 2.1).
static void add_encoded(struct buf *out, struct span path)
{
    for (size_t i = 0; i < path.len; i++) {
        char c = path.at[i];
        if (ascii_is_letter(c) || ascii_is_digit(c) || memchr("-._~/", c, 5) != NULL)
            buf_append_byte(out, c);
        else
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
    }
}

// The app's own pages: what an index.html stands for.
static void add_pages(struct buf *out, const struct app *app)
{
    for (size_t i = 0; i < app->public_count; i++) {
        struct span path = app->public_files[i].path;
        if (!span_ends_with(path, "/index.html"))
            continue;
        path.len -= strlen("index.html"); // the slash stays
        add(out, "<p>Page: <a href=\"");
        add_encoded(out, path);
        add(out, "\"><code>");
        add_text(out, path);
        add(out, "</code></a></p>\n");
    }
}

static void add_app(struct buf *out, const struct app *app)
{
    add(out, "<section aria-labelledby=\"app-");
    add(out, app->name);
    add(out, "\">\n<h2 id=\"app-");
    add(out, app->name);
    add(out, "\">");
    add_text(out, app->title);
    add(out, "</h2>\n");
    add_pages(out, app);
    for (size_t i = 0; i < app->endpoint_count; i++) {
        if (!app->endpoints[i].is_private)
            add_endpoint(out, &app->endpoints[i]);
    }
    add(out, "</section>\n");
}

static void add_contents(struct buf *out, const struct app *app)
{
    add(out, "<li><a href=\"#app-");
    add(out, app->name);
    add(out, "\">");
    add_text(out, app->title);
    add(out, "</a>\n<ul>\n");
    for (size_t i = 0; i < app->endpoint_count; i++) {
        if (app->endpoints[i].is_private)
            continue;
        add(out, "<li><a href=\"#");
        add_id(out, &app->endpoints[i]);
        add(out, "\">");
        add_name(out, &app->endpoints[i]);
        add(out, "</a></li>\n");
    }
    add(out, "</ul></li>\n");
}

struct blob *docs_page(struct app *const *apps, size_t count)
{
    AUTO(buf_fini) struct buf out;
    buf_init(&out, LIMIT_ANSWER_BYTES);
    add(&out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    add_text(&out, count == 1 ? apps[0]->title : span_of("Endpoints"));
    add(&out, "</title>\n<style>\n");
    add(&out, style);
    add(&out, "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#endpoints\">To the endpoints</a>\n"
              "<header><h1>Endpoints</h1></header>\n<nav aria-label=\"Contents\">\n<ul>\n");
    for (size_t i = 0; i < count; i++)
        add_contents(&out, apps[i]);
    add(&out,
        "</ul>\n</nav>\n<main id=\"endpoints\">\n"
        "<p>Answers come in the format that <code>?format=json</code>, <code>ndjson</code> or "
        "<code>csv</code> says, or else the header field <code>Accept</code>. Errors are problem documents "
        "(RFC 9457): each names the parameter, or the line and field, that is wrong. In the "
        "<code>curl</code> lines, put this server&#39;s address in place of <code>" DOCS_EXAMPLE_HOST
        "</code>.</p>\n");
    for (size_t i = 0; i < count; i++)
        add_app(&out, apps[i]);
    add(&out, "</main>\n</body>\n</html>\n");
    return blob_take(&out);
}
