// SPDX-License-Identifier: Apache-2.0
// A journal beside a file in memory that takes each write at once, over random calls. The file below the
// journal is one in memory, too, which is sometimes full: then it takes half of a write and fails it.
#include "store/sqlite/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"

enum { ROOM = 1024 * 1024, STEPS = 20000 };

struct memory_file {
    sqlite3_file base; // first
    char bytes[ROOM];  // zeros behind its end
    int size;          // its end
    bool is_full;      // no write succeeds
    unsigned writes;   // calls
    bool is_closed;
};

static int close_memory(sqlite3_file *base)
{
    ((struct memory_file *)base)->is_closed = true;
    return SQLITE_OK;
}

static int read_memory(sqlite3_file *base, void *bytes, int count, sqlite3_int64 offset)
{
    const struct memory_file *file = (const struct memory_file *)base;
    memcpy(bytes, file->bytes + offset, (size_t)count);
    return offset + count <= file->size ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int write_memory(sqlite3_file *base, const void *bytes, int count, sqlite3_int64 offset)
{
    struct memory_file *file = (struct memory_file *)base;
    int written = file->is_full ? count / 2 : count;
    file->writes++;
    memcpy(file->bytes + offset, bytes, (size_t)written);
    if (written > 0 && offset + written > file->size)
        file->size = (int)offset + written;
    return file->is_full ? SQLITE_FULL : SQLITE_OK;
}

static int truncate_memory(sqlite3_file *base, sqlite3_int64 size)
{
    struct memory_file *file = (struct memory_file *)base;
    memset(file->bytes + size, 0, (size_t)(ROOM - size));
    file->size = (int)size;
    return SQLITE_OK;
}

static int sync_memory(sqlite3_file *base, int flags)
{
    (void)base, (void)flags;
    return SQLITE_OK;
}

static int size_of_memory(sqlite3_file *base, sqlite3_int64 *ret_size)
{
    *ret_size = ((const struct memory_file *)base)->size;
    return SQLITE_OK;
}

static const sqlite3_io_methods memory_methods = {
    .iVersion = 1,
    .xClose = close_memory,
    .xRead = read_memory,
    .xWrite = write_memory,
    .xTruncate = truncate_memory,
    .xSync = sync_memory,
    .xFileSize = size_of_memory,
};

struct pair {
    struct sqlite_journal *journal; // over a memory_file
    struct memory_file *below;      // that one
    struct memory_file *plain;      // gets what succeeded
};

static int set_up(void **state)
{
    struct pair *pair = calloc(1, sizeof(*pair));
    void *memory = calloc(1, sizeof(struct sqlite_journal) + sizeof(struct memory_file));
    pair->journal = sqlite_journal_init(memory);
    pair->below = (struct memory_file *)pair->journal->below;
    pair->plain = calloc(1, sizeof(*pair->plain));
    pair->below->base.pMethods = pair->plain->base.pMethods = &memory_methods;
    sqlite_journal_open(pair->journal);
    *state = pair;
    return 0;
}

static int tear_down(void **state)
{
    struct pair *pair = *state;
    pair->journal->base.pMethods->xClose(&pair->journal->base);
    assert_true(pair->below->is_closed);
    free(pair->journal);
    free(pair->plain);
    free(pair);
    return 0;
}

static int write_both(struct pair *pair, const char *bytes, int count, sqlite3_int64 offset)
{
    sqlite3_file *journal = &pair->journal->base;
    int result = journal->pMethods->xWrite(journal, bytes, count, offset);
    if (result == SQLITE_OK)
        write_memory(&pair->plain->base, bytes, count, offset);
    return result;
}

static void read_both(const struct pair *pair, int count, sqlite3_int64 offset)
{
    static char found[ROOM], expected[ROOM];
    sqlite3_file *journal = &pair->journal->base;
    int result = journal->pMethods->xRead(journal, found, count, offset);
    assert_int_equal(result, read_memory(&pair->plain->base, expected, count, offset));
    assert_memory_equal(found, expected, (size_t)count);
}

static uint32_t random_below(uint32_t *seed, uint32_t end)
{
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 8) % end;
}

static void step(struct pair *pair, uint32_t *seed, sqlite3_int64 *next)
{
    static char bytes[5000];
    sqlite3_file *journal = &pair->journal->base;
    uint32_t what = random_below(seed, 40);
    if (what == 0)
        *next = random_below(seed, ROOM - 8192); // what follows belongs elsewhere
    if (what == 1) {
        *next = random_below(seed, (uint32_t)pair->plain->size + 1);
        assert_int_equal(journal->pMethods->xTruncate(journal, *next), SQLITE_OK);
        truncate_memory(&pair->plain->base, *next);
    } else if (what < 6) {
        read_both(pair, (int)random_below(seed, 200 * 1024), random_below(seed, ROOM / 2));
    } else if (*next < ROOM - 8192) {
        int count = what < 20 ? 4 : (int)random_below(seed, sizeof(bytes));
        memset(bytes, (int)random_below(seed, 256), (size_t)count);
        if (write_both(pair, bytes, count, *next) == SQLITE_OK)
            *next += count;
    } else {
        *next = 0;
    }
}

static void what_was_written_is_read(void **state)
{
    struct pair *pair = *state;
    uint32_t seed = 12;
    sqlite3_int64 next = 0;
    for (int i = 0; i < STEPS; i++)
        step(pair, &seed, &next);
    sqlite3_int64 size = -1;
    sqlite3_file *journal = &pair->journal->base;
    assert_int_equal(journal->pMethods->xFileSize(journal, &size), SQLITE_OK);
    assert_int_equal(size, pair->plain->size);
    assert_int_equal(journal->pMethods->xSync(journal, SQLITE_SYNC_NORMAL), SQLITE_OK);
    assert_int_equal(pair->below->size, size);
    assert_memory_equal(pair->below->bytes, pair->plain->bytes, (size_t)size);
}

// A rollback needs it then.
static void what_was_written_is_read_while_the_disk_is_full(void **state)
{
    struct pair *pair = *state;
    char page[4096];
    memset(page, 'a', sizeof(page));
    sqlite3_int64 next = 0;
    while (next < 200 * 1024) {
        pair->below->is_full = next > 100 * 1024;
        if (write_both(pair, page, sizeof(page), next) != SQLITE_OK)
            break;
        next += (sqlite3_int64)sizeof(page);
        page[0]++;
    }
    assert_true(next > 100 * 1024 && next < 200 * 1024);
    for (sqlite3_int64 at = 0; at < next; at += (sqlite3_int64)sizeof(page))
        read_both(pair, sizeof(page), at);
    pair->below->is_full = false;
    assert_int_equal(write_both(pair, page, sizeof(page), next), SQLITE_OK);
    read_both(pair, (int)next, 0);
}

static void small_writes_go_together(void **state)
{
    struct pair *pair = *state;
    char page[4096] = {0};
    sqlite3_int64 next = 0;
    for (int i = 0; i < 160; i++, next += 4100) {
        assert_int_equal(write_both(pair, page, 4, next), SQLITE_OK);
        assert_int_equal(write_both(pair, page, sizeof(page), next + 4), SQLITE_OK);
    }
    assert_in_range(pair->below->writes, 1, 11); // 640 KB
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_written_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_written_is_read_while_the_disk_is_full, set_up, tear_down),
        cmocka_unit_test_setup_teardown(small_writes_go_together, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
