// SPDX-License-Identifier: Apache-2.0
// `reckoner usage`: what the clients of apps have used, as the server has written it to the stores. It only
// reads, also while a server runs. On the main thread.
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "access/usage_report.h"
#include "access/usage_store.h"
#include "base/limits.h"
#include "cmd/cmd.h"
#include "cmd/help.h"
#include "cmd/message.h"
#include "cmd/recovered.h"
#include "cmd/workspace.h"
#include "text/date.h"

static const struct usage USAGE = {
    .command = COMMAND_USAGE,
    .forms = "usage [OPTION]... APP...",
    .about =
        "Prints what clients have used of each app, by day, client and endpoint: requests (of them answered\n"
        "from the cache; failed with 5xx or without an answer), rows and bytes of answers, rows of batches.\n"
        "The server counts it where app.ini has an [access], and writes it every few seconds. Days are UTC.\n",
    .min_words = 1,
    .max_words = SIZE_MAX,
    .wanted = WANTED_APPS,
};

enum {
    COUNTS = 6,
    COUNT_CHARS = 21, // of a number of 64 bits, with its NUL
};

static const char *const count_names[COUNTS] = {
    "requests", "cached", "failed", "rows", "bytes", "batch rows"};

// What is asked for.
struct question {
    struct usage_period period;
    const struct span *client; // NULL: all
    bool is_text;              // for people
    enum answer_format format; // else
};

// --- the command line

static bool refuse(const char *flag, const char *text, const char *wanted)
{
    fprintf(stderr, "reckoner: %s must be %s, not %s\n", flag, wanted, text);
    return false;
}

static bool read_period(const struct options *options, struct usage_period *ret_period)
{
    const char *month = options->month, *day = options->day;
    *ret_period = usage_month_of(usage_today());
    if (month != NULL && day != NULL)
        fputs("reckoner: --month and --day exclude each other: give one of them\n", stderr);
    else if (month != NULL && !usage_month_parse(span_of(month), ret_period))
        return refuse("--month", month, "a month, YYYY-MM");
    else if (day != NULL && !usage_day_parse(span_of(day), ret_period))
        return refuse("--day", day, "a day, YYYY-MM-DD");
    return month == NULL || day == NULL;
}

static bool read_format(const char *text, struct question *question)
{
    question->is_text = text == NULL || strcmp(text, "text") == 0;
    question->format = FORMAT_JSON;
    if (question->is_text || strcmp(text, "json") == 0)
        return true;
    question->format = FORMAT_CSV;
    return strcmp(text, "csv") == 0 || refuse("--format", text, "text, csv or json");
}

// --- for people

static void count_texts(const struct usage_counts *counts, char texts[COUNTS][COUNT_CHARS])
{
    const uint64_t numbers[COUNTS] = {
        counts->requests, counts->cached, counts->failed, counts->rows, counts->bytes, counts->batch_rows};
    for (size_t i = 0; i < COUNTS; i++)
        snprintf(texts[i], COUNT_CHARS, "%" PRIu64, numbers[i]);
}

// Widths of the columns, in bytes.
struct widths {
    size_t client, endpoint, counts[COUNTS];
};

static void widen(size_t *width, size_t len)
{
    if (len > *width)
        *width = len;
}

// Requests that nobody is known for are a dash, as in the access log.
static struct span shown_client(struct span client)
{
    return client.len > 0 ? client : span_of("-");
}

static struct widths find_widths(const struct usage_table *table, const struct usage_counts *sum)
{
    struct widths widths = {.client = strlen("client"), .endpoint = strlen("endpoint")};
    char counts[COUNTS][COUNT_CHARS], endpoint[USAGE_ENDPOINT_CHARS];
    count_texts(sum, counts); // no number of a row is longer
    for (size_t i = 0; i < COUNTS; i++)
        widths.counts[i] =
            strlen(count_names[i]) > strlen(counts[i]) ? strlen(count_names[i]) : strlen(counts[i]);
    for (size_t i = 0; i < table->count; i++) {
        usage_endpoint(&table->entries[i]->key, endpoint);
        widen(&widths.client, shown_client(table->entries[i]->key.client).len);
        widen(&widths.endpoint, strlen(endpoint));
    }
    return widths;
}

static void print_line(const struct widths *widths, const char *day, struct span client, const char *endpoint,
    const char *const counts[COUNTS])
{
    printf("%-10s  %-*.*s  %-*s", day, (int)widths->client, (int)client.len, client.at, (int)widths->endpoint,
        endpoint);
    for (size_t i = 0; i < COUNTS; i++)
        printf("  %*s", (int)widths->counts[i], counts[i]);
    putchar('\n');
}

static void print_row(const struct widths *widths, const char *day, struct span client, const char *endpoint,
    const struct usage_counts *counts)
{
    char texts[COUNTS][COUNT_CHARS];
    const char *cells[COUNTS];
    count_texts(counts, texts);
    for (size_t i = 0; i < COUNTS; i++)
        cells[i] = texts[i];
    print_line(widths, day, client, endpoint, cells);
}

static void print_app(const struct app *app, struct usage_period period, const struct usage_table *table)
{
    char first[DATE_CHARS], last[DATE_CHARS], endpoint[USAGE_ENDPOINT_CHARS];
    struct usage_counts sum = {0};
    date_format(date_from_days(period.first_day), first);
    date_format(date_from_days(period.last_day), last);
    printf("%s, %s to %s%s\n", app->name, first, last, table->count > 0 ? "" : ": nothing was used");
    for (size_t i = 0; i < table->count; i++)
        usage_counts_add(&sum, &table->entries[i]->counts);
    if (table->count == 0)
        return;
    struct widths widths = find_widths(table, &sum);
    print_line(&widths, "day", span_of("client"), "endpoint", count_names);
    for (size_t i = 0; i < table->count; i++) {
        const struct usage_entry *entry = table->entries[i];
        char day[DATE_CHARS];
        date_format(date_from_days(entry->key.day), day);
        usage_endpoint(&entry->key, endpoint);
        print_row(&widths, day, shown_client(entry->key.client), endpoint, &entry->counts);
    }
    print_row(&widths, "total", span_of(""), "", &sum);
}

// --- the stores

// Reads a store that is there, as it is. One that is not has seen no use.
static bool read_usage(const struct app *app, const struct options *options, const struct question *question,
    struct usage_table *table)
{
    char url[STORE_URL_BYTES];
    const char *store_url = workspace_store_url(options, app, url);
    struct workspace workspace = {0};
    struct err err = {0};
    if (!workspace_store_is_there(store_url)) {
        message_print(
            store_shown(options, store_url), "there is no such store; --var says in which folder it is");
        return false;
    }
    enum err_code code = store_open(store_url, app->name, &workspace.store, &err);
    if (code == ERR_NONE)
        recovered_tell(workspace.store, store_shown(options, store_url));
    if (code == ERR_NONE)
        code = store_connect(workspace.store, STORE_READ, &workspace.conn, &err);
    if (code == ERR_NONE)
        code = usage_store_read(workspace.conn, question->period, question->client, table, &err);
    if (code != ERR_NONE)
        message_error(store_shown(options, store_url), &err);
    workspace_fini(&workspace);
    return code == ERR_NONE;
}

static bool print_usage(const char *dir, const struct options *options, const struct question *question,
    struct usage_report *report)
{
    struct app *app = workspace_read_app(dir, options->store);
    if (app == NULL)
        return false;
    struct usage_table table;
    usage_table_init(&table, LIMIT_USAGE_READ);
    bool done = read_usage(app, options, question, &table);
    usage_table_sort(&table);
    if (done && question->is_text)
        print_app(app, question->period, &table);
    else if (done)
        usage_report_add(report, app->name, &table);
    usage_table_fini(&table);
    app_unref(app);
    return done;
}

static bool print_report(struct usage_report *report)
{
    usage_report_end(report);
    if (buf_status(report->out) != ERR_NONE) {
        message_print("usage", "out of memory: ask for fewer days");
        return false;
    }
    return fwrite(report->out->data, 1, report->out->len, stdout) == report->out->len;
}

static bool print_all(const struct options *options, const struct question *question)
{
    AUTO(buf_fini) struct buf out;
    struct usage_report report;
    buf_init(&out, SIZE_MAX);
    usage_report_start(&report, question->format, question->period, &out);
    for (size_t i = 0; i < options->word_count; i++) {
        if (!print_usage(options->words[i], options, question, &report))
            return false;
    }
    return question->is_text || print_report(&report);
}

int cmd_usage(int argc, char **argv)
{
    AUTO(options_fini) struct options options = {0};
    struct question question = {0};
    int result;
    if (!options_read(argc, argv, &USAGE, &options, &result))
        return result;
    if (!read_period(&options, &question.period) || !read_format(options.format, &question))
        return EXIT_USAGE;
    options.several_apps = options.word_count > 1;
    struct span client =
        span_of(options.client != NULL && strcmp(options.client, "-") != 0 ? options.client : "");
    question.client = options.client != NULL ? &client : NULL;
    return print_all(&options, &question) ? EXIT_OK : EXIT_FAILED;
}
