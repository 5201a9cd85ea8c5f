// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

struct tls *fixture_tls(void)
{
    return NULL;
}
