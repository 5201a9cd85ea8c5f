// SPDX-License-Identifier: Apache-2.0
// The wording of lines on stderr. What went wrong is told by the caller; exit codes are the commands'. Each
// function prints whole lines; any thread, though all callers are on the main one.
#include "cmd/message.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN_FAULTS = 20 };

void message_print(const char *subject, const char *what)
{
    fprintf(stderr, "reckoner: %s: %s\n", subject, what);
}

// Whether the text begins with the subject, a path or "sqlite:" and a path, by itself.
static bool names_itself(const char *subject, const char *text)
{
    const char *path = strchr(subject, ':') != NULL ? strchr(subject, ':') + 1 : subject;
    size_t len = strlen(path);
    return strncmp(text, path, len) == 0 && text[len] == ':';
}

// Whether the text begins with a file of the subject, an app's folder.
static bool names_a_file_of(const char *subject, const char *text)
{
    size_t len = strlen(subject);
    return strncmp(text, subject, len) == 0 && text[len] == '/';
}

void message_error(const char *subject, const struct err *err)
{
    if (err->line > 0 && err->column > 0) // as compilers tell it, and as diags do
        fprintf(stderr, "%s:%u:%u: ", subject, err->line, err->column);
    else if (err->line > 0)
        fprintf(stderr, "%s:%u: ", subject, err->line);
    else if (names_itself(subject, err->text))
        fputs("reckoner: ", stderr);
    else if (!names_a_file_of(subject, err->text))
        fprintf(stderr, "reckoner: %s: ", subject);
    fprintf(stderr, "%s%s%s\n", err->text, err->hint[0] != '\0' ? "\n  hint: " : "", err->hint);
}

void message_diags(const char *subject, struct diags *diags, const struct err *err)
{
    diags_sort(diags);
    diags_print(diags, stderr);
    if (diags->count == 0)
        message_error(subject, err);
}

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

void message_report(const char *path, const struct report *report)
{
    if (report->total > print_faults(path, "", report))
        fprintf(stderr, "%s: … %zu errors in all\n", path, report->total);
}

void message_warnings(const char *path, const struct report *warnings)
{
    size_t shown = print_faults(path, "warning: ", warnings);
    if (warnings->total > 0)
        fprintf(stderr, "%s: %s%zu warning%s%s\n", path, warnings->total > shown ? "… " : "", warnings->total,
            warnings->total == 1 ? "" : "s", warnings->total > shown ? " in all" : "");
}
