// SPDX-License-Identifier: Apache-2.0
// A mail for each loop, which is posted again only when all have come back, so that none is in two mailboxes.
#include "net/pulse.h"

#include <stdatomic.h>

#include "base/attr.h"
#include "base/mem.h"

struct beat {
    struct mail mail;    // on its way while its loop has not answered
    struct pulse *pulse; // borrowed
};

struct pulse {
    struct loop **loops;   // borrowed
    size_t count;          //
    atomic_size_t awaited; // loops that have not answered
    struct beat beats[];   // one a loop
};

static void on_delivered(struct mail *mail)
{
    atomic_fetch_sub_explicit(
        &CONTAINER_OF(mail, struct beat, mail)->pulse->awaited, 1, memory_order_release);
}

enum err_code pulse_new(struct loop **loops, size_t count, struct pulse **ret_pulse, struct err *err)
{
    struct pulse *pulse = mem_zalloc(1, sizeof(*pulse) + count * sizeof(struct beat));
    if (pulse == NULL)
        return err_no_memory(err);
    pulse->loops = loops;
    pulse->count = count;
    for (size_t i = 0; i < count; i++)
        pulse->beats[i] = (struct beat){.mail.deliver = on_delivered, .pulse = pulse};
    *ret_pulse = pulse;
    return ERR_NONE;
}

bool pulse_beat(struct pulse *pulse)
{
    if (atomic_load_explicit(&pulse->awaited, memory_order_acquire) > 0)
        return false;
    atomic_store_explicit(&pulse->awaited, pulse->count, memory_order_relaxed);
    for (size_t i = 0; i < pulse->count; i++)
        loop_post(pulse->loops[i], &pulse->beats[i].mail);
    return true;
}

void pulse_free(struct pulse *pulse)
{
    mem_free(pulse);
}
