// SPDX-License-Identifier: Apache-2.0
// What clients have used, counted by app, day, client and endpoint. One thread at a time.
#ifndef RECKONER_ACCESS_USAGE_TABLE_H
#define RECKONER_ACCESS_USAGE_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/span.h"
#include "base/table.h"
#include "http/message.h"

// What is counted by itself.
struct usage_key {
    size_t service;          // number of the app's service
    int32_t day;             // UTC, in days since 1970-01-01
    struct span client;      // its id; empty: nobody known
    enum http_method method; // of the endpoint, as declared
    struct span path;        // likewise
};

struct usage_counts {
    uint64_t requests;   // that are over
    uint64_t cached;     // of them: answered from what was kept
    uint64_t failed;     // of them: answered with 5xx, or not at all as the client went away
    uint64_t rows;       // that answers had
    uint64_t bytes;      // of bodies of answers, as they were sent
    uint64_t batch_rows; // of batches that were committed
};

struct usage_entry {
    struct usage_key key;       // its texts are the entry's
    uint64_t hash;              // of the key
    struct usage_counts counts; //
};

struct usage_table {
    struct table index;           // of the entries, by hash
    struct usage_entry **entries; // owned, as what they point to; in order of their coming
    size_t room;                  // for entries
    size_t count;                 // of entries
    size_t max;                   // they are no more than that
    struct usage_table *next;     // the meter's own
};

// Makes an empty table of at most `max` entries.
void usage_table_init(struct usage_table *table, size_t max);

// Frees; a zeroed table is fine. `next` is left.
void usage_table_fini(struct usage_table *table);

// Adds to the entry of that key, which is made where there is none. The key's texts are copied. ERR_BUSY when
// there is no room for another entry; ERR_NO_MEMORY; nothing is added then.
MUST_CHECK enum err_code usage_table_add(
    struct usage_table *table, const struct usage_key *key, const struct usage_counts *counts);

// Adds all of one entry of another table. Such as usage_table_add.
MUST_CHECK enum err_code usage_table_merge(struct usage_table *table, const struct usage_entry *entry);

// Puts the entries in the order of their days, clients and endpoints: for the database, in which all who
// write go in the same order. What is found by key stays so.
void usage_table_sort(struct usage_table *table);

enum { USAGE_ENDPOINT_CHARS = LIMIT_PATH_BYTES + 16 }; // a method in front of a path

// Writes the key's endpoint, "GET /rates", and a NUL.
void usage_endpoint(const struct usage_key *key, char ret_text[USAGE_ENDPOINT_CHARS]);

// Adds up.
void usage_counts_add(struct usage_counts *sum, const struct usage_counts *counts);

#endif
