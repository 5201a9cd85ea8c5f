// SPDX-License-Identifier: Apache-2.0
// A sample goes to its place by its name and one or three of its labels. Samples of one route stand together,
// so the last route is looked at first.
#include "cmd/top_board.h"

#include <math.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/mem.h"
#include "text/exposition_read.h"

void board_fini(struct board *board)
{
    mem_free(board->routes);
    *board = (struct board){0};
}

// --- places

static bool is_route(const struct board_route *route, const struct board_route *wanted)
{
    return span_equal(route->route, wanted->route) && span_equal(route->method, wanted->method) &&
           span_equal(route->app, wanted->app);
}

static struct board_route *find_route(const struct board *board, const struct board_route *wanted)
{
    for (size_t i = board->route_count; i-- > 0;) {
        if (is_route(&board->routes[i], wanted))
            return &board->routes[i];
    }
    return NULL;
}

// NULL without memory.
static struct board_route *route_of(struct board *board, struct span labels)
{
    enum { STEP = 64 };
    struct board_route wanted = {.app = exposition_label_of(labels, "app"),
        .method = exposition_label_of(labels, "method"),
        .route = exposition_label_of(labels, "route")};
    struct board_route *found = find_route(board, &wanted);
    if (found != NULL)
        return found;
    if (board->route_count % STEP == 0) {
        struct board_route *routes =
            mem_realloc(board->routes, (board->route_count + STEP) * sizeof(*routes));
        if (routes == NULL)
            return NULL;
        board->routes = routes;
    }
    board->routes[board->route_count] = wanted;
    return &board->routes[board->route_count++];
}

// NULL: there is no room for one more.
static struct board_app *app_of(struct board *board, struct span app)
{
    for (size_t i = 0; i < board->app_count; i++) {
        if (span_equal(board->apps[i].app, app))
            return &board->apps[i];
    }
    if (board->app_count == BOARD_APPS)
        return NULL;
    board->apps[board->app_count] = (struct board_app){.app = app};
    return &board->apps[board->app_count++];
}

static struct board_pool *pool_of(struct board *board, struct span pool)
{
    for (size_t i = 0; i < board->pool_count; i++) {
        if (span_equal(board->pools[i].pool, pool))
            return &board->pools[i];
    }
    if (board->pool_count == BOARD_POOLS)
        return NULL;
    board->pools[board->pool_count] = (struct board_pool){.pool = pool};
    return &board->pools[board->pool_count++];
}

// --- samples

static void add_bucket(double buckets[HISTOGRAM_BUCKETS], const struct exposition_sample *sample)
{
    double bound_s = strtod(exposition_label_of(sample->labels, "le").at, NULL); // ends at the quote
    size_t bucket = HISTOGRAM_BUCKETS - 1;
    if (isfinite(bound_s))
        bucket = histogram_bucket((uint64_t)llround(bound_s * (double)NS_PER_S));
    buckets[bucket] += sample->value;
}

static bool add_request(struct board *board, const struct exposition_sample *sample, struct span part)
{
    struct board_route *route = route_of(board, sample->labels);
    if (route == NULL)
        return false;
    if (span_is(part, "_bucket")) {
        add_bucket(route->buckets, sample);
    } else if (span_is(part, "_count")) {
        route->requests += sample->value;
        if (span_starts_with(exposition_label_of(sample->labels, "status"), "5"))
            route->failed += sample->value;
    }
    return true;
}

static bool add_sent(struct board *board, const struct exposition_sample *sample)
{
    struct board_route *route = route_of(board, sample->labels);
    if (route != NULL)
        route->sent_bytes += sample->value;
    return route != NULL;
}

static bool add_source(struct board *board, const struct exposition_sample *sample)
{
    struct board_route *route = route_of(board, sample->labels);
    struct span source = exposition_label_of(sample->labels, "source");
    if (route == NULL)
        return false;
    route->reads += sample->value;
    if (span_is(source, "near") || span_is(source, "kept") || span_is(source, "joined"))
        route->kept += sample->value;
    return true;
}

static const struct {
    const char *name;
    size_t offset; // of a double, in what the set is of
} of_server[] =
    {
        {"reckoner_ready", offsetof(struct board, is_ready)},
        {"process_start_time_seconds", offsetof(struct board, start_s)},
        {"process_cpu_seconds_total", offsetof(struct board, cpu_s)},
        {"process_resident_memory_bytes", offsetof(struct board, memory_bytes)},
        {"reckoner_connections", offsetof(struct board, connections)},
        {"reckoner_connections_max", offsetof(struct board, connections_max)},
        {"reckoner_cache_bytes", offsetof(struct board, cache_bytes)},
        {"reckoner_cache_max_bytes", offsetof(struct board, cache_max_bytes)},
        {"reckoner_log_lines_dropped_total", offsetof(struct board, dropped_lines)},
},
  of_app[] =
      {
          {"reckoner_batch_duration_seconds_count", offsetof(struct board_app, batches)},
          {"reckoner_batch_rows_total", offsetof(struct board_app, rows)},
          {"reckoner_writer_queued", offsetof(struct board_app, queued)},
          {"reckoner_writer_oldest_seconds", offsetof(struct board_app, oldest_s)},
          {"reckoner_store_up", offsetof(struct board_app, is_up)},
          {"reckoner_sqlite_database_bytes", offsetof(struct board_app, database_bytes)},
          {"reckoner_sqlite_log_bytes", offsetof(struct board_app, log_bytes)},
          {"reckoner_postgresql_connections", offsetof(struct board_app, connections)},
},
  of_pool[] = {
      {"reckoner_pool_places", offsetof(struct board_pool, places)},
      {"reckoner_pool_busy", offsetof(struct board_pool, busy)},
      {"reckoner_pool_long", offsetof(struct board_pool, long_ones)},
      {"reckoner_pool_queued", offsetof(struct board_pool, queued)},
      {"reckoner_pool_queued_long", offsetof(struct board_pool, queued_long)},
      {"reckoner_pool_oldest_seconds", offsetof(struct board_pool, oldest_s)},
      {"reckoner_pool_refused_total", offsetof(struct board_pool, refused)},
};

static void add_to(void *set, size_t offset, double value)
{
    double sum;
    memcpy(&sum, (char *)set + offset, sizeof(sum));
    sum += value;
    memcpy((char *)set + offset, &sum, sizeof(sum));
}

static void add_of_app(struct board *board, const struct exposition_sample *sample)
{
    struct board_app *app = app_of(board, exposition_label_of(sample->labels, "app"));
    if (app == NULL)
        return;
    if (span_is(sample->name, "reckoner_batch_duration_seconds_bucket"))
        add_bucket(app->buckets, sample);
    if (span_is(sample->name, "reckoner_batches_total") &&
        !span_is(exposition_label_of(sample->labels, "outcome"), "written"))
        app->refused += sample->value;
    for (size_t i = 0; i < ARRAY_LEN(of_app); i++) {
        if (span_is(sample->name, of_app[i].name))
            add_to(app, of_app[i].offset, sample->value);
    }
}

static void add_other(struct board *board, const struct exposition_sample *sample)
{
    for (size_t i = 0; i < ARRAY_LEN(of_server); i++) {
        if (span_is(sample->name, of_server[i].name))
            add_to(board, of_server[i].offset, sample->value);
    }
    if (span_is(sample->name, "reckoner_build_info"))
        board->version = exposition_label_of(sample->labels, "version");
    struct span pool_name = exposition_label_of(sample->labels, "pool");
    struct board_pool *pool = pool_name.len > 0 ? pool_of(board, pool_name) : NULL;
    for (size_t i = 0; pool != NULL && i < ARRAY_LEN(of_pool); i++) {
        if (span_is(sample->name, of_pool[i].name))
            add_to(pool, of_pool[i].offset, sample->value);
    }
}

static bool add(struct board *board, const struct exposition_sample *sample)
{
    static const char requests[] = "reckoner_http_request_duration_seconds";
    struct span name = sample->name;
    if (span_starts_with(name, requests)) {
        struct span part = {.at = name.at + sizeof(requests) - 1, .len = name.len - (sizeof(requests) - 1)};
        return add_request(board, sample, part);
    }
    if (span_is(name, "reckoner_http_response_bytes_total"))
        return add_sent(board, sample);
    if (span_is(name, "reckoner_cache_requests_total"))
        return add_source(board, sample);
    if (exposition_label_of(sample->labels, "app").len > 0)
        add_of_app(board, sample);
    else
        add_other(board, sample);
    return true;
}

enum err_code board_read(struct span text, struct board *ret_board, struct err *err)
{
    struct board board = {0};
    struct exposition_sample sample;
    while (exposition_next(&text, &sample)) {
        if (!add(&board, &sample)) {
            board_fini(&board);
            return err_no_memory(err);
        }
    }
    if (board.version.len == 0) {
        board_fini(&board);
        return err_set(err, ERR_MALFORMED, "what answers is no Reckoner with metrics");
    }
    *ret_board = board;
    return ERR_NONE;
}

// --- what has changed

static void subtract_buckets(double buckets[HISTOGRAM_BUCKETS], const double before[HISTOGRAM_BUCKETS])
{
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        buckets[i] -= before[i];
}

static void subtract_route(struct board_route *route, const struct board_route *before)
{
    subtract_buckets(route->buckets, before->buckets);
    route->requests -= before->requests;
    route->failed -= before->failed;
    route->sent_bytes -= before->sent_bytes;
    route->reads -= before->reads;
    route->kept -= before->kept;
}

void board_subtract(struct board *board, const struct board *before)
{
    if (fabs(board->start_s - before->start_s) > 1) // it counts from 0 again
        return;
    board->cpu_s -= before->cpu_s;
    board->dropped_lines -= before->dropped_lines;
    for (size_t i = 0; i < board->route_count; i++) {
        const struct board_route *route = find_route(before, &board->routes[i]);
        if (route != NULL)
            subtract_route(&board->routes[i], route);
    }
    for (size_t i = 0; i < board->app_count && i < before->app_count; i++) { // always the same ones
        struct board_app *app = &board->apps[i];
        subtract_buckets(app->buckets, before->apps[i].buckets);
        app->batches -= before->apps[i].batches;
        app->refused -= before->apps[i].refused;
        app->rows -= before->apps[i].rows;
    }
    for (size_t i = 0; i < board->pool_count && i < before->pool_count; i++)
        board->pools[i].refused -= before->pools[i].refused;
}

// --- sums

struct board_route board_total(const struct board *board)
{
    struct board_route total = {0};
    for (size_t i = 0; i < board->route_count; i++) {
        const struct board_route *route = &board->routes[i];
        for (size_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++)
            total.buckets[bucket] += route->buckets[bucket];
        total.requests += route->requests;
        total.failed += route->failed;
        total.sent_bytes += route->sent_bytes;
        total.reads += route->reads;
        total.kept += route->kept;
    }
    return total;
}

double board_quantile(const double buckets[HISTOGRAM_BUCKETS], double share)
{
    double total = buckets[HISTOGRAM_BUCKETS - 1], rank = share * total;
    size_t bucket = 0;
    if (total <= 0)
        return 0;
    while (bucket < HISTOGRAM_BUCKETS - 1 && buckets[bucket] < rank)
        bucket++;
    if (bucket == HISTOGRAM_BUCKETS - 1) // over the last bound: nobody knows by how much
        return (double)histogram_bounds_ns[bucket - 1] / (double)NS_PER_S;
    double from_ns = bucket > 0 ? (double)histogram_bounds_ns[bucket - 1] : 0;
    double below = bucket > 0 ? buckets[bucket - 1] : 0, in_bucket = buckets[bucket] - below;
    double part = in_bucket > 0 ? (rank - below) / in_bucket : 1;
    return (from_ns + part * ((double)histogram_bounds_ns[bucket] - from_ns)) / (double)NS_PER_S;
}
