// SPDX-License-Identifier: Apache-2.0
// Pure functions; any thread.
#include "store/postgresql/state.h"

#include <stdlib.h>
#include <string.h>

uint64_t pg_number_at(const PGresult *state, int row, int column)
{
    return (uint64_t)strtoll(PQgetvalue(state, row, column), NULL, 10);
}

int pg_find_row(const PGresult *state, const char *name)
{
    for (int row = 0; row < PQntuples(state); row++) {
        if (strcmp(PQgetvalue(state, row, PG_STATE_NAME), name) == 0)
            return row;
    }
    return -1;
}
