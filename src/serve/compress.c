// SPDX-License-Identifier: Apache-2.0
// Takes a compressor, runs bytes through it, and gives it back. Which coding a client takes is coding.c's,
// how its bytes are made compressor.c's. Compression never makes an answer fail: what goes wrong leaves the
// bytes as they are.
//
// A compressor has one owner: whoever has taken its pointer out of the place, or has made it. So no lock is
// needed, and a place never holds one that somebody uses.
#include "serve/compress.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/read_at.h"

enum { SAMPLE_BYTES = 1024 * 1024 }; // of a file, after which it is seen whether compressing gains

// The most that compressed bytes may be to be worth it: their reader works, too.
static uint64_t most_bytes(uint64_t bytes)
{
    return bytes - bytes / 8;
}

static bool is_worth_trying(enum coding coding, uint64_t bytes)
{
    return coding != CODING_IDENTITY && bytes >= LIMIT_CODED_BYTES;
}

// --- compressors

// NULL without memory.
static struct compressor *take(struct compressors *compressors)
{
    if (!atomic_load_explicit(&compressors->were_used, memory_order_relaxed))
        atomic_store_explicit(&compressors->were_used, true, memory_order_relaxed);
    for (size_t i = 0; i < COMPRESSORS_KEPT; i++) {
        struct compressor *found = NULL;
        if (atomic_load_explicit(&compressors->kept[i], memory_order_relaxed) != NULL)
            found = atomic_exchange_explicit(&compressors->kept[i], NULL, memory_order_acquire);
        if (found != NULL)
            return found;
    }
    return compressor_new();
}

static void give_back(struct compressors *compressors, struct compressor *compressor)
{
    for (size_t i = 0; i < COMPRESSORS_KEPT; i++) {
        struct compressor *none = NULL;
        if (atomic_compare_exchange_strong_explicit(
                &compressors->kept[i], &none, compressor, memory_order_release, memory_order_relaxed))
            return;
    }
    compressor_free(compressor);
}

void compressors_fini(struct compressors *compressors)
{
    for (size_t i = 0; i < COMPRESSORS_KEPT; i++)
        compressor_free(atomic_exchange_explicit(&compressors->kept[i], NULL, memory_order_acquire));
}

void compressors_trim(struct compressors *compressors)
{
    if (!atomic_exchange_explicit(&compressors->were_used, false, memory_order_relaxed))
        compressors_fini(compressors);
}

// --- bytes in memory

// Makes `ret_out`, which the caller frees in any case, of the bytes; false when they are better left as they
// are.
static bool compress_bytes(
    struct compressors *compressors, enum coding coding, struct span bytes, struct buf *ret_out)
{
    buf_init(ret_out, most_bytes(bytes.len));
    struct compressor *compressor = take(compressors);
    if (compressor == NULL)
        return false;
    enum err_code code = compressor_begin(compressor, coding, bytes.len);
    if (code == ERR_NONE)
        code = compressor_add(compressor, bytes, true, ret_out);
    give_back(compressors, compressor);
    buf_fit(ret_out);
    return code == ERR_NONE;
}

struct blob *compress_blob(struct compressors *compressors, enum coding coding, const struct blob *blob)
{
    if (!is_worth_trying(coding, blob->len))
        return NULL;
    AUTO(buf_fini) struct buf out = {0};
    struct span bytes = {.at = blob->data, .len = blob->len};
    return compress_bytes(compressors, coding, bytes, &out) ? blob_take(&out) : NULL;
}

// --- files

// Whether the first part of a large file is worth its compression.
static bool gains_so_far(uint64_t read_bytes, const struct spool *out)
{
    return read_bytes != SAMPLE_BYTES || spool_bytes(out) <= most_bytes(read_bytes);
}

static bool run_file(struct compressor *compressor, int fd, uint64_t bytes, char *part, struct spool *out,
    const atomic_bool *in_vain)
{
    struct err ignored = {0};
    for (uint64_t done = 0; done < bytes;) {
        size_t len = bytes - done < LIMIT_FILE_PART_BYTES ? (size_t)(bytes - done) : LIMIT_FILE_PART_BYTES;
        struct span in = {.at = part, .len = len};
        if (atomic_load_explicit(in_vain, memory_order_relaxed) ||
            read_at(fd, part, len, done) != (ssize_t)len)
            return false;
        done += len;
        if (compressor_add(compressor, in, done == bytes, &out->buf) != ERR_NONE ||
            spool_flow(out, &ignored) != ERR_NONE || !gains_so_far(done, out))
            return false;
    }
    return spool_end(out, &ignored) == ERR_NONE;
}

bool compress_file(struct compressors *compressors, enum coding coding, int fd, uint64_t bytes,
    struct spool *out, const atomic_bool *in_vain)
{
    if (!is_worth_trying(coding, bytes))
        return false;
    char *part = mem_alloc(LIMIT_FILE_PART_BYTES);
    struct compressor *compressor = part != NULL ? take(compressors) : NULL;
    bool is_done = false;
    if (out->max_bytes > most_bytes(bytes))
        out->max_bytes = most_bytes(bytes);
    if (compressor != NULL && compressor_begin(compressor, coding, bytes) == ERR_NONE)
        is_done = run_file(compressor, fd, bytes, part, out, in_vain);
    if (compressor != NULL)
        give_back(compressors, compressor);
    mem_free(part);
    if (is_done)
        buf_fit(&out->buf);
    return is_done;
}

// --- spools

bool compress_spool(
    struct compressors *compressors, enum coding coding, struct spool *spool, const atomic_bool *in_vain)
{
    if (!is_worth_trying(coding, spool_bytes(spool)))
        return false;
    if (!temp_file_is_open(&spool->file)) {
        struct buf out;
        bool is_done = compress_bytes(compressors, coding, buf_span(&spool->buf), &out);
        out.max = spool->buf.max;
        buf_fini(is_done ? &spool->buf : &out);
        if (is_done)
            spool->buf = out;
        return is_done;
    }
    struct spool out;
    spool_init(&out, spool->space, spool->max_bytes);
    bool is_done = compress_file(compressors, coding, spool->file.fd, spool_bytes(spool), &out, in_vain);
    spool_fini(is_done ? spool : &out);
    if (is_done)
        *spool = out;
    return is_done;
}
