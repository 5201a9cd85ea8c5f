// SPDX-License-Identifier: Apache-2.0
// The file is read once, its hash and its rows from the same bytes. Where these turn out to be bad, the rest
// is read for the hash alone: a file that has gone in before has to be known even when its rows would not
// pass any more.
#include "inbox/file_try.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "app/body_format.h"
#include "app/csv_request.h"
#include "base/limits.h"
#include "base/mem.h"
#include "batch/load.h"
#include "batch/verdict.h"
#include "text/shown.h"

enum { SHOWN_CHARS = 4 * 256 }; // a name of up to 255 bytes, each shown as \xHH

// --- who it is

// A text or number of the identity, with its length, so that two lists of them are never the same bytes.
static void hash_part(crypto_hash_sha256_state *state, const void *at, size_t len)
{
    uint64_t bytes = len;
    crypto_hash_sha256_update(state, (const unsigned char *)&bytes, sizeof(bytes));
    crypto_hash_sha256_update(state, at, len);
}

// What stands in front of the bytes.
static void hash_begin(
    crypto_hash_sha256_state *state, const struct held_file *file, const struct file_try *try)
{
    char name[ENDPOINT_NAME_CHARS];
    endpoint_name(try->batch.endpoint, name);
    crypto_hash_sha256_init(state);
    hash_part(state, name, strlen(name));
    if (try->takes_repeats) {
        hash_part(state, file->name, strlen(file->name));
        hash_part(state, &file->stamp.bytes, sizeof(file->stamp.bytes));
        hash_part(state, &file->stamp.written_ns, sizeof(file->stamp.written_ns));
    }
}

static void hash_end(crypto_hash_sha256_state *state, char ret_identity[FILE_IDENTITY_CHARS])
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(state, hash);
    sodium_bin2hex(ret_identity, FILE_IDENTITY_CHARS, hash, sizeof(hash));
}

// --- its bytes

static enum err_code read_some(int fd, uint64_t offset, char *bytes, size_t *ret_len, struct err *err)
{
    ssize_t len;
    do
        len = pread(fd, bytes, LIMIT_LOAD_READ_BYTES, (off_t)offset);
    while (len < 0 && errno == EINTR);
    if (len < 0)
        return err_set(err, ERR_IO, "the file could not be read: %s", strerror(errno));
    *ret_len = (size_t)len;
    return ERR_NONE;
}

// Makes rows of a piece; an empty one is the end. `taken` is what came of those before it.
static enum err_code take_piece(
    struct file_try *try, struct span piece, enum err_code taken, struct err *taken_err)
{
    if (taken != ERR_NONE)
        return taken;
    return piece.len > 0 ? intake_feed(&try->intake, piece, taken_err)
                         : intake_finish(&try->intake, taken_err);
}

static enum err_code read_pieces(struct file_try *try, const struct held_file *file,
    crypto_hash_sha256_state *state, char *bytes, struct err *err)
{
    const struct file_try_options *options = try->options;
    enum err_code taken = ERR_NONE;
    struct err taken_err = {0};
    size_t len = 0;
    uint64_t offset = 0;
    do {
        if (options->is_over(options->ctx))
            return err_set(err, ERR_BUSY, "the server ends");
        enum err_code code = read_some(file->fd, offset, bytes, &len, err);
        if (code != ERR_NONE)
            return code;
        crypto_hash_sha256_update(state, (const unsigned char *)bytes, len);
        offset += len;
        taken = take_piece(try, (struct span){.at = bytes, .len = len}, taken, &taken_err);
    } while (len > 0 && verdict_of(taken) != VERDICT_PASSES);
    try->is_read = len == 0;
    if (taken != ERR_NONE)
        *err = taken_err;
    return taken;
}

static enum err_code read_bytes(struct file_try *try, const struct held_file *file, struct err *err)
{
    crypto_hash_sha256_state state;
    char *bytes = mem_alloc(LIMIT_LOAD_READ_BYTES);
    if (bytes == NULL)
        return err_no_memory(err);
    hash_begin(&state, file, try);
    enum err_code code = read_pieces(try, file, &state, bytes, err);
    mem_free(bytes);
    if (try->is_read)
        hash_end(&state, try->identity);
    return code;
}

static enum err_code make_rows(struct file_try *try, const struct held_file *file, struct err *err)
{
    const struct batch_means *means = &try->options->means;
    struct span name = span_of(file->name);
    struct intake_options intake = batch_intake(&try->batch, means, &try->arena);
    intake.coding = body_coding_of_file(name);
    intake.csv = csv_of_file(try->batch.endpoint->csv, name, &try->dialect);
    if (!body_format_of_file(name, &intake.format)) // a pattern may have more endings than formats have
        return err_set(err, ERR_MEDIA_TYPE, "the file's name has to end in " BODY_FILE_ENDINGS);
    if (file->stamp.bytes > 0 && (uint64_t)file->stamp.bytes > means->max_bytes)
        return err_set(err, ERR_TOO_LARGE, "the file has more than %" PRIu64 " bytes", means->max_bytes);
    enum err_code code = intake_start(&try->intake, &intake, err);
    if (code == ERR_NONE)
        code = read_bytes(try, file, err);
    if (code != ERR_NONE)
        return code;
    return batch_take_rows(&try->batch, &try->intake, "the file has no rows: it needs at least one", err);
}

// --- the batch

static enum err_code prepare(struct file_try *try, const struct held_file *file, struct err *err)
{
    struct batch *batch = &try->batch;
    const struct endpoint *endpoint = try->batch.endpoint;
    char *shown = arena_alloc(&try->arena, SHOWN_CHARS);
    struct value *params = arena_zalloc(&try->arena, endpoint->param_count + 1, sizeof(*params));
    if (shown == NULL || params == NULL)
        return err_no_memory(err);
    const char *slash = strrchr(file->name, '/');
    struct span name = span_of(slash != NULL ? slash + 1 : file->name);
    try->shown = (struct span){.at = shown, .len = shown_write(name, shown, SHOWN_CHARS)};
    enum err_code code = load_params(endpoint, &try->arena, params, err);
    if (code != ERR_NONE)
        return code;
    batch->app = try->app;
    batch->format = load_format(endpoint);
    batch->params = params;
    batch->source = (struct batch_source){.file = try->shown};
    spool_init(&batch->answer, try->options->means.answers, LIMIT_SPOOL_FILE_BYTES);
    return ERR_NONE;
}

enum err_code file_try_read(struct file_try *try, const struct held_file *file,
    const struct endpoint *endpoint, struct app *app, bool takes_repeats,
    const struct file_try_options *options, struct err *err)
{
    *try = (struct file_try){
        .batch.endpoint = endpoint, .options = options, .app = app, .takes_repeats = takes_repeats};
    arena_init(&try->arena, LIMIT_REQUEST_BYTES);
    enum err_code code = prepare(try, file, err);
    return code == ERR_NONE ? make_rows(try, file, err) : code;
}

void file_try_fini(struct file_try *try)
{
    if (try->options == NULL)
        return;
    intake_fini(&try->intake);
    batch_fini(&try->batch);
    arena_fini(&try->arena);
    app_unref(try->app);
    *try = (struct file_try){0};
}
