// SPDX-License-Identifier: Apache-2.0
// The lock is one of an open file description (fcntl(2), F_OFD_SETLK), so no other descriptor of this process
// frees it by being closed. The file is never removed: whoever made another one of its name would lock that.
#include "jobs/job_lease.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "base/limits.h"
#include "base/mem.h"
#include "store/own_sql.h"

#define ENDING "-jobs"

enum err_code job_lease_init(struct job_lease *lease, const struct store *store, struct err *err)
{
    uint8_t random[(JOB_LEASE_HOLDER_CHARS - 1) / 2];
    const char *file = store_file(store);
    *lease = (struct job_lease){.fd = -1};
    if (sodium_init() < 0)
        return err_set(err, ERR_IO, "the system gives no random numbers");
    randombytes_buf(random, sizeof(random));
    sodium_bin2hex(lease->holder, sizeof(lease->holder), random, sizeof(random));
    if (file == NULL)
        return ERR_NONE;
    size_t room = strlen(file) + sizeof(ENDING);
    lease->path = mem_alloc(room);
    if (lease->path == NULL)
        return err_no_memory(err);
    snprintf(lease->path, room, "%s" ENDING, file);
    return ERR_NONE;
}

static void close_file(struct job_lease *lease)
{
    if (lease->fd >= 0)
        close(lease->fd);
    lease->fd = -1;
}

void job_lease_fini(struct job_lease *lease)
{
    if (lease->path != NULL)
        close_file(lease);
    mem_free(lease->path);
    *lease = (struct job_lease){.fd = -1};
}

// --- a file

static enum err_code lock_file(struct job_lease *lease, bool *ret_is_ours, struct err *err)
{
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    *ret_is_ours = lease->fd >= 0;
    if (*ret_is_ours)
        return ERR_NONE;
    lease->fd = open(lease->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (lease->fd < 0)
        return err_set(err, ERR_IO, "%s: could not be opened: %s", lease->path, strerror(errno));
    if (fcntl(lease->fd, F_OFD_SETLK, &all) == 0) {
        *ret_is_ours = true;
        return ERR_NONE;
    }
    int why = errno;
    close_file(lease);
    if (why == EAGAIN || why == EACCES)
        return ERR_NONE;
    return err_set(err, ERR_IO, "%s: could not be locked: %s", lease->path, strerror(why));
}

// --- a row

static enum err_code hold_row(const struct job_lease *lease, struct own_statements *own, int64_t now_ms,
    const struct job_lease_work *work, bool *ret_is_ours, struct err *err)
{
    size_t rows = 0;
    const struct own_param params[] = {
        own_text("holder", span_of(lease->holder)),
        own_integer("now", now_ms),
        own_integer("ends", now_ms + LIMIT_JOB_LEASE_MS),
        own_integer("job", work->job),
        own_integer("rows", work->rows),
    };
    enum err_code code = own_run_count(own,
        "INSERT INTO reckoner_job_line (name, number, holder, ends, job, rows) "
        "VALUES ('lease', 0, :holder, :ends, :job, :rows) ON CONFLICT (name) DO UPDATE "
        "SET holder = excluded.holder, ends = excluded.ends, job = excluded.job, rows = excluded.rows "
        "WHERE reckoner_job_line.holder = excluded.holder OR reckoner_job_line.ends <= :now "
        "OR reckoner_job_line.ends > :ends RETURNING name",
        params, ARRAY_LEN(params), &rows, err);
    if (code == ERR_NONE)
        *ret_is_ours = rows > 0;
    return code;
}

enum err_code job_lease_hold(struct job_lease *lease, struct own_statements *own, int64_t now_ms,
    const struct job_lease_work *work, bool *ret_is_ours, struct err *err)
{
    return lease->path != NULL ? lock_file(lease, ret_is_ours, err)
                               : hold_row(lease, own, now_ms, work, ret_is_ours, err);
}

enum err_code job_lease_let_go(struct job_lease *lease, struct own_statements *own, struct err *err)
{
    if (lease->path != NULL) {
        close_file(lease);
        return ERR_NONE;
    }
    const struct own_param holder = own_text("holder", span_of(lease->holder));
    return own_run_kept(own,
        "UPDATE reckoner_job_line SET ends = 0, job = 0, rows = 0 WHERE name = 'lease' AND holder = :holder",
        &holder, 1, NULL, NULL, err);
}

enum err_code job_lease_look(struct own_statements *own, struct job_lease_work *ret_work, struct err *err)
{
    int64_t work[2] = {0};
    bool is_row = false;
    enum err_code code = own_run_integers(own, "SELECT job, rows FROM reckoner_job_line WHERE name = 'lease'",
        NULL, 0, work, ARRAY_LEN(work), &is_row, err);
    *ret_work = (struct job_lease_work){.job = work[0], .rows = work[1]};
    return code;
}
