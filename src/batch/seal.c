// SPDX-License-Identifier: Apache-2.0
// Walks the seals of a batch. On the writer's thread.
#include "batch/seal.h"

#include "batch/writer.h"

enum err_code seals_open(struct batch *batch, struct own_statements *own, struct err *err)
{
    enum err_code code = ERR_NONE;
    for (struct seal *seal = batch->seals; seal != NULL && code == ERR_NONE && !batch->is_known;
         seal = seal->next) {
        if (seal->open != NULL)
            code = seal->open(seal, batch, own, err);
    }
    return code;
}

enum err_code seals_close(struct batch *batch, struct own_statements *own, struct err *err)
{
    enum err_code code = ERR_NONE;
    for (struct seal *seal = batch->seals; seal != NULL && code == ERR_NONE; seal = seal->next) {
        if (seal->close != NULL)
            code = seal->close(seal, batch, own, err);
    }
    return code;
}
