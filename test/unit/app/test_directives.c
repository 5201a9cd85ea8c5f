// SPDX-License-Identifier: Apache-2.0
// Cases of test/cases/directives: `input` is an endpoint file, `expected` the endpoint that it makes, or what
// is wrong with it. And limits and memory.
#include "app/directives.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../text/cases.h"
#include "app/csv_options.h"
#include "base/limits.h"
#include "base/mem.h"

enum { MAX_BYTES = 16 * 1024 * 1024 };

// --- an endpoint as text

static void dump_value(const char *what, const struct value *value, struct buf *out)
{
    buf_printf(out, " %s ", what);
    if (value->kind == VALUE_INTEGER)
        buf_printf(out, "%" PRId64, value->integer);
    else if (value->kind == VALUE_REAL)
        buf_printf(out, "%g real", value->real);
    else
        buf_printf(out, "\"%.*s\"", (int)value->text.len, value->text.at);
}

static void dump_rule(const char *what, const struct rule *rule, struct buf *out)
{
    buf_printf(out, "%s %.*s %s", what, (int)rule->name.len, rule->name.at, value_type_name(rule->type));
    buf_append_str(out, rule->is_list ? " list" : "");
    buf_append_str(out, rule->in_path ? " in-path" : "");
    static const char *const sources[] = {"", " client", " claim", " batch"};
    buf_append_str(out, sources[rule->source]);
    buf_append_str(out, rule->required ? " required" : "");
    buf_append_str(out, rule->unique ? " unique" : "");
    if (!span_equal(rule->outside, rule->name))
        buf_printf(out, " name \"%.*s\"", (int)rule->outside.len, rule->outside.at);
    if (rule->format.len > 0)
        buf_printf(
            out, " format \"%.*s\"%s", (int)rule->format.len, rule->format.at, rule->past ? " past" : "");
    if (rule->zone != NULL)
        buf_printf(out, " zone %s", zone_name(rule->zone));
    buf_append_str(out, rule->micros ? " micros" : "");
    buf_append_str(out, rule->default_today ? " default today" : "");
    buf_append_str(out, rule->default_now ? " default now" : "");
    buf_append_str(out, rule->min_today ? " min today" : "");
    buf_append_str(out, rule->max_today ? " max today" : "");
    if (rule->pattern != NULL)
        buf_printf(out, " pattern \"%.*s\"", (int)rule->pattern_text.len, rule->pattern_text.at);
    if (rule->has_default && !rule->default_today && !rule->default_now)
        dump_value("default", &rule->default_value, out);
    if (rule->has_min)
        dump_value("min", &rule->min, out);
    if (rule->has_max)
        dump_value("max", &rule->max, out);
    if (rule->max_chars > 0)
        buf_printf(out, " maxlength %zu", rule->max_chars);
    for (size_t i = 0; i < rule->choice_count; i++)
        buf_printf(out, " %s\"%.*s\"", i == 0 ? "in " : "", (int)rule->choices[i].len, rule->choices[i].at);
    buf_printf(out, " at %u:%u", (unsigned)rule->line, (unsigned)rule->column);
    if (rule->description.len > 0)
        buf_printf(out, " -- %.*s", (int)rule->description.len, rule->description.at);
    buf_append_byte(out, '\n');
}

static void dump_statement(const struct statement *statement, struct buf *out)
{
    static const char *const kinds[] = {"reject", "warn", "write", "answer"};
    buf_append_str(out, kinds[statement->kind]);
    if (statement->status > 0)
        buf_printf(out, " %d", statement->status);
    if (statement->text.len > 0)
        buf_printf(out, " \"%.*s\" %.*s", (int)statement->text.len, statement->text.at,
            (int)statement->code.len, statement->code.at);
    if (statement->when.len > 0)
        buf_printf(out, " when \"%.*s\" at %u:%u", (int)statement->when.len, statement->when.at,
            (unsigned)statement->when_line, (unsigned)statement->when_column);
    if (statement->when_hidden != 0)
        buf_printf(out, " behind \"%.*s\"", (int)statement->when_before.len, statement->when_before.at);
    buf_printf(out, " at %u:%u\n%.*s\n", (unsigned)statement->line, (unsigned)statement->column,
        (int)statement->sql.len, statement->sql.at);
}

static void dump_parts(const struct endpoint *endpoint, struct buf *out)
{
    if (memchr(endpoint->path.at, '{', endpoint->path.len) == NULL)
        return; // which are plain to see
    for (size_t i = 0; i < endpoint->part_count; i++) {
        const struct path_part *part = &endpoint->parts[i];
        if (part->param >= 0)
            assert_true(span_equal(endpoint->params[part->param].name, part->text));
        buf_printf(out, "%s%.*s%s", i == 0 ? "parts " : " ", (int)part->text.len, part->text.at,
            part->param >= 0 ? "?" : "");
    }
    buf_append_str(out, endpoint->part_count > 0 ? "\n" : "");
}

static void dump_answer(const struct endpoint *endpoint, struct buf *out)
{
    static const char *const shapes[] = {"rows", "object", "values", "value", "text"};
    if (endpoint->shape != SHAPE_ROWS)
        buf_printf(out, "shape %s\n", shapes[endpoint->shape]);
    if (endpoint->under.len > 0)
        buf_printf(out, "under \"%.*s\"\n", (int)endpoint->under.len, endpoint->under.at);
    if (endpoint->page_rows > 0)
        buf_printf(out, "page %u, limit is param %d, cursor is param %d\n", (unsigned)endpoint->page_rows,
            endpoint->limit_param, endpoint->cursor_param);
    for (size_t i = 0; i < endpoint->example_count; i++) {
        const struct example *example = &endpoint->examples[i];
        buf_printf(out, "example \"%.*s\" \"%.*s\" at %u:%u\n", (int)example->target.len, example->target.at,
            (int)example->body.len, example->body.at, (unsigned)example->line, (unsigned)example->column);
    }
}

static void dump_kept(const struct endpoint *endpoint, struct buf *out)
{
    if (!endpoint->is_kept)
        buf_append_str(out, "answers are not kept\n");
    if (endpoint->access.line > 0) {
        static const char *const kinds[] = {"open", "key", "scope"};
        buf_printf(out, "access %s %.*s\n", kinds[endpoint->access.kind], (int)endpoint->access.scope.len,
            endpoint->access.scope.len > 0 ? endpoint->access.scope.at : "");
    }
    buf_append_str(out, endpoint->is_personal ? "personal\n" : "");
    for (size_t i = 0; i < endpoint->depends_count; i++) {
        const struct depends *depends = &endpoint->depends[i];
        buf_printf(out, "depends %.*s", (int)depends->table.len, depends->table.at);
        for (size_t k = 0; k < depends->count; k++)
            buf_printf(out, " %.*s=%d", (int)depends->columns[k].name.len, depends->columns[k].name.at,
                depends->columns[k].param);
        buf_printf(out, " at %u:%u\n", (unsigned)depends->line, (unsigned)depends->column);
    }
    if (endpoint->stale_ms > 0)
        buf_printf(out, "stale for %u ms\n", (unsigned)endpoint->stale_ms);
    if (endpoint->csv != NULL) {
        buf_append_str(out, "csv ");
        csv_options_write(endpoint->csv, out);
        buf_append_byte(out, '\n');
    }
}

static void dump_endpoint(const struct endpoint *endpoint, struct buf *out)
{
    buf_printf(out, "%s %.*s%s%s%s%s%s%s%s at %u:%u\n", http_method_name(endpoint->method),
        (int)endpoint->path.len, endpoint->path.at, endpoint->is_one ? " one" : "",
        endpoint->is_lenient ? " lenient" : "", endpoint->is_question ? " question" : "",
        endpoint->is_private ? " private" : "", endpoint->is_parallel ? " parallel" : "",
        endpoint->strict ? " strict" : "", endpoint->warns ? " warns" : "", (unsigned)endpoint->line,
        (unsigned)endpoint->column);
    dump_parts(endpoint, out);
    dump_answer(endpoint, out);
    dump_kept(endpoint, out);
    if (endpoint->description.len > 0)
        buf_printf(out, "%.*s\n", (int)endpoint->description.len, endpoint->description.at);
    for (size_t i = 0; i < endpoint->param_count; i++) {
        dump_rule("param", &endpoint->params[i], out);
        assert_true(span_equal(endpoint->params[i].name, endpoint->param_names[i].name));
        assert_int_equal(endpoint->params[i].type, endpoint->param_names[i].type);
        assert_int_equal(endpoint->params[i].is_list, endpoint->param_names[i].is_list);
    }
    for (size_t i = 0; i < endpoint->field_count; i++) {
        dump_rule("field", &endpoint->fields[i], out);
        assert_true(span_equal(endpoint->fields[i].name, endpoint->field_names[i].name));
        assert_int_equal(endpoint->fields[i].type, endpoint->field_names[i].type);
    }
    for (size_t i = 0; i < endpoint->has_count; i++) {
        const struct store_name *name = &endpoint->field_names[endpoint->field_count + i];
        assert_int_equal(name->type, TYPE_BOOLEAN);
        buf_printf(out, "batch tells %.*s\n", (int)name->name.len, name->name.at);
    }
    for (size_t i = 0; i < endpoint->column_count; i++)
        buf_printf(out, "column %.*s %s at %u:%u\n", (int)endpoint->columns[i].name.len,
            endpoint->columns[i].name.at, value_type_name(endpoint->columns[i].type.type),
            (unsigned)endpoint->columns[i].line, (unsigned)endpoint->columns[i].column);
    for (size_t i = 0; i < endpoint->statement_count; i++)
        dump_statement(&endpoint->statements[i], out);
}

static void dump_diags(struct diags *diags, struct buf *out)
{
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    assert_non_null(file);
    diags_sort(diags);
    diags_print(diags, file);
    fclose(file);
    buf_append(out, text, len);
    free(text);
}

static void dump_file(struct span input, enum sql_dialect dialect, struct buf *out)
{
    struct arena arena;
    struct diags diags;
    struct endpoint endpoint;
    struct err err = {0};
    arena_init(&arena, MAX_BYTES);
    diags_init(&diags);
    enum err_code code = directives_parse("input", input, dialect, &arena, &diags, &endpoint, &err);
    if (code == ERR_NONE) {
        assert_int_equal(diags_total(&diags), 0);
        dump_endpoint(&endpoint, out);
    } else {
        assert_int_equal(code, ERR_CONFIG);
        assert_string_equal(err.text, "input has errors");
        assert_true(diags.count > 0);
        dump_diags(&diags, out);
    }
    diags_fini(&diags);
    arena_fini(&arena);
}

static void dump_case(const char *name, struct span input, size_t step, struct buf *out)
{
    (void)step; // the parser takes a file whole
    dump_file(input, strstr(name, "postgresql") != NULL ? SQL_POSTGRESQL : SQL_SQLITE, out);
}

static void every_case_gives_what_it_expects(void **state)
{
    (void)state;
    cases_run("directives", dump_case);
}

static void a_file_over_the_limit_is_refused(void **state)
{
    (void)state;
    size_t len = LIMIT_APP_FILE_BYTES + 1;
    char *text = malloc(len);
    assert_non_null(text);
    memset(text, ' ', len);
    AUTO(buf_fini) struct buf out;
    buf_init(&out, MAX_BYTES);
    dump_file((struct span){.at = text, .len = len}, SQL_SQLITE, &out);
    buf_append_byte(&out, '\0');
    assert_string_equal(out.data, "input: is larger than 1048576 bytes; split it\n");
    free(text);
}

// Fails each allocation in turn until the text is parsed.
static void walk_faults(const char *text)
{
    bool done = false;
    int failures = 0;
    for (long n = 0; !done; n++) {
        struct arena arena;
        struct diags diags;
        struct endpoint endpoint;
        struct err err = {0};
        arena_init(&arena, MAX_BYTES);
        diags_init(&diags);
        mem_fail_after(n);
        enum err_code code =
            directives_parse("input", span_of(text), SQL_SQLITE, &arena, &diags, &endpoint, &err);
        mem_fail_after(-1);
        done = code == ERR_NONE;
        if (!done) {
            assert_int_equal(code, ERR_NO_MEMORY);
            assert_string_equal(err.text, "out of memory");
            failures++;
        }
        diags_fini(&diags);
        arena_fini(&arena);
    }
    assert_true(failures > 1);
}

#define READ                                                                                                     \
    "-- @endpoint GET /a/{id}\n-- @param id text pattern \"[a-z]{2}(?:b|c)*\"\n"                                 \
    "-- @param days date list format \"%d.%m.%y\" past in (1.2.16, 2.2.16) default \"1.2.16,2.2.16\"\n"          \
    "-- @param w text pattern \"a+\" default aa\n-- @page 10 max 20\n-- @under k\n-- @example /a/%78y?limit=1\n" \
    "-- @answer when :id = 'a'\nSELECT :id, :days, :w;\n-- @answer\nSELECT 1 AS n;\n"
#define WRITE                                                                                                \
    "-- @endpoint POST /a\n-- about\n-- @param p text in (a, b) default a\n"                                 \
    "-- @field t timestamp unique min 2016-01-01T00:00:00+01:00\n-- @column n integer\n"                     \
    "-- @example {\"t\": null}\n-- @reject 400 bad row\nSELECT line FROM batch WHERE :p = '';\n"             \
    "-- @write\nDELETE FROM t;\n-- @answer\nSELECT 1 AS n;\n"

static void without_memory_the_parser_says_so_and_leaks_nothing(void **state)
{
    (void)state;
    walk_faults(READ);
    walk_faults(WRITE);
}

// Gives the parser more and more room until that is enough.
static void walk_room(const char *text)
{
    bool done = false;
    for (size_t max = 0; !done; max += 16) {
        struct arena arena;
        struct diags diags;
        struct endpoint endpoint;
        arena_init(&arena, max);
        diags_init(&diags);
        enum err_code code =
            directives_parse("input", span_of(text), SQL_SQLITE, &arena, &diags, &endpoint, NULL);
        assert_true(code == ERR_NONE || code == ERR_NO_MEMORY);
        done = code == ERR_NONE;
        diags_fini(&diags);
        arena_fini(&arena);
    }
}

static void a_full_arena_is_no_crash(void **state)
{
    (void)state;
    walk_room(READ);
    walk_room(WRITE);
}

// What stands in the file, with `count` lines of `format`, which has the line's number in it.
static void expect_of_many(
    const char *head, const char *format, int count, const char *tail, const char *expected)
{
    AUTO(buf_fini) struct buf text;
    AUTO(buf_fini) struct buf out;
    buf_init(&text, MAX_BYTES);
    buf_init(&out, MAX_BYTES);
    buf_append_str(&text, head);
    for (int i = 0; i < count; i++) {
        const char *number = strchr(format, '#');
        buf_append(&text, format, number != NULL ? (size_t)(number - format) : strlen(format));
        if (number != NULL)
            buf_printf(&text, "%d%s", i, number + 1);
    }
    buf_append_str(&text, tail);
    dump_file(buf_span(&text), SQL_SQLITE, &out);
    buf_append_byte(&out, '\0');
    assert_true(strlen(out.data) >= strlen(expected));
    if (strncmp(out.data, expected, strlen(expected)) != 0)
        fail_msg("%s", out.data);
}

static void the_rejects_of_unique_fields_count_as_statements(void **state)
{
    (void)state;
    static const char head[] = "-- @endpoint POST /a\n",
                      tail[] = "-- @write\nDELETE FROM t;\n-- @answer\nSELECT 1\n";
    expect_of_many(head, "-- @field f# text unique\n", 62, tail, "POST /a at 1:4\n");
    expect_of_many(head, "-- @field f# text unique\n", 63, tail,
        "input:1:4: more than 64 statements, with one for each unique field; no endpoint may have more\n");
}

static void the_parameters_of_a_page_need_room(void **state)
{
    (void)state;
    // A text of 98 or 99 parameters that are all used by a condition.
    for (int count = 98; count <= 99; count++) {
        AUTO(buf_fini) struct buf tail;
        buf_init(&tail, MAX_BYTES);
        buf_append_str(&tail, "-- @answer\nSELECT 1");
        for (int i = 0; i < count; i++)
            buf_printf(&tail, ", :p%d", i);
        assert_int_equal(buf_append_byte(&tail, '\0'), ERR_NONE);
        expect_of_many("-- @endpoint GET /a\n-- @page 1 max 2\n", "-- @param p# text\n", count, tail.data,
            count == 98 ? "GET /a at 1:4\npage 1, limit is param 98, cursor is param 99\n"
                        : "input:2:4: no room for the parameters limit and cursor, which @page adds; take "
                          "two others away\n");
    }
}

static void examples_have_a_limit(void **state)
{
    (void)state;
    static const char head[] = "-- @endpoint GET /a\n", tail[] = "-- @answer\nSELECT 1\n";
    expect_of_many(head, "-- @example /a?x=#\n", 100, tail, "GET /a at 1:4\n");
    expect_of_many(head, "-- @example /a?x=#\n", 101, tail,
        "input:102:4: more than 100 @example; no endpoint may have more\n");
}

static void a_pattern_has_a_limit(void **state)
{
    (void)state;
    static const char head[] = "-- @endpoint GET /a\n-- @param p text pattern \"",
                      tail[] = "\"\n-- @answer\nSELECT :p\n";
    expect_of_many(head, "x", 1024, tail, "GET /a at 1:4\n");
    expect_of_many(head, "x", 1025, tail,
        "input:2:1051: the pattern cannot be read here: it is longer than 1024 bytes\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_gives_what_it_expects),
        cmocka_unit_test(a_file_over_the_limit_is_refused),
        cmocka_unit_test(without_memory_the_parser_says_so_and_leaks_nothing),
        cmocka_unit_test(a_full_arena_is_no_crash),
        cmocka_unit_test(the_rejects_of_unique_fields_count_as_statements),
        cmocka_unit_test(the_parameters_of_a_page_need_room),
        cmocka_unit_test(examples_have_a_limit),
        cmocka_unit_test(a_pattern_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
