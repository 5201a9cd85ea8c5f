// SPDX-License-Identifier: Apache-2.0
// The digits leave out i, l, o and u.
#include "base/random_id.h"

#include <sodium.h>
#include <string.h>

static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

enum err_code random_id_write(char *out, size_t chars, struct err *err)
{
    if (sodium_init() < 0)
        return err_set(err, ERR_IO, "the system gives no random numbers");
    for (size_t i = 0; i < chars; i++)
        out[i] = digits[randombytes_uniform(sizeof(digits) - 1)];
    return ERR_NONE;
}

bool random_id_is_sound(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '\0' || strchr(digits, text.at[i]) == NULL)
            return false;
    }
    return true;
}
