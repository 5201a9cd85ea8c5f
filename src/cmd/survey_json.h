// SPDX-License-Identifier: Apache-2.0
// The survey of a file of JSON: its columns are the members of its objects. On the main thread.
#ifndef RECKONER_CMD_SURVEY_JSON_H
#define RECKONER_CMD_SURVEY_JSON_H

#include "cmd/survey.h"

// Reads the rows of an array of objects, or of an object a line, by what the file begins with. The caller has
// made the survey's columns. ERR_IO, ERR_NO_MEMORY; ERR_MALFORMED and ERR_TOO_LARGE as json_rows.h has them,
// and for more members than an endpoint has fields.
MUST_CHECK enum err_code survey_json(struct survey *survey, const char *path, struct err *err);

#endif
