// SPDX-License-Identifier: Apache-2.0
// One layer of csv_options.c, filled from a request. One thread at a time.
#include "app/csv_request.h"

#include "app/body_format.h"
#include "app/csv_options.h"
#include "text/charset.h"
#include "text/url.h"

static const char HEADER[] = "header";

// --- the Content-Type

static bool is_tsv(struct span content_type)
{
    return span_is_nocase(span_trim(span_split(&content_type, ';')), BODY_TSV_TYPE);
}

static enum err_code read_type(struct csv_dialect *dialect, struct span content_type, struct err *err)
{
    struct span name, value;
    if (is_tsv(content_type)) {
        dialect->delimiter = '\t';
        dialect->is_auto = false;
    }
    (void)span_split(&content_type, ';');
    while (body_parameter_next(&content_type, &name, &value)) {
        if (span_is_nocase(name, "charset") && !charset_is_name(value))
            return err_set(err, ERR_MEDIA_TYPE, "\"%.*s\" is no name of an encoding", SHOW(value));
        if (span_is_nocase(name, "charset")) {
            dialect->encoding = value;
            if (charset_is_utf8(value))
                dialect->encoding.len = 0;
        } else if (span_is_nocase(name, HEADER) && span_is_nocase(value, "absent"))
            dialect->header = CSV_HEADER_ABSENT;
        else if (span_is_nocase(name, HEADER) && span_is_nocase(value, "present") &&
                 dialect->header == CSV_HEADER_ABSENT)
            dialect->header = CSV_HEADER_PRESENT;
    }
    return ERR_NONE;
}

// --- the query

static enum err_code add_fault(struct report *report, struct span name, struct span value, const char *code,
    const char *problem, struct err *err)
{
    struct fault fault = {
        .parameter = name, .value = value, .code = span_of(code), .detail = span_of(problem)};
    return report_add(report, &fault) == ERR_NONE ? ERR_NONE : err_no_memory(err);
}

static enum err_code read_query(struct csv_options *options, struct span query, struct arena *arena,
    struct report *report, struct err *err)
{
    char problem[CSV_PROBLEM_BYTES];
    struct span raw_name, raw_value, name, value;
    enum err_code code = ERR_NONE;
    while (code == ERR_NONE && url_next_pair(&query, &raw_name, &raw_value)) {
        if (!url_decode(raw_name, true, arena, &name) || !csv_options_is_name(name))
            continue; // what is wrong with others was said when the parameters were read
        if (!url_decode(raw_value, true, arena, &value))
            code =
                add_fault(report, name, raw_value, "csv", "is badly percent-encoded: write %25 for %", err);
        else if (!csv_options_set(options, name, value, problem))
            code = add_fault(report, name, value, "csv", problem, err);
    }
    const char *conflict = csv_options_problem(options);
    if (code == ERR_NONE && report->total == 0 && conflict != NULL)
        code = add_fault(report, span_of("csv.thousands"), (struct span){0}, "csv", conflict, err);
    return code;
}

enum err_code csv_request_read(const struct csv_dialect *below, struct span content_type, struct span query,
    struct arena *arena, const struct csv_dialect **ret_dialect, struct report *report, struct err *err)
{
    bool has_type = is_tsv(content_type) ||
                    (content_type.len > 0 && memchr(content_type.at, ';', content_type.len) != NULL);
    bool has_query = query.len > 0 && (memmem(query.at, query.len, "csv.", 4) != NULL ||
                                          memchr(query.at, '%', query.len) != NULL); // csv%2Edelimiter
    struct csv_options options;
    *ret_dialect = below;
    if (!has_type && !has_query)
        return ERR_NONE;
    csv_options_init(&options, below);
    enum err_code code = read_type(&options.dialect, content_type, err);
    if (code == ERR_NONE && has_query)
        code = read_query(&options, query, arena, report, err);
    if (code == ERR_NONE && report->total > 0)
        return err_set(err, ERR_INVALID, "parameters that do not pass: %zu", report->total);
    bool is_strict = below == NULL && options.given == 0 && options.dialect.encoding.len == 0 &&
                     options.dialect.delimiter == ',' && options.dialect.header == CSV_HEADER_PRESENT;
    if (code == ERR_NONE && is_strict)
        return ERR_NONE;
    struct csv_dialect *dialect = arena_alloc(arena, sizeof(*dialect));
    if (code != ERR_NONE || dialect == NULL)
        return code != ERR_NONE ? code : err_no_memory(err);
    *dialect = options.dialect;
    *ret_dialect = dialect;
    return ERR_NONE;
}

enum err_code csv_request_refuse(
    struct span query, struct arena *arena, struct report *report, struct err *err)
{
    struct span raw_name, raw_value, name;
    enum err_code code = ERR_NONE;
    while (code == ERR_NONE && url_next_pair(&query, &raw_name, &raw_value)) {
        if (url_decode(raw_name, true, arena, &name) && csv_options_is_name(name))
            code = add_fault(report, name, (struct span){0}, "unknown_parameter",
                "says how a CSV body is written, and this one is no CSV", err);
    }
    if (code == ERR_NONE && report->total > 0)
        return err_set(err, ERR_INVALID, "parameters that do not pass: %zu", report->total);
    return code;
}

static bool is_tsv_file(struct span name)
{
    static const char *const endings[] = {BODY_TSV_ENDING, BODY_TSV_ENDING ".gz", BODY_TSV_ENDING ".zst"};
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        if (span_ends_with_nocase(name, endings[i]))
            return true;
    }
    return false;
}

const struct csv_dialect *csv_of_file(
    const struct csv_dialect *below, struct span name, struct csv_dialect *room)
{
    if (!is_tsv_file(name) || (below != NULL && (below->delimiter != ',' || below->is_auto)))
        return below;
    *room = below != NULL ? *below : CSV_STRICT;
    room->delimiter = '\t';
    return room;
}
