// SPDX-License-Identifier: Apache-2.0
// Case folders: test/cases/PARSER/CASE/input and expected. Tests only.
#ifndef RECKONER_TEST_CASES_H
#define RECKONER_TEST_CASES_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"

// Writes what a parser makes of `input`, fed `step` bytes at a time. `name` is the case's.
typedef void case_dump(const char *name, struct span input, size_t step, struct buf *out);

// Runs all cases of a parser, each whole and cut into small steps; fails the test when an outcome differs
// from `expected`, or when there are no cases. The environment's TEST_CASES names the folder test/cases.
void cases_run(const char *parser, case_dump *dump);

// Feeds `input` in steps: the next part of it, taken off its front; false at the end.
bool cases_next_step(struct span *input, size_t step, struct span *ret_part);

#endif
