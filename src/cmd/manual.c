// SPDX-License-Identifier: Apache-2.0
// Lays out the manual page: what is told of commands and options is in their tables, what a server as a whole
// does is told here. Any thread.
#include "cmd/manual.h"

#include <stdbool.h>
#include <string.h>

#include "base/span.h"
#include "cmd/command.h"
#include "cmd/option.h"

static const char HEAD[] =
    ".TH RECKONER 1 \"\" \"Reckoner " RECKONER_VERSION "\" \"User Commands\"\n"
    ".SH NAME\n"
    "reckoner \\- turn a folder of SQL files and CSV data into an HTTP API\n"
    ".SH SYNOPSIS\n"
    ".B reckoner\n"
    ".I COMMAND\n"
    "[\\fIOPTION\\fR]... \\fIARGUMENT\\fR...\n"
    ".SH DESCRIPTION\n"
    "An app is a folder: each file of SQL in it is an endpoint, and files of CSV or JSON are what it starts with.\n"
    "Data comes in as batches, whole or not at all, and once acknowledged it is on disk. Answers are exact at\n"
    "every moment. The store is SQLite, built in, or PostgreSQL.\n"
    ".PP\n"
    "\\fBreckoner \\fICOMMAND\\fB \\-\\-help\\fR tells how one command is called.\n"
    ".SH COMMANDS\n";

static const char FILE_HEAD[] =
    ".SH CONFIGURATION FILE\n"
    "\\fB\\-\\-config\\fR names an ini file; \\fBreckoner config\\fR prints what holds and where it comes from. A flag\n"
    "goes over a variable of the environment, which goes over the file. Paths are relative to the file's folder.\n"
    "A key of a list may stand several times. A switch is \\fByes\\fR or \\fBno\\fR.\n"
    ".PP\n"
    "\\fB[app \\fINAME\\fB]\\fR is an app to serve, the name of its folder: \\fBpath\\fR is the folder, \\fBdata\\fR\n"
    "where its first load finds its files. All other keys are of options; those with a star are read anew at SIGHUP,\n"
    "the others hold from the next start, or SIGUSR2, on.\n";

static const char TAIL[] =
    ".SH SIGNALS\n"
    ".TP\n"
    "SIGTERM, SIGINT\n"
    "The server ends: what runs is finished first, for as long as \\fB\\-\\-drain\\fR says.\n"
    ".TP\n"
    "SIGHUP\n"
    "The server reads configuration, apps, keys and certificates anew. What is wrong is told in the log, and what was\n"
    "there goes on.\n"
    ".TP\n"
    "SIGUSR2\n"
    "The server hands its sockets to the program that is installed now, which goes on in its place. One that does\n"
    "not start leaves the old one as it was.\n"
    ".SH EXIT STATUS\n"
    "0: done. 1: failed, such as an app with errors, or a port in use. 2: the command line is wrong.\n"
    ".SH FILES\n"
    ".TP\n"
    ".I /etc/reckoner/reckoner.ini\n"
    "What the service of a package goes by.\n"
    ".TP\n"
    ".I /var/lib/reckoner\n"
    "What that service writes.\n"
    ".SH EXAMPLES\n"
    ".EX\n"
    "reckoner init hello\n"
    "reckoner serve \\-\\-watch hello\n"
    "reckoner explain hello 'GET /books?limit=10'\n"
    ".EE\n"
    ".SH SEE ALSO\n"
    ".BR curl (1),\n"
    ".BR sqlite3 (1),\n"
    ".BR systemctl (1)\n";

// Text of a line that begins with other text, so that no dot or quote begins one.
static void print_text(const char *text, FILE *out)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '-')
            fputs("\\-", out);
        else if (*at == '\\')
            fputs("\\e", out);
        else
            putc(*at, out);
    }
}

static void print_command(const struct command_row *row, FILE *out)
{
    fprintf(out, ".TP\n\\fB%s%s%s\\fR\n\\&", row->name, row->verb != NULL ? " " : "",
        row->verb != NULL ? row->verb : "");
    print_text(row->summary, out);
    fputs(".\n", out);
}

// A command that takes the options of others, to print them, is only named with its own.
static bool is_told(const struct command_row *row, const struct option_help *help)
{
    unsigned own = row->options & ~(unsigned)COMMAND_SERVE;
    return (own != 0 ? own : row->options) & help->commands;
}

// Names of the commands that are told `help`.
static void print_commands(const struct option_help *help, FILE *out)
{
    const char *before = " (";
    for (size_t i = 0; i < command_row_count; i++) {
        const struct command_row *row = &command_rows[i];
        if (!is_told(row, help))
            continue;
        fprintf(out, "%s%s%s%s", before, row->name, row->verb != NULL ? " " : "",
            row->verb != NULL ? row->verb : "");
        before = ", ";
    }
    fputs(")", out);
}

static void print_help_of(const struct option_row *row, const struct option_help *help, FILE *out)
{
    fputs(".TP\n\\fB", out);
    print_text(row->flag, out);
    if (help->value != NULL) {
        fputs("\\fR \\fI", out);
        print_text(help->value, out);
    }
    fputs("\\fR\n\\&", out);
    print_text(help->text, out);
    print_commands(help, out);
    fputs(".\n", out);
}

// --help is told of in DESCRIPTION.
static void print_option(const struct option_row *row, FILE *out)
{
    if (strcmp(row->flag, "--help") == 0)
        return;
    for (size_t i = 0; i < OPTION_HELPS; i++) {
        if (row->help[i].commands != 0)
            print_help_of(row, &row->help[i], out);
    }
    if (row->standard != NULL) {
        fputs("Default: ", out);
        print_text(row->standard, out);
        fputs(".\n", out);
    }
    if (row->variable != NULL)
        fprintf(out, "Variable: %s.\n", row->variable);
}

// The keys of one section, in one paragraph: "listen, drain*".
static void print_section(struct span section, FILE *out)
{
    const char *before = "";
    fprintf(out, ".TP\n\\fB[%.*s]\\fR\n\\&", (int)section.len, section.at);
    for (size_t i = 0; i < option_row_count; i++) {
        const struct option_row *row = &option_rows[i];
        if (!option_is_in(row, section))
            continue;
        fprintf(out, "%s%s%s", before, option_key_name(row), row->is_reloadable ? "*" : "");
        before = ", ";
    }
    fputc('\n', out);
}

void manual_print(FILE *out)
{
    fputs(HEAD, out);
    for (size_t i = 0; i < command_row_count; i++)
        print_command(&command_rows[i], out);
    fputs(".SH OPTIONS\n", out);
    for (size_t i = 0; i < option_row_count; i++)
        print_option(&option_rows[i], out);
    fputs(FILE_HEAD, out);
    for (size_t i = 0; i < option_row_count; i++) {
        if (option_begins_section(&option_rows[i]))
            print_section(option_section(&option_rows[i]), out);
    }
    fputs(TAIL, out);
}
