// SPDX-License-Identifier: Apache-2.0
// The yardstick for reads: an endpoint's own SQL (rejects, conditions, the answer that holds), prepared once,
// run for every question of a file in a bare C loop over SQLite's own functions, on a connection with the
// server's settings, in one read transaction a question as the server has it. Prints CPU microseconds a
// question. What it leaves out is what bench/run wants to see: HTTP, routing, the checks of parameters, JSON.
//
//     bare_sql APP DATABASE METHOD PATH < questions
//
// A question is a line: the values of the endpoint's @params in order, with tabs between them; an empty one
// is not given. With `--answer` in front the rejects are left out. One thread.
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "app/app_read.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/stmt.h"
#include "text/pattern.h"

enum { QUESTIONS = 200000, ROUNDS = 4, SQL_BYTES = 65536 };

// One statement of the endpoint, over SQLite alone.
struct prepared {
    bool is_answer;     // else a reject
    sqlite3_stmt *when; // of an answer; NULL: always
    sqlite3_stmt *stmt; //
};

struct bench {
    const struct endpoint *endpoint;            // whose SQL is run
    sqlite3 *db;                                //
    struct prepared prepared[LIMIT_STATEMENTS]; // in the file's order
    size_t count;                               // of them
    sqlite3_stmt *begin, *commit;               //
    struct value *questions;                    // asked × param_count
    size_t asked;                               // questions
};

static void stop(const char *text)
{
    fprintf(stderr, "bare_sql: %s\n", text);
    exit(1);
}

static double cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static sqlite3_stmt *prepare(sqlite3 *db, struct span sql)
{
    sqlite3_stmt *stmt;
    if (sqlite3_prepare_v2(db, sql.at, (int)sql.len, &stmt, NULL) != SQLITE_OK)
        stop(sqlite3_errmsg(db));
    return stmt;
}

static void bind(const struct bench *bench, sqlite3_stmt *stmt, const struct value *values)
{
    for (int i = 1; i <= sqlite3_bind_parameter_count(stmt); i++) {
        struct span name = span_of(sqlite3_bind_parameter_name(stmt, i) + 1);
        size_t k = 0;
        while (k < bench->endpoint->param_count && !span_equal(bench->endpoint->params[k].name, name))
            k++;
        if (k == bench->endpoint->param_count || sqlite_bind_value(stmt, i, &values[k]) != SQLITE_OK)
            stop("a parameter cannot be bound");
    }
}

// Runs a statement to its last row and looks at every value, as an encoder has to. Returns whether there was
// a row whose first value is not 0.
static bool run(const struct bench *bench, sqlite3_stmt *stmt, const struct value *values)
{
    static volatile int64_t seen;
    bool is_true = false;
    if (values != NULL)
        bind(bench, stmt, values);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        is_true = is_true || sqlite3_column_int(stmt, 0) != 0;
        for (int i = 0; i < sqlite3_column_count(stmt); i++) {
            if (sqlite3_column_type(stmt, i) == SQLITE_TEXT)
                seen += sqlite3_column_text(stmt, i)[0];
            else
                seen += sqlite3_column_int64(stmt, i);
        }
    }
    sqlite3_reset(stmt);
    return is_true;
}

static void ask(const struct bench *bench, const struct value *values)
{
    if (bench->count > 1)
        run(bench, bench->begin, NULL);
    for (size_t i = 0; i < bench->count; i++) {
        const struct prepared *prepared = &bench->prepared[i];
        if (prepared->when != NULL && !run(bench, prepared->when, values))
            continue;
        run(bench, prepared->stmt, values);
        if (prepared->is_answer)
            break;
    }
    if (bench->count > 1)
        run(bench, bench->commit, NULL);
}

static void prepare_all(struct bench *bench, bool answer_alone)
{
    char text[SQL_BYTES];
    for (size_t i = 0; i < bench->endpoint->statement_count; i++) {
        const struct statement *statement = &bench->endpoint->statements[i];
        struct prepared *prepared = &bench->prepared[bench->count];
        prepared->is_answer = statement->kind == STATEMENT_ANSWER;
        if (answer_alone && !prepared->is_answer)
            continue;
        prepared->stmt = prepare(bench->db, statement->sql);
        int len =
            snprintf(text, sizeof(text), "SELECT (%.*s\n)", (int)statement->when.len, statement->when.at);
        if (statement->when.len > 0)
            prepared->when = prepare(bench->db, (struct span){.at = text, .len = (size_t)len});
        bench->count++;
    }
    bench->begin = prepare(bench->db, span_of("BEGIN"));
    bench->commit = prepare(bench->db, span_of("COMMIT"));
}

static void read_questions(struct bench *bench, struct arena *arena)
{
    static char line[LIMIT_TARGET_BYTES];
    size_t width = bench->endpoint->param_count;
    bench->questions = calloc(QUESTIONS * (width + 1), sizeof(*bench->questions));
    while (bench->questions != NULL && bench->asked < QUESTIONS && fgets(line, sizeof(line), stdin) != NULL) {
        char *copy = arena_strndup(arena, line, strcspn(line, "\n"));
        if (copy == NULL)
            stop("out of memory");
        struct span rest = span_of(copy);
        for (size_t i = 0; i < width; i++) {
            struct pattern_budget budget = {.steps = LIMIT_QUERY_STEPS};
            struct value *value = &bench->questions[bench->asked * width + i];
            if (rule_check_text(
                    &bench->endpoint->params[i], span_split(&rest, '\t'), arena, &budget, value) != RULE_OK)
                stop("a question does not pass the endpoint's rules");
        }
        bench->asked++;
    }
}

int main(int argc, char **argv)
{
    bool answer_alone = argc == 6 && strcmp(argv[1], "--answer") == 0;
    char **words = argv + 1 + answer_alone;
    if (argc != 5 + answer_alone)
        stop("usage: bare_sql [--answer] APP DATABASE METHOD PATH < questions");
    struct err err = {0};
    struct diags diags;
    struct app *app;
    struct store *store;
    struct store_conn *conn;
    enum http_method method;
    struct arena arena;
    char url[4096];
    diags_init(&diags);
    arena_init(&arena, (size_t)1 << 30);
    snprintf(url, sizeof(url), "sqlite:%s", words[1]);
    if (app_read(words[0], "sqlite", &diags, &app, &err) != ERR_NONE ||
        store_open(url, "test", &store, &err) != ERR_NONE ||
        store_connect(store, STORE_READ, &conn, &err) != ERR_NONE)
        stop(err.text);
    struct bench bench = {.db = sqlite_conn(conn)->db}; // from here on SQLite alone
    sqlite_conn(conn)->origin = ORIGIN_DRIVER;
    if (!http_method_from_name(span_of(words[2]), &method) ||
        (bench.endpoint = app_find(app, method, span_of(words[3]))) == NULL)
        stop("the app has no such endpoint");
    prepare_all(&bench, answer_alone);
    read_questions(&bench, &arena);
    for (size_t i = 0; i < bench.asked; i++) // once unmeasured, as the server's caches are warm too
        ask(&bench, &bench.questions[i * bench.endpoint->param_count]);
    double start = cpu_us();
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < bench.asked; i++)
            ask(&bench, &bench.questions[i * bench.endpoint->param_count]);
    }
    double each = (cpu_us() - start) / (double)(ROUNDS * bench.asked);
    printf("%.3f us a question, %zu questions\n", each, bench.asked);
    return 0;
}
