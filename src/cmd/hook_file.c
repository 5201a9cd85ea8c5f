// SPDX-License-Identifier: Apache-2.0
// What is in it is judged by hooks/hook_secrets.c.
#include "cmd/hook_file.h"

#include "base/arena.h"
#include "cmd/text_file.h"

enum { FILE_BYTES = 65536 };

enum err_code hook_file_read(
    const struct options *options, struct hook_secrets **ret_secrets, struct err *err)
{
    AUTO(arena_fini) struct arena arena = {0};
    struct span text;
    bool is_open;
    *ret_secrets = NULL;
    if (options->hook_secrets == NULL)
        return ERR_NONE;
    arena_init(&arena, 2 * FILE_BYTES);
    enum err_code code = text_file_read(options->hook_secrets, FILE_BYTES, &arena, &text, &is_open, err);
    if (code == ERR_NONE && is_open)
        code = err_set(err, ERR_CONFIG, "%s: others may read these secrets: chmod go= %s",
            options->hook_secrets, options->hook_secrets);
    if (code != ERR_NONE) {
        err_prefix(err, "--hook-secrets");
        return code;
    }
    code = hook_secrets_read(text, ret_secrets, err);
    if (code != ERR_NONE)
        err_prefix(err, "--hook-secrets: %s", options->hook_secrets);
    return code;
}
