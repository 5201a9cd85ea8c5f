// SPDX-License-Identifier: Apache-2.0
// `reckoner init`: writes the files of new_app/, which the build puts into the program (embed.py). It never
// writes over a file. On the main thread.
#include <stdio.h>

#include "cmd/cmd.h"
#include "cmd/help.h"
#include "cmd/init_files.h"
#include "cmd/init_from.h"
#include "cmd/new_dir.h"
#include "cmd/options.h"

static const struct usage USAGE = {
    .command = COMMAND_INIT,
    .forms = "init DIR\ninit --from FILE [DIR]",
    .about =
        "Writes a new app into the folder DIR, which is made unless it is there and empty: a table, three\n"
        "endpoints, data, tests and a page, all with comments that explain them. It runs as it is.\n"
        "The folder's name is the app's: lower-case letters, digits, - and _, starting with a letter.\n"
        "\n"
        "With --from it looks at a file of CSV, as spreadsheets, offices, banks and shops write them, or of\n"
        "JSON, and writes an app that loads it: the table with its types, how the file is written, and\n"
        "endpoints for its rows.\n"
        "DIR is named after the file unless it is given.\n",
    .min_words = 0,
    .max_words = 1,
    .wanted = "a folder to write the app into",
};

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
    AUTO(options_fini) struct options options = {0};
    int result;
    if (!options_read(argc, argv, &USAGE, &options, &result))
        return result;
    const char *dir = options.word_count > 0 ? options.words[0] : NULL;
    if (options.from != NULL)
        return init_from(options.from, dir);
    if (dir == NULL) {
        fprintf(stderr, "reckoner: init wants %s\n", USAGE.wanted);
        return EXIT_USAGE;
    }
    if (!new_dir_check_name(dir) || !new_dir_make(dir))
        return EXIT_FAILED;
    for (size_t i = 0; i < init_file_count; i++) {
        struct span bytes = {.at = init_files[i].bytes, .len = init_files[i].len};
        if (!new_dir_write(dir, init_files[i].path, bytes))
            return EXIT_FAILED;
    }
    print_next_steps(dir);
    return EXIT_OK;
}
