// SPDX-License-Identifier: Apache-2.0
// Chooses the handle for a read and moves it from the replica to the primary. Tries on one handle are
// reading.c's; what becomes of a replica that has failed is replica.c's. The worker's thread.
#include "serve/read_alone.h"

#include "base/clock.h"
#include "base/limits.h"
#include "serve/landing.h"
#include "serve/read_policy.h"
#include "serve/replica.h"
#include "serve/slow.h"

// Begins anew elsewhere, with what is left of the time, or LIMIT_AGAIN_MS where that is more.
static void start_again(struct reading *reading)
{
    uint64_t least_ns = clock_monotonic_ns() + LIMIT_AGAIN_MS * NS_PER_MS;
    reading_forget(reading);
    reading->ran = NULL; // the replica's, which may be made anew
    if (reading->deadline_ns < least_ns)
        reading->deadline_ns = least_ns;
}

// Reads on the primary what failed on the replica, and tells the replica so: if the primary answers, the
// failure was the replica's own.
static enum err_code read_after_all(struct reading *reading, struct handle *primary, struct replica *replica,
    const struct err *failure, struct err *err)
{
    start_again(reading);
    enum err_code code = reading_run(reading, primary, NULL, err);
    replica_failed(replica, failure, code == ERR_NONE);
    return code;
}

// Reads on the replica, with a vector that has all that was committed when the request came.
static enum err_code read_on_replica(
    struct reading *reading, struct handle *primary, struct replica *replica, struct err *err)
{
    const struct request *request = reading->request;
    struct plan *plan;
    struct err failure = {0};
    struct span vector;
    store_deadline(replica->handle.conn, reading->deadline_ns);
    if (handle_plan(&replica->handle, request->app, request->endpoint, &plan, &failure) != ERR_NONE)
        return read_after_all(reading, primary, replica, &failure, err);
    if (handle_may_miss(&replica->handle, request->app, request->endpoint)) { // known now that it is prepared
        start_again(reading);
        return reading_run(reading, primary, NULL, err);
    }
    store_deadline(primary->conn, reading->deadline_ns);
    if (replica_vector(replica, primary->conn, request->came_ns, &vector, &failure) != ERR_NONE)
        return reading_run(reading, primary, NULL, err); // which fails with the same error, if it lasts
    enum err_code code = reading_run(reading, &replica->handle, &vector, &failure);
    if (request_is_abandoned(reading->request))
        return err_set(err, ERR_TIMEOUT, "nobody waits for the read"); // which tells nothing of the replica
    if (read_next(READ_REPLICA, code, LIMIT_READ_TRIES) == READ_FROM_PRIMARY)
        return read_after_all(reading, primary, replica, &failure, err);
    if (code != ERR_NONE)
        reading->ran = NULL;
    replica_answered(replica, &failure);
    *err = failure;
    return code;
}

void read_alone(struct reading *reading, const struct handles *handles)
{
    struct request *request = reading->request;
    struct handle *primary = &handles->primaries[request->service];
    struct replica *replica = replica_find(handles, request->service, request->app, request->endpoint);
    struct err err = {0};
    reading_start(reading);
    enum err_code code = replica != NULL ? read_on_replica(reading, primary, replica, &err)
                                         : reading_run(reading, primary, NULL, &err);
    cost_learn(&request_endpoint_state(request)->cost, clock_monotonic_ns() - reading->start_ns);
    struct slow_case slow = slow_case_of(request);
    if (landing_give_up(request))
        reading->request = NULL;
    else if (code == ERR_NONE)
        reading_send_answer(reading);
    else
        reading_send_error(reading, &err);
    if (reading->ran != NULL)
        slow_look(&slow, reading->ran);
}
