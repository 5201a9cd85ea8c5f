// SPDX-License-Identifier: Apache-2.0
// What an app for a file will be: its table, the fields of its rows, the dialect of the file, the key. On the
// main thread.
#ifndef RECKONER_CMD_NEW_TABLE_H
#define RECKONER_CMD_NEW_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "cmd/survey.h"
#include "text/sql_name.h"

enum {
    KEY_COLUMNS = 3, // that a key may have
    KEY_BYTES = 60,  // of each value by which people ask for a row
};

struct new_column {
    const struct survey_column *found; // borrowed
    char name[SQL_NAME_CHARS];         // in SQL and in answers
    struct span outside;               // what the file calls it, where has_outside
    bool has_outside;                  // in another way than in capitals
    enum column_kind kind;             //
    char format[COLUMN_FORMAT_BYTES];  // of its days and times in the file; "": the type's own
    unsigned digits, scale;            // of a number that is money: a decimal; 0: it is none
    bool has_micros;                   // a timestamp of more than milliseconds
    bool required;                     // every row has a value
    bool is_filter;                    // GET has a parameter for it
};

struct new_table {
    const char *app;                            // the app's name, and the path's; borrowed
    char name[SQL_NAME_CHARS];                  // of the table
    enum survey_form form;                      // of the file
    struct csv_dialect dialect;                 // borrows the survey
    struct new_column columns[LIMIT_FIELDS];    //
    size_t count;                               //
    const struct new_column *keys[KEY_COLUMNS]; // by which a row is found, in order
    size_t key_count;                           // 0: there is no key, and the table numbers its rows
    const struct new_column *time;              // GET has from and to for it; NULL: there is none
    char id[SQL_NAME_CHARS];                    // the column for the number, without a key
    struct number_style style;                  // of its numbers
};

// Decides by the survey, which the table borrows, as it does `app`. Of keys only a single column is one here.
void new_table_settle(const struct survey *survey, const char *app, struct new_table *ret_table);

// Whether the column is the key, or a part of it.
bool new_table_is_key(const struct new_table *table, const struct new_column *column);

// Whether the name has one of the words that people give to what tells rows apart.
bool new_table_is_key_name(const char *name);

// Appends the value of the first row as JSON, read as the column's type in the file's ways; an empty cell and
// a sign for nothing are null.
void new_table_append_first(const struct new_table *table, const struct new_column *column, struct buf *out);

#endif
