// SPDX-License-Identifier: Apache-2.0
// Tells of an endpoint what its file declares, in the order in which a client needs it. Any thread.
#include "serve/docs_endpoint.h"

#include <string.h>

#include "app/csv_options.h"
#include "app/rule.h"
#include "base/limits.h"
#include "serve/docs.h"
#include "serve/docs_html.h"

// --- parameters and fields

static void add_presence(struct buf *out, const struct rule *rule)
{
    if (rule->in_path || rule->required) {
        docs_add(out, rule->in_path ? "in the path" : "required");
    } else if (rule->has_default) {
        AUTO(buf_fini) struct buf made;
        buf_init(&made, out->max);
        if (rule->default_today || rule->default_now)
            buf_append_str(&made, rule->default_now ? "now" : "today");
        else
            rule_write_value(rule->type, rule->default_value, &made);
        docs_add(out, "default <code>");
        docs_add_made(out, &made);
        docs_add(out, "</code>");
    } else {
        docs_add(out, "optional");
    }
}

static void add_expected(struct buf *out, const struct rule *rule)
{
    AUTO(buf_fini) struct buf made;
    buf_init(&made, out->max);
    rule_expected(rule, &made);
    if (rule->unique)
        buf_append_str(&made, ", unique in a batch");
    docs_add_made(out, &made);
}

static void add_rules(struct buf *out, const char *caption, const struct rule *rules, size_t count)
{
    size_t shown = 0;
    for (size_t i = 0; i < count; i++)
        shown += rules[i].source == PARAM_REQUEST;
    if (shown == 0)
        return;
    docs_open_table(out, caption, "name|type|presence|must be|meaning");
    for (size_t i = 0; i < count; i++) {
        if (rules[i].source != PARAM_REQUEST) // it is no client's to send
            continue;
        docs_add(out, "<tr><th scope=\"row\">");
        docs_add_code(out, rules[i].outside);
        docs_add(out, "</th><td>");
        struct rule_type type = {.type = rules[i].type,
            .is_list = rules[i].is_list,
            .precision = rules[i].precision,
            .scale = rules[i].scale};
        rule_write_type(type, out);
        docs_add(out, "</td><td>");
        add_presence(out, &rules[i]);
        docs_add(out, "</td><td>");
        add_expected(out, &rules[i]);
        docs_add(out, "</td><td>");
        docs_add_text(out, rules[i].description);
        docs_add(out, "</td></tr>\n");
    }
    docs_close_table(out);
}

// --- who may ask

static void add_access(struct buf *out, const struct endpoint *endpoint)
{
    if (endpoint->access.kind == ACCESS_OPEN)
        return;
    docs_add(out, "<p>Needs a key, as <code>Authorization: Bearer</code> or <code>X-API-Key</code>");
    if (endpoint->access.kind == ACCESS_SCOPE) {
        docs_add(out, ", with the scope ");
        docs_add_code(out, endpoint->access.scope);
    }
    docs_add(out, ".</p>\n");
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
    docs_add(out, "<p>CSV as <code>");
    docs_add_made(out, &words);
    docs_add(out, "</code>, where a request says nothing else.</p>\n");
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
    docs_add(out, "<p>Answers ");
    add_statuses(out, endpoint);
    if (answers == empty) {
        docs_add(out, ", without a body.</p>\n");
        return;
    }
    buf_printf(out, " with %s", shapes[endpoint->shape]);
    if (endpoint->under.len > 0) {
        docs_add(out, " under the key ");
        docs_add_code(out, endpoint->under);
    }
    if (endpoint->shape != SHAPE_TEXT)
        docs_add(out, endpoint_gives(endpoint, FORMAT_CSV) ? ", as JSON, NDJSON or CSV" : ", as JSON");
    if (endpoint->shape != SHAPE_ROWS && endpoint->shape != SHAPE_VALUES)
        docs_add(out, ", or 404 when there is none");
    docs_add(out, ".");
    if (endpoint->warns)
        docs_add(out,
            " It is the member <code>answer</code> of an object, with the <code>warnings</code> beside it.");
    if (endpoint->page_rows > 0)
        docs_add(out,
            " It comes in pages: as long as there are more, the header field <code>Link</code> has the next "
            "one&#39;s address, with <code>rel=&quot;next&quot;</code>.");
    if (endpoint->page_rows > 0 && endpoint->is_question)
        docs_add(out, " Send the same body there, with the same method.");
    docs_add(out, "</p>\n");
}

static void add_columns(struct buf *out, const struct endpoint *endpoint)
{
    if (endpoint->column_count == 0)
        return;
    docs_open_table(out, "Columns of the answer with a fixed type", "name|type");
    for (size_t i = 0; i < endpoint->column_count; i++) {
        docs_add(out, "<tr><th scope=\"row\">");
        docs_add_code(out, endpoint->columns[i].name);
        docs_add(out, "</th><td>");
        rule_write_type(endpoint->columns[i].type, out);
        docs_add(out, endpoint->columns[i].micros ? " with microseconds" : "");
        docs_add(out, "</td></tr>\n");
    }
    docs_close_table(out);
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
    docs_open_table(out, "Refused when", "reason|code|status");
    for (size_t i = 0; i < endpoint->statement_count; i++) {
        const struct statement *statement = &endpoint->statements[i];
        if (statement->kind != STATEMENT_REJECT)
            continue;
        docs_add(out, "<tr><th scope=\"row\">");
        docs_add_text(out, statement->text);
        docs_add(out, "</th><td>");
        docs_add_code(out, statement->code);
        buf_printf(out, "</td><td>%d</td></tr>\n", statement->status);
    }
    docs_close_table(out);
}

static void add_warns(struct buf *out, const struct endpoint *endpoint)
{
    if (count_kind(endpoint, STATEMENT_WARN) == 0)
        return;
    docs_open_table(out, "Warned of", "reason|code");
    for (size_t i = 0; i < endpoint->statement_count; i++) {
        const struct statement *statement = &endpoint->statements[i];
        if (statement->kind != STATEMENT_WARN)
            continue;
        docs_add(out, "<tr><th scope=\"row\">");
        docs_add_text(out, statement->text);
        docs_add(out, "</th><td>");
        docs_add_code(out, statement->code);
        docs_add(out, "</td></tr>\n");
    }
    docs_close_table(out);
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
    docs_add(out, "<pre><code>");
    docs_add_made(out, &made);
    docs_add(out, "</code></pre>\n");
}

// A check has seen that an example's target starts with a slash and a part of the path: a link stays here.
static void add_link(struct buf *out, struct span target)
{
    docs_add(out, "<li><a href=\"");
    docs_add_text(out, target);
    docs_add(out, "\"><code>");
    docs_add_text(out, target);
    docs_add(out, "</code></a></li>\n");
}

static void add_examples(struct buf *out, const struct endpoint *endpoint)
{
    if (endpoint->example_count == 0)
        return;
    docs_add(out, endpoint->example_count == 1 ? "<p>Example:</p>\n" : "<p>Examples:</p>\n");
    if (endpoint->method == HTTP_GET)
        docs_add(out, "<ul class=\"examples\">\n");
    for (size_t i = 0; i < endpoint->example_count; i++) {
        if (endpoint->method == HTTP_GET)
            add_link(out, endpoint->examples[i].target);
        else
            add_curl(out, endpoint, &endpoint->examples[i]);
    }
    if (endpoint->method == HTTP_GET)
        docs_add(out, "</ul>\n");
}

// --- the endpoint

void docs_add_id(struct buf *out, const struct endpoint *endpoint)
{
    docs_add(out, http_method_name(endpoint->method));
    docs_add_text(out, endpoint->path);
}

void docs_add_name(struct buf *out, const struct endpoint *endpoint)
{
    buf_printf(out, "<span class=\"method\">%s</span> ", http_method_name(endpoint->method));
    docs_add_code(out, endpoint->path);
}

void docs_add_endpoint(struct buf *out, const struct endpoint *endpoint)
{
    docs_add(out, "<article aria-labelledby=\"");
    docs_add_id(out, endpoint);
    docs_add(out, "\">\n<h3 id=\"");
    docs_add_id(out, endpoint);
    docs_add(out, "\">");
    docs_add_name(out, endpoint);
    docs_add(out, "</h3>\n");
    docs_add_paragraphs(out, endpoint->description);
    add_access(out, endpoint);
    add_rules(out, "Parameters", endpoint->params, endpoint->param_count);
    if (endpoint->strict)
        docs_add(out, "<p>Other parameters are refused.</p>\n");
    if (endpoint->is_question)
        docs_add(out,
            "<p>Parameters come in the query or in the body: a JSON object with a member for each, lists as "
            "arrays, or a form. It only reads.</p>\n");
    add_rules(out, "Fields of a row", endpoint->fields, endpoint->field_count);
    if (endpoint->is_one)
        docs_add(out, "<p>Takes exactly one row, as JSON, NDJSON or CSV, or as a form.</p>\n");
    else if (endpoint->field_count > 0)
        docs_add(out,
            "<p>Takes one row or many, as JSON, NDJSON or CSV, or one as a form: all of them or none.</p>\n");
    if (endpoint->is_lenient)
        docs_add(out,
            "<p>With <code>Prefer: handling=lenient</code> it takes the good rows and leaves the bad ones out: "
            "the answer is then the member <code>answer</code> of an object, with the <code>errors</code> "
            "beside it.</p>\n");
    add_dialect(out, endpoint);
    add_answer(out, endpoint);
    add_columns(out, endpoint);
    add_rejects(out, endpoint);
    add_warns(out, endpoint);
    add_examples(out, endpoint);
    docs_add(out, "</article>\n");
}
