// SPDX-License-Identifier: Apache-2.0
// A small set of tables. Where one cannot be noted, all are. Whoever owns the set.
#include "store/sqlite/writes.h"

#include "base/mem.h"

void sqlite_writes_fini(struct sqlite_writes *writes)
{
    mem_free(writes->tables);
    *writes = (struct sqlite_writes){0};
}

void sqlite_writes_clear(struct sqlite_writes *writes)
{
    writes->count = 0;
    writes->has_all = false;
}

static bool has(const struct sqlite_writes *writes, const struct sqlite_version *table)
{
    for (size_t i = 0; i < writes->count; i++) {
        if (writes->tables[i] == table)
            return true;
    }
    return false;
}

static bool make_room(struct sqlite_writes *writes)
{
    struct sqlite_version **tables = NULL;
    if (writes->count < SQLITE_WRITES_TABLES)
        tables = mem_grow(writes->tables, writes->count, &writes->room, sizeof(struct sqlite_version *));
    if (tables != NULL)
        writes->tables = tables;
    return tables != NULL;
}

void sqlite_writes_add(struct sqlite_writes *writes, struct sqlite_version *table)
{
    if (writes->has_all || (table != NULL && has(writes, table)))
        return;
    if (table == NULL || !make_room(writes))
        writes->has_all = true;
    else
        writes->tables[writes->count++] = table;
}

void sqlite_writes_add_all(struct sqlite_writes *writes, const struct sqlite_writes *others)
{
    writes->has_all |= others->has_all;
    for (size_t i = 0; i < others->count; i++)
        sqlite_writes_add(writes, others->tables[i]);
}

struct sqlite_writes_mark sqlite_writes_mark(const struct sqlite_writes *writes)
{
    return (struct sqlite_writes_mark){.count = writes->count, .has_all = writes->has_all};
}

void sqlite_writes_take_back(struct sqlite_writes *writes, struct sqlite_writes_mark mark)
{
    writes->count = mark.count;
    writes->has_all = mark.has_all;
}
