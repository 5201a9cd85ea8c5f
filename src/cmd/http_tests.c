// SPDX-License-Identifier: Apache-2.0
// A line at a time, downwards: each function takes its part of a test off the front of the text. After a
// fault the rest of that test is skipped, so that a file's faults are all told. Any thread.
#include "cmd/http_tests.h"

#include <stdbool.h>
#include <string.h>

#include "app/source.h"
#include "base/limits.h"
#include "http/chars.h"
#include "text/number.h"

enum { MAX_TESTS = 10000 }; // of one file

// One file being read.
struct parsing {
    const char *path;        // for messages
    struct span rest;        // what is to be read
    uint32_t line;           // of its first byte, from 1
    struct arena *arena;     // for results
    struct diags *diags;     // for faults
    struct http_tests tests; // so far
    size_t room;             // tests that the array has room for
    struct err *err;         // for what is no fault of the file
};

// --- lines

// The next line, without its end; it stays where it is. Not at the end of the text.
static struct span peek_line(const struct parsing *parsing)
{
    struct span rest = parsing->rest;
    return span_line(&rest);
}

static void pass_line(struct parsing *parsing)
{
    span_split(&parsing->rest, '\n');
    parsing->line++;
}

// At a line that starts the next test, or at the end.
static bool at_heading(const struct parsing *parsing)
{
    return parsing->rest.len == 0 || span_starts_with(peek_line(parsing), "###");
}

static bool is_blank(struct span line)
{
    return span_trim(line).len == 0;
}

// "HTTP 200"; what others write as well, "HTTP/1.1 200 OK", is as good.
static bool is_status_line(struct span line, int *ret_status)
{
    int64_t status;
    struct span rest = span_trim(line);
    struct span word = span_split(&rest, ' ');
    rest = span_trim(rest);
    struct span number = span_split(&rest, ' ');
    if ((!span_is(word, "HTTP") && !span_is(word, "HTTP/1.1")) || number.len != 3 ||
        !number_parse_integer(number, &status) || status < 200 || status > 599)
        return false;
    *ret_status = (int)status;
    return true;
}

static bool fault(const struct parsing *parsing, const char *text)
{
    diags_add(parsing->diags, parsing->path, parsing->line, 0, "%s", text);
    return false;
}

// --- the parts of a test; false after a fault

static bool is_token(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!http_char_is(text.at[i], HTTP_TOKEN))
            return false;
    }
    return text.len > 0;
}

static bool is_printable(struct span text, char lowest)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((text.at[i] >= 0 && text.at[i] < lowest) || text.at[i] == 0x7f)
            return false;
    }
    return true;
}

// "POST /prices", and "POST /prices HTTP/1.1" too.
static bool read_request_line(struct parsing *parsing, struct http_test *test)
{
    struct span rest = span_trim(peek_line(parsing));
    test->line = parsing->line;
    test->method = span_split(&rest, ' ');
    test->target = span_trim(rest);
    rest = test->target;
    struct span target = span_split(&rest, ' ');
    if (span_is(span_trim(rest), "HTTP/1.1"))
        test->target = target;
    if (!is_token(test->method) || test->target.len == 0 || test->target.at[0] != '/')
        return fault(parsing, "a request starts with its method and target: GET /path?name=value");
    if (!is_printable(test->target, '!'))
        return fault(parsing, "the target has a blank or a control character: write it percent-encoded");
    if (test->target.len > LIMIT_TARGET_BYTES)
        return fault(parsing, "the target is too long");
    pass_line(parsing);
    return true;
}

static enum err_code keep_fields(struct parsing *parsing, const struct test_field *fields, size_t count,
    struct test_field **ret_fields, size_t *ret_count)
{
    struct test_field *kept = arena_zalloc(parsing->arena, count > 0 ? count : 1, sizeof(*kept));
    if (kept == NULL)
        return err_no_memory(parsing->err);
    if (count > 0)
        memcpy(kept, fields, count * sizeof(*kept));
    *ret_fields = kept;
    *ret_count = count;
    return ERR_NONE;
}

// Field lines up to an empty line, which is passed, the next test or, where one may come, a status line.
static bool read_fields(
    struct parsing *parsing, bool until_status, struct test_field **ret_fields, size_t *ret_count)
{
    struct test_field fields[LIMIT_HEAD_FIELDS];
    size_t count = 0;
    int status;
    while (!at_heading(parsing)) {
        struct span line = peek_line(parsing);
        if (is_blank(line)) {
            pass_line(parsing);
            break;
        }
        if (until_status && is_status_line(line, &status))
            break;
        if (count == LIMIT_HEAD_FIELDS)
            return fault(parsing, "too many header lines");
        struct span name = span_split(&line, ':');
        bool has_colon = name.at + name.len < line.at;
        if (!has_colon || !is_token(name) || !is_printable(span_trim(line), ' '))
            return fault(parsing, "a header line is \"Name: value\"; an empty line ends them");
        fields[count++] = (struct test_field){.name = name, .value = span_trim(line), .line = parsing->line};
        pass_line(parsing);
    }
    return keep_fields(parsing, fields, count, ret_fields, ret_count) == ERR_NONE;
}

// Lines up to the next test or, where one may come, a status line; without empty ones around them. The line
// of the first one goes to *ret_line.
static struct span read_body(struct parsing *parsing, bool until_status, uint32_t *ret_line)
{
    struct span body = {0};
    int status;
    *ret_line = 0;
    while (!at_heading(parsing)) {
        struct span line = peek_line(parsing);
        if (until_status && is_status_line(line, &status))
            break;
        if (!is_blank(line)) {
            if (body.len == 0) {
                body.at = line.at;
                *ret_line = parsing->line;
            }
            body.len = (size_t)(line.at + line.len - body.at);
        }
        pass_line(parsing);
    }
    return body;
}

static bool add_keys(struct parsing *parsing, struct span text, uint32_t line)
{
    struct err err = {0};
    enum err_code code = test_keys_add(&parsing->tests.keys, text, parsing->arena, &err);
    if (code == ERR_NO_MEMORY)
        (void)err_no_memory(parsing->err);
    else if (code != ERR_NONE)
        diags_add(parsing->diags, parsing->path, line, 0, "%s", err.text);
    return code == ERR_NONE;
}

// The keys that a request asks for.
static bool read_keys(struct parsing *parsing, const struct http_test *test)
{
    bool good = add_keys(parsing, test->target, test->line);
    for (size_t i = 0; good && i < test->field_count; i++)
        good = add_keys(parsing, test->fields[i].value, test->fields[i].line);
    return good;
}

static bool read_test(struct parsing *parsing, struct http_test *test)
{
    uint32_t body_line;
    if (!read_request_line(parsing, test) || !read_fields(parsing, true, &test->fields, &test->field_count) ||
        !read_keys(parsing, test))
        return false;
    test->body = read_body(parsing, true, &body_line);
    if (at_heading(parsing)) {
        diags_add(parsing->diags, parsing->path, test->line, 0,
            "no line such as \"HTTP 200\" says what this request's answer should be");
        return false;
    }
    test->status_line = parsing->line;
    is_status_line(peek_line(parsing), &test->status);
    pass_line(parsing);
    if (!read_fields(parsing, false, &test->expected, &test->expected_count))
        return false;
    test->expected_body = read_body(parsing, false, &test->expected_body_line);
    return true;
}

// --- the file

static enum err_code add_test(struct parsing *parsing, const struct http_test *test)
{
    struct http_tests *tests = &parsing->tests;
    struct http_test *grown =
        arena_grow(parsing->arena, tests->tests, tests->count, &parsing->room, sizeof(*grown));
    if (grown == NULL)
        return err_no_memory(parsing->err);
    tests->tests = grown;
    tests->tests[tests->count++] = *test;
    return ERR_NONE;
}

// Comments and empty lines in front of a request, or of the first test.
static void pass_comments(struct parsing *parsing)
{
    while (!at_heading(parsing)) {
        struct span line = peek_line(parsing);
        if (!is_blank(line) && !span_starts_with(line, "#"))
            return;
        pass_line(parsing);
    }
}

static void pass_to_heading(struct parsing *parsing)
{
    while (!at_heading(parsing))
        pass_line(parsing);
}

// From a heading to the next one.
static enum err_code read_block(struct parsing *parsing)
{
    struct http_test test = {0};
    struct span heading = peek_line(parsing);
    while (heading.len > 0 && heading.at[0] == '#') {
        heading.at++;
        heading.len--;
    }
    test.name = span_trim(heading);
    uint32_t line = parsing->line;
    pass_line(parsing);
    pass_comments(parsing);
    if (at_heading(parsing)) {
        if (test.name.len > 0) // a bare ### only ends the test before it
            diags_add(parsing->diags, parsing->path, line, 0, "no request follows this name");
        return ERR_NONE;
    }
    bool done = read_test(parsing, &test);
    pass_to_heading(parsing);
    if (parsing->err->code != ERR_NONE || !done)
        return parsing->err->code;
    if (parsing->tests.count == MAX_TESTS) {
        fault(parsing, "too many tests in one file; split it");
        parsing->rest.len = 0;
        return ERR_NONE;
    }
    if (test.name.len == 0) // the request line, as it stands in the file
        test.name = (struct span){
            .at = test.method.at, .len = (size_t)(test.target.at + test.target.len - test.method.at)};
    return add_test(parsing, &test);
}

enum err_code http_tests_parse(const char *path, struct span text, struct arena *arena, struct diags *diags,
    struct http_tests *ret_tests, struct err *err)
{
    struct parsing parsing = {
        .path = path, .rest = text, .line = 1, .arena = arena, .diags = diags, .err = err};
    if (span_starts_with(text, "\xef\xbb\xbf")) {
        parsing.rest.at += 3;
        parsing.rest.len -= 3;
    }
    pass_comments(&parsing);
    if (!at_heading(&parsing))
        fault(&parsing, "a test starts with a line \"### its name\"");
    pass_to_heading(&parsing);
    enum err_code code = ERR_NONE;
    while (code == ERR_NONE && parsing.rest.len > 0)
        code = read_block(&parsing);
    if (code == ERR_NONE)
        *ret_tests = parsing.tests;
    return code;
}

enum err_code http_tests_read(
    const char *path, struct arena *arena, struct diags *diags, struct http_tests *ret_tests, struct err *err)
{
    struct span text = {0};
    bool usable;
    enum err_code code = source_read(path, arena, diags, &text, &usable, err);
    if (code != ERR_NONE)
        return code;
    return http_tests_parse(path, usable ? text : (struct span){.at = ""}, arena, diags, ret_tests, err);
}
