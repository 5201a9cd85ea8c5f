// SPDX-License-Identifier: Apache-2.0
// search_terms(text) and search_prefix(text), as every store has them over its own index.
#include "fixture.h"

#include <stdio.h>

static const char *const texts[] = {"New York, NY", "York Minster", "Åkerström & Söhne (C++)", "東京タワー",
    "السلام عليكم", "O'Hara-Smith", "AND or NOT near"};

static void make(struct fixture *f)
{
    char sql[500];
    bool is_sqlite = f->is_sqlite;
    run_script(f->writer,
        is_sqlite ? "CREATE VIRTUAL TABLE t USING fts5(x, tokenize = 'unicode61 remove_diacritics 2')"
                  : "CREATE TABLE t (rowid bigint GENERATED ALWAYS AS IDENTITY, x text, "
                    "w tsvector GENERATED ALWAYS AS (search_vector(x)) STORED)");
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        char quoted[100], *to = quoted;
        for (const char *from = texts[i]; *from != '\0'; from++) {
            *to++ = *from;
            if (*from == '\'')
                *to++ = '\'';
        }
        *to = '\0';
        snprintf(sql, sizeof(sql), "INSERT INTO t (x) VALUES ('%s')", quoted);
        run_script(f->writer, sql);
    }
}

// The numbers of the texts that are found.
static void assert_found(struct fixture *f, const char *function, const char *text, const char *expected)
{
    static const struct store_name names[] = {{.name = {.at = "q", .len = 1}, .type = TYPE_TEXT}};
    char sql[300], found[100] = "";
    struct err err = {0};
    bool is_sqlite = f->is_sqlite, row;
    struct value value = {
        .kind = text != NULL ? VALUE_TEXT : VALUE_NULL, .text = span_of(text != NULL ? text : "")};
    snprintf(sql, sizeof(sql), "SELECT rowid FROM t WHERE %s %s(:q) ORDER BY rowid",
        is_sqlite ? "t MATCH" : "w @@", function);
    struct store_stmt *stmt = prepare(f->reader, sql, names, 1);
    assert_int_equal(store_bind(stmt, &value, &err), ERR_NONE);
    while (store_step(stmt, &row, &err) == ERR_NONE && row) {
        struct value number;
        assert_int_equal(store_column(stmt, 0, &number, &err), ERR_NONE);
        snprintf(found + strlen(found), sizeof(found) - strlen(found), "%d ", (int)number.integer);
    }
    assert_string_equal(err.text, "");
    if (strcmp(found, expected) != 0)
        fail_msg("%s(%s) finds %s, not %s", function, text, found, expected);
    store_finalize(stmt);
}

static void all_words_of_a_text_are_found_in_any_order(void **state)
{
    struct fixture *f = *state;
    make(f);
    assert_found(f, "search_terms", "york", "1 2 ");
    assert_found(f, "search_terms", "YORK  new!", "1 ");
    assert_found(f, "search_terms", "yor", "");
    assert_found(f, "search_prefix", "york mi", "2 ");
    assert_found(f, "search_prefix", "yo mi", "");
    assert_found(f, "search_terms", "akerstrom", "3 ");
    assert_found(f, "search_terms", "ÅKERSTRÖM söhne", "3 ");
    assert_found(f, "search_terms", "o'hara", "6 ");
    assert_found(f, "search_terms", "smith–hara", "6 ");
    assert_found(f, "search_prefix", "東京", "4 ");
    assert_found(f, "search_terms", "عليكم، السلام؟", "5 ");
    assert_found(f, "search_terms", "and OR not NEAR(", "7 ");
}

static void no_text_is_an_error_and_one_without_words_finds_nothing(void **state)
{
    struct fixture *f = *state;
    static const char *const hostile[] = {"", " ", "\"", "'", "\"\"\"", "\\", "*", "* * *", "()", "((", ")",
        "-", "--", ":", "^", "+ |", "&!", "<->", "{", "–“”…、。", "🚢", "\x01\x1f\x7f"};
    make(f);
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        assert_found(f, "search_terms", hostile[i], "");
        assert_found(f, "search_prefix", hostile[i], "");
    }
    assert_found(f, "search_terms", NULL, "");
    assert_found(f, "search_terms", "x : york", "");
    assert_found(f, "search_terms", "\"york\"* NOT", "");
    assert_found(f, "search_terms", "york:* & !(new)", "1 ");
    assert_found(f, "search_terms", "NEAR(york new, 2)", "");
    assert_found(f, "search_terms", "york\\' ^york -york", "1 2 ");
    char many[4000], *at = many;
    for (int i = 0; i < 500; i++)
        at = stpcpy(at, i < 100 ? "york " : "zz ");
    assert_found(f, "search_terms", many, "1 2 "); // words past the hundredth are left out
    memset(many, 'x', sizeof(many) - 1);
    many[sizeof(many) - 1] = '\0';
    assert_found(f, "search_terms", many, "");
    assert_found(f, "search_prefix", many, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(all_words_of_a_text_are_found_in_any_order),
        STORE_TEST(no_text_is_an_error_and_one_without_words_finds_nothing),
    };
    return fixture_run(tests);
}
