// SPDX-License-Identifier: Apache-2.0
// Pure functions, any thread.
#include "access/usage_report.h"

#include <inttypes.h>

#include "base/attr.h"
#include "text/csv_write.h"
#include "text/date.h"
#include "text/json_write.h"

static void write_json_counts(const struct usage_counts *counts, struct buf *out)
{
    buf_printf(out,
        "\"requests\":%" PRIu64 ",\"cached\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"rows\":%" PRIu64
        ",\"bytes\":%" PRIu64 ",\"batch_rows\":%" PRIu64 "}",
        counts->requests, counts->cached, counts->failed, counts->rows, counts->bytes, counts->batch_rows);
}

static void day_text(int32_t day, char text[DATE_CHARS])
{
    date_format(date_from_days(day), text);
}

void usage_report_start(
    struct usage_report *report, enum answer_format format, struct usage_period period, struct buf *out)
{
    char first[DATE_CHARS], last[DATE_CHARS];
    *report = (struct usage_report){.format = format, .out = out};
    day_text(period.first_day, first);
    day_text(period.last_day, last);
    if (format == FORMAT_CSV)
        buf_append_str(out, "app,day,client,endpoint,requests,cached,failed,rows,bytes,batch_rows\r\n");
    else if (format == FORMAT_JSON)
        buf_printf(out, "{\"from\":\"%s\",\"to\":\"%s\",\"usage\":[", first, last);
}

// A row's app, day, client and endpoint.
struct row_texts {
    struct span texts[4]; // borrowed
};

static void write_json_row(
    struct usage_report *report, const struct row_texts *row, const struct usage_counts *counts)
{
    static const char *const names[] = {"{\"app\":", ",\"day\":", ",\"client\":", ",\"endpoint\":"};
    struct buf *out = report->out;
    if (report->rows > 0 && report->format == FORMAT_JSON)
        buf_append_byte(out, ',');
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        buf_append_str(out, names[i]);
        json_write_string(out, row->texts[i]);
    }
    buf_append_byte(out, ',');
    write_json_counts(counts, out);
    if (report->format == FORMAT_NDJSON)
        buf_append_byte(out, '\n');
}

static void write_csv_row(
    struct usage_report *report, const struct row_texts *row, const struct usage_counts *counts)
{
    for (size_t i = 0; i < ARRAY_LEN(row->texts); i++) {
        csv_write_cell(report->out, row->texts[i]);
        buf_append_byte(report->out, ',');
    }
    buf_printf(report->out, "%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\r\n",
        counts->requests, counts->cached, counts->failed, counts->rows, counts->bytes, counts->batch_rows);
}

void usage_report_add(struct usage_report *report, const char *app, const struct usage_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct usage_entry *entry = table->entries[i];
        char day[DATE_CHARS], endpoint[USAGE_ENDPOINT_CHARS];
        day_text(entry->key.day, day);
        usage_endpoint(&entry->key, endpoint);
        const struct row_texts row = {{span_of(app), span_of(day), entry->key.client, span_of(endpoint)}};
        if (report->format == FORMAT_CSV)
            write_csv_row(report, &row, &entry->counts);
        else
            write_json_row(report, &row, &entry->counts);
        usage_counts_add(&report->total, &entry->counts);
        report->rows++;
    }
}

void usage_report_end(struct usage_report *report)
{
    if (report->format != FORMAT_JSON)
        return;
    buf_append_str(report->out, "],\"total\":{");
    write_json_counts(&report->total, report->out);
    buf_append_str(report->out, "}\n");
}
