// SPDX-License-Identifier: Apache-2.0
// Texts of options become a struct trust; what they mean is http/trust.c's. Any thread.
#include "cmd/proxies.h"

#include <string.h>

static enum forwarded_field field_of(const char *choice)
{
    if (choice == NULL || strcmp(choice, "either") == 0)
        return FORWARDED_EITHER;
    return strcmp(choice, "forwarded") == 0 ? FORWARDED_RFC : FORWARDED_FOR;
}

enum err_code proxies_read(const struct options *options, struct trust *ret_trust, struct err *err)
{
    struct trust trust = {.field = field_of(options->proxy_header)};
    for (size_t i = 0; i < options->trust_proxy.count; i++) {
        const char *text = options->trust_proxy.texts[i];
        enum err_code code = trust_add(&trust, text, err);
        if (code != ERR_NONE) {
            err_prefix(err, "%s", option_named(options, "--trust-proxy"));
            return code;
        }
    }
    *ret_trust = trust;
    return ERR_NONE;
}
