// SPDX-License-Identifier: Apache-2.0
// Chooses who answers a read. Whether an answer is kept is recall.c's, what a worker does read.c's, how a
// read ends landing.c's. Runs on the request's loop.
#include "serve/read_begin.h"

#include "serve/away.h"
#include "serve/loop_reads.h"
#include "serve/loop_state.h"
#include "serve/near_hit.h"
#include "serve/read.h"
#include "serve/reads_task.h"
#include "serve/recall.h"
#include "serve/recode.h"
#include "serve/reply.h"

// No answer to it is kept.
static void read_anew(struct request *request, struct http_exchange *exchange)
{
    if (loop_reads_try(loop_state(request->ref.loop)->reads, request)) {
        reply_send(request, exchange);
        return;
    }
    reads_task_prepare(request, exchange, read_run);
    bool leads = request->source == SOURCE_BYPASS || request->source == SOURCE_REQUEST ||
                 flights_board(request->context->flights, &request->flight);
    if (leads)
        reads_task_submit(request);
}

static void on_confirmed(struct mail *mail);

// `head`: NULL when the store has confirmed that what is kept is current.
static void recall(struct request *request, struct http_exchange *exchange, const struct http_request *head)
{
    switch (recall_find(request, head == NULL)) {
    case RECALL_ANSWERED:
        if (head != NULL)
            near_hit_note(request, head);
        reply_send(request, exchange);
        break;
    case RECALL_ASK:
        away_begin(request, exchange, on_confirmed);
        recall_ask(request);
        break;
    case RECALL_RECODE:
        reads_task_start(request, exchange, recode_run);
        break;
    case RECALL_NOTHING:
        read_anew(request, exchange);
        break;
    }
}

static void on_confirmed(struct mail *mail)
{
    struct request *request = CONTAINER_OF(mail, struct request, mail);
    struct http_exchange *exchange = away_end(request);
    if (exchange != NULL)
        recall(request, exchange, NULL);
}

void read_begin(struct request *request, struct http_exchange *exchange, const struct http_request *head)
{
    recall_init(request, head);
    recall(request, exchange, head);
}
