// SPDX-License-Identifier: Apache-2.0
// The yardstick for reads: the answer statement of apps/rates/get_rates.sql, prepared once, run for every
// question of a file in a bare C loop over SQLite's own functions, on a connection with the server's
// settings. Prints CPU microseconds a question.
//
//     bare_sql sqlite:DATABASE STATEMENT.sql < questions      (a question a line: date_from date_to origin
//     destination min_prices)
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/sqlite.h"
#include "store/store.h"

enum { PARAMS = 5, LINE_BYTES = 256, ROUNDS = 5 };

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

// Runs one question to its last row and looks at every value, as an encoder has to. Returns the rows.
static long ask(sqlite3_stmt *stmt, char *line)
{
    long rows = 0;
    char *word = strtok(line, " \n");
    for (int i = 0; i < PARAMS && word != NULL; i++, word = strtok(NULL, " \n")) {
        int index = sqlite3_bind_parameter_index(stmt, names[i]);
        if (index == 0)
            continue;
        if (i == PARAMS - 1)
            sqlite3_bind_int64(stmt, index, atoll(word));
        else
            sqlite3_bind_text(stmt, index, word, -1, SQLITE_STATIC);
    }
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

int main(int argc, char **argv)
{
    struct err err = {0};
    struct store *store;
    struct store_conn *conn;
    sqlite3_stmt *stmt;
    if (argc != 3 || store_open(argv[1], &store, &err) != ERR_NONE ||
        store_connect(store, STORE_READ, &conn, &err) != ERR_NONE) {
        fprintf(stderr, "usage: bare_sql sqlite:DATABASE STATEMENT.sql < questions; %s\n", err.text);
        return 2;
    }
    sqlite3 *db = sqlite_conn(conn)->db; // from here on SQLite alone
    sqlite_conn(conn)->rule = RULE_INTERNAL;
    if (sqlite3_prepare_v2(db, read_file(argv[2]), -1, &stmt, NULL) != SQLITE_OK) {
        fprintf(stderr, "%s\n", sqlite3_errmsg(db));
        return 1;
    }
    static char lines[200000][LINE_BYTES];
    size_t count = 0;
    while (count < 200000 && fgets(lines[count], LINE_BYTES, stdin) != NULL)
        count++;
    double best = 0;
    long rows = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double start = cpu_us();
        for (size_t i = 0; i < count; i++) {
            char line[LINE_BYTES];
            memcpy(line, lines[i], LINE_BYTES);
            rows += ask(stmt, line);
        }
        double each = (cpu_us() - start) / (double)count;
        best = round == 0 || each < best ? each : best;
    }
    printf("%.3f us a question, %zu questions, %ld rows\n", best, count, rows / ROUNDS);
    return 0;
}
