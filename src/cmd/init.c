// SPDX-License-Identifier: Apache-2.0
// `reckoner init`: writes the files of new_app/, which the build puts into the program (embed.py). It never
// writes over a file. On the main thread.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/app_read.h"
#include "cmd/cmd.h"
#include "cmd/help.h"
#include "cmd/init_files.h"
#include "cmd/message.h"
#include "cmd/options.h"

static const struct usage USAGE = {
    .command = COMMAND_INIT,
    .forms = "init DIR",
    .about =
        "Writes a new app into the folder DIR, which is made unless it is there and empty: a table, three\n"
        "endpoints, data, tests and a page, all with comments that explain them. It runs as it is.\n"
        "The folder's name is the app's: lower-case letters, digits, - and _, starting with a letter.\n",
    .min_words = 1,
    .max_words = 1,
    .wanted = "a folder to write the app into",
};

enum { PATH_BYTES = 4096, DIR_MODE = 0755, FILE_MODE = 0644 };

static bool fail(const char *path, const char *what)
{
    message_print(path, what);
    return false;
}

// The last part of the path, as an app is named after its folder. A folder such as "." has its name
// elsewhere.
static bool check_name(const char *dir)
{
    char whole[PATH_BYTES];
    size_t len = strlen(dir);
    while (len > 1 && dir[len - 1] == '/')
        len--;
    if (len >= sizeof(whole))
        return fail(dir, "the path is too long");
    memcpy(whole, dir, len);
    whole[len] = '\0';
    const char *slash = strrchr(whole, '/');
    return app_may_be_named(slash != NULL ? slash + 1 : whole) ||
           fail(dir, "the folder's name is the app's: it must be of lower-case letters, digits, - and "
                     "_, and start with a letter");
}

// Makes the folder, or sees that it is empty.
static bool make_app_dir(const char *dir)
{
    if (mkdir(dir, DIR_MODE) == 0)
        return true;
    if (errno != EEXIST)
        return fail(dir,
            errno == ENOENT ? "No such file or directory: make the folder around it first" : strerror(errno));
    DIR *open_dir = opendir(dir);
    if (open_dir == NULL)
        return fail(dir, strerror(errno));
    size_t items = 0;
    while (items <= 2 && readdir(open_dir) != NULL) // . and .. are there always
        items++;
    closedir(open_dir);
    return items <= 2 || fail(dir, "the folder is not empty; name a new one");
}

static bool write_bytes(int fd, const struct init_file *file)
{
    size_t done = 0;
    while (done < file->len) {
        ssize_t written = write(fd, file->bytes + done, file->len - done);
        if (written < 0 && errno != EINTR)
            return false;
        done += written > 0 ? (size_t)written : 0;
    }
    return true;
}

static bool write_file(const char *dir, const struct init_file *file)
{
    char path[PATH_BYTES];
    if (snprintf(path, sizeof(path), "%s/%s", dir, file->path) >= (int)sizeof(path))
        return fail(dir, "the path is too long");
    char *slash = strchr(path + strlen(dir) + 1, '/');
    if (slash != NULL) { // it stands in a folder of the app's
        *slash = '\0';
        if (mkdir(path, DIR_MODE) != 0 && errno != EEXIST)
            return fail(path, strerror(errno));
        *slash = '/';
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        return fail(path, strerror(errno));
    bool done = write_bytes(fd, file);
    done = close(fd) == 0 && done;
    return done || fail(path, strerror(errno));
}

static void print_next_steps(const char *dir)
{
    printf(
        "%s is an app that runs. Next:\n"
        "\n"
        "  reckoner serve --watch %s\n"
        "      then, in another terminal:\n"
        "  curl 'http://127.0.0.1:8080/books?limit=3'\n"
        "  curl http://127.0.0.1:8080/books -H 'Content-Type: application/json' \\\n"
        "       -d '{\"id\": 11, \"title\": \"Dracula\", \"author\": \"Bram Stoker\", \"published\": 1897}'\n"
        "\n"
        "  reckoner test %s\n"
        "\n"
        "Edit its files while it runs: each says what it is for.\n",
        dir, dir, dir);
}

int cmd_init(int argc, char **argv)
{
    struct options options;
    int result;
    if (!options_read(argc, argv, &USAGE, &options, &result))
        return result;
    const char *dir = options.words[0];
    if (!check_name(dir) || !make_app_dir(dir))
        return EXIT_FAILED;
    for (size_t i = 0; i < init_file_count; i++) {
        if (!write_file(dir, &init_files[i]))
            return EXIT_FAILED;
    }
    print_next_steps(dir);
    return EXIT_OK;
}
