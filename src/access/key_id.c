// SPDX-License-Identifier: Apache-2.0
// A prefix, by which people know it for a key's. Any thread.
#include "access/key_id.h"

#include <string.h>

#include "base/random_id.h"

#define PREFIX "k_"

enum { PREFIX_CHARS = sizeof(PREFIX) - 1 };

enum err_code key_id_make(char ret_id[KEY_ID_CHARS + 1], struct err *err)
{
    enum err_code code = random_id_write(ret_id + PREFIX_CHARS, KEY_ID_CHARS - PREFIX_CHARS, err);
    if (code != ERR_NONE)
        return code;
    memcpy(ret_id, PREFIX, PREFIX_CHARS);
    ret_id[KEY_ID_CHARS] = '\0';
    return ERR_NONE;
}

bool key_id_is_sound(struct span text)
{
    if (text.len != KEY_ID_CHARS || !span_starts_with(text, PREFIX))
        return false;
    return random_id_is_sound((struct span){.at = text.at + PREFIX_CHARS, .len = text.len - PREFIX_CHARS});
}
