// SPDX-License-Identifier: Apache-2.0
// One line at a time; nothing is kept of it but its section. Texts are parts of the file, nothing is copied.
// What keys mean is left to the caller. Pure; any thread.
#include "text/ini.h"

#include "text/bom.h"

void ini_init(struct ini *ini, struct span text)
{
    size_t skipped = bom_length(text);
    *ini = (struct ini){.rest = text};
    if (skipped > 0)
        ini->rest = span_from(text, skipped);
}

// Takes a comment off the end of a trimmed line.
static struct span without_comment(struct span line)
{
    size_t len = 0;
    if (line.len > 0 && line.at[0] != ';' && line.at[0] != '#') {
        len = 1;
        while (
            len < line.len && !(line.at[len] == ';' && (line.at[len - 1] == ' ' || line.at[len - 1] == '\t')))
            len++;
    }
    return span_trim((struct span){.at = line.at, .len = len});
}

// The length of what stands before the first = or :, or of all.
static size_t key_length(struct span content)
{
    size_t len = 0;
    while (len < content.len && content.at[len] != '=' && content.at[len] != ':')
        len++;
    return len;
}

// What is wrong with the form of a line, NULL for nothing. `content` is the line without comment.
static const char *find_problem(struct span line, struct span content)
{
    bool is_section = content.len > 0 && content.at[0] == '[';
    if (is_section && memchr(content.at, ']', content.len) == NULL)
        return "the section has no ]";
    if (content.len > 0 && !is_section && key_length(content) == content.len)
        return "no = on this line; write key = value";
    _Static_assert(INI_LINE_BYTES == 198, "as the message says");
    return line.len > INI_LINE_BYTES ? "the line is longer than 198 bytes" : NULL;
}

// Reads a line; false when it has neither a key nor a problem.
static bool read_line(struct ini *ini, struct span whole, struct ini_entry *ret_entry)
{
    struct span line = span_trim(whole), content = without_comment(line);
    struct ini_entry entry = {
        .section = ini->section, .problem = find_problem(line, content), .line = ini->line};
    if (entry.problem == NULL) {
        if (content.len == 0)
            return false;
        if (content.at[0] == '[') {
            span_drop(&content, 1);
            ini->section = span_split(&content, ']');
            return false;
        }
        size_t len = key_length(content);
        entry.key = span_trim((struct span){.at = content.at, .len = len});
        entry.value = span_trim((struct span){.at = content.at + len + 1, .len = content.len - len - 1});
    }
    *ret_entry = entry;
    return true;
}

bool ini_next(struct ini *ini, struct ini_entry *ret_entry)
{
    while (ini->rest.len > 0) {
        struct span line = span_line(&ini->rest);
        ini->line++;
        if (read_line(ini, line, ret_entry))
            return true;
    }
    return false;
}
