// SPDX-License-Identifier: Apache-2.0
// An app opened on its store: migrated, checked, first load done, with its writer; and the read handles that
// each worker has of it. Opened and closed by cmd/, before and after the server runs; immutable in between.
#ifndef RECKONER_SERVE_SERVICE_H
#define RECKONER_SERVE_SERVICE_H

#include "app/app.h"
#include "app/plan.h"
#include "base/err.h"
#include "batch/writer.h"
#include "store/store.h"

struct replica;

struct service {
    struct app *app;          // owned; as it was at the start, see edition.h for what is in force
    struct store *store;      // owned
    struct store *read_store; // owned; where reads may go, too, see replica.h; NULL: nowhere else
    struct writer *writer;    // owned; NULL until service_start
};

enum { READER_LANES = 8 }; // the most reads that a reader has under way together

// One app's handles on one worker thread, of one store.
struct service_reader {
    struct store_conn *conn; // owned; STORE_READ
    struct app *app;         // that is prepared; a reference
    struct plan **plans;     // owned; one for each endpoint of the app, NULL for writes; and so for each lane
    bool *marked;            // owned; of a replica: of each endpoint, plan_is_marked; false for writes
    bool is_replica;         // its store may lag behind; else there is no `marked`
};

// What becomes of every thread's work when it is a worker of the read pool: handles of every app.
struct reader_set {
    struct service_reader *readers; // owned; one for each service
    size_t count;                   //
    struct replica *replicas;       // borrowed; likewise, of the read stores; NULL: there are none
};

// Takes app and store, and `conn`, a STORE_WRITE connection on which everything is prepared: starts the
// writer. The read store is the caller's to put beside them.
MUST_CHECK enum err_code service_start(
    struct service *service, struct app *app, struct store *store, struct store_conn *conn, struct err *err);

// Ends the writer, closes the stores, frees the app. A zeroed struct is fine.
void service_fini(struct service *service);

// Connects to a store and prepares the app on it, of which it keeps a reference. Errors of the store. Once it
// was tried, reader_fini is due.
MUST_CHECK enum err_code reader_init(
    struct service_reader *reader, struct store *store, struct app *app, struct err *err);

// The same on a replica of a store, where it is found out, too, which endpoints can be answered there;
// `deadline_ns` as store_deadline has it.
MUST_CHECK enum err_code reader_init_replica(struct service_reader *reader, struct store *store,
    struct app *app, uint64_t deadline_ns, struct err *err);

// A zeroed struct is fine, and what it becomes.
void reader_fini(struct service_reader *reader);

// Connects to every service for one worker, and prepares its app. Errors of the store.
MUST_CHECK enum err_code reader_set_init(
    struct reader_set *set, const struct service *services, size_t count, struct err *err);
void reader_set_fini(struct reader_set *set);

// The plan of a read endpoint of `app`. When another edition of the app is what is prepared, this one takes
// its place first; when that fails, all stays as it was. On the worker's thread.
MUST_CHECK enum err_code reader_plan(struct service_reader *reader, struct app *app,
    const struct endpoint *endpoint, struct plan **ret_plan, struct err *err);

// The same, prepared anew, as the tables have changed (ERR_STALE); so are the lanes of the endpoint when they
// are met next. The app has to be the one that is prepared. Not for a replica, which is made anew as a whole.
MUST_CHECK enum err_code reader_renew(
    struct service_reader *reader, const struct endpoint *endpoint, struct plan **ret_plan, struct err *err);

// Whether a read of an endpoint of `app` has to be done elsewhere, because on this reader, one of a replica,
// it could miss something that no mark tells of. False while another edition is prepared: it is not known
// then.
bool reader_may_miss(
    const struct service_reader *reader, const struct app *app, const struct endpoint *endpoint);

// The plan for several reads that are under way together: each of one endpoint takes another lane. That of
// lane 0 is the one of reader_plan; the others are prepared when they are met first, which may not be in a
// transaction. The app has to be the one that is prepared.
MUST_CHECK enum err_code reader_lane(struct service_reader *reader, const struct endpoint *endpoint,
    size_t lane, struct plan **ret_plan, struct err *err);

#endif
