// SPDX-License-Identifier: Apache-2.0
// Opens a file of public/ and makes a response of it. The worker reads a small file itself, and leaves a
// large one to http, which sends it in parts. Which file a path is for was found by route.c. On a worker's
// thread.
//
// Only names of the app's table are opened, which was made when the app was read, and only regular files. The
// table may be older than the folder: a link that has taken the place of a file or folder since is not
// followed, and a named pipe is not waited for.
#include "serve/static.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/read_at.h"
#include "serve/condition.h"
#include "serve/request.h"

enum { ETAG_CHARS = 64, HEADERS_BYTES = 256 };

static void set_io_error(struct request *request, const char *what, int reason)
{
    struct err err = {0};
    if (reason == EMFILE || reason == ENFILE || reason == ENOMEM)
        err_set(&err, ERR_BUSY, "too many files are open for this one: ask again later");
    else
        err_set(&err, ERR_IO, "%s: %s: %s", request->file->file, what, strerror(reason));
    request_set_error(request, &err, &request->report);
}

// Opens `path` below `dir` part by part, so that no part of it may be a link; -1 with errno.
static int open_below(const char *dir, struct span path)
{
    int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    while (fd >= 0 && path.len > 0) {
        char name[NAME_MAX + 1];
        struct span part = span_split(&path, '/');
        int flags = path.len > 0 ? O_PATH | O_DIRECTORY : O_RDONLY | O_NONBLOCK | O_NOCTTY;
        int parent = fd;
        fd = -1;
        errno = ENAMETOOLONG;
        if (part.len < sizeof(name)) {
            memcpy(name, part.at, part.len);
            name[part.len] = '\0';
            fd = openat(parent, name, flags | O_NOFOLLOW | O_CLOEXEC);
        }
        int reason = errno;
        close(parent);
        errno = reason;
    }
    return fd;
}

// Opens the file; -1, with the response set, when there is none any more.
static int open_file(struct request *request, struct stat *ret_status)
{
    char public_dir[PATH_MAX];
    const char *app_dir = request->app->dir;
    int len = snprintf(public_dir, sizeof(public_dir), "%s/public", app_dir);
    struct span below = span_of(request->file->file + len + 1); // the file's own path begins with that
    int fd = open_below(public_dir, below);
    int reason = errno;
    if (fd >= 0 && fstat(fd, ret_status) == 0 && S_ISREG(ret_status->st_mode))
        return fd;
    bool is_gone = fd >= 0 || reason == ENOENT || reason == ENOTDIR || reason == ELOOP || reason == ENXIO;
    if (is_gone)
        request_refuse(request, 404, "the file that was here is gone");
    else
        set_io_error(request, "could not be opened", reason);
    if (fd >= 0)
        close(fd);
    return -1;
}

// Reads a small file; NULL, with the response set, when it could not be read whole.
static struct blob *read_whole(struct request *request, int fd, size_t bytes)
{
    AUTO(buf_fini) struct buf out;
    buf_init(&out, LIMIT_FILE_PART_BYTES);
    if (buf_reserve(&out, bytes) != ERR_NONE) {
        request_set_busy(request, "out of memory");
        return NULL;
    }
    ssize_t len = read_at(fd, out.data, bytes, 0);
    if (len < 0) {
        set_io_error(request, "could not be read", errno);
        return NULL;
    }
    if ((size_t)len < bytes) {
        request_set_busy(request, "the file is being changed: ask again later");
        return NULL;
    }
    out.len = bytes;
    struct blob *blob = blob_take(&out);
    if (blob == NULL)
        request_set_busy(request, "out of memory");
    return blob;
}

// What the file is as an answer in one coding.
struct variant {
    const char *headers; // the arena's
    struct span etag;    // in them
};

static bool make_variant(
    struct request *request, const struct stat *status, enum coding coding, struct variant *ret_variant)
{
    // Copies of any age may have the same time of modification, as that can be set; the time of change
    // cannot.
    int64_t modified_ns = status->st_mtim.tv_sec * (int64_t)NS_PER_S + status->st_mtim.tv_nsec;
    int64_t changed_ns = status->st_ctim.tv_sec * (int64_t)NS_PER_S + status->st_ctim.tv_nsec;
    char etag[ETAG_CHARS], headers[HEADERS_BYTES];
    int etag_len = snprintf(etag, sizeof(etag), "\"%" PRIx64 "-%" PRIx64 "-%" PRIx64 "%s\"",
        (uint64_t)status->st_size, (uint64_t)modified_ns, (uint64_t)changed_ns, coding_suffix(coding));
    int len = snprintf(headers, sizeof(headers), "ETag: %s\r\nCache-Control: no-cache\r\n%s", etag,
        request->file->shrinks ? coding_lines(coding, false) : "");
    const char *kept = arena_strndup(&request->arena, headers, (size_t)len);
    if (kept == NULL)
        return false;
    *ret_variant =
        (struct variant){.headers = kept, .etag = {.at = kept + strlen("ETag: "), .len = (size_t)etag_len}};
    return true;
}

// The file in the coding that the client wants; false, with nothing set, where it is better left as it is.
static bool set_coded(struct request *request, int fd, uint64_t bytes, const struct variant *variant)
{
    struct context *context = request->context;
    struct response response = {.status = 200,
        .content_type = request->file->media_type,
        .headers = variant->headers,
        .coding = request->coding,
        .etag = variant->etag};
    AUTO(spool_fini) struct spool out;
    spool_init(&out, &context->spools, LIMIT_SPOOL_FILE_BYTES);
    if (!compress_file(&context->compressors, request->coding, fd, bytes, &out, &request->abandoned) ||
        !response_take(&response, &out))
        return false;
    request->response = response;
    return true;
}

// Takes *fd where http goes on with it: -1 then.
static void set_file(struct request *request, int *fd, uint64_t bytes, const struct variant *variant)
{
    struct response response = {.status = 200,
        .content_type = request->file->media_type,
        .headers = variant->headers,
        .etag = variant->etag};
    if (bytes <= LIMIT_FILE_PART_BYTES) {
        response.body = read_whole(request, *fd, (size_t)bytes);
        if (response.body == NULL)
            return;
    } else {
        response.file = http_file_new(*fd, bytes, NULL, NULL);
        if (response.file == NULL) {
            request_set_busy(request, "out of memory");
            return;
        }
        *fd = -1;
    }
    request->response = response;
}

// Answers in one coding: with 304, or with the file, for which it may take *fd. False where it has to be
// identity after all.
static bool answer_in(struct request *request, int *fd, const struct stat *status, enum coding coding)
{
    struct variant variant;
    uint64_t bytes = (uint64_t)status->st_size;
    if (!make_variant(request, status, coding, &variant))
        request_set_busy(request, "out of memory");
    else if (condition_status(&request->condition, variant.etag) == 304) // need not be read
        request->response = (struct response){.status = 304, .headers = variant.headers};
    else if (coding != CODING_IDENTITY)
        return set_coded(request, *fd, bytes, &variant);
    else
        set_file(request, fd, bytes, &variant);
    return true;
}

static void answer(struct request *request)
{
    struct stat status;
    int fd = open_file(request, &status);
    if (fd < 0)
        return;
    bool may_be_coded = request->coding != CODING_IDENTITY && request->file->shrinks &&
                        status.st_size >= LIMIT_CODED_BYTES && status.st_size <= LIMIT_CODED_FILE_BYTES;
    if (!may_be_coded || !answer_in(request, &fd, &status, request->coding))
        (void)answer_in(request, &fd, &status, CODING_IDENTITY);
    if (fd >= 0)
        close(fd);
}

void static_run(struct task *task, void *worker)
{
    (void)worker;
    struct request *request = CONTAINER_OF(task, struct request, task);
    if (!request_is_abandoned(request))
        answer(request);
    request_send_back(request);
}
