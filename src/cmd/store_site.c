// SPDX-License-Identifier: Apache-2.0
// A store that is busy is tried for a while, as a start does.
#include "cmd/store_site.h"

#include "cmd/message.h"
#include "cmd/recovered.h"
#include "cmd/workspace.h"

enum { TEXT_BYTES = 128 };

void store_site_fini(struct store_site *site)
{
    own_statements_fini(&site->own);
    store_disconnect(site->own.conn);
    store_close(site->store);
    app_unref(site->app);
}

enum err_code store_site_connect(const struct options *options, const char *url, const char *name,
    enum err_code (*make)(struct store_conn *conn, struct err *err), struct store **store,
    struct store_conn **conn, struct err *err)
{
    unsigned tries = 0;
    enum err_code code = store_open(url, name, store, err);
    if (code != ERR_NONE)
        return code;
    recovered_tell(*store, store_shown(options, url));
    do {
        code = *conn == NULL ? store_connect(*store, STORE_WRITE, conn, err) : ERR_NONE;
        if (code == ERR_NONE)
            code = make(*conn, err);
    } while (code != ERR_NONE && workspace_try_again(err, &tries));
    return code;
}

bool store_site_open(struct store_site *site, const struct options *options, const char *what,
    enum err_code (*make)(struct store_conn *conn, struct err *err))
{
    char text[STORE_URL_BYTES], why[TEXT_BYTES];
    struct err err = {0};
    site->app = workspace_read_app(options->words[0], options->store);
    if (site->app == NULL)
        return false;
    const char *url = workspace_store_url(options, site->app, text);
    if (!workspace_store_is_there(url)) {
        snprintf(why, sizeof(why),
            "there is no such store, so it has no %s; --var says in which folder it is", what);
        message_print(store_shown(options, url), why);
        return false;
    }
    if (store_site_connect(options, url, site->app->name, make, &site->store, &site->own.conn, &err) ==
        ERR_NONE)
        return true;
    message_error(store_shown(options, url), &err);
    return false;
}
