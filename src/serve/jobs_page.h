// SPDX-License-Identifier: Apache-2.0
// /-/jobs and /-/jobs/{id}: what became of batches that were accepted for later. The loop finds out who asks;
// a worker reads the stores.
#ifndef RECKONER_SERVE_JOBS_PAGE_H
#define RECKONER_SERVE_JOBS_PAGE_H

#include "http/message.h"
#include "serve/request.h"

// For the table of own_pages.h: a list of jobs, one job, and the cancelling of one.
void jobs_page_set_list(struct request *request, const struct http_request *head);
void jobs_page_set_one(struct request *request, const struct http_request *head);
void jobs_page_set_cancel(struct request *request, const struct http_request *head);

#endif
