// SPDX-License-Identifier: Apache-2.0
#include "cmd/report.h"

#include <stdio.h>

enum { SHOWN_FAULTS = 20 };

static void print_fault(const char *path, const char *kind, const struct fault *fault)
{
    struct span place = fault->field.at != NULL ? fault->field : fault->parameter;
    fputs(path, stderr);
    if (fault->line > 0)
        fprintf(stderr, ":%lld", (long long)fault->line);
    fprintf(stderr, ": %s", kind);
    if (place.at != NULL)
        fprintf(stderr, "%.*s: ", (int)place.len, place.at);
    fprintf(stderr, "%.*s", (int)fault->detail.len, fault->detail.at);
    if (fault->value.at != NULL)
        fprintf(stderr, " (%.*s)", (int)fault->value.len, fault->value.at);
    fputc('\n', stderr);
}

static size_t print_faults(const char *path, const char *kind, const struct report *report)
{
    size_t shown = report->kept_count < SHOWN_FAULTS ? report->kept_count : SHOWN_FAULTS;
    for (size_t i = 0; i < shown; i++)
        print_fault(path, kind, report_fault(report, i));
    return shown;
}

void print_report(const char *path, const struct report *report)
{
    if (report->total > print_faults(path, "", report))
        fprintf(stderr, "%s: … %zu errors in all\n", path, report->total);
}

void print_warnings(const char *path, const struct report *warnings)
{
    size_t shown = print_faults(path, "warning: ", warnings);
    if (warnings->total > 0)
        fprintf(stderr, "%s: %s%zu warning%s%s\n", path, warnings->total > shown ? "… " : "", warnings->total,
            warnings->total == 1 ? "" : "s", warnings->total > shown ? " in all" : "");
}
