// SPDX-License-Identifier: Apache-2.0
// The task of a GET endpoint. A free worker takes along other reads that wait (read_together.c), and reads
// what is left alone (read_alone.c). Runs on a worker's thread; the parameters were checked on the loop.
#include "serve/read.h"

#include "base/clock.h"
#include "base/limits.h"
#include "serve/landing.h"
#include "serve/read_alone.h"
#include "serve/read_together.h"

// Whether the worker has a handle for the request. One that runs only while others are long connects when it
// is needed first.
static bool connect_worker(struct handles *handles, struct request *request)
{
    if (handles->primaries[request->service].app != NULL)
        return true;
    struct err err = {0};
    uint64_t deadline_ns = clock_monotonic_ns() + LIMIT_STATEMENT_MS * NS_PER_MS;
    enum err_code code = handles_connect(handles, request->service, request->app, deadline_ns, &err);
    if (code == ERR_NONE)
        return true;
    if (code == ERR_IO) { // the store was there at the start
        struct err away = {0};
        (void)err_set(&away, ERR_BUSY, "the store is out of reach: try again");
        err_hint(&away, "%s", err.text);
        err = away;
    }
    request_set_error(request, &err, &request->report);
    landing_error(request);
    return false;
}

void read_run(struct task *task, void *worker)
{
    struct request *request = CONTAINER_OF(task, struct request, task);
    struct handles *handles = worker;
    if (landing_give_up(request) || !connect_worker(handles, request))
        return;
    AUTO(read_group_fini) struct read_group group;
    read_group_init(&group, handles, request);
    read_together(&group);
    for (size_t i = 0; i < group.count; i++) {
        struct reading *reading = &group.seats[i].reading;
        if (reading->request == NULL || landing_give_up(reading->request))
            continue;
        if (i != group.counted)
            shared_pool_next(reading->request->context->reads, &reading->request->task);
        read_alone(reading, handles);
    }
}
