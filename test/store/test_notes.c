// SPDX-License-Identifier: Apache-2.0
// Notes about a store, and taking away all that is in it, on every store.
#include "store/notes.h"

#include "base/mem.h"
#include "fixture.h"

static void make_notes(struct fixture *f)
{
    struct err err = {0};
    assert_int_equal(notes_make(f->writer, &err), ERR_NONE);
}

static void write_note(struct fixture *f, const char *name, const char *text)
{
    struct err err = {0};
    assert_int_equal(note_write(f->writer, name, text, &err), ERR_NONE);
}

static void assert_note(struct fixture *f, const char *name, const char *expected)
{
    struct err err = {0};
    char text[NOTE_BYTES];
    assert_int_equal(note_read(f->writer, name, text, &err), ERR_NONE);
    assert_string_equal(text, expected);
}

static void a_note_is_what_was_written_last(void **state)
{
    struct fixture *f = *state;
    make_notes(f);
    assert_note(f, "a", "");
    write_note(f, "a", "one");
    write_note(f, "a", "two");
    write_note(f, "b", "other");
    make_notes(f);
    assert_note(f, "a", "two");
    write_note(f, "a", "");
    assert_note(f, "a", "");
    assert_rows(f->reader, "SELECT name, text FROM reckoner_notes", "'b'|'other'\n");
}

static void a_note_goes_with_its_transaction(void **state)
{
    struct fixture *f = *state;
    make_notes(f);
    begin(f->writer);
    write_note(f, "a", "one");
    store_rollback(f->writer);
    assert_note(f, "a", "");
}

static void empty(struct fixture *f)
{
    struct err err = {0};
    begin(f->writer);
    assert_int_equal(store_empty(f->writer, &err), ERR_NONE);
}

static void a_store_that_cannot_be_emptied_for_want_of_memory_says_so(void **state)
{
    struct fixture *f = *state;
    enum err_code code = ERR_NO_MEMORY;
    make_notes(f);
    for (long n = 0; code != ERR_NONE; n++) {
        struct err err = {0};
        begin(f->writer);
        mem_fail_after(n);
        code = store_empty(f->writer, &err);
        mem_fail_after(-1);
        assert_int_equal(err.code, code);
        assert_true(code == ERR_NONE || code == ERR_NO_MEMORY);
        store_rollback(f->writer);
    }
    assert_note(f, "a", "");
}

static void an_emptied_store_is_a_new_one_to_the_next_connection(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    make_notes(f);
    run_script(f->writer,
        "CREATE TABLE parents (id integer PRIMARY KEY); CREATE TABLE children (id integer REFERENCES parents);"
        "CREATE INDEX by_id ON children (id); CREATE VIEW both_kinds AS SELECT id FROM parents;"
        "INSERT INTO parents VALUES (1); INSERT INTO children VALUES (1)");
    if (f->is_sqlite)
        run_script(f->writer, "CREATE VIRTUAL TABLE texts USING fts5(body); INSERT INTO texts VALUES ('x');"
                              "CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT)");
    assert_rows(f->reader, "SELECT id FROM children", "1\n");
    empty(f);
    commit(f->writer);
    store_disconnect(f->writer);
    assert_int_equal(store_connect(f->store, STORE_WRITE, &f->writer, &err), ERR_NONE);
    run_script(f->writer, "CREATE TABLE children (other integer)");
    make_notes(f);
    assert_rows(f->writer, "SELECT * FROM children", "");
    assert_int_equal(error_of_prepare(f->writer, "SELECT id FROM parents").code, ERR_CONFIG);
}

static void an_emptying_that_is_rolled_back_leaves_all(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    run_script(f->writer, "CREATE TABLE t (id integer PRIMARY KEY); INSERT INTO t VALUES (1)");
    empty(f);
    store_rollback(f->writer);
    store_disconnect(f->writer);
    assert_int_equal(store_connect(f->store, STORE_WRITE, &f->writer, &err), ERR_NONE);
    assert_rows(f->writer, "SELECT id FROM t", "1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_note_is_what_was_written_last),
        STORE_TEST(a_note_goes_with_its_transaction),
        STORE_TEST(a_store_that_cannot_be_emptied_for_want_of_memory_says_so),
        STORE_TEST(an_emptied_store_is_a_new_one_to_the_next_connection),
        STORE_TEST(an_emptying_that_is_rolled_back_leaves_all),
    };
    return fixture_run(tests);
}
