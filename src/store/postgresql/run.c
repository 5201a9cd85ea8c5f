// SPDX-License-Identifier: Apache-2.0
// What has come of a run, and is kept for it. It knows neither the link nor the statement; what is read, and
// when, is the business of pipe.c and stmt.c. The connection's thread.
#include "store/postgresql/run.h"

#include <assert.h>

#include "base/mem.h"

#define TO(state) (1U << (state))

static const unsigned allowed[] = {
    [PG_RUN_IDLE] = TO(PG_RUN_SENT),
    [PG_RUN_SENT] = TO(PG_RUN_COME) | TO(PG_RUN_CUT) | TO(PG_RUN_IDLE),
    [PG_RUN_COME] = TO(PG_RUN_TAKEN) | TO(PG_RUN_CUT) | TO(PG_RUN_IDLE),
    [PG_RUN_CUT] = TO(PG_RUN_IDLE),
    [PG_RUN_TAKEN] = TO(PG_RUN_IDLE),
};

void pg_run_move(struct pg_run *run, enum pg_run_state to)
{
    assert((allowed[run->state] & TO(to)) != 0);
    run->state = to;
}

enum err_code pg_run_park(struct pg_run *run, PGresult *result, struct err *err)
{
    PGresult **parked = mem_grow(run->parked, run->parked_count, &run->parked_room, sizeof(*parked));
    if (parked == NULL) {
        PQclear(result);
        return err_no_memory(err);
    }
    run->parked = parked;
    run->parked[run->parked_count++] = result;
    return ERR_NONE;
}

PGresult *pg_run_take(struct pg_run *run)
{
    return run->parked_first < run->parked_count ? run->parked[run->parked_first++] : NULL;
}

void pg_run_reset(struct pg_run *run)
{
    for (PGresult *result; (result = pg_run_take(run)) != NULL;)
        PQclear(result);
    run->parked_first = run->parked_count = 0;
    if (run->state != PG_RUN_IDLE)
        pg_run_move(run, PG_RUN_IDLE);
}

void pg_run_fini(struct pg_run *run)
{
    pg_run_reset(run);
    mem_free(run->parked);
    run->parked = NULL;
}
