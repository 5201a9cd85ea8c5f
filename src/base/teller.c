// SPDX-License-Identifier: Apache-2.0
// Formats a line and hands it on. Any thread.
#include "base/teller.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

enum { TEXT_BYTES = 1024 };

void teller_say(const struct teller *teller, const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list args;
    if (teller->tell == NULL)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    teller->tell(teller->ctx, text);
}
