// SPDX-License-Identifier: Apache-2.0
// The task of a GET endpoint. A free worker takes along other reads that wait (read_together.c), and reads
// what is left alone (read_alone.c). Runs on a worker's thread; the parameters were checked on the loop.
#include "serve/read.h"

#include "serve/read_alone.h"
#include "serve/read_together.h"

void read_run(struct task *task, void *worker)
{
    struct request *request = CONTAINER_OF(task, struct request, task);
    const struct handles *handles = worker;
    if (request_give_up(request))
        return;
    AUTO(read_group_fini) struct read_group group;
    read_group_init(&group, handles, request);
    read_together(&group);
    for (size_t i = 0; i < group.count; i++) {
        struct reading *reading = &group.seats[i].reading;
        if (reading->request != NULL && !request_give_up(reading->request))
            read_alone(reading, handles);
    }
}
