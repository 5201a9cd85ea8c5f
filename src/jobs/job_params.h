// SPDX-License-Identifier: Apache-2.0
// The values of a job's parameters as one text, to the last bit, as a request had them: in order, each as
// "n;" (null), "i5;", "s1230/2;" (12.30), "r0x1.8p+1;", or "t5:hello;". Pure; any thread.
#ifndef RECKONER_JOBS_JOB_PARAMS_H
#define RECKONER_JOBS_JOB_PARAMS_H

#include <stdbool.h>

#include "base/buf.h"
#include "text/value.h"

// Appends them; a failure sticks to `out`.
void job_params_write(const struct value *values, size_t count, struct buf *out);

// Reads the first `max` of them, or all where there are fewer; *ret_count: how many. Texts borrow `text`.
// False when it is not what job_params_write writes, as far as it is read.
MUST_CHECK bool job_params_read_some(
    struct span text, struct value *ret_values, size_t max, size_t *ret_count);

// Reads exactly `count` of them; texts borrow `text`. False when it is not what job_params_write writes.
MUST_CHECK bool job_params_read(struct span text, struct value *ret_values, size_t count);

#endif
