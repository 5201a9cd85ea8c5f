// SPDX-License-Identifier: Apache-2.0
// The file gets the whole buffer at once, so that it costs a system call for each LIMIT_SPOOL_BYTES. Reading
// the file is left to whoever takes it (spool_take_file), and the file itself to base/temp_file. One thread
// at a time.
#include "base/spool.h"

#include <assert.h>

#include "base/limits.h"

void spool_init(struct spool *spool, struct temp_space *space, uint64_t max_bytes)
{
    *spool = (struct spool){.space = space, .max_bytes = max_bytes};
    buf_init(&spool->buf, LIMIT_ANSWER_BYTES);
}

static void drop_file(struct spool *spool)
{
    temp_file_close(&spool->file);
    digester_free(spool->written);
    spool->written = NULL;
}

void spool_fini(struct spool *spool)
{
    if (spool == NULL)
        return;
    drop_file(spool);
    buf_fini(&spool->buf);
    *spool = (struct spool){0};
}

void spool_reset(struct spool *spool)
{
    drop_file(spool);
    buf_clear(&spool->buf);
}

uint64_t spool_bytes(const struct spool *spool)
{
    return spool->file.bytes + spool->buf.len;
}

struct digest spool_digest(const struct spool *spool)
{
    return spool->written != NULL ? digester_digest(spool->written) : digest_of(buf_span(&spool->buf));
}

int spool_take_file(struct spool *spool)
{
    assert(temp_file_is_open(&spool->file) && spool->buf.len == 0);
    return temp_file_take(&spool->file);
}

// Moves the buffer to the file.
static enum err_code spill(struct spool *spool, struct err *err)
{
    if (spool->written == NULL)
        spool->written = digester_new();
    if (spool->written == NULL)
        return err_no_memory(err);
    enum err_code code = ERR_NONE;
    if (!temp_file_is_open(&spool->file))
        code = temp_file_open(&spool->file, spool->space, err);
    if (code == ERR_NONE)
        code = temp_file_append(&spool->file, spool->buf.data, spool->buf.len, err);
    if (code != ERR_NONE)
        return code;
    digester_add(spool->written, buf_span(&spool->buf));
    buf_clear(&spool->buf);
    return ERR_NONE;
}

static bool has_files(const struct spool *spool)
{
    return spool->space != NULL && spool->space->dir != NULL;
}

static enum err_code check_size(const struct spool *spool, struct err *err)
{
    enum err_code code = buf_status(&spool->buf);
    if (code == ERR_TOO_LARGE)
        return err_set(err, ERR_STORE, "%s is larger than %zu bytes",
            has_files(spool) ? "a row of the answer" : "the answer", spool->buf.max);
    if (code != ERR_NONE)
        return err_no_memory(err);
    if (spool_bytes(spool) > spool->max_bytes)
        return err_set(
            err, ERR_STORE, "the answer is larger than %llu bytes", (unsigned long long)spool->max_bytes);
    return ERR_NONE;
}

enum err_code spool_flow(struct spool *spool, struct err *err)
{
    enum err_code code = check_size(spool, err);
    if (code == ERR_NONE && spool->buf.len > LIMIT_SPOOL_BYTES && has_files(spool))
        code = spill(spool, err);
    return code;
}

enum err_code spool_end(struct spool *spool, struct err *err)
{
    enum err_code code = check_size(spool, err);
    if (code != ERR_NONE || !temp_file_is_open(&spool->file))
        return code;
    code = spool->buf.len > 0 ? spill(spool, err) : ERR_NONE;
    if (code == ERR_NONE) { // the memory is of no more use
        buf_fini(&spool->buf);
        buf_init(&spool->buf, LIMIT_ANSWER_BYTES);
    }
    return code;
}
