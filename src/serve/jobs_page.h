// SPDX-License-Identifier: Apache-2.0
// /-/jobs and /-/jobs/{id}: what became of batches that were accepted for later. The loop finds out who asks;
// a worker reads the stores.
#ifndef RECKONER_SERVE_JOBS_PAGE_H
#define RECKONER_SERVE_JOBS_PAGE_H

#include "http/message.h"
#include "serve/request.h"

// For the table of own_pages.h: a list of jobs, one job, and the cancelling of one, which begins as one does.
bool jobs_page_begin_list(struct request *request, const struct http_request *head);
void jobs_page_run_list(struct task *task, void *worker);
bool jobs_page_begin_one(struct request *request, const struct http_request *head);
void jobs_page_run_one(struct task *task, void *worker);
void jobs_page_run_cancel(struct task *task, void *worker);

#endif
