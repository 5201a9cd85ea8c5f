// SPDX-License-Identifier: Apache-2.0
// Apps are made by hand here: what a file's text becomes is app/'s to test.
#include "serve/docs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "serve/docs_prefix.h"

#define TEXT(literal)                                                                                        \
    {                                                                                                        \
        .at = (literal), .len = sizeof(literal) - 1                                                          \
    }

static struct rule rates_params[] = {
    {.name = TEXT("day"),
        .outside = TEXT("day"),
        .type = TYPE_DATE,
        .required = true,
        .description = TEXT("first day")},
    {.name = TEXT("min_prices"),
        .outside = TEXT("min_prices"),
        .type = TYPE_INTEGER,
        .has_default = true,
        .default_value = {.kind = VALUE_INTEGER, .integer = 3},
        .has_min = true,
        .min = {.kind = VALUE_INTEGER, .integer = 1}},
    {.name = TEXT("exact"),
        .outside = TEXT("exact"),
        .type = TYPE_BOOLEAN,
        .has_default = true,
        .default_value = {.kind = VALUE_INTEGER, .integer = 1}},
    {.name = TEXT("radius"),
        .outside = TEXT("radius"),
        .type = TYPE_NUMBER,
        .has_default = true,
        .default_value = {.kind = VALUE_REAL, .real = 500}},
    {.name = TEXT("place"), .outside = TEXT("place"), .type = TYPE_TEXT, .is_list = true},
};
static struct statement rates_statements[] = {
    {.kind = STATEMENT_REJECT, .status = 404, .text = TEXT("unknown place"), .code = TEXT("unknown_place")},
    {.kind = STATEMENT_ANSWER, .status = 200},
    {.kind = STATEMENT_ANSWER, .status = 203},
    {.kind = STATEMENT_ANSWER, .status = 200},
};
static struct column rates_columns[] = {{.name = TEXT("average_price"), .type = {.type = TYPE_INTEGER}}};
static struct example rates_examples[] = {
    {.target = TEXT("/rates?day=2026-01-01&min_prices=1")}, {.target = TEXT("/rates?day=2026-01-02")}};

static struct rule person_params[] = {
    {.name = TEXT("id"), .outside = TEXT("id"), .type = TYPE_INTEGER, .in_path = true}};
static struct rule person_fields[] = {
    {.name = TEXT("nick"), .outside = TEXT("Nick <Name>"), .type = TYPE_TEXT, .unique = true}};
static struct statement person_statements[] = {
    {.kind = STATEMENT_WARN, .text = TEXT("id exists"), .code = TEXT("id_exists")},
    {.kind = STATEMENT_ANSWER, .status = 201},
};
static struct example person_examples[] = {
    {.target = TEXT("/people/7?a[]=1"), .body = TEXT("{\"Nick\": \"O'Brien\"}")}};

static struct endpoint endpoints[] = {
    {.method = HTTP_GET,
        .path = TEXT("/rates"),
        .description = TEXT("The rates.\nAll.\n\nSecond."),
        .params = rates_params,
        .param_count = 5,
        .statements = rates_statements,
        .statement_count = 4,
        .columns = rates_columns,
        .column_count = 1,
        .examples = rates_examples,
        .example_count = 2,
        .under = TEXT("rates"),
        .page_rows = 10,
        .strict = true},
    {.method = HTTP_PUT,
        .path = TEXT("/people/{id}"),
        .params = person_params,
        .param_count = 1,
        .fields = person_fields,
        .field_count = 1,
        .statements = person_statements,
        .statement_count = 2,
        .examples = person_examples,
        .example_count = 1,
        .shape = SHAPE_OBJECT,
        .warns = true},
    {.method = HTTP_POST, .path = TEXT("/secret"), .is_private = true},
};
static struct public_file public_files[] = {
    {.path = TEXT("/a \"b\"/index.html")}, {.path = TEXT("/index.html")}, {.path = TEXT("/style.css")}};
static struct app rates = {.name = "rates",
    .title = TEXT("Freight <b>rates</b>"),
    .endpoints = endpoints,
    .endpoint_count = 3,
    .public_files = public_files,
    .public_count = 3};

// The page of the app above, NUL-ended.
static char page[65536];

static int make_page(void **state)
{
    (void)state;
    struct app *apps[] = {&rates};
    struct blob *blob = docs_write(apps, 1);
    if (blob == NULL || blob->len >= sizeof(page))
        return -1;
    memcpy(page, blob->data, blob->len);
    page[blob->len] = '\0';
    blob_unref(blob);
    return 0;
}

static void assert_has(const char *html)
{
    if (strstr(page, html) == NULL)
        fail_msg("the page lacks %s", html);
}

static void assert_lacks(const char *html)
{
    if (strstr(page, html) != NULL)
        fail_msg("the page has %s", html);
}

static void the_page_has_title_contents_and_headings(void **state)
{
    (void)state;
    assert_has("<!DOCTYPE html>\n<html lang=\"en\">");
    assert_has("<title>Freight &lt;b&gt;rates&lt;/b&gt;</title>");
    assert_has("<h2 id=\"app-rates\">Freight &lt;b&gt;rates&lt;/b&gt;</h2>");
    assert_has("<li><a href=\"#GET/rates\"><span class=\"method\">GET</span> <code>/rates</code></a></li>");
    assert_has("<h3 id=\"GET/rates\"><span class=\"method\">GET</span> <code>/rates</code></h3>");
    assert_has("<p>The rates.\nAll.</p>\n<p>Second.</p>\n");
}

static void parameters_show_type_presence_rules_and_meaning(void **state)
{
    (void)state;
    assert_has("<caption>Parameters</caption>");
    assert_has("<tr><th scope=\"row\"><code>day</code></th><td>date</td><td>required</td>"
               "<td>a date, YYYY-MM-DD</td><td>first day</td></tr>");
    assert_has("<td>integer</td><td>default <code>3</code></td><td>an integer of at least 1</td>");
    assert_has("<td>boolean</td><td>default <code>true</code></td>");
    assert_has("<td>number</td><td>default <code>500</code></td>");
    assert_has("<td>text list</td><td>optional</td>");
    assert_has("<code>id</code></th><td>integer</td><td>in the path</td>");
    assert_has("<p>Other parameters are refused.</p>");
}

static void fields_show_their_outside_names(void **state)
{
    (void)state;
    assert_has("<caption>Fields of a row</caption>");
    assert_has("<code>Nick &lt;Name&gt;</code></th><td>text</td><td>optional</td>");
    assert_has(", unique in a batch</td>");
    assert_lacks("<code>nick</code>");
}

static void answers_show_status_shape_and_formats(void **state)
{
    (void)state;
    assert_has("<p>Answers 200 or 203 with an array of objects under the key <code>rates</code>, "
               "as JSON, NDJSON or CSV. It comes in pages: ");
    assert_has("<p>Answers 201 with an object, as JSON, or 404 when there is none. It is the member "
               "<code>answer</code> of an object, with the <code>warnings</code> beside it.</p>");
    assert_has("<tr><th scope=\"row\"><code>average_price</code></th><td>integer</td></tr>");
    assert_has(
        "<tr><th scope=\"row\">unknown place</th><td><code>unknown_place</code></td><td>404</td></tr>");
    assert_has("<tr><th scope=\"row\">id exists</th><td><code>id_exists</code></td></tr>");
}

static void examples_are_links_or_commands(void **state)
{
    (void)state;
    assert_has("<li><a href=\"/rates?day=2026-01-01&amp;min_prices=1\">"
               "<code>/rates?day=2026-01-01&amp;min_prices=1</code></a></li>");
    assert_has(
        "curl -g -X PUT &#39;localhost:8080/people/7?a[]=1&#39; -H &#39;Content-Type: application/json&#39; "
        "-d &#39;{&quot;Nick&quot;: &quot;O&#39;\\&#39;&#39;Brien&quot;}&#39;</code>");
}

static void an_example_without_target_goes_to_the_path(void **state)
{
    (void)state;
    struct example examples[] = {{.body = TEXT("{}")}, {.target = {0}}};
    struct endpoint endpoint = {
        .method = HTTP_POST, .path = TEXT("/jobs"), .examples = examples, .example_count = 2};
    struct app app = {.name = "jobs", .title = TEXT("Jobs"), .endpoints = &endpoint, .endpoint_count = 1};
    struct app *apps[] = {&app, &rates};
    struct blob *blob = docs_write(apps, 2);
    assert_non_null(blob);
    struct span text = {.at = blob->data, .len = blob->len};
    const char *expected[] = {"<title>Endpoints</title>", "<h2 id=\"app-jobs\">Jobs</h2>",
        "<h2 id=\"app-rates\">",
        "curl &#39;localhost:8080/jobs&#39; -H &#39;Content-Type: application/json&#39; -d &#39;{}&#39;<",
        "<code>curl -X POST &#39;localhost:8080/jobs&#39;</code>"};
    for (size_t i = 0; i < ARRAY_LEN(expected); i++)
        assert_non_null(memmem(text.at, text.len, expected[i], strlen(expected[i])));
    blob_unref(blob);
}

static void private_endpoints_are_not_shown(void **state)
{
    (void)state;
    assert_lacks("secret");
}

static void the_apps_own_pages_are_links(void **state)
{
    (void)state;
    assert_has("<p>Page: <a href=\"/a%20%22b%22/\"><code>/a &quot;b&quot;/</code></a></p>");
    assert_has("<p>Page: <a href=\"/\"><code>/</code></a></p>");
    assert_lacks("style.css");
}

static void nothing_is_fetched_and_nothing_runs(void **state)
{
    (void)state;
    assert_lacks("<script");
    assert_lacks("<link");
    assert_lacks("<img");
    assert_lacks("url(");
    assert_lacks("http:");
    assert_lacks("https:");
}

static void every_text_of_an_app_is_escaped(void **state)
{
    (void)state;
    struct span evil = TEXT("</code>\"'><evil>");
    struct rule rules[] = {{.name = evil,
                               .outside = evil,
                               .description = evil,
                               .has_default = true,
                               .default_value = {.kind = VALUE_TEXT, .text = evil}},
        {.name = evil, .outside = evil, .choices = &evil, .choice_count = 1}};
    struct statement statements[] = {{.kind = STATEMENT_REJECT, .text = evil, .code = evil},
        {.kind = STATEMENT_WARN, .text = evil, .code = evil}, {.kind = STATEMENT_ANSWER, .status = 200}};
    struct column column = {.name = evil};
    struct example example = {.target = evil, .body = evil};
    struct public_file file = {.path = TEXT("/<evil>/index.html")};
    struct endpoint both[2] = {{.method = HTTP_GET}, {.method = HTTP_POST}};
    for (size_t i = 0; i < 2; i++) {
        both[i].path = both[i].description = both[i].under = evil;
        both[i].params = both[i].fields = rules;
        both[i].param_count = both[i].field_count = 2;
        both[i].statements = statements;
        both[i].statement_count = 3;
        both[i].columns = &column;
        both[i].examples = &example;
        both[i].column_count = both[i].example_count = 1;
    }
    struct app app = {.name = "evil",
        .title = evil,
        .endpoints = both,
        .endpoint_count = 2,
        .public_files = &file,
        .public_count = 1};
    struct app *apps[] = {&app};
    struct blob *blob = docs_write(apps, 1);
    assert_non_null(blob);
    assert_null(memmem(blob->data, blob->len, "<evil", 5));
    assert_null(memmem(blob->data, blob->len, "\"'>", 3));
    blob_unref(blob);
}

static void no_apps_are_a_page_too(void **state)
{
    (void)state;
    struct blob *blob = docs_write(NULL, 0);
    assert_non_null(blob);
    assert_non_null(memmem(blob->data, blob->len, "</html>\n", 8));
    blob_unref(blob);
}

static void without_memory_there_is_no_page(void **state)
{
    (void)state;
    struct app *apps[] = {&rates};
    struct blob *blob = NULL;
    long fail = 0;
    for (; blob == NULL; fail++) {
        assert_true(fail < 1000);
        mem_fail_after(fail);
        blob = docs_write(apps, 1);
        mem_fail_after(-1);
    }
    assert_int_equal(blob->len, strlen(page));
    assert_true(fail > 10);
    blob_unref(blob);
}

static size_t count(struct span text, const char *wanted)
{
    size_t found = 0;
    const char *at = text.at, *end = text.at + text.len;
    while ((at = memmem(at, (size_t)(end - at), wanted, strlen(wanted))) != NULL) {
        at += strlen(wanted);
        found++;
    }
    return found;
}

static void below_a_path_all_links_have_it(void **state)
{
    (void)state;
    struct app *apps[] = {&rates};
    struct blob *plain = docs_write(apps, 1);
    assert_non_null(plain);
    struct blob *below = docs_below(plain, span_of("/api"));
    assert_non_null(below);
    struct span before = {.at = plain->data, .len = plain->len},
                after = {.at = below->data, .len = below->len};
    size_t links = count(before, "href=\"/"), hosts = count(before, DOCS_EXAMPLE_HOST "/");
    assert_true(links > 0 && hosts > 0);
    assert_int_equal(after.len, before.len + (links + hosts) * strlen("/api"));
    assert_int_equal(count(after, "href=\"/api/"), links);
    assert_int_equal(count(after, DOCS_EXAMPLE_HOST "/api/"), hosts);
    assert_int_equal(count(after, "href=\"#"), count(before, "href=\"#"));
    blob_unref(plain);
    mem_fail_after(0);
    assert_null(docs_below(below, span_of("/x")));
    mem_fail_after(-1);
    blob_unref(below);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_has_title_contents_and_headings),
        cmocka_unit_test(parameters_show_type_presence_rules_and_meaning),
        cmocka_unit_test(fields_show_their_outside_names),
        cmocka_unit_test(answers_show_status_shape_and_formats),
        cmocka_unit_test(examples_are_links_or_commands),
        cmocka_unit_test(an_example_without_target_goes_to_the_path),
        cmocka_unit_test(private_endpoints_are_not_shown),
        cmocka_unit_test(the_apps_own_pages_are_links),
        cmocka_unit_test(nothing_is_fetched_and_nothing_runs),
        cmocka_unit_test(every_text_of_an_app_is_escaped),
        cmocka_unit_test(no_apps_are_a_page_too),
        cmocka_unit_test(without_memory_there_is_no_page),
        cmocka_unit_test(below_a_path_all_links_have_it),
    };
    return cmocka_run_group_tests(tests, make_page, NULL);
}
