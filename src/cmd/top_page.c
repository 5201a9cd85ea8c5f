// SPDX-License-Identifier: Apache-2.0
// Lines and columns. Which numbers there are is top_board.c's.
#include "cmd/top_page.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/attr.h"

enum {
    LINE_BYTES = 512,
    CELL_BYTES = 32,
    ROUTE_COLUMNS = 44,
    LEAST_ROUTES = 3, // that are shown in however small a window
};

// --- numbers for people

static const char *write_bytes(double bytes, char cell[CELL_BYTES])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    for (; bytes >= 1024 && unit + 1 < ARRAY_LEN(units); unit++)
        bytes /= 1024;
    snprintf(cell, CELL_BYTES, "%.*f%s", unit > 0 && bytes < 100 ? 1 : 0, bytes, units[unit]);
    return cell;
}

static const char *write_time(double seconds, char cell[CELL_BYTES])
{
    if (seconds <= 0)
        snprintf(cell, CELL_BYTES, "-");
    else if (seconds < 0.9995)
        snprintf(cell, CELL_BYTES, "%.*fms", seconds < 0.01 ? 2 : 0, seconds * 1000);
    else if (seconds < 100)
        snprintf(cell, CELL_BYTES, "%.1fs", seconds);
    else
        snprintf(cell, CELL_BYTES, "%.0fs", seconds);
    return cell;
}

static const char *write_age(double seconds, char cell[CELL_BYTES])
{
    long whole = seconds > 0 ? lround(seconds) : 0;
    if (whole >= 86400)
        snprintf(cell, CELL_BYTES, "%ldd %02ld:%02ld", whole / 86400, whole / 3600 % 24, whole / 60 % 60);
    else
        snprintf(cell, CELL_BYTES, "%02ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    return cell;
}

static const char *write_share(double part, double whole, char cell[CELL_BYTES])
{
    if (whole > 0)
        snprintf(cell, CELL_BYTES, "%.1f%%", 100 * part / whole);
    else
        snprintf(cell, CELL_BYTES, "-");
    return cell;
}

// --- lines

struct lines {
    struct buf *out;
    size_t count;
    size_t max_columns;
};

static void add_line(struct lines *lines, const char *format, ...) PRINTF_LIKE(2, 3);

static void add_line(struct lines *lines, const char *format, ...)
{
    char line[LINE_BYTES];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    size_t bytes = len > 0 ? (size_t)len : 0;
    bytes = bytes < sizeof(line) ? bytes : sizeof(line) - 1;
    bytes = bytes < lines->max_columns ? bytes : lines->max_columns;
    buf_append(lines->out, line, bytes);
    buf_append_byte(lines->out, '\n');
    lines->count++;
}

static void add_head(const struct top_page *page, struct lines *lines)
{
    const struct board *board = page->board;
    const struct board_route total = board_total(board);
    char up[CELL_BYTES], memory[CELL_BYTES], cpu[CELL_BYTES], failed[CELL_BYTES], kept[CELL_BYTES];
    char half[CELL_BYTES], most[CELL_BYTES], sent[CELL_BYTES], cache[CELL_BYTES], cache_max[CELL_BYTES];
    add_line(lines, "Reckoner %.*s at %s   %s   up %s   cpu %s   memory %s   connections %.0f of %.0f",
        (int)board->version.len, board->version.at, page->address,
        board->is_ready > 0 ? "ready" : "NOT READY", write_age(page->now_s - board->start_s, up),
        write_share(board->cpu_s, page->seconds, cpu), write_bytes(board->memory_bytes, memory),
        board->connections, board->connections_max);
    add_line(lines,
        "%.1f requests/s   5xx %s   p50 %s   p99 %s   kept answers %s   out %s/s   cache %s of %s%s",
        total.requests / page->seconds, write_share(total.failed, total.requests, failed),
        write_time(board_quantile(total.buckets, 0.5), half),
        write_time(board_quantile(total.buckets, 0.99), most), write_share(total.kept, total.reads, kept),
        write_bytes(total.sent_bytes / page->seconds, sent), write_bytes(board->cache_bytes, cache),
        write_bytes(board->cache_max_bytes, cache_max), page->is_since_start ? "   (since the start)" : "");
    if (board->dropped_lines > 0)
        add_line(lines, "%.0f lines of logs left out", board->dropped_lines);
}

static void add_pools(const struct top_page *page, struct lines *lines)
{
    const struct board *board = page->board;
    add_line(lines, "%s", "");
    add_line(lines, "%-12s %10s %6s %8s %8s %10s %10s", "POOL", "BUSY", "LONG", "QUEUED", "SLOW", "OLDEST",
        "REFUSED/S");
    for (size_t i = 0; i < board->pool_count; i++) {
        const struct board_pool *pool = &board->pools[i];
        char busy[CELL_BYTES], oldest[CELL_BYTES];
        snprintf(busy, sizeof(busy), "%.0f/%.0f", pool->busy, pool->places);
        add_line(lines, "%-12.*s %10s %6.0f %8.0f %8.0f %10s %10.1f", (int)pool->pool.len, pool->pool.at,
            busy, pool->long_ones, pool->queued, pool->queued_long, write_time(pool->oldest_s, oldest),
            pool->refused / page->seconds);
    }
}

static void add_apps(const struct top_page *page, struct lines *lines)
{
    const struct board *board = page->board;
    add_line(lines, "%s", "");
    add_line(lines, "%-12s %6s %10s %10s %10s %8s %8s %8s %10s %10s", "APP", "STORE", "BATCHES/S", "ROWS/S",
        "REFUSED/S", "P99", "QUEUED", "OLDEST", "DATABASE", "LOG");
    for (size_t i = 0; i < board->app_count; i++) {
        const struct board_app *app = &board->apps[i];
        char most[CELL_BYTES], oldest[CELL_BYTES], database[CELL_BYTES], log[CELL_BYTES];
        bool is_file = app->database_bytes > 0;
        if (!is_file)
            snprintf(database, sizeof(database), "%.0f conns", app->connections);
        add_line(lines, "%-12.*s %6s %10.1f %10.1f %10.1f %8s %8.0f %8s %10s %10s", (int)app->app.len,
            app->app.at, app->is_up > 0 ? "up" : "AWAY", app->batches / page->seconds,
            app->rows / page->seconds, app->refused / page->seconds,
            write_time(board_quantile(app->buckets, 0.99), most), app->queued,
            write_time(app->oldest_s, oldest),
            is_file ? write_bytes(app->database_bytes, database) : database,
            is_file ? write_bytes(app->log_bytes, log) : "-");
    }
}

static int by_requests(const void *a, const void *b)
{
    const struct board_route *one = a, *other = b;
    return (one->requests < other->requests) - (one->requests > other->requests);
}

static void add_routes(const struct top_page *page, struct lines *lines)
{
    const struct board *board = page->board;
    if (board->route_count > 0)
        qsort(board->routes, board->route_count, sizeof(board->routes[0]), by_requests);
    add_line(lines, "%s", "");
    add_line(lines, "%-*s %10s %7s %8s %8s %7s %10s", ROUTE_COLUMNS, "ROUTE", "REQUESTS/S", "5XX", "P50",
        "P99", "KEPT", "BYTES/S");
    size_t room = page->max_rows > lines->count ? page->max_rows - lines->count : 0;
    room = room > LEAST_ROUTES ? room : LEAST_ROUTES;
    for (size_t i = 0; i < board->route_count && i < room && board->routes[i].requests > 0; i++) {
        const struct board_route *route = &board->routes[i];
        char name[LINE_BYTES / 2], failed[CELL_BYTES], half[CELL_BYTES], most[CELL_BYTES];
        char kept[CELL_BYTES], sent[CELL_BYTES];
        snprintf(name, sizeof(name), "%.*s%s%.*s%s%.*s", (int)route->app.len, route->app.at,
            route->app.len > 0 ? " " : "", (int)route->method.len, route->method.at,
            route->method.len > 0 ? " " : "", (int)route->route.len, route->route.at);
        add_line(lines, "%-*.*s %10.1f %7s %8s %8s %7s %10s", ROUTE_COLUMNS, ROUTE_COLUMNS, name,
            route->requests / page->seconds, write_share(route->failed, route->requests, failed),
            write_time(board_quantile(route->buckets, 0.5), half),
            write_time(board_quantile(route->buckets, 0.99), most),
            write_share(route->kept, route->reads, kept),
            write_bytes(route->sent_bytes / page->seconds, sent));
    }
}

void top_page_write(const struct top_page *page, struct buf *out)
{
    struct lines lines = {.out = out, .max_columns = page->max_columns};
    add_head(page, &lines);
    add_pools(page, &lines);
    add_apps(page, &lines);
    add_routes(page, &lines);
}
