// SPDX-License-Identifier: Apache-2.0
// libpq has a variable of the environment for nearly each part of a url (PostgreSQL 34.15); those that it has
// none for tune how a connection is kept, which does not matter here, but for one. What a program prints goes
// to a file in memory, so it never waits for this process. One thread.
#include "store/postgresql/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/backup_check.h"

enum {
    LOOK_MS = 20,       // between two looks whether it has ended
    WORDS_BYTES = 1500, // of what it prints as it fails
    MAX_VARIABLES = 64, // of libpq
    NOT_FOUND = 127,    // the exit code of a child that could not be made the program
};

// --- the environment

struct variables {
    char *texts[MAX_VARIABLES]; // owned: "PGHOST=…"
    size_t count;
    char **all; // owned; with those of this process; the texts are borrowed
};

static void variables_fini(struct variables *variables)
{
    for (size_t i = 0; i < variables->count; i++)
        mem_free(variables->texts[i]);
    mem_free(variables->all);
}

static bool has(const struct variables *variables, const char *text)
{
    size_t name = strcspn(text, "=") + 1;
    for (size_t i = 0; i < variables->count; i++) {
        if (strncmp(variables->texts[i], text, name) == 0)
            return true;
    }
    return false;
}

static enum err_code add(struct variables *variables, const char *name, const char *value, struct err *err)
{
    size_t bytes = strlen(name) + strlen(value) + 2;
    char *text = variables->count < MAX_VARIABLES ? mem_zalloc(bytes, 1) : NULL;
    if (text == NULL)
        return err_no_memory(err);
    snprintf(text, bytes, "%s=%s", name, value);
    variables->texts[variables->count++] = text;
    return ERR_NONE;
}

static enum err_code add_option(struct variables *variables, const PQconninfoOption *option, struct err *err)
{
    if (option->val == NULL || option->val[0] == '\0')
        return ERR_NONE;
    if (option->envvar != NULL)
        return add(variables, option->envvar, option->val, err);
    if (strcmp(option->keyword, "sslpassword") == 0)
        return err_set(err, ERR_CONFIG,
            "sslpassword cannot be handed to PostgreSQL's programs: use a key that is not encrypted");
    return ERR_NONE;
}

// Of several hosts the one that can be written to has all that was acknowledged.
static enum err_code add_url(struct variables *variables, const char *url, struct err *err)
{
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    if (options == NULL)
        return err_no_memory(err);
    enum err_code code = ERR_NONE;
    for (const PQconninfoOption *option = options; code == ERR_NONE && option->keyword != NULL; option++)
        code = add_option(variables, option, err);
    PQconninfoFree(options);
    if (code == ERR_NONE && !has(variables, "PGTARGETSESSIONATTRS="))
        code = add(variables, "PGTARGETSESSIONATTRS", "read-write", err);
    if (code == ERR_NONE && !has(variables, "PGCONNECT_TIMEOUT="))
        code = add(variables, "PGCONNECT_TIMEOUT", "10", err);
    return code;
}

static enum err_code gather(struct variables *variables, const char *url, struct err *err)
{
    enum err_code code = url != NULL ? add_url(variables, url, err) : ERR_NONE;
    if (code == ERR_NONE)
        code = add(variables, "LC_MESSAGES", "C", err); // its words stand among ours
    if (code != ERR_NONE)
        return code;
    size_t count = 0, own = 0;
    while (environ[own] != NULL)
        own++;
    variables->all = mem_zalloc(own + variables->count + 1, sizeof(char *));
    if (variables->all == NULL)
        return err_no_memory(err);
    for (size_t i = 0; i < own; i++) {
        if (!has(variables, environ[i]))
            variables->all[count++] = environ[i];
    }
    memcpy(variables->all + count, variables->texts, variables->count * sizeof(char *));
    return ERR_NONE;
}

// --- the process

static enum err_code fail_start(const char *program, int cause, struct err *err)
{
    if (cause != ENOENT)
        return err_set(err, ERR_IO, "%s could not be run: %s", program, strerror(cause));
    err_set(err, ERR_CONFIG, "%s is not installed", program);
    err_hint(err,
        "Debian has it in postgresql-client, as other systems have; it must not be older than the server");
    return ERR_CONFIG;
}

static int start(const struct pg_tool *tool, char **environment, int out, int words, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    // posix_spawn(3) writes to none of them, whatever its type says.
    char *argv[PG_TOOL_ARGS + 2] = {(char *)(uintptr_t)tool->program}; // NOLINT(performance-no-int-to-ptr)
    for (size_t i = 0; i < PG_TOOL_ARGS && tool->args[i] != NULL; i++)
        argv[i + 1] = (char *)(uintptr_t)tool->args[i]; // NOLINT(performance-no-int-to-ptr)
    if (posix_spawn_file_actions_init(&actions) != 0)
        return ENOMEM;
    int cause = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (cause == 0 && out >= 0)
        cause = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    if (cause == 0 && out < 0)
        cause = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (cause == 0)
        cause = posix_spawn_file_actions_adddup2(&actions, words, STDERR_FILENO);
    if (cause == 0)
        cause = posix_spawnp(ret_pid, tool->program, &actions, NULL, argv, environment);
    posix_spawn_file_actions_destroy(&actions);
    return cause;
}

// Its status as waitpid(2) has it. A signal to this process alone does not reach the child.
static int wait_for(pid_t pid, const atomic_bool *stop)
{
    int status = 0;
    bool was_told = false;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (!was_told && backup_is_stopped(stop)) {
            kill(pid, SIGTERM);
            was_told = true;
        }
        clock_pause(LOOK_MS * NS_PER_MS);
    }
    return status;
}

// The first error among the last that it has printed, without the program's name in front: what comes behind
// follows from it.
static enum err_code fail_run(const struct pg_tool *tool, int words, struct err *err)
{
    char text[WORDS_BYTES + 1] = "";
    off_t end = lseek(words, 0, SEEK_END);
    off_t from = end > WORDS_BYTES ? end - WORDS_BYTES : 0;
    ssize_t count = pread(words, text, WORDS_BYTES, from);
    while (count > 0 && text[count - 1] == '\n')
        count--;
    text[count > 0 ? count : 0] = '\0';
    const char *line = strstr(text, "error: ");
    line = line != NULL ? line + strlen("error: ") : text;
    if (text[0] == '\0')
        return err_set(err, ERR_STORE, "%s failed, and did not say why", tool->program);
    return err_set(err, ERR_STORE, "%s failed: %.*s", tool->program, (int)strcspn(line, "\n"), line);
}

static enum err_code take_out(int out, struct buf *to, struct err *err)
{
    char bytes[4096];
    ssize_t count;
    off_t at = 0;
    while ((count = pread(out, bytes, sizeof(bytes), at)) > 0) {
        buf_append(to, bytes, (size_t)count);
        at += count;
    }
    if (count < 0)
        return err_set(err, ERR_IO, "could not read what was printed: %s", strerror(errno));
    return buf_status(to) == ERR_NONE ? ERR_NONE : err_no_memory(err);
}

static enum err_code run(const struct pg_tool *tool, char **environment, int out, int words, struct err *err)
{
    pid_t pid;
    int cause = start(tool, environment, out, words, &pid);
    if (cause != 0)
        return fail_start(tool->program, cause, err);
    int status = wait_for(pid, tool->stop);
    if (backup_is_stopped(tool->stop))
        return err_set(err, ERR_TIMEOUT, "it was ended by a signal");
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND)
        return fail_start(tool->program, ENOENT, err);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return fail_run(tool, words, err);
    return tool->out != NULL ? take_out(out, tool->out, err) : ERR_NONE;
}

enum err_code pg_tool_run(const struct pg_tool *tool, struct err *err)
{
    AUTO(variables_fini) struct variables variables = {0};
    enum err_code code = gather(&variables, tool->url, err);
    if (code != ERR_NONE)
        return code;
    int words = memfd_create("words", MFD_CLOEXEC);
    int out = tool->out != NULL ? memfd_create("out", MFD_CLOEXEC) : -1;
    if (words < 0 || (tool->out != NULL && out < 0))
        code = err_set(err, ERR_IO, "%s could not be run: %s", tool->program, strerror(errno));
    else
        code = run(tool, variables.all, out, words, err);
    if (words >= 0)
        close(words);
    if (out >= 0)
        close(out);
    return code;
}
