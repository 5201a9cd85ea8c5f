// SPDX-License-Identifier: Apache-2.0
// The one place where a connection's phase changes. On its lane's thread.
#include "http/phase.h"

#include <assert.h>

#include "http/connection.h"
#include "http/lane.h"

static bool may_follow(enum connection_phase from, enum connection_phase to)
{
    switch (from) {
    case CONNECTION_OPEN:
        return to != CONNECTION_OPEN;
    case CONNECTION_LAST:
        return to != CONNECTION_OPEN && to != CONNECTION_LAST;
    case CONNECTION_LINGER:
    case CONNECTION_BROKEN:
        return to == CONNECTION_CLOSED;
    case CONNECTION_CLOSED:
        return false;
    }
    return false;
}

void phase_move(struct connection *connection, enum connection_phase phase)
{
    assert(may_follow(connection->phase, phase));
    connection->phase = phase;
}

void connection_take_no_more(struct connection *connection)
{
    if (connection->phase == CONNECTION_OPEN)
        phase_move(connection, CONNECTION_LAST);
}

void connection_break(struct connection *connection)
{
    if (connection->phase != CONNECTION_OPEN && connection->phase != CONNECTION_LAST)
        return;
    phase_move(connection, CONNECTION_BROKEN);
    if (!connection->turning)
        lane_touch(connection->lane, connection);
}
