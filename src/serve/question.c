// SPDX-License-Identifier: Apache-2.0
// Gathers the body of a question. When a part of it is worth a task is upload.c's, what parameters are
// query.c's. On the loop, and a parse thread for the parts.
#include "serve/question.h"

#include "base/limits.h"
#include "serve/body_head.h"
#include "serve/heard.h"
#include "serve/params.h"

bool question_expect_body(struct request *request, const struct http_request *head)
{
    if (!body_head_check_question(request, head))
        return false;
    if (!heard_keep(request, head)) {
        request_set_busy(request, "out of memory");
        return false;
    }
    request->asked.is_expected = true;
    request->asked.is_json = request->body_format == BODY_JSON;
    buf_init(&request->asked.bytes, LIMIT_FORM_BYTES);
    return true;
}

// Charges what the body holds now in place of what it held before.
static enum err_code charge_held(struct request *request, struct err *err)
{
    struct asked *asked = &request->asked;
    struct budget *budget = &request->context->rows_budget;
    budget_give_back(budget, asked->charged_bytes);
    asked->charged_bytes = asked->bytes.len;
    if (asked->decompressor != NULL)
        asked->charged_bytes += decompressor_held_bytes(asked->decompressor);
    if (budget_take(budget, asked->charged_bytes))
        return ERR_NONE;
    asked->charged_bytes = 0;
    return err_set(err, ERR_BUSY, "too many bodies are waiting: send this one again later");
}

// http or the decompressor has seen to it that the body is no larger than the buffer.
static enum err_code append(struct asked *asked, struct span bytes, struct err *err)
{
    buf_append(&asked->bytes, bytes.at, bytes.len);
    return buf_status(&asked->bytes) == ERR_NONE ? ERR_NONE : err_no_memory(err);
}

static enum err_code append_decompressed(struct asked *asked, struct span bytes, struct err *err)
{
    struct span piece;
    enum err_code code;
    do {
        code = decompressor_next(asked->decompressor, &bytes, &piece, err);
        if (code == ERR_NONE && piece.len > 0)
            code = append(asked, piece, err);
    } while (code == ERR_NONE && piece.len > 0);
    return code;
}

static enum err_code add_part(struct request *request, struct err *err)
{
    struct asked *asked = &request->asked;
    struct span bytes;
    enum err_code code = ERR_NONE;
    if (request->body_coding != CODING_IDENTITY && asked->decompressor == NULL)
        code = decompressor_new(request->body_coding, LIMIT_FORM_BYTES, &asked->decompressor, err);
    while (code == ERR_NONE && http_body_next(&request->upload.part, &bytes)) {
        code =
            asked->decompressor != NULL ? append_decompressed(asked, bytes, err) : append(asked, bytes, err);
        if (code == ERR_NONE)
            code = charge_held(request, err);
    }
    if (code == ERR_NONE && asked->decompressor != NULL && request->upload.is_last)
        code = decompressor_finish(asked->decompressor, err);
    return code;
}

void question_take_part(struct request *request)
{
    struct err err = {0};
    bool is_last = request->upload.is_last;
    enum err_code code = add_part(request, &err);
    if (code != ERR_NONE || is_last) {
        decompressor_free(request->asked.decompressor);
        request->asked.decompressor = NULL;
    }
    if (code == ERR_NONE && is_last)
        code = charge_held(request, &err);
    if (code == ERR_BUSY)
        request_set_busy(request, err.text);
    else if (code != ERR_NONE)
        request_set_error(request, &err, &request->report);
    else if (is_last && !params_read(request))
        return; // the response tells why
}

bool question_is_short(const struct request *request)
{
    return request->body_coding == CODING_IDENTITY &&
           request->asked.bytes.len + request->upload.part_bytes <= LIMIT_PROMPT_QUESTION_BYTES;
}

void question_parse(struct task *task, void *worker)
{
    (void)worker;
    struct request *request = CONTAINER_OF(task, struct request, task);
    if (!request_give_up(request)) {
        question_take_part(request);
        request_send_back(request);
    }
}
