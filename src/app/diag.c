// SPDX-License-Identifier: Apache-2.0
// Keeps diags in the order of finding, until they are sorted. What no longer fits is counted, so that the
// caller still learns of it. One thread at a time.
#include "app/diag.h"

#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

enum {
    TEXT_BYTES = 512,                            // one text; longer ones are cut
    ARENA_BYTES = LIMIT_DIAGNOSTICS * 16 * 1024, // texts, and paths of up to PATH_MAX
};

void diags_init(struct diags *diags)
{
    *diags = (struct diags){0};
    arena_init(&diags->arena, ARENA_BYTES);
}

void diags_fini(struct diags *diags)
{
    if (diags == NULL)
        return;
    arena_fini(&diags->arena);
    mem_free(diags->items);
    *diags = (struct diags){0};
}

// The file's name as the item before has it, or a copy; NULL without memory.
static const char *keep_file(struct diags *diags, const char *file)
{
    if (diags->count > 0 && strcmp(diags->items[diags->count - 1].file, file) == 0)
        return diags->items[diags->count - 1].file;
    return arena_strdup(&diags->arena, file);
}

void diags_vadd(
    struct diags *diags, const char *file, uint32_t line, uint32_t column, const char *format, va_list args)
{
    char text[TEXT_BYTES];
    int len = vsnprintf(text, sizeof(text), format, args);
    if (diags->items == NULL)
        diags->items = mem_zalloc(LIMIT_DIAGNOSTICS, sizeof(*diags->items));
    if (diags->items == NULL || diags->count == LIMIT_DIAGNOSTICS || len < 0) {
        diags->dropped++;
        return;
    }
    const char *kept_file = keep_file(diags, file);
    const char *kept_text = arena_strdup(&diags->arena, text);
    if (kept_file == NULL || kept_text == NULL) {
        diags->dropped++;
        return;
    }
    diags->items[diags->count++] =
        (struct diag){.file = kept_file, .line = line, .column = column, .text = kept_text};
}

void diags_add(struct diags *diags, const char *file, uint32_t line, uint32_t column, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    diags_vadd(diags, file, line, column, format, args);
    va_end(args);
}

bool diags_is_first(
    struct diags *diags, const char *file, const struct ini_entry *entry, uint32_t *first_line)
{
    bool is_first = *first_line == 0;
    if (is_first)
        *first_line = entry->line;
    else
        diags_add(diags, file, entry->line, 0, "a second %.*s; the first is on line %u", SHOW(entry->key),
            (unsigned)*first_line);
    return is_first;
}

void diags_read_switch(
    struct diags *diags, const char *file, const struct ini_entry *entry, uint32_t *first_line, bool *is_on)
{
    if (!diags_is_first(diags, file, entry, first_line))
        return;
    if (span_is(entry->value, "on"))
        *is_on = true;
    else if (span_is(entry->value, "off"))
        *is_on = false;
    else
        diags_add(diags, file, entry->line, 0, "%.*s can be on or off, and not \"%.*s\"", SHOW(entry->key),
            SHOW(entry->value));
}

size_t diags_total(const struct diags *diags)
{
    return diags->count + diags->dropped;
}

static bool comes_after(const struct diag *a, const struct diag *b)
{
    int files = strcmp(a->file, b->file);
    if (files != 0)
        return files > 0;
    return a->line != b->line ? a->line > b->line : a->column > b->column;
}

void diags_sort(struct diags *diags)
{
    for (size_t i = 1; i < diags->count; i++) { // stable, and there are few
        struct diag item = diags->items[i];
        size_t at = i;
        for (; at > 0 && comes_after(&diags->items[at - 1], &item); at--)
            diags->items[at] = diags->items[at - 1];
        diags->items[at] = item;
    }
}

enum err_code diags_explain(const struct diags *diags, struct err *err)
{
    if (diags->count > 0)
        err_prefix(err, "%s:%u:%u: %s", diags->items[0].file, (unsigned)diags->items[0].line,
            (unsigned)diags->items[0].column, diags->items[0].text);
    return err->code;
}

void diags_print(const struct diags *diags, FILE *out)
{
    for (size_t i = 0; i < diags->count; i++) {
        const struct diag *item = &diags->items[i];
        fputs(item->file, out);
        if (item->line > 0)
            fprintf(out, ":%u", (unsigned)item->line);
        if (item->line > 0 && item->column > 0)
            fprintf(out, ":%u", (unsigned)item->column);
        fprintf(out, ": %s\n", item->text);
    }
    if (diags->dropped > 0)
        fprintf(
            out, "%zu more %s left out\n", diags->dropped, diags->dropped == 1 ? "error is" : "errors are");
}
