// SPDX-License-Identifier: Apache-2.0
// The jobs of all apps of a server (jobs/jobs.h), and what they are told of it: the app in force, the words
// of problems, the log.
#ifndef RECKONER_SERVE_APP_JOBS_H
#define RECKONER_SERVE_APP_JOBS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "jobs/jobs.h"

struct context;

struct app_jobs;

// Starts jobs for each app that has a write with rows, or, if `is_watched`, may have one after an edit. The
// context is borrowed, and set up. ERR_NO_MEMORY, ERR_IO.
MUST_CHECK enum err_code app_jobs_new(
    struct context *context, bool is_watched, struct app_jobs **ret_jobs, struct err *err);

// An app is about to be in force in the place of another one: starts jobs where it is the first that takes
// rows. Errors as above. On the reloader's thread.
MUST_CHECK enum err_code app_jobs_follow(
    struct app_jobs *jobs, size_t service, const struct app *app, struct err *err);

// Those of a service; NULL: it has none. Any thread, as all below; `jobs` may be NULL.
struct jobs *app_jobs_of(const struct app_jobs *jobs, size_t service);

// As jobs_rest, jobs_end and jobs_are_waiting, of all.
void app_jobs_rest(struct app_jobs *jobs, bool rests);
void app_jobs_end(struct app_jobs *jobs, uint64_t until_ns);
bool app_jobs_are_waiting(const struct app_jobs *jobs);

// While the writers are there, and the pool of reads. NULL is fine.
void app_jobs_free(struct app_jobs *jobs);

#endif
