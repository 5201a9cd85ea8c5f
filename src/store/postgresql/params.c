// SPDX-License-Identifier: Apache-2.0
// Values become the bytes that libpq sends. The statement's thread; the hot path of each run.
#include "store/postgresql/params.h"

#include <string.h>

#include "base/mem.h"
#include "store/postgresql/value.h"

static void free_copies(struct pg_params *params)
{
    for (size_t i = 0; params->copies != NULL && i < params->count; i++) {
        mem_free(params->copies[i]);
        params->copies[i] = NULL;
    }
}

enum err_code pg_params_init(struct pg_params *params, const uint16_t *from, size_t count, struct err *err)
{
    *params = (struct pg_params){
        .count = count,
        .from = mem_zalloc(count, sizeof(*params->from)),
        .values = mem_zalloc(count, sizeof(*params->values)),
        .lengths = mem_zalloc(count, sizeof(*params->lengths)),
        .formats = mem_zalloc(count, sizeof(*params->formats)),
        .texts = mem_zalloc(count, sizeof(*params->texts)),
        .copies = mem_zalloc(count, sizeof(*params->copies)),
    };
    if (params->from == NULL || params->values == NULL || params->lengths == NULL ||
        params->formats == NULL || params->texts == NULL || params->copies == NULL)
        return err_no_memory(err);
    for (size_t i = 0; i < count; i++)
        params->from[i] = from[i];
    return ERR_NONE;
}

void pg_params_fini(struct pg_params *params)
{
    free_copies(params);
    mem_free(params->from);
    mem_free(params->values);
    mem_free(params->lengths);
    mem_free(params->formats);
    mem_free(params->texts);
    mem_free(params->copies);
}

// libpq reads a value in text form up to a NUL, and a value of ours need not have one behind it.
static enum err_code end_with_nul(struct pg_params *params, size_t i, struct span bytes, struct err *err)
{
    if (memchr(bytes.at, '\0', bytes.len) != NULL)
        return err_set(err, ERR_STORE, "a text with a NUL byte is no value of the store's");
    params->copies[i] = mem_strndup(bytes.at, bytes.len);
    if (params->copies[i] == NULL)
        return err_no_memory(err);
    params->values[i] = params->copies[i];
    return ERR_NONE;
}

enum err_code pg_params_encode(
    struct pg_params *params, const Oid *types, const struct value *values, struct err *err)
{
    free_copies(params);
    for (size_t i = 0; i < params->count; i++) {
        const struct value *value = &values[params->from[i]];
        struct span bytes = {0};
        bool is_binary = true;
        if (value->kind != VALUE_NULL) {
            enum err_code code = pg_encode(types[i], value, params->texts[i], &bytes, &is_binary, err);
            if (code != ERR_NONE)
                return code;
        }
        params->values[i] = value->kind != VALUE_NULL ? bytes.at : NULL;
        params->lengths[i] = (int)bytes.len;
        params->formats[i] = is_binary;
        enum err_code code = is_binary ? ERR_NONE : end_with_nul(params, i, bytes, err);
        if (code != ERR_NONE)
            return code;
    }
    return ERR_NONE;
}
