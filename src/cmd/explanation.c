// SPDX-License-Identifier: Apache-2.0
// Prints each run as it ends and keeps what the summary needs of it. The database's own words on how it ran a
// statement come through store_explain; which reads are big is app/advice.h's judgement.
// The connection's thread.
#include "cmd/explanation.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/advice.h"
#include "base/clock.h"

enum {
    PLAN_INDENT = 4,   // of a plan's lines, and of each depth of it half
    SLOW_NS = 1000000, // a request that takes longer is asked what takes its time
    SLOW_PERCENT = 50, // of the whole time: worth telling
    MANY_ROWS = 1000,  // of an answer that could come in pages
};

static double ms_of(uint64_t ns)
{
    return (double)ns / (double)NS_PER_MS;
}

void explanation_start(struct explanation *explanation, struct store_conn *conn, uint64_t deadline_ns)
{
    explanation->conn = conn;
    explanation->deadline_ns = deadline_ns;
    store_deadline(conn, deadline_ns);
}

// "apps/rates/get_rates.sql:15: @reject 404 unknown place"
static void print_statement(
    const struct explanation *explanation, const struct statement *statement, bool is_condition)
{
    uint32_t line = is_condition ? statement->when_line : statement->line;
    printf("%s:%u: @%s", explanation->endpoint->file, line, statement_kind_word(statement->kind));
    if (statement->kind == STATEMENT_REJECT || statement->kind == STATEMENT_ANSWER)
        printf(" %d", statement->status);
    if (statement->when.len > 0)
        printf(" when %.*s", SHOW(statement->when));
    if (statement->text.len > 0)
        printf(" %.*s", SHOW(statement->text));
    fputs(is_condition ? ": the condition: " : ": ", stdout);
}

static void remember_read(
    struct explanation *explanation, const struct statement *statement, const struct store_plan_line *line)
{
    if (explanation->read_count == EXPLAIN_READS)
        return;
    struct explained_read read = {.rows = line->table_rows, .statement = statement};
    snprintf(read.table, sizeof(read.table), "%s", line->read_whole);
    for (size_t i = 0; i < explanation->read_count; i++) {
        if (strcmp(explanation->reads[i].table, read.table) == 0)
            return;
    }
    explanation->reads[explanation->read_count++] = read;
}

// What one plan line needs.
struct plan_print {
    struct explanation *explanation;   //
    const struct statement *statement; // whose plan it is
};

static void print_plan_line(void *ctx, const struct store_plan_line *line)
{
    const struct plan_print *print = ctx;
    printf("%*s%s", PLAN_INDENT + (int)line->depth * PLAN_INDENT / 2, "", line->text);
    if (line->read_whole != NULL)
        printf("  (all of %s: %" PRId64 " row%s)", line->read_whole, line->table_rows,
            line->table_rows == 1 ? "" : "s");
    putchar('\n');
    if (advice_is_big_read(print->statement, line))
        remember_read(print->explanation, print->statement, line);
}

void explanation_run(void *ctx, const struct statement_run *run)
{
    struct explanation *explanation = ctx;
    uint64_t started_ns = clock_monotonic_ns();
    if (explanation->run_count < sizeof(explanation->runs) / sizeof(explanation->runs[0]))
        explanation->runs[explanation->run_count++] = (struct explained_run){
            .statement = run->statement, .is_condition = run->is_condition, .stmt = run->stmt, .ns = run->ns};
    if (run->statement->kind == STATEMENT_ANSWER && !run->is_condition)
        explanation->rows = run->rows;
    print_statement(explanation, run->statement, run->is_condition);
    printf("%" PRIu64 " row%s, %.3f ms\n", run->rows, run->rows == 1 ? "" : "s", ms_of(run->ns));
    if (run->is_condition)
        return;
    struct plan_print print = {.explanation = explanation, .statement = run->statement};
    struct err err = {0};
    store_deadline(explanation->conn, 0);
    if (store_explain(run->stmt, print_plan_line, &print, &err) != ERR_NONE)
        printf("%*sno plan: %s\n", PLAN_INDENT, "", err.text);
    explanation->deadline_ns += clock_monotonic_ns() - started_ns;
    store_deadline(explanation->conn, explanation->deadline_ns);
}

static bool has_run(const struct explanation *explanation, const struct statement *statement)
{
    for (size_t i = 0; i < explanation->run_count; i++) {
        if (explanation->runs[i].statement == statement && !explanation->runs[i].is_condition)
            return true;
    }
    return false;
}

void explanation_skipped(const struct explanation *explanation)
{
    for (size_t i = 0; i < explanation->endpoint->statement_count; i++) {
        const struct statement *statement = &explanation->endpoint->statements[i];
        if (!has_run(explanation, statement)) {
            print_statement(explanation, statement, false);
            puts("not run");
        }
    }
}

static void print_table(void *ctx, const char *table)
{
    unsigned *count = ctx;
    printf("%s%s", (*count)++ == 0 ? "" : ", ", table);
}

// Which tables a run's statement may read or write.
static void print_tables(const struct explanation *explanation, const struct explained_run *run)
{
    struct err err = {0};
    unsigned count = 0;
    printf("%s:%u: tables: ", explanation->endpoint->file,
        run->is_condition ? run->statement->when_line : run->statement->line);
    if (store_reads(run->stmt, print_table, &count, &err) != ERR_NONE)
        printf("not known: %s", err.text);
    else if (count == 0)
        fputs("none", stdout);
    putchar('\n');
}

static void print_reads(const struct explanation *explanation)
{
    for (size_t i = 0; i < explanation->read_count; i++) {
        const struct explained_read *read = &explanation->reads[i];
        printf("%s:%u: reads all %" PRId64 " rows of %s: an index on the columns that it compares, joins or "
               "sorts by would spare that\n",
            explanation->endpoint->file, read->statement->line, read->rows, read->table);
    }
}

void explanation_end(const struct explanation *explanation)
{
    uint64_t total_ns = 0;
    for (size_t i = 0; i < explanation->run_count; i++)
        total_ns += explanation->runs[i].ns;
    printf("%zu run%s of statements, %.3f ms\n", explanation->run_count,
        explanation->run_count == 1 ? "" : "s", ms_of(total_ns));
    store_deadline(explanation->conn, 0);
    for (size_t i = 0; i < explanation->run_count; i++)
        print_tables(explanation, &explanation->runs[i]);
    print_reads(explanation);
    bool is_told = explanation->read_count > 0;
    for (size_t i = 0; total_ns >= SLOW_NS && i < explanation->run_count; i++) {
        const struct explained_run *run = &explanation->runs[i];
        uint64_t percent = run->ns * 100 / total_ns;
        if (percent < SLOW_PERCENT)
            continue;
        printf("%s:%u: takes %" PRIu64 " %% of the time\n", explanation->endpoint->file, run->statement->line,
            percent);
        is_told = true;
    }
    bool can_page = endpoint_is_read(explanation->endpoint) && explanation->endpoint->shape == SHAPE_ROWS &&
                    explanation->endpoint->page_rows == 0;
    if (can_page && explanation->rows >= MANY_ROWS) {
        printf("%s: answers with %" PRIu64 " rows: @page would give them in parts\n",
            explanation->endpoint->file, explanation->rows);
        is_told = true;
    }
    if (!is_told)
        puts("nothing of it is slow by its plan");
}
