// SPDX-License-Identifier: Apache-2.0
// Words of jobs, and their ids. Any thread.
#include "jobs/job.h"

#include "base/random_id.h"

static const char *const words[JOB_STATES] = {
    [JOB_QUEUED] = "queued",
    [JOB_RUNNING] = "running",
    [JOB_DONE] = "done",
    [JOB_REFUSED] = "refused",
    [JOB_FAILED] = "failed",
    [JOB_CANCELLED] = "cancelled",
};

const char *job_state_word(enum job_state state)
{
    return words[state];
}

bool job_state_from_word(struct span word, enum job_state *ret_state)
{
    for (size_t i = 0; i < JOB_STATES; i++) {
        if (span_is(word, words[i])) {
            *ret_state = (enum job_state)i;
            return true;
        }
    }
    return false;
}

enum err_code job_id_make(char ret_id[JOB_ID_CHARS + 1], struct err *err)
{
    enum err_code code = random_id_write(ret_id, JOB_ID_CHARS, err);
    if (code == ERR_NONE)
        ret_id[JOB_ID_CHARS] = '\0';
    return code;
}

bool job_id_is_sound(struct span text)
{
    return text.len == JOB_ID_CHARS && random_id_is_sound(text);
}
