// SPDX-License-Identifier: Apache-2.0
// Read handles. A handle is one app's connection with its read endpoints prepared on it; a worker of the read
// pool owns one of each app on the primary, and may use one on a replica (replica.h).
#ifndef RECKONER_SERVE_HANDLES_H
#define RECKONER_SERVE_HANDLES_H

#include "app/app.h"
#include "app/dependence.h"
#include "app/plan.h"
#include "base/err.h"
#include "serve/service.h"
#include "store/store.h"

struct replica;

// A seat is room for one read among those that a handle answers together (read_together.h): each of them
// needs statements of its own.
enum { HANDLE_SEATS = 8 };

// One app's handle on one store. One thread uses it at a time.
struct handle {
    struct store_conn *conn; // owned; STORE_READ
    struct app *app;         // that is prepared; a reference
    struct plan **plans; // owned; by seat, then by endpoint; NULL: a write, or a seat that was not taken yet
    struct dependence *dependences; // owned; of each endpoint of a primary or a loop, once it was asked for
    bool *covered;   // owned; of a replica: of each endpoint, plan_is_covered; false for writes
    bool is_replica; // its store may lag behind; else there is no `covered`
    bool is_prompt;  // a loop's: see store/prompt.h; an endpoint that cannot be read promptly has no plan
};

// A worker's handles of all apps.
struct handles {
    const struct service *services; // borrowed
    struct handle *primaries;       // owned; one for each service; zeroed until handles_connect
    size_t count;                   // of primaries, and of replicas
    struct replica *replicas;       // borrowed; one for each service; NULL: there is no --read-store
};

// Connects to a replica's store and prepares the app on it, of which it keeps a reference; finds out which
// endpoints it can answer (handle_may_miss). `deadline_ns` as store_deadline has it. Errors of the store. The
// caller calls handle_fini also after an error.
MUST_CHECK enum err_code handle_init_replica(
    struct handle *handle, struct store *store, struct app *app, uint64_t deadline_ns, struct err *err);

// Prepares the app, of which it keeps a reference, on a prompt connection to the store, which it makes first
// where there is none; handle->conn stays NULL where there cannot be one. `deadline_ns` as store_deadline has
// it. After an error, the handle can only be prepared once more or ended. Errors of the store.
MUST_CHECK enum err_code handle_prepare_prompt(
    struct handle *handle, struct store *store, struct app *app, uint64_t deadline_ns, struct err *err);

// Leaves a zeroed struct, and takes one.
void handle_fini(struct handle *handle);

// A worker's, which are not connected yet. ERR_NO_MEMORY.
MUST_CHECK enum err_code handles_init(
    struct handles *handles, const struct service *services, size_t count, struct err *err);

// Connects to a service's store and prepares `app` there, which is an edition of that service's; fine when
// that is done already. `deadline_ns` as store_deadline has it. Errors of the store. On the worker's thread,
// or before that runs.
MUST_CHECK enum err_code handles_connect(
    struct handles *handles, size_t service, struct app *app, uint64_t deadline_ns, struct err *err);

// Lends the connection to a service's store, connected as above, for LIMIT_STATEMENT_MS, until
// handles_take_back: for statements that are no endpoint's. Errors of the store; *ret_conn stays as it is
// then. On the worker's thread.
MUST_CHECK enum err_code handles_lend(
    struct handles *handles, size_t service, struct app *app, struct store_conn **ret_conn, struct err *err);

// NULL is fine.
void handles_take_back(struct store_conn *conn);

// NULL and a zeroed struct are fine.
void handles_fini(struct handles *handles);

// The plan of a read endpoint of `app`. Where the handle has another edition of the app prepared, it prepares
// this one first; when that fails, it keeps the other one.
MUST_CHECK enum err_code handle_plan(struct handle *handle, struct app *app, const struct endpoint *endpoint,
    struct plan **ret_plan, struct err *err);

// Prepares an endpoint of the app that is prepared once more, after its tables have changed (ERR_STALE), and
// returns the new plan. Its other seats are prepared again when they are taken next. Not for a replica, whose
// handle is made anew as a whole.
MUST_CHECK enum err_code handle_renew(
    struct handle *handle, const struct endpoint *endpoint, struct plan **ret_plan, struct err *err);

// Begins a transaction of one committed state: NULL for any, else one that has seen `vector`
// (store_begin_at). `is_noted`: version_seen will be asked. Errors of the store.
MUST_CHECK enum err_code handle_begin(
    struct handle *handle, const struct span *vector, bool is_noted, struct err *err);

// What the answers of an endpoint of the app that is prepared hang on; `store` is the handle's, which is no
// replica's. *ret_dependence is NULL when the database could not tell. Errors of the store. Outside of a
// transaction, but for a loop's handle, which knows it beforehand.
MUST_CHECK enum err_code handle_dependence(struct handle *handle, struct store *store,
    const struct endpoint *endpoint, const struct dependence **ret_dependence, struct err *err);

// True when a read of the endpoint has to go to the primary: it reads something on this replica that no
// vector tells of. False on a primary, and while the handle has another edition of the app prepared, as it is
// not known then.
bool handle_may_miss(const struct handle *handle, const struct app *app, const struct endpoint *endpoint);

// The plan of a seat, below HANDLE_SEATS, of an endpoint of the app that is prepared. Seat 0 is
// handle_plan's; the others are prepared when they are taken first, which may not be in a transaction.
MUST_CHECK enum err_code handle_seat(struct handle *handle, const struct endpoint *endpoint, size_t seat,
    struct plan **ret_plan, struct err *err);

#endif
