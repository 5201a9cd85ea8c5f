// SPDX-License-Identifier: Apache-2.0
// Groups go first, as only root may change them. Then it is tried whether the way back is closed.
#include "cmd/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static enum err_code fail(const char *name, const char *why, const char *hint, struct err *err)
{
    err_set(err, ERR_CONFIG, "--user %.100s: %s", name, why);
    err_hint(err, "%s", hint);
    return ERR_CONFIG;
}

static enum err_code become(const struct passwd *user, struct err *err)
{
    if (initgroups(user->pw_name, user->pw_gid) != 0 ||
        setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0 ||
        setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0)
        return err_set(err, ERR_IO, "could not go on as user %s: %s", user->pw_name, strerror(errno));
    if (setuid(0) == 0)
        return err_set(err, ERR_IO, "user %s can become root again", user->pw_name);
    return ERR_NONE;
}

enum err_code privileges_drop(const char *name, struct err *err)
{
    const struct passwd *user = getpwnam(name);
    if (user == NULL)
        return fail(name, "there is no such user", "make it: adduser --system --group NAME", err);
    if (user->pw_uid == 0)
        return fail(
            name, "root is who it is to keep from running the server", "name a user that may do less", err);
    if (user->pw_uid == geteuid())
        return privileges_gain_none(err);
    if (geteuid() != 0)
        return fail(name, "only root can go on as somebody else", "leave it away, or start as root", err);
    enum err_code code = become(user, err);
    return code == ERR_NONE ? privileges_gain_none(err) : code;
}

enum err_code privileges_gain_none(struct err *err)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        return ERR_NONE;
    return err_set(err, ERR_IO, "could not give up the gain of privileges: %s", strerror(errno));
}
