// SPDX-License-Identifier: Apache-2.0
// Ids are of keys or of tokens, whose issuers write what they like; addresses have a form of their own, so
// that no id can be taken for one.
#include "access/account_name.h"

#include <arpa/inet.h>
#include <string.h>

#include "text/url.h"

enum { NAME_BYTES = 65536 };

static const char V4[12] = {[10] = '\xff', [11] = '\xff'}; // in front of an IPv4 address in an origin

// --- writing

static bool is_plain(char c)
{
    return (unsigned char)c >= ' ' && c != '%' && c != 0x7f;
}

void account_name_write_id(struct span id, struct buf *out)
{
    for (size_t i = 0; i < id.len; i++) {
        if (is_plain(id.at[i]))
            buf_append_byte(out, id.at[i]);
        else
            buf_printf(out, "%%%02X", (unsigned char)id.at[i]);
    }
}

static void write_address(const char *origin, struct buf *out)
{
    char text[INET6_ADDRSTRLEN];
    bool is_v4 = memcmp(origin, V4, sizeof(V4)) == 0;
    if (is_v4 && inet_ntop(AF_INET, origin + sizeof(V4), text, sizeof(text)) != NULL)
        buf_append_str(out, text);
    else if (inet_ntop(AF_INET6, origin, text, sizeof(text)) != NULL)
        buf_printf(out, "%s/64", text);
}

static void write_name(const struct account *account, struct buf *out)
{
    buf_append_str(out, account->is_address ? "a:" : "c:");
    if (account->is_address)
        write_address(account->id, out);
    else
        account_name_write_id((struct span){.at = account->id, .len = account->id_len}, out);
}

struct span account_name_copy(const struct account *account, struct arena *arena)
{
    AUTO(buf_fini) struct buf name;
    buf_init(&name, NAME_BYTES);
    write_name(account, &name);
    if (buf_status(&name) != ERR_NONE)
        return (struct span){0};
    return (struct span){.at = arena_strndup(arena, name.data, name.len), .len = name.len};
}

// --- finding

// Reads what write_address writes.
static bool read_address(struct span text, struct origin *ret_origin)
{
    char address[INET6_ADDRSTRLEN];
    struct origin origin = {0};
    bool is_v6 = text.len > 3 && memcmp(text.at + text.len - 3, "/64", 3) == 0;
    size_t len = is_v6 ? text.len - 3 : text.len;
    if (len >= sizeof(address))
        return false;
    memcpy(address, text.at, len);
    address[len] = '\0';
    if (!is_v6)
        memcpy(origin.bytes, V4, sizeof(V4));
    if (inet_pton(is_v6 ? AF_INET6 : AF_INET, address, origin.bytes + (is_v6 ? 0 : sizeof(V4))) != 1)
        return false;
    *ret_origin = origin;
    return true;
}

static struct account *find_id(struct accounts *accounts, size_t service, struct span text)
{
    AUTO(arena_fini) struct arena arena;
    struct span id;
    arena_init(&arena, 2 * text.len + 1024);
    return url_decode(text, false, &arena, &id) ? accounts_find(accounts, service, id) : NULL;
}

struct account *account_name_find(struct accounts *accounts, size_t service, struct span name)
{
    struct origin origin;
    if (name.len < 2)
        return NULL;
    struct span rest = {.at = name.at + 2, .len = name.len - 2};
    if (span_starts_with(name, "c:"))
        return find_id(accounts, service, rest);
    if (span_starts_with(name, "a:") && read_address(rest, &origin))
        return accounts_find_origin(accounts, service, &origin);
    return NULL;
}
