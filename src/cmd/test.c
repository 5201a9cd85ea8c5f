// SPDX-License-Identifier: Apache-2.0
// `reckoner test`: sends the requests of tests/*.http and the @examples to servers in this process and prints
// TAP. Each file of tests, and each @example that writes, has a server of its own over a copy of the store as
// the first load has left it; the @examples that read share one. Reading the files, comparing answers and
// running servers is left to http_tests.h, expect.h and test_server.h. On the main thread of temp_run's
// child.
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "cmd/cmd.h"
#include "cmd/expect.h"
#include "cmd/first_load.h"
#include "cmd/help.h"
#include "cmd/message.h"
#include "cmd/options.h"
#include "cmd/temp_run.h"
#include "cmd/test_files.h"
#include "cmd/test_server.h"
#include "cmd/workspace.h"

static const struct usage USAGE = {
    .command = COMMAND_TEST,
    .forms = "test [OPTION]... APP...",
    .about =
        "Runs the requests of each app's tests/*.http, and its @examples, against a real server with a\n"
        "fresh store, and compares what it answers with what is expected there. The requests of a file run\n"
        "in order and see each other's writes; each file begins with the app's own data anew. Prints TAP.\n",
    .notes = "Exits with 1 when a test fails, or when there is none.\n",
    .min_words = 1,
    .max_words = SIZE_MAX,
    .wanted = WANTED_APPS,
};

enum {
    PATH_BYTES = 4096,
    MS_PER_S = 1000,
    TESTS_BYTES = 64 * 1024 * 1024,
    OUT_BYTES = 1024 * 1024,
    SHOWN_ANSWER_BYTES = 4000,
    KEY_BYTES = LIMIT_SCOPE_CHARS + 32
};

// All tests of one run.
struct run {
    const char *const *apps; // folders; borrowed
    size_t app_count;        //
    uint64_t timeout_ms;     // of a request
    struct test_seed seed;   // what servers of the app under test start with
    struct test_keys keys;   // that their requests ask for
    size_t number;           // of the last test that was told
    size_t failed;           //
    size_t skipped;          //
};

// --- telling

// In TAP a # starts a directive.
static void print_name(struct span name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.at[i] == '#' || name.at[i] == '\\')
            putchar('\\');
        putchar(name.at[i]);
    }
}

// "ok 7 - rates.http: an unknown port is refused", and what is wrong, a "# " line each.
static void tell(struct run *run, bool good, const char *place, struct span name, struct span wrong)
{
    run->number++;
    run->failed += !good;
    printf("%s %zu - %s: ", good ? "ok" : "not ok", run->number, place);
    print_name(name);
    putchar('\n');
    while (!good && wrong.len > 0) {
        struct span line = span_split(&wrong, '\n');
        printf("# %.*s\n", (int)line.len, line.at);
    }
    fflush(stdout);
}

static void tell_skipped(struct run *run, const char *place, struct span name, const char *why)
{
    run->number++;
    run->skipped++;
    printf("ok %zu - %s: ", run->number, place);
    print_name(name);
    printf(" # SKIP %s\n", why);
    fflush(stdout);
}

static void tell_broken(struct run *run, const char *place, const char *what, const char *wrong)
{
    tell(run, false, place, span_of(what), span_of(wrong));
}

// A server that does not answer would not end either: the parent process cleans up.
_Noreturn static void bail_out(const struct run *run)
{
    printf("Bail out! a request was not answered within %" PRIu64 " s\n", run->timeout_ms / MS_PER_S);
    fflush(NULL);
    _exit(EXIT_FAILED);
}

// --- one request

static bool has_field(const struct http_test *test, const char *name)
{
    for (size_t i = 0; i < test->field_count; i++) {
        if (span_is_nocase(test->fields[i].name, name))
            return true;
    }
    return false;
}

static void write_request(
    const struct http_test *test, const struct test_keys *keys, const char *address, struct buf *out)
{
    buf_printf(out, "%.*s ", (int)test->method.len, test->method.at);
    test_keys_fill(keys, test->target, out);
    buf_append_str(out, " HTTP/1.1\r\n");
    if (!has_field(test, "host"))
        buf_printf(out, "Host: %s\r\n", address);
    for (size_t i = 0; i < test->field_count; i++) {
        buf_printf(out, "%.*s: ", (int)test->fields[i].name.len, test->fields[i].name.at);
        test_keys_fill(keys, test->fields[i].value, out);
        buf_append_str(out, "\r\n");
    }
    bool may_have_body = !span_is(test->method, "GET") && !span_is(test->method, "HEAD");
    bool is_framed = has_field(test, "content-length") || has_field(test, "transfer-encoding");
    if (!is_framed && (test->body.len > 0 || may_have_body))
        buf_printf(out, "Content-Length: %zu\r\n", test->body.len);
    if (!has_field(test, "connection"))
        buf_append_str(out, "Connection: close\r\n");
    buf_append_str(out, "\r\n");
    buf_append(out, test->body.at, test->body.len);
}

// Sends a test's request. ERR_TIMEOUT is told like any error, and ends the run.
static enum err_code call(const struct run *run, const struct test_server *server,
    const struct http_test *test, struct client_answer *ret_answer, struct err *err)
{
    AUTO(buf_fini) struct buf request;
    buf_init(&request, 2 * LIMIT_APP_FILE_BYTES);
    write_request(test, &run->keys, test_server_address(server), &request);
    if (buf_status(&request) != ERR_NONE)
        return err_no_memory(err);
    bool has_body = !span_is(test->method, "HEAD");
    return client_call(
        test_server_address(server), buf_span(&request), has_body, run->timeout_ms, ret_answer, err);
}

static void run_test(
    struct run *run, const struct test_server *server, const char *path, const struct http_test *test)
{
    AUTO(client_answer_fini) struct client_answer answer = {0};
    AUTO(buf_fini) struct buf wrong;
    buf_init(&wrong, OUT_BYTES);
    struct err err = {0};
    enum err_code code = call(run, server, test, &answer, &err);
    bool good = false;
    if (code == ERR_NONE)
        good = expect_answer(test, path, &answer, &wrong);
    else
        buf_printf(&wrong, "%s:%u: %s", path, test->line, err.text);
    tell(run, good, path, test->name, buf_span(&wrong));
    if (code == ERR_TIMEOUT)
        bail_out(run);
}

// --- servers

static bool start_server(struct run *run, const char *place, struct test_server **ret_server)
{
    if (test_server_start(&run->seed, &run->keys, ret_server))
        return true;
    tell_broken(run, place, "a server starts", "its messages are on standard error");
    return false;
}

// --- files

static void tell_unreadable(struct run *run, const char *path, const struct diags *diags)
{
    AUTO(buf_fini) struct buf wrong;
    buf_init(&wrong, OUT_BYTES);
    for (size_t i = 0; i < diags->count; i++)
        buf_printf(&wrong, "%s:%u: %s\n", diags->items[i].file, diags->items[i].line, diags->items[i].text);
    tell(run, false, path, span_of("the file can be read"), buf_span(&wrong));
}

static void run_tests(struct run *run, const char *path, const struct http_tests *tests)
{
    struct test_server *server;
    if (tests->count == 0 || !start_server(run, path, &server))
        return;
    for (size_t i = 0; i < tests->count; i++)
        run_test(run, server, path, &tests->tests[i]);
    test_server_stop(server);
}

static void run_file(void *ctx, const char *path)
{
    struct run *run = ctx;
    AUTO(arena_fini) struct arena arena;
    AUTO(diags_fini) struct diags diags;
    struct http_tests tests;
    struct err err = {0};
    arena_init(&arena, TESTS_BYTES);
    diags_init(&diags);
    if (http_tests_read(path, &arena, &diags, &tests, &err) != ERR_NONE) {
        tell_broken(run, path, "the file can be read", err.text);
        return;
    }
    if (diags.count > 0)
        tell_unreadable(run, path, &diags);
    run->keys = tests.keys;
    run_tests(run, path, &tests);
    run->keys = (struct test_keys){0}; // they were the arena's
}

static void run_files(struct run *run)
{
    int failed = test_files_each(run->seed.app_dir, run_file, run);
    if (failed != 0)
        tell_broken(run, run->seed.app_dir, "the folder tests can be read", strerror(failed));
}

// --- examples

// The key that the endpoint's examples are sent with, as a test would write it; empty where none is needed.
static void write_key(const struct endpoint *endpoint, char ret_text[KEY_BYTES])
{
    ret_text[0] = '\0';
    if (endpoint->access.kind == ACCESS_SCOPE)
        snprintf(ret_text, KEY_BYTES, "{{key: scope=%.*s}}", (int)endpoint->access.scope.len,
            endpoint->access.scope.at);
    else if (endpoint->access.kind == ACCESS_KEY)
        snprintf(ret_text, KEY_BYTES, "{{key}}");
}

// Nobody knows what a good claim is but whoever wrote the SQL, and an example has no place for one.
static bool wants_claim(const struct endpoint *endpoint)
{
    for (size_t i = 0; i < endpoint->param_count; i++) {
        if (endpoint->params[i].source == PARAM_CLAIM && endpoint->params[i].required)
            return true;
    }
    return false;
}

static enum err_code call_example(struct run *run, const struct test_server *server,
    const struct endpoint *endpoint, const struct http_test *example, struct client_answer *ret_answer,
    struct err *err)
{
    char key[KEY_BYTES];
    struct test_field fields[2];
    struct http_test test = *example;
    write_key(endpoint, key);
    test.fields = fields;
    test.field_count = 0;
    if (test.body.len > 0)
        fields[test.field_count++] =
            (struct test_field){.name = span_of("Content-Type"), .value = span_of("application/json")};
    if (key[0] != '\0')
        fields[test.field_count++] = (struct test_field){.name = span_of("X-API-Key"), .value = span_of(key)};
    return call(run, server, &test, ret_answer, err);
}

static void run_example(struct run *run, const struct test_server *server, const struct endpoint *endpoint,
    const struct example *example)
{
    struct http_test test = {
        .line = example->line,
        .method = span_of(http_method_name(endpoint->method)),
        .target = example->target.len > 0 ? example->target : endpoint->path,
        .body = example->body,
    };
    AUTO(client_answer_fini) struct client_answer answer = {0};
    AUTO(buf_fini) struct buf wrong, name;
    buf_init(&wrong, OUT_BYTES);
    buf_init(&name, OUT_BYTES);
    buf_printf(&name, "@example %.*s %.*s", (int)test.method.len, test.method.at, (int)test.target.len,
        test.target.at);
    if (wants_claim(endpoint)) {
        tell_skipped(run, endpoint->file, buf_span(&name),
            "it hangs on a claim: write a test of it in tests/, with {{key: NAME=VALUE}}");
        return;
    }
    struct err err = {0};
    enum err_code code = call_example(run, server, endpoint, &test, &answer, &err);
    bool good = code == ERR_NONE && answer.status / 100 == 2;
    buf_printf(&wrong, "%s:%u: ", endpoint->file, example->line);
    if (code == ERR_NONE)
        buf_printf(&wrong, "expected a status from 200 to 299, got %d with %.*s", answer.status,
            (int)utf8_cut(answer.body, SHOWN_ANSWER_BYTES), answer.body.at);
    else
        buf_append_str(&wrong, err.text);
    tell(run, good, endpoint->file, buf_span(&name), buf_span(&wrong));
    if (code == ERR_TIMEOUT)
        bail_out(run);
}

static void run_examples_of(struct run *run, const struct endpoint *endpoint)
{
    for (size_t i = 0; i < endpoint->example_count; i++) {
        struct test_server *server;
        if (!start_server(run, endpoint->file, &server))
            return;
        run_example(run, server, endpoint, &endpoint->examples[i]);
        test_server_stop(server);
    }
}

// Those of reads, all on one server.
static void run_read_examples(struct run *run, const struct app *app)
{
    struct test_server *server = NULL;
    for (size_t i = 0; i < app->endpoint_count; i++) {
        const struct endpoint *endpoint = &app->endpoints[i];
        if (!endpoint_is_read(endpoint) || endpoint->example_count == 0)
            continue;
        if (server == NULL && !start_server(run, endpoint->file, &server))
            return;
        for (size_t k = 0; k < endpoint->example_count; k++)
            run_example(run, server, endpoint, &endpoint->examples[k]);
    }
    if (server != NULL)
        test_server_stop(server);
}

static enum err_code add_example_keys(const struct app *app, struct arena *arena, struct test_keys *keys)
{
    char text[KEY_BYTES];
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < app->endpoint_count; i++) {
        write_key(&app->endpoints[i], text);
        const char *kept = arena_strndup(arena, text, strlen(text));
        code = kept != NULL ? test_keys_add(keys, span_of(kept), arena, NULL) : ERR_NO_MEMORY;
    }
    return code;
}

static void run_examples(struct run *run, const struct app *app)
{
    AUTO(arena_fini) struct arena arena;
    arena_init(&arena, TESTS_BYTES);
    if (add_example_keys(app, &arena, &run->keys) != ERR_NONE) {
        tell_broken(run, run->seed.app_dir, "the examples have keys", "out of memory");
        return;
    }
    run_read_examples(run, app);
    for (size_t i = 0; i < app->endpoint_count; i++) {
        if (!endpoint_is_read(&app->endpoints[i]))
            run_examples_of(run, &app->endpoints[i]);
    }
    run->keys = (struct test_keys){0};
}

// --- apps

// Opens the app over a new store and loads its data: what every server of it starts with. In a file the
// store stays there, for copies.
static bool make_seed(struct run *run, size_t number, const char *app_dir, struct app **ret_app)
{
    static char path[PATH_BYTES]; // of the seed; one app at a time
    struct workspace workspace;
    char url[PATH_BYTES + 8];
    snprintf(path, sizeof(path), "%s/seed-%zu", run->seed.dir, number);
    snprintf(url, sizeof(url), "sqlite:%s", path);
    run->seed.app_dir = app_dir;
    run->seed.path = path;
    if (!(run->seed.url != NULL ? workspace_open_scratch(app_dir, run->seed.url, &workspace)
                                : workspace_open(app_dir, &(struct options){.store = url}, &workspace)))
        return false;
    bool loaded = workspace_first_load(&workspace, &(struct options){0}, false);
    if (loaded)
        *ret_app = app_ref(workspace.app);
    workspace_fini(&workspace);
    return loaded;
}

static void run_app(struct run *run, size_t number)
{
    const char *dir = run->apps[number];
    struct app *app;
    if (!make_seed(run, number, dir, &app)) {
        tell_broken(run, dir, "the app opens and loads its data", "its messages are on standard error");
        return;
    }
    size_t before = run->number;
    run_files(run);
    run_examples(run, app);
    if (run->number == before)
        printf("# %s has no tests: no requests in tests/*.http and no @example\n", dir);
    app_unref(app);
}

static int run_all(void *ctx, const char *dir)
{
    struct run *run = ctx;
    struct err err = {0};
    run->seed.dir = dir;
    signal(SIGPIPE, SIG_IGN);
    if (log_new(STDERR_FILENO, &run->seed.log, &err) != ERR_NONE) {
        message_error("test", &err);
        return EXIT_FAILED;
    }
    puts("TAP version 13");
    for (size_t i = 0; i < run->app_count; i++)
        run_app(run, i);
    printf("1..%zu\n", run->number);
    if (run->number > 0)
        printf("# %zu passed, %zu failed", run->number - run->failed - run->skipped, run->failed);
    if (run->skipped > 0)
        printf(", %zu skipped", run->skipped);
    if (run->number > 0)
        putchar('\n');
    log_free(run->seed.log);
    return run->failed > 0 || run->number == 0 ? EXIT_FAILED : EXIT_OK;
}

int cmd_test(int argc, char **argv)
{
    AUTO(options_fini) struct options options = {0};
    int result;
    if (!options_read(argc, argv, &USAGE, &options, &result))
        return result;
    struct run run = {
        .seed.url = is_sqlite(options.store) ? NULL : options.store,
        .apps = options.words,
        .app_count = options.word_count,
        .timeout_ms = options.timeout_s * MS_PER_S,
    };
    return temp_run(run_all, &run);
}
