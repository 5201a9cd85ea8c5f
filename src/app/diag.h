// SPDX-License-Identifier: Apache-2.0
// All errors of an app's files at once: a list of places and texts, bounded by LIMIT_DIAGNOSTICS. One thread
// at a time.
#ifndef RECKONER_APP_DIAG_H
#define RECKONER_APP_DIAG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "text/ini.h"
#include "text/utf8.h"

// A span of a file's text as the arguments of a message's %.*s: its first SHOWN_BYTES, cut between
// characters. For messages alone: SQL and paths need the whole text.
#define SHOWN_BYTES 60
#define SHOW(span)  (int)utf8_cut((span), SHOWN_BYTES), (span).at

struct diag {
    const char *file; // path
    uint32_t line;    // 1-based; 0: the file as a whole
    uint32_t column;  // 1-based, in bytes; 0: the line as a whole
    const char *text; // short, lower case, no full stop
};

struct diags {
    struct arena arena; // owns the texts
    struct diag *items; // owned; in order of finding until diags_sort
    size_t count;       // items in use
    size_t dropped;     // further ones for which there was no room
};

void diags_init(struct diags *diags);

// Frees; the struct is zeroed. A zeroed struct and NULL are fine.
void diags_fini(struct diags *diags);

// Adds one; `file` and the text are copied. One for which there is no room or memory is counted in `dropped`.
void diags_add(struct diags *diags, const char *file, uint32_t line, uint32_t column, const char *format, ...)
    PRINTF_LIKE(5, 6);

void diags_vadd(struct diags *diags, const char *file, uint32_t line, uint32_t column, const char *format,
    va_list args) PRINTF_LIKE(5, 0);

// Whether the entry is the first one of its key, which may stand once in an ini file; reports any other.
// *first_line is the line of the first one, and 0 before that, when it is set.
bool diags_is_first(
    struct diags *diags, const char *file, const struct ini_entry *entry, uint32_t *first_line);

// Reads the value of such a key, on or off. Of any other, which is reported, *is_on stays as it was.
void diags_read_switch(
    struct diags *diags, const char *file, const struct ini_entry *entry, uint32_t *first_line, bool *is_on);

// How many there are, dropped ones included. A caller compares it with the number before to see whether an
// error was added.
size_t diags_total(const struct diags *diags);

// By file, line and column; those of one place stay in the order of finding.
void diags_sort(struct diags *diags);

// "file:line:column: text" a line, as compilers print it, and how many were left out.
void diags_print(const struct diags *diags, FILE *out);

// Puts the first diag, with its place, in front of the text of `err`, the error that the diags have led to;
// without diags the text stays. Returns err's code.
enum err_code diags_explain(const struct diags *diags, struct err *err);

#endif
