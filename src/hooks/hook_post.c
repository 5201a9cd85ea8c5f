// SPDX-License-Identifier: Apache-2.0
// Redirects are not followed: the URL of app.ini is to be the right one. An answer's body is not wanted, and
// one that is long is cut off.
#include "hooks/hook_post.h"

#include <assert.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/limits.h"
#include "hooks/hook_message.h"
#include "net/outbound.h"

enum { TEXTS_BYTES = 64 * 1024, BODY_BYTES = 32 * 1024, STATUS_GONE = 410 };

static void move(struct hook_post *post, enum hook_post_state to)
{
    static const bool may[HOOK_POST_CUT + 1][HOOK_POST_CUT + 1] = {
        [HOOK_POST_FREE] = {[HOOK_POST_TAKEN] = true},
        [HOOK_POST_TAKEN] = {[HOOK_POST_UNDER_WAY] = true, [HOOK_POST_OVER] = true, [HOOK_POST_FREE] = true},
        [HOOK_POST_UNDER_WAY] = {[HOOK_POST_OVER] = true, [HOOK_POST_CUT] = true},
        [HOOK_POST_OVER] = {[HOOK_POST_FREE] = true},
        [HOOK_POST_CUT] = {[HOOK_POST_FREE] = true},
    };
    assert(may[post->state][to]);
    post->state = to;
}

enum err_code hook_post_take(struct hook_post *post, const struct hook *hook, struct err *err)
{
    arena_init(&post->arena, TEXTS_BYTES);
    move(post, HOOK_POST_TAKEN);
    post->hook = *hook;
    char *id = arena_strndup(&post->arena, hook->id.at, hook->id.len);
    char *endpoint = arena_strndup(&post->arena, hook->endpoint.at, hook->endpoint.len);
    if (id == NULL || endpoint == NULL)
        return err_no_memory(err);
    post->hook.id.at = id;
    post->hook.endpoint.at = endpoint;
    return ERR_NONE;
}

// --- the request

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
    struct hook_post *post = ctx;
    (void)bytes;
    post->answered_bytes += size * count;
    return post->answered_bytes <= LIMIT_HOOK_ANSWER_BYTES ? size * count : 0;
}

static bool add_fields(struct hook_post *post, const char *url, const struct hook_secrets *secrets)
{
    int64_t now_s = clock_wall_ms() / 1000;
    AUTO(buf_fini) struct buf line;
    buf_init(&line, HOOK_LINE_BYTES);
    for (size_t i = 0;
         hook_message_line(i, &post->hook, span_of(url), secrets, now_s, buf_span(&post->body), &line); i++) {
        struct curl_slist *fields =
            buf_status(&line) == ERR_NONE ? curl_slist_append(post->fields, line.data) : NULL;
        if (fields == NULL)
            return false;
        post->fields = fields;
        buf_clear(&line);
    }
    return true;
}

// A name that is not resolved in time holds up nobody else; curl has an option for that from 7.87 on. What
// goes to this machine goes to no proxy.
static bool set_limits(CURL *curl, const char *url)
{
#if LIBCURL_VERSION_NUM >= 0x075700
    if (curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L) != CURLE_OK)
        return false;
#endif
    const char *proxy = span_starts_with(span_of(url), "http:") ? "" : NULL; // NULL: as the environment says
    return curl_easy_setopt(curl, CURLOPT_PROXY, proxy) == CURLE_OK;
}

static bool set_up(
    struct hook_post *post, const char *url, struct span app, const struct hook_secrets *secrets)
{
    buf_init(&post->body, BODY_BYTES);
    hook_message_body(&post->hook, app, &post->body);
    if (post->curl == NULL)
        post->curl = curl_easy_init();
    return post->curl != NULL && buf_status(&post->body) == ERR_NONE && add_fields(post, url, secrets) &&
           outbound_set_post(
               post->curl, url, LIMIT_HOOK_POST_MS, post->body.data, post->body.len, post->fields) &&
           set_limits(post->curl, url) &&
           curl_easy_setopt(post->curl, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(post->curl, CURLOPT_WRITEDATA, post) == CURLE_OK &&
           curl_easy_setopt(post->curl, CURLOPT_PRIVATE, post) == CURLE_OK;
}

void hook_post_start(struct hook_post *post, CURLM *multi, const char *url, struct span app,
    const struct hook_secrets *secrets)
{
    struct err err = {0};
    bool has_begun = set_up(post, url, app, secrets) && curl_multi_add_handle(multi, post->curl) == CURLM_OK;
    move(post, has_begun ? HOOK_POST_UNDER_WAY : HOOK_POST_OVER);
    if (has_begun)
        return;
    (void)err_no_memory(&err);
    snprintf(post->result, sizeof(post->result), "%.*s", HOOK_RESULT_BYTES - 1, err.text);
}

// --- what became of it

// Whether the answer's head came, so that its status is the destination's word.
static bool is_answered(const struct hook_post *post, CURLcode result)
{
    bool is_cut = result == CURLE_WRITE_ERROR && post->answered_bytes > LIMIT_HOOK_ANSWER_BYTES;
    return result == CURLE_OK || result == CURLE_HTTP_RETURNED_ERROR || is_cut;
}

static void read_answer(struct hook_post *post)
{
    curl_off_t retry_after_s = 0;
    if (curl_easy_getinfo(post->curl, CURLINFO_RESPONSE_CODE, &post->status) != CURLE_OK)
        post->status = 0;
    if (curl_easy_getinfo(post->curl, CURLINFO_RETRY_AFTER, &retry_after_s) == CURLE_OK)
        post->retry_after_s = retry_after_s;
    if (post->status < 200 || post->status > 299)
        snprintf(post->result, sizeof(post->result), "answered %ld%s", post->status,
            post->status >= 300 && post->status < 400 ? ", and redirects are not followed" : "");
}

void hook_post_finish(struct hook_post *post, CURLM *multi, CURLcode result)
{
    if (is_answered(post, result))
        read_answer(post);
    else
        snprintf(post->result, sizeof(post->result), "%s", curl_easy_strerror(result));
    (void)curl_multi_remove_handle(multi, post->curl);
    move(post, HOOK_POST_OVER);
}

void hook_post_abandon(struct hook_post *post, CURLM *multi)
{
    (void)curl_multi_remove_handle(multi, post->curl);
    snprintf(post->result, sizeof(post->result), "the server ended before it was answered");
    move(post, HOOK_POST_CUT);
}

bool hook_post_is_heard(const struct hook_post *post)
{
    switch (post->status) {
    case 400:
    case 409:
    case 413:
    case 422:
    case STATUS_GONE:
        return true;
    default:
        return post->result[0] == '\0';
    }
}

void hook_post_release(struct hook_post *post)
{
    CURL *curl = post->curl;
    curl_slist_free_all(post->fields);
    buf_fini(&post->body);
    if (hook_post_has_hook(post)) {
        arena_fini(&post->arena);
        move(post, HOOK_POST_FREE);
    }
    *post = (struct hook_post){.curl = curl};
}

void hook_post_fini(struct hook_post *post)
{
    hook_post_release(post);
    curl_easy_cleanup(post->curl);
    post->curl = NULL;
}
