// SPDX-License-Identifier: Apache-2.0
// Values of Prefer, as clients may send them: what is read is read again from the words that it stands for,
// another field behind it changes nothing that was there, and no field in front of one keeps it from being
// read.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "text/prefer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static bool is_same(const struct prefer *a, const struct prefer *b)
{
    return a->tx == b->tx && a->returns == b->returns && a->handling == b->handling &&
           a->is_async == b->is_async && a->has_wait == b->has_wait && a->wait_s == b->wait_s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const txs[] = {"", "tx=commit", "tx=rollback"};
    static const char *const returns[] = {"", "return=representation", "return=minimal"};
    static const char *const handlings[] = {"", "handling=strict", "handling=lenient"};
    struct span value = {.at = (const char *)data, .len = size};
    struct prefer prefer = {0}, again = {0};
    char back[200], wait[32] = "";
    prefer_read(value, &prefer);
    require(prefer.wait_s <= PREFER_MAX_WAIT_S && (prefer.has_wait || prefer.wait_s == 0));
    if (prefer.has_wait)
        snprintf(wait, sizeof(wait), "wait=%u", (unsigned)prefer.wait_s);
    snprintf(back, sizeof(back), "%s,%s;a=\",\",%s,%s,%s", txs[prefer.tx], returns[prefer.returns],
        handlings[prefer.handling], prefer.is_async ? "respond-async" : "", wait);
    prefer_read(span_of(back), &again);
    require(is_same(&prefer, &again));
    unsigned seen = prefer.seen;
    prefer_read(value, &prefer);
    require(is_same(&prefer, &again) && prefer.seen == seen);
    prefer_read(span_of("tx=rollback"), &prefer);
    require(prefer.tx == again.tx || (again.tx == PREFER_TX_UNSAID && prefer.tx == PREFER_TX_ROLLBACK));
    require(prefer.tx != PREFER_TX_UNSAID || (seen & 1) != 0);
    return 0;
}
