// SPDX-License-Identifier: Apache-2.0
// The digits are Crockford's base32, small: none of them is taken for another one. Any thread.
#include "access/key_id.h"

#include <sodium.h>
#include <string.h>

#define PREFIX "k_"

static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

enum { BASE = sizeof(digits) - 1 };

enum err_code key_id_make(char ret_id[KEY_ID_CHARS + 1], struct err *err)
{
    if (sodium_init() < 0)
        return err_set(err, ERR_IO, "the system gives no random numbers");
    memcpy(ret_id, PREFIX, strlen(PREFIX));
    for (size_t i = strlen(PREFIX); i < KEY_ID_CHARS; i++)
        ret_id[i] = digits[randombytes_uniform(BASE)];
    ret_id[KEY_ID_CHARS] = '\0';
    return ERR_NONE;
}

bool key_id_is_sound(struct span text)
{
    if (text.len != KEY_ID_CHARS || !span_starts_with(text, PREFIX))
        return false;
    for (size_t i = strlen(PREFIX); i < KEY_ID_CHARS; i++) {
        if (text.at[i] == '\0' || strchr(digits, text.at[i]) == NULL)
            return false;
    }
    return true;
}
