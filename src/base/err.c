// SPDX-License-Identifier: Apache-2.0
// Filling struct err. Any thread, on memory that the caller owns; no allocation, so that it works when there
// is none.
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void PRINTF_LIKE(5, 0) fill(
    struct err *err, enum err_code code, uint32_t line, uint32_t column, const char *format, va_list args)
{
    err->code = code;
    err->line = line;
    err->column = column;
    err->hint[0] = '\0';
    vsnprintf(err->text, sizeof(err->text), format, args);
}

enum err_code err_set(struct err *err, enum err_code code, const char *format, ...)
{
    if (err == NULL)
        return code;
    if (err->code == ERR_NONE) {
        va_list args;
        va_start(args, format);
        fill(err, code, 0, 0, format, args);
        va_end(args);
    }
    return err->code;
}

enum err_code err_set_at(
    struct err *err, enum err_code code, uint32_t line, uint32_t column, const char *format, ...)
{
    if (err == NULL)
        return code;
    if (err->code == ERR_NONE) {
        va_list args;
        va_start(args, format);
        fill(err, code, line, column, format, args);
        va_end(args);
    }
    return err->code;
}

enum err_code err_pass(struct err *err, const struct err *cause)
{
    if (err == NULL)
        return cause->code;
    if (err->code == ERR_NONE) {
        *err = *cause;
        err->line = err->column = 0;
    }
    return err->code;
}

void err_prefix(struct err *err, const char *format, ...)
{
    if (err == NULL || err->code == ERR_NONE)
        return;
    char old[sizeof(err->text)];
    memcpy(old, err->text, sizeof(old));
    va_list args;
    va_start(args, format);
    int written = vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    size_t used = written < 0 ? 0 : (size_t)written;
    if (used + sizeof(": ") > sizeof(err->text))
        return;
    memcpy(err->text + used, ": ", 2);
    used += 2;
    size_t len = strnlen(old, sizeof(err->text) - used - 1);
    memcpy(err->text + used, old, len);
    err->text[used + len] = '\0';
}

void err_hint(struct err *err, const char *format, ...)
{
    if (err == NULL || err->code == ERR_NONE || err->hint[0] != '\0')
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(err->hint, sizeof(err->hint), format, args);
    va_end(args);
}

enum err_code err_no_memory(struct err *err)
{
    return err_set(err, ERR_NO_MEMORY, "out of memory");
}
