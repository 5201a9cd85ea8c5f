// SPDX-License-Identifier: Apache-2.0
// Keeps the first faults by line, of any number that come in any order. It collects up to twice the limit,
// then sorts and cuts to the limit, and goes on: n faults cost O(n log limit), and memory stays bounded. One
// thread at a time.
#include "app/report.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "text/json_write.h"
#include "text/utf8.h"

enum { CAPACITY = 2 * LIMIT_ROW_REPORTS };

struct kept_fault {
    struct fault fault; // its spans point into bytes[]
    size_t number;      // order of finding, so that sorting is stable
    char bytes[];       // field, parameter, value, code, detail
};

void report_fini(struct report *report)
{
    if (report == NULL)
        return;
    for (size_t i = 0; i < report->kept_count; i++)
        mem_free(report->kept[i]);
    mem_free(report->kept);
    *report = (struct report){0};
}

static int by_line(const void *left, const void *right)
{
    const struct kept_fault *a = *(struct kept_fault *const *)left, *b = *(struct kept_fault *const *)right;
    if (a->fault.line != b->fault.line)
        return a->fault.line < b->fault.line ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

void report_finish(struct report *report)
{
    if (report->kept_count == 0)
        return;
    qsort(report->kept, report->kept_count, sizeof(*report->kept), by_line);
    while (report->kept_count > LIMIT_ROW_REPORTS)
        mem_free(report->kept[--report->kept_count]);
}

// Copies `from` to *at and moves *at behind it; an absent span stays absent.
static struct span put(char **at, struct span from)
{
    if (from.at == NULL)
        return from;
    if (from.len > 0)
        memcpy(*at, from.at, from.len);
    struct span copy = {.at = *at, .len = from.len};
    *at += from.len;
    return copy;
}

enum err_code report_add(struct report *report, const struct fault *fault)
{
    if (report->kept == NULL) {
        report->kept = mem_zalloc(CAPACITY, sizeof(struct kept_fault *));
        if (report->kept == NULL)
            return ERR_NO_MEMORY;
    }
    if (report->kept_count == CAPACITY)
        report_finish(report);
    struct fault source = *fault;
    if (source.value.at != NULL)
        source.value.len = utf8_cut(source.value, LIMIT_REPORT_VALUE_BYTES);
    struct kept_fault *kept = mem_alloc(sizeof(*kept) + source.field.len + source.parameter.len +
                                        source.value.len + source.code.len + source.detail.len);
    if (kept == NULL)
        return ERR_NO_MEMORY;
    char *at = kept->bytes;
    kept->fault = (struct fault){
        .line = source.line,
        .field = put(&at, source.field),
        .parameter = put(&at, source.parameter),
        .value = put(&at, source.value),
        .code = put(&at, source.code),
        .detail = put(&at, source.detail),
    };
    kept->number = report->total++;
    report->kept[report->kept_count++] = kept;
    return ERR_NONE;
}

enum err_code report_copy(const struct report *report, struct report *ret_copy)
{
    struct report copy = {0};
    for (size_t i = 0; i < report->kept_count; i++) {
        if (report_add(&copy, report_fault(report, i)) != ERR_NONE) {
            report_fini(&copy);
            return ERR_NO_MEMORY;
        }
    }
    copy.total = report->total;
    copy.status = report->status;
    copy.is_cut = report->is_cut;
    *ret_copy = copy;
    return ERR_NONE;
}

const struct fault *report_fault(const struct report *report, size_t i)
{
    return &report->kept[i]->fault;
}

static void write_member(struct buf *out, const char *name, struct span text, bool *first)
{
    if (text.at == NULL)
        return;
    buf_printf(out, "%s\"%s\":", *first ? "" : ",", name);
    json_write_string(out, text);
    *first = false;
}

void report_write(const struct report *report, struct buf *out)
{
    buf_append_byte(out, '[');
    for (size_t i = 0; i < report->kept_count; i++) {
        const struct fault *fault = report_fault(report, i);
        bool first = true;
        buf_append_str(out, i > 0 ? ",{" : "{");
        if (fault->line > 0) {
            buf_printf(out, "\"line\":%lld", (long long)fault->line);
            first = false;
        }
        write_member(out, "field", fault->field, &first);
        write_member(out, "parameter", fault->parameter, &first);
        write_member(out, "value", fault->value, &first);
        write_member(out, "code", fault->code, &first);
        write_member(out, "detail", fault->detail, &first);
        buf_append_byte(out, '}');
    }
    buf_append_byte(out, ']');
}
