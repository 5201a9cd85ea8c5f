// SPDX-License-Identifier: Apache-2.0
#include "cmd/explain_report.h"

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

void explain_report_start(struct explain_report *report, struct store_conn *conn, uint64_t deadline_ns)
{
    report->conn = conn;
    report->deadline_ns = deadline_ns;
    store_deadline(conn, deadline_ns);
}

// "apps/rates/get_rates.sql:15: @reject 404 unknown place"
static void print_statement(
    const struct explain_report *report, const struct statement *statement, bool is_condition)
{
    static const char *const kinds[] = {
        [STATEMENT_REJECT] = "reject", [STATEMENT_WARN] = "warn", [STATEMENT_WRITE] = "write", "answer"};
    uint32_t line = is_condition ? statement->when_line : statement->line;
    printf("%s:%u: @%s", report->endpoint->file, line, kinds[statement->kind]);
    if (statement->kind == STATEMENT_REJECT || statement->kind == STATEMENT_ANSWER)
        printf(" %d", statement->status);
    if (statement->when.len > 0)
        printf(" when %.*s", SHOW(statement->when));
    if (statement->text.len > 0)
        printf(" %.*s", SHOW(statement->text));
    fputs(is_condition ? ": the condition: " : ": ", stdout);
}

static void remember_read(
    struct explain_report *report, const struct statement *statement, const struct store_plan_line *line)
{
    if (report->read_count == EXPLAIN_READS)
        return;
    struct explained_read read = {.rows = line->table_rows, .statement = statement};
    snprintf(read.table, sizeof(read.table), "%s", line->read_whole);
    for (size_t i = 0; i < report->read_count; i++) {
        if (strcmp(report->reads[i].table, read.table) == 0)
            return;
    }
    report->reads[report->read_count++] = read;
}

// What one plan line needs.
struct plan_print {
    struct explain_report *report;     //
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
        remember_read(print->report, print->statement, line);
}

void explain_report_run(void *ctx, const struct statement_run *run)
{
    struct explain_report *report = ctx;
    uint64_t started_ns = clock_monotonic_ns();
    if (report->run_count < sizeof(report->runs) / sizeof(report->runs[0]))
        report->runs[report->run_count++] = (struct explained_run){
            .statement = run->statement, .is_condition = run->is_condition, .stmt = run->stmt, .ns = run->ns};
    if (run->statement->kind == STATEMENT_ANSWER && !run->is_condition)
        report->rows = run->rows;
    print_statement(report, run->statement, run->is_condition);
    printf("%" PRIu64 " row%s, %.3f ms\n", run->rows, run->rows == 1 ? "" : "s", ms_of(run->ns));
    if (run->is_condition)
        return;
    struct plan_print print = {.report = report, .statement = run->statement};
    struct err err = {0};
    store_deadline(report->conn, 0);
    if (store_explain(run->stmt, print_plan_line, &print, &err) != ERR_NONE)
        printf("%*sno plan: %s\n", PLAN_INDENT, "", err.text);
    report->deadline_ns += clock_monotonic_ns() - started_ns;
    store_deadline(report->conn, report->deadline_ns);
}

static bool has_run(const struct explain_report *report, const struct statement *statement)
{
    for (size_t i = 0; i < report->run_count; i++) {
        if (report->runs[i].statement == statement && !report->runs[i].is_condition)
            return true;
    }
    return false;
}

void explain_report_skipped(const struct explain_report *report)
{
    for (size_t i = 0; i < report->endpoint->statement_count; i++) {
        const struct statement *statement = &report->endpoint->statements[i];
        if (!has_run(report, statement)) {
            print_statement(report, statement, false);
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
static void print_tables(const struct explain_report *report, const struct explained_run *run)
{
    struct err err = {0};
    unsigned count = 0;
    printf("%s:%u: tables: ", report->endpoint->file,
        run->is_condition ? run->statement->when_line : run->statement->line);
    if (store_reads(run->stmt, print_table, &count, &err) != ERR_NONE)
        printf("not known: %s", err.text);
    else if (count == 0)
        fputs("none", stdout);
    putchar('\n');
}

static void print_reads(const struct explain_report *report)
{
    for (size_t i = 0; i < report->read_count; i++) {
        const struct explained_read *read = &report->reads[i];
        printf("%s:%u: reads all %" PRId64 " rows of %s: an index on the columns that it compares, joins or "
               "sorts by would spare that\n",
            report->endpoint->file, read->statement->line, read->rows, read->table);
    }
}

void explain_report_end(const struct explain_report *report)
{
    uint64_t total_ns = 0;
    for (size_t i = 0; i < report->run_count; i++)
        total_ns += report->runs[i].ns;
    printf("%zu run%s of statements, %.3f ms\n", report->run_count, report->run_count == 1 ? "" : "s",
        ms_of(total_ns));
    store_deadline(report->conn, 0);
    for (size_t i = 0; i < report->run_count; i++)
        print_tables(report, &report->runs[i]);
    print_reads(report);
    bool is_told = report->read_count > 0;
    for (size_t i = 0; total_ns >= SLOW_NS && i < report->run_count; i++) {
        const struct explained_run *run = &report->runs[i];
        uint64_t percent = run->ns * 100 / total_ns;
        if (percent < SLOW_PERCENT)
            continue;
        printf("%s:%u: takes %" PRIu64 " %% of the time\n", report->endpoint->file, run->statement->line,
            percent);
        is_told = true;
    }
    bool can_page = report->endpoint->method == HTTP_GET && report->endpoint->shape == SHAPE_ROWS &&
                    report->endpoint->page_rows == 0;
    if (can_page && report->rows >= MANY_ROWS) {
        printf("%s: answers with %" PRIu64 " rows: @page would give them in parts\n", report->endpoint->file,
            report->rows);
        is_told = true;
    }
    if (!is_told)
        puts("nothing of it is slow by its plan");
}
