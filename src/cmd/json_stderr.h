// SPDX-License-Identifier: Apache-2.0
// What commands tell people on standard error, as lines of a log in JSON: of a server whose log is in JSON,
// everything is.
#ifndef RECKONER_CMD_JSON_STDERR_H
#define RECKONER_CMD_JSON_STDERR_H

// From here on each line that is printed to stderr becomes a JSON object of kind "message"
// (serve/json_line.h) and is written at once. On the main thread, before there are others. Without memory
// lines stay as they are.
void json_stderr_begin(void);

// Back to text. What was begun and has no line feed yet is written.
void json_stderr_end(void);

#endif
