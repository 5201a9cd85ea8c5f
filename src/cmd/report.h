// SPDX-License-Identifier: Apache-2.0
// A report of rows as people read it in a terminal.
#ifndef RECKONER_CMD_REPORT_H
#define RECKONER_CMD_REPORT_H

#include "app/report.h"

// A line a fault on stderr, as compilers print it: "prices.csv:17: orig_code: unknown port (XXXXX)"; the
// first ones, and how many there are in all.
void print_report(const char *path, const struct report *report);

// The same for what @warn found, "people.csv:17: warning: …", and always how many there are, if any.
void print_warnings(const char *path, const struct report *warnings);

#endif
