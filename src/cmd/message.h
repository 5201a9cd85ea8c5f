// SPDX-License-Identifier: Apache-2.0
// What commands tell people on stderr.
#ifndef RECKONER_CMD_MESSAGE_H
#define RECKONER_CMD_MESSAGE_H

#include "app/diag.h"
#include "app/report.h"
#include "base/err.h"

// "reckoner: subject: what"
void message_print(const char *subject, const char *what);

// "reckoner: subject: text", "subject:3:7: text" where the place is known, the text alone where it begins
// with a file of the subject; and the hint on a line of its own.
void message_error(const char *subject, const struct err *err);

// Sorts the diags and prints them, a line each; where there are none, the error, which is no fault of the
// files then.
void message_diags(const char *subject, struct diags *diags, const struct err *err);

// A line a fault, as compilers print it: "prices.csv:17: orig_code: unknown port (XXXXX)"; the first ones,
// and how many there are in all.
void message_report(const char *path, const struct report *report);

// The same for what @warn found, "people.csv:17: warning: …", and always how many there are, if any.
void message_warnings(const char *path, const struct report *warnings);

#endif
