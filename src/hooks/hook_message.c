// SPDX-License-Identifier: Apache-2.0
// The specification wants nothing of the body; its parts are those that it recommends, and thin: what the
// record of the batch knows, and none of its rows.
#include "hooks/hook_message.h"

#include <inttypes.h>

#include "text/json_write.h"
#include "text/timestamp.h"

void hook_message_body(const struct hook *hook, struct span app, struct buf *out)
{
    char moment[TIMESTAMP_CHARS];
    timestamp_format_seconds(hook->created_ms / 1000, moment);
    buf_printf(out, "{\"type\":\"batch.committed\",\"timestamp\":\"%s\",\"data\":{\"app\":", moment);
    (void)!json_write_string(out, app);
    buf_append_str(out, ",\"endpoint\":");
    (void)!json_write_string(out, hook->endpoint);
    buf_printf(out,
        ",\"batch\":%" PRId64 ",\"rows\":%" PRId64 ",\"location\":\"/-/batches?app=%.*s&before=%" PRId64
        "&limit=1\"}}",
        hook->batch, hook->rows, (int)app.len, app.at, hook->batch + 1);
}

bool hook_message_line(size_t i, const struct hook *hook, struct span url, const struct hook_secrets *secrets,
    int64_t now_s, struct span body, struct buf *out)
{
    switch (i) {
    case 0:
        buf_append_str(out, "Content-Type: application/json");
        break;
    case 1:
        buf_printf(out, "webhook-id: %.*s", (int)hook->id.len, hook->id.at);
        break;
    case 2:
        buf_printf(out, "webhook-timestamp: %" PRId64, now_s);
        break;
    case 3:
        buf_append_str(out, "webhook-signature: ");
        hook_secrets_sign(secrets, url, hook->id, now_s, body, out);
        break;
    case 4:
        buf_append_str(out, "Expect:"); // curl's own, which costs a round trip
        break;
    default:
        return false;
    }
    buf_append_byte(out, '\0');
    return true;
}
