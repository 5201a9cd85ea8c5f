// SPDX-License-Identifier: Apache-2.0
// The SQL of a history, in either dialect. Each text is a question about the store's own schema with the
// parameters :name, the table, and :day, its column. Its rows are one text each: a reason, or a statement to
// run. Private to history.c.
#ifndef RECKONER_STORE_HISTORY_SQL_H
#define RECKONER_STORE_HISTORY_SQL_H

struct history_sql {
    // Lists with NULL behind the last one.
    const char *const *refusals; // the first row of any is why the table can have no history, or not this one
    const char *doubles;         // questions for keys that are twice, where they were not minded until now
    const char *const *makers;   // statements that make what is missing

    // Of one step; with :days and :most beside the others.
    const char *is_old;   // the question whether a row is old: it has a row then
    const char *prepares; // statements that a step needs first; NULL: none
    const char *moves;    // statements, each of which gives a row for each one that it has moved
    const char *oldest;   // the question for the age of the oldest row in days
};

extern const struct history_sql history_sqlite, history_postgresql;

#endif
