// SPDX-License-Identifier: Apache-2.0
// The tables that a statement may write, and those that a transaction may have written, by their versions.
#ifndef RECKONER_STORE_SQLITE_WRITES_H
#define RECKONER_STORE_SQLITE_WRITES_H

#include <stdbool.h>
#include <stddef.h>

struct sqlite_version; // versions.h

enum { SQLITE_WRITES_TABLES = 64 }; // of one set; more count as all

// Of none when zeroed.
struct sqlite_writes {
    struct sqlite_version **tables; // owned; the versions borrowed; each once
    size_t count;                   // of them
    size_t room;                    // for so many
    bool has_all;                   // and all others
};

// What a set holds at one moment. Since then nothing was taken from it.
struct sqlite_writes_mark {
    size_t count;
    bool has_all;
};

void sqlite_writes_fini(struct sqlite_writes *writes);

// Makes it a set of none.
void sqlite_writes_clear(struct sqlite_writes *writes);

// Adds a table; NULL, one that has no version: then all are in it, as they are without memory.
void sqlite_writes_add(struct sqlite_writes *writes, struct sqlite_version *table);

// Adds those of another set.
void sqlite_writes_add_all(struct sqlite_writes *writes, const struct sqlite_writes *others);

struct sqlite_writes_mark sqlite_writes_mark(const struct sqlite_writes *writes);

// Takes out what was added since the mark.
void sqlite_writes_take_back(struct sqlite_writes *writes, struct sqlite_writes_mark mark);

#endif
