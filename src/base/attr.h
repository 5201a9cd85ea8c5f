// SPDX-License-Identifier: Apache-2.0
// Compiler attributes under readable names, and cleanup at the end of a scope. Both gcc and clang have all of
// them.
#ifndef RECKONER_BASE_ATTR_H
#define RECKONER_BASE_ATTR_H

#define MUST_CHECK                             __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_index, first_index) __attribute__((format(printf, format_index, first_index)))

// AUTO(buf_fini) struct buf b = {0};   buf_fini(&b) runs when b leaves its scope, on every path.
#define AUTO(fini) __attribute__((cleanup(fini)))

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

// The struct that holds `member` at `pointer`.
#define CONTAINER_OF(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
