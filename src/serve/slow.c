// SPDX-License-Identifier: Apache-2.0
// A run that is not slow costs a comparison. A plan is asked for after the run, of a statement that is bound
// no more: so the database makes it for any parameters, and runs nothing but the counting of tables that are
// read whole.
#include "serve/slow.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/limits.h"
#include "serve/json_line.h"
#include "serve/request.h"
#include "text/json_write.h"

// A line that is being written.
struct slow_line {
    const struct slow_case *of;      // borrowed, like all but the buffer
    struct plan *plan;               //
    const struct statement_run *run; //
    bool is_json;                    //
    struct buf text;                 // the database's plan: as text, or the members of an array
};

struct slow_case slow_case_of(const struct request *request)
{
    struct slow_case of = {.context = request->context,
        .service = request->service,
        .endpoint = (size_t)(request->endpoint - request->app->endpoints)};
    memcpy(of.trace_id, request->line.trace.trace_id, sizeof(of.trace_id));
    return of;
}

// --- the database's plan

static void on_plan_line(void *ctx, const struct store_plan_line *line)
{
    struct slow_line *slow = ctx;
    const char *text = line->text;
    while (*text == ' ')
        text++;
    if (slow->is_json) {
        buf_printf(&slow->text, "%s{\"depth\":%u,\"step\":", slow->text.len > 0 ? "," : "", line->depth);
        json_write_string(&slow->text, span_of(text));
    } else {
        buf_printf(&slow->text, "; %*s%s", (int)line->depth, "", text);
    }
    if (line->read_whole == NULL) {
        buf_append_str(&slow->text, slow->is_json ? "}" : "");
    } else if (slow->is_json) {
        buf_append_str(&slow->text, ",\"reads_all_of\":");
        json_write_string(&slow->text, span_of(line->read_whole));
        buf_printf(&slow->text, ",\"table_rows\":%" PRId64 "}", line->table_rows);
    } else {
        buf_printf(&slow->text, " (all of %s: %" PRId64 " rows)", line->read_whole, line->table_rows);
    }
}

static enum err_code explain(
    void *ctx, const struct statement *statement, bool is_condition, struct store_stmt *stmt, struct err *err)
{
    (void)statement, (void)is_condition;
    return store_explain_any(stmt, on_plan_line, ctx, err);
}

// Asks for the plan. What it lacks is told in its place.
static void ask_plan(struct slow_line *line)
{
    struct err err = {0};
    struct store_conn *conn = plan_conn(line->plan);
    store_deadline(conn, clock_monotonic_ns() + LIMIT_SLOW_PLAN_MS * NS_PER_MS);
    enum err_code code = line->run->is_together
                             ? plan_each(line->plan, explain, line, &err)
                             : explain(line, line->run->statement, false, line->run->stmt, &err);
    if (code != ERR_NONE)
        on_plan_line(line, &(struct store_plan_line){.text = err.text});
    store_deadline(conn, 0);
}

// Whether the endpoint's plan was not logged of late; it counts as logged then.
static bool takes_plan(const struct slow_case *of)
{
    struct log_pause *pause = &context_endpoint(of->context, of->service, of->endpoint)->plan_pause;
    return log_pause_take(pause, LIMIT_SLOW_PAUSE_MS * NS_PER_MS);
}

// --- the line

static uint32_t line_of(const struct statement_run *run)
{
    return run->is_condition ? run->statement->when_line : run->statement->line;
}

static void log_text(struct slow_line *line, const char *app, struct log *log)
{
    const struct endpoint *endpoint = plan_endpoint(line->plan);
    const struct statement_run *run = line->run;
    AUTO(buf_fini) struct buf out;
    buf_init(&out, LIMIT_LOG_LINE_BYTES);
    buf_printf(&out, "slow: %s: %s %.*s: %s:%u: @%s%s%s: %" PRIu64 " ms, %" PRIu64 " rows%s", app,
        http_method_name(endpoint->method), (int)endpoint->path.len, endpoint->path.at, endpoint->file,
        line_of(run), statement_kind_word(run->statement->kind), run->is_condition ? ", its condition" : "",
        run->is_together ? ", along with the others" : "", (uint64_t)(run->ns / NS_PER_MS), run->rows,
        line->text.len > 0 ? "; plan" : "");
    buf_append(&out, line->text.data, line->text.len);
    if (buf_status(&out) != ERR_NONE)
        return;
    log_mask(out.data, out.len);
    log_line(log, buf_span(&out));
}

static void log_json(struct slow_line *line, const char *app, struct log *log)
{
    const struct endpoint *endpoint = plan_endpoint(line->plan);
    const struct statement_run *run = line->run;
    AUTO(json_line_fini) struct json_line json;
    json_line_init(&json, "slow");
    json_line_text(&json, "app", span_of(app));
    json_line_text(&json, "method", span_of(http_method_name(endpoint->method)));
    json_line_text(&json, "route", endpoint->path);
    json_line_text(&json, "file", span_of(endpoint->file));
    json_line_integer(&json, "line", line_of(run));
    json_line_text(&json, "statement", span_of(statement_kind_word(run->statement->kind)));
    if (run->is_condition)
        buf_append_str(json_line_value(&json, "is_condition"), "true");
    if (run->is_together)
        buf_append_str(json_line_value(&json, "is_together"), "true");
    json_line_seconds(&json, "seconds", run->ns);
    json_line_integer(&json, "rows", run->rows);
    if (line->of->trace_id[0] != '\0')
        json_line_text(&json, "trace_id", span_of(line->of->trace_id));
    if (line->text.len > 0) {
        struct buf *out = json_line_value(&json, "plan");
        buf_append_byte(out, '[');
        buf_append(out, line->text.data, line->text.len);
        buf_append_byte(out, ']');
    }
    json_line_log(&json, log);
}

static void look(const struct slow_case *of, struct plan *plan, const struct statement_run *run)
{
    struct context *context = of->context;
    size_t after_ms = atomic_load_explicit(&context->slow.after_ms, memory_order_relaxed);
    if (after_ms == 0 || run->stmt == NULL || run->ns < after_ms * NS_PER_MS)
        return;
    struct log *log = context->error_log;
    struct slow_line line = {.of = of, .plan = plan, .run = run, .is_json = log_has_form(log)};
    const char *app = context->services[of->service].app->name;
    buf_init(&line.text, LIMIT_LOG_LINE_BYTES / 2);
    if (takes_plan(of))
        ask_plan(&line);
    if (buf_status(&line.text) != ERR_NONE) // too long
        buf_clear(&line.text);
    if (line.is_json)
        log_json(&line, app, log);
    else
        log_text(&line, app, log);
    buf_fini(&line.text);
}

void slow_look(const struct slow_case *of, struct plan *plan)
{
    look(of, plan, plan_slowest(plan));
}

void slow_on_batch(void *ctx, struct batch *batch, struct plan *plan, const struct statement_run *run)
{
    const struct slow_writer *writer = ctx;
    struct slow_case of = {.context = writer->context,
        .service = writer->service,
        .endpoint = (size_t)(batch->endpoint - batch->app->endpoints)};
    if (batch->trace_id != NULL)
        snprintf(of.trace_id, sizeof(of.trace_id), "%s", batch->trace_id);
    look(&of, plan, run);
}
