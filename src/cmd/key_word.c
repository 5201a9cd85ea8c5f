// SPDX-License-Identifier: Apache-2.0
// Whether there is such a key is asked where it is changed; this is about words that are none. On the main
// thread.
#include "cmd/key_word.h"

#include <stdio.h>

#include "access/key_records.h"
#include "access/secret.h"
#include "base/mem.h"
#include "text/nearest.h"

bool key_word_is_id(const char *command, const char *word)
{
    if (span_starts_with(span_of(word), "k_"))
        return true;
    if (span_starts_with(span_of(word), SECRET_PREFIX)) {
        fprintf(stderr,
            "reckoner: %s wants the id of a key, and this is a secret: 'reckoner key list APP' lists the ids\n",
            command);
        return false;
    }
    fprintf(stderr, "reckoner: %s wants the id of a key first, k_ and ten more, and then apps: %s is none\n",
        command, word);
    return false;
}

void key_word_hint(struct key_site *site, struct span id, struct err *err)
{
    struct key_records records = {0};
    struct err ignored = {0}; // the error that is known is told
    const char *nearest = NULL;
    if (key_records_read(site->conn, span_of(""), INT64_MIN, SIZE_MAX, &records, &ignored) == ERR_NONE) {
        const char **ids = mem_zalloc(records.count + 1, sizeof(*ids));
        for (size_t i = 0; ids != NULL && i < records.count; i++)
            ids[i] = records.items[i].row.id.at;
        if (ids != NULL)
            nearest = nearest_of(id, ids, records.count);
        mem_free(ids);
    }
    if (nearest != NULL)
        err_hint(err, "did you mean %s?", nearest);
    else
        err_hint(err, "'reckoner key list %s' lists the keys", site->app->dir);
    key_records_fini(&records);
}
