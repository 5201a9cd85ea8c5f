// SPDX-License-Identifier: Apache-2.0
// Counts faults, and tells of the first ones. One thread.
#include "store/backup_check.h"

#include <stdarg.h>
#include <stdio.h>

void backup_fault(struct backup_check *check, const char *format, ...)
{
    char text[512];
    va_list args;
    if (check->faults++ >= BACKUP_FAULTS || check->on_fault == NULL)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    check->on_fault(check->ctx, text);
}
