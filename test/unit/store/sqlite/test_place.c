// SPDX-License-Identifier: Apache-2.0
// The files of a store in their folder: made for their owner alone, and missed when they are taken away.
#include "store/sqlite/place.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../store/fixture.h"

static const char *const suffixes[] = {"", "-wal", "-shm"};
static const char taken_away[] = "the store's files were taken away under the server: it writes nothing";

static enum err_code insert(struct fixture *f, struct err *err)
{
    enum err_code code = store_begin(f->writer, err);
    if (code == ERR_NONE)
        code = store_exec(f->writer, span_of("INSERT INTO t VALUES (2)"), err);
    if (code == ERR_NONE)
        code = store_commit(f->writer, err);
    if (code != ERR_NONE)
        store_rollback(f->writer);
    return code;
}

static void set_up(struct fixture *f)
{
    run_script(f->writer, "CREATE TABLE t (id integer); INSERT INTO t VALUES (1)");
    assert_rows(f->reader, "SELECT id FROM t", "1\n");
}

static void files_are_their_owners_alone_whatever_the_umask(void **state)
{
    struct fixture *f = *state;
    static const mode_t masks[] = {0, 0777};
    for (size_t i = 0; i < ARRAY_LEN(masks); i++) {
        char url[200];
        struct err err = {0};
        struct store *store;
        mode_t before = umask(masks[i]);
        snprintf(url, sizeof(url), "sqlite:%s/mode-%zu.db", f->dir, i);
        assert_int_equal(store_open(url, "", &store, &err), ERR_NONE);
        umask(before);
        for (size_t k = 0; k < ARRAY_LEN(suffixes); k++) {
            char path[220];
            struct stat there;
            snprintf(path, sizeof(path), "%s/mode-%zu.db%s", f->dir, i, suffixes[k]);
            assert_int_equal(stat(path, &there), 0);
            assert_int_equal(there.st_mode & 0777, 0600);
        }
        store_close(store);
        assert_int_equal(unlink(strchr(url, ':') + 1), 0);
    }
}

static void a_file_that_is_there_keeps_its_mode(void **state)
{
    struct fixture *f = *state;
    char path[200];
    struct stat there;
    struct err err = {0};
    snprintf(path, sizeof(path), "%s/old.db", f->dir);
    close(open(path, O_CREAT | O_WRONLY, 0640));
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(sqlite_place_make(path, &err), ERR_NONE);
    assert_int_equal(stat(path, &there), 0);
    assert_int_equal(there.st_mode & 0777, 0640);
    unlink(path);
}

static void a_link_that_leads_nowhere_is_not_followed(void **state)
{
    struct fixture *f = *state;
    char path[200], target[200], url[220], text[300];
    struct err err = {0};
    struct store *store;
    snprintf(path, sizeof(path), "%s/link.db", f->dir);
    snprintf(target, sizeof(target), "%s/nowhere.db", f->dir);
    snprintf(url, sizeof(url), "sqlite:%s", path);
    snprintf(text, sizeof(text), "%s: is a link to a file that is not there: take it away", path);
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(store_open(url, "", &store, &err), ERR_CONFIG);
    assert_string_equal(err.text, text);
    assert_int_equal(access(target, F_OK), -1);
    unlink(path);
}

static void a_file_that_was_removed_or_exchanged_is_missed_before_a_commit(void **state)
{
    struct fixture *f = *state;
    set_up(f);
    for (size_t i = 0; i < 2 * ARRAY_LEN(suffixes); i++) {
        bool is_exchanged = i >= ARRAY_LEN(suffixes);
        char path[200], away[220], hint[400];
        struct err err = {0}, asked = {0};
        snprintf(path, sizeof(path), "%s%s", f->path, suffixes[i % ARRAY_LEN(suffixes)]);
        snprintf(away, sizeof(away), "%s.away", path);
        assert_int_equal(rename(path, away), 0);
        if (is_exchanged)
            close(open(path, O_CREAT | O_WRONLY, 0600));
        insert(f, &err);
        assert_error(err, ERR_BUSY, taken_away);
        snprintf(hint, sizeof(hint), "it was %s: put it back, or restart the server: %s",
            is_exchanged ? "exchanged" : "removed", path);
        assert_string_equal(err.hint, hint);
        assert_int_equal(store_is_there(f->store, &asked), ERR_BUSY);
        assert_error(asked, ERR_BUSY, taken_away);
        assert_rows(f->reader, "SELECT id FROM t", "1\n");
        assert_int_equal(rename(away, path), 0);
        assert_int_equal(store_is_there(f->store, NULL), ERR_NONE);
    }
    struct err err = {0};
    assert_int_equal(insert(f, &err), ERR_NONE);
    assert_rows(f->reader, "SELECT id FROM t", "1\n2\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(files_are_their_owners_alone_whatever_the_umask),
        STORE_TEST(a_file_that_is_there_keeps_its_mode),
        STORE_TEST(a_link_that_leads_nowhere_is_not_followed),
        STORE_TEST(a_file_that_was_removed_or_exchanged_is_missed_before_a_commit),
    };
    return fixture_run_of("sqlite", tests);
}
