// SPDX-License-Identifier: Apache-2.0
// The yardstick for reads: an endpoint's SQL, prepared once, run for every question of a file in a bare C
// loop over SQLite's own functions, on a connection with the server's settings. With several statements they
// run in one read transaction, as an endpoint's do. Prints CPU microseconds a question.
//
//     bare_sql sqlite:DATABASE STATEMENTS.sql < questions   (a question a line: date_from date_to origin
//     destination min_prices)
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "store/sqlite.h"
#include "store/store.h"

enum { PARAMS = 5, STATEMENTS = 8, WORD_BYTES = 51, QUESTIONS = 200000, ROUNDS = 5 };

static const char *const names[PARAMS] = {":date_from", ":date_to", ":origin", ":destination", ":min_prices"};

static double cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    static char text[65536];
    size_t len = file != NULL ? fread(text, 1, sizeof(text) - 1, file) : 0;
    text[len] = '\0';
    if (file != NULL)
        fclose(file);
    return text;
}

static void bind(sqlite3_stmt *stmt, char words[PARAMS][WORD_BYTES])
{
    for (int i = 0; i < PARAMS; i++) {
        int index = sqlite3_bind_parameter_index(stmt, names[i]);
        if (index == 0)
            continue;
        if (i == PARAMS - 1)
            sqlite3_bind_int64(stmt, index, atoll(words[i]));
        else
            sqlite3_bind_text(stmt, index, words[i], -1, SQLITE_STATIC);
    }
}

// Runs a statement to its last row and looks at every value, as an encoder has to. Returns the rows.
static long run(sqlite3_stmt *stmt)
{
    long rows = 0;
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(stmt); i++) {
            if (sqlite3_column_type(stmt, i) == SQLITE_TEXT)
                rows += sqlite3_column_text(stmt, i)[0] == '\0';
            else
                rows += sqlite3_column_int64(stmt, i) == -1;
        }
        rows++;
    }
    sqlite3_reset(stmt);
    return rows;
}

static int prepare_all(sqlite3 *db, const char *text, sqlite3_stmt **stmts)
{
    int count = 0;
    while (count < STATEMENTS && *text != '\0') {
        if (sqlite3_prepare_v2(db, text, -1, &stmts[count], &text) != SQLITE_OK)
            return -1;
        if (stmts[count] != NULL) // blanks and comments at the end are none
            count++;
    }
    return count;
}

int main(int argc, char **argv)
{
    struct err err = {0};
    struct store *store;
    struct store_conn *conn;
    if (argc != 3 || store_open(argv[1], &store, &err) != ERR_NONE ||
        store_connect(store, STORE_READ, &conn, &err) != ERR_NONE) {
        fprintf(stderr, "usage: bare_sql sqlite:DATABASE STATEMENTS.sql < questions; %s\n", err.text);
        return 2;
    }
    sqlite3 *db = sqlite_conn(conn)->db; // from here on SQLite alone
    sqlite_conn(conn)->rule = RULE_INTERNAL;
    sqlite3_stmt *stmts[STATEMENTS + 2];
    int count = prepare_all(db, read_file(argv[2]), stmts);
    sqlite3_stmt **begin = &stmts[STATEMENTS], **commit = &stmts[STATEMENTS + 1];
    if (count < 1 || sqlite3_prepare_v2(db, "BEGIN", -1, begin, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db, "COMMIT", -1, commit, NULL) != SQLITE_OK) {
        fprintf(stderr, "%s\n", sqlite3_errmsg(db));
        return 1;
    }
    static char questions[QUESTIONS][PARAMS][WORD_BYTES];
    size_t asked = 0;
    while (asked < QUESTIONS && scanf("%50s %50s %50s %50s %50s", questions[asked][0], questions[asked][1],
                                    questions[asked][2], questions[asked][3], questions[asked][4]) == PARAMS)
        asked++;
    double best = 0;
    long rows = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double start = cpu_us();
        for (size_t i = 0; i < asked; i++) {
            if (count > 1)
                run(*begin);
            for (int k = 0; k < count; k++) {
                bind(stmts[k], questions[i]);
                rows += run(stmts[k]);
            }
            if (count > 1)
                run(*commit);
        }
        double each = (cpu_us() - start) / (double)asked;
        best = round == 0 || each < best ? each : best;
    }
    printf("%.3f us a question, %zu questions, %ld rows\n", best, asked, rows / ROUNDS);
    return 0;
}
