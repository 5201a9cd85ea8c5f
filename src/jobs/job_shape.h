// SPDX-License-Identifier: Apache-2.0
// What a job was made for: the endpoint as it was declared then, in one word. Where the same endpoint is
// declared in another way now, its rows might mean something else, and the job is refused.
#ifndef RECKONER_JOBS_JOB_SHAPE_H
#define RECKONER_JOBS_JOB_SHAPE_H

#include "app/endpoint.h"
#include "base/attr.h"
#include "base/buf.h"

enum { JOB_SHAPE_CHARS = 33 }; // 32 hexadecimal digits and a NUL

// The word: of the names, types and order of its parameters and fields, and what their texts are taken for.
// Bounds of values and SQL are not in it: a job goes by those of the moment. ERR_NO_MEMORY.
MUST_CHECK enum err_code job_shape(const struct endpoint *endpoint, char ret_shape[JOB_SHAPE_CHARS]);

// Appends "POST /prices".
void job_endpoint_name(const struct endpoint *endpoint, struct buf *out);

// The media type of a format of answers, and back; false for another text.
bool job_format_from_type(struct span media_type, enum answer_format *ret_format);

#endif
