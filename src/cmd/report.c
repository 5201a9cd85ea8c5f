// SPDX-License-Identifier: Apache-2.0
#include "cmd/report.h"

#include <stdio.h>

enum { SHOWN_FAULTS = 20 };

static void print_fault(const char *path, const struct fault *fault)
{
    fprintf(stderr, "%s:%lld: ", path, (long long)fault->line);
    if (fault->field.at != NULL)
        fprintf(stderr, "%.*s: ", (int)fault->field.len, fault->field.at);
    fprintf(stderr, "%.*s", (int)fault->detail.len, fault->detail.at);
    if (fault->value.at != NULL)
        fprintf(stderr, " (%.*s)", (int)fault->value.len, fault->value.at);
    fputc('\n', stderr);
}

void print_report(const char *path, const struct report *report)
{
    size_t shown = report->kept_count < SHOWN_FAULTS ? report->kept_count : SHOWN_FAULTS;
    for (size_t i = 0; i < shown; i++)
        print_fault(path, report_fault(report, i));
    if (report->total > shown)
        fprintf(stderr, "%s: … %zu errors in all\n", path, report->total);
}
