// SPDX-License-Identifier: Apache-2.0
// The words for what a row ran into. Finding out what it was is each driver's own. No state.
#include "store/violation.h"

const char *violation_text(enum violation_kind kind)
{
    switch (kind) {
    case VIOLATION_KEY:
        return "a row with this key exists already";
    case VIOLATION_TWICE:
        return "two rows have the same key, and only one of them can be stored: send it once";
    case VIOLATION_NULL:
        return "a value is null that must not be";
    case VIOLATION_CHECK:
        return "a row violates a check constraint";
    case VIOLATION_EXCLUSION:
        return "a row and another one exclude each other";
    case VIOLATION_REFERENCE:
        return "a row refers to one that does not exist";
    case VIOLATION_TYPE:
        return "a value is not of its column's type";
    case VIOLATION_OTHER:
        break;
    }
    return NULL;
}
