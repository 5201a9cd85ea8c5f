// SPDX-License-Identifier: Apache-2.0
// Joins the logs, whose threads write them, with what the main thread prints.
#include "cmd/logs.h"

#include <string.h>
#include <unistd.h>

#include "cmd/json_stderr.h"
#include "cmd/options.h"
#include "serve/json_line.h"

enum err_code logs_open(const struct options *options, struct logs *ret_logs, struct err *err)
{
    struct logs logs = {0};
    enum err_code code = log_new(STDERR_FILENO, &logs.error, err);
    if (code == ERR_NONE && !options->quiet)
        code = log_new(STDOUT_FILENO, &logs.access, err);
    if (code != ERR_NONE) {
        logs_close(&logs);
        return code;
    }
    logs_follow(&logs, options);
    *ret_logs = logs;
    return ERR_NONE;
}

void logs_follow(const struct logs *logs, const struct options *options)
{
    bool is_json = strcmp(options->log_format, "json") == 0;
    log_set_form(logs->error, is_json ? json_line_message : NULL);
    if (logs->access != NULL)
        log_set_form(logs->access, is_json ? json_line_message : NULL);
    json_stderr_end();
    if (is_json)
        json_stderr_begin();
}

void logs_close(struct logs *logs)
{
    log_free(logs->access);
    log_free(logs->error);
    json_stderr_end();
    *logs = (struct logs){0};
}
