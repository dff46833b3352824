#include "tests/bench/rival_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ESCAPE_MAX = 6, NUMBER_MAX = 24, SECONDS_A_DAY = 86400, FIRST_ROOM = 4096 };

const char *const rival_names[RIVAL_COLUMNS] = {"id",     "title",       "theme", "territory",
                                                "start",  "end",         "asked", "status",
                                                "people", "holder_kind", "place", "summary"};

bool rival_is_number(enum rival_column column)
{
    return column == RIVAL_ASKED || column == RIVAL_PEOPLE;
}

char *rival_bytes_reserve(struct rival_bytes *bytes, size_t n)
{
    if (bytes->room - bytes->size < n) {
        size_t room = bytes->room == 0 ? FIRST_ROOM : bytes->room * 2;
        while (room - bytes->size < n)
            room *= 2;
        char *data = realloc(bytes->data, room);
        if (data == NULL)
            abort();
        bytes->data = data;
        bytes->room = room;
    }
    return bytes->data + bytes->size;
}

void rival_bytes_release(struct rival_bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct rival_bytes){0};
}

static void write_date(int64_t day, char out[RIVAL_DATE_SIZE])
{
    time_t seconds = (time_t)day * SECONDS_A_DAY;
    struct tm parts;
    (void)gmtime_r(&seconds, &parts);
    (void)strftime(out, RIVAL_DATE_SIZE, "%Y-%m-%d", &parts);
}

static struct rival_value text_value(const char *text)
{
    return (struct rival_value){.text = text, .size = strlen(text)};
}

struct rival_row rival_row_from(const struct workload_record *r, struct rival_dates *dates)
{
    write_date(r->start_day, dates->start);
    write_date(r->end_day, dates->end);
    return (struct rival_row){.values = {
                                  [RIVAL_ID] = text_value(r->uuid),
                                  [RIVAL_TITLE] = text_value(r->title),
                                  [RIVAL_THEME] = text_value(r->theme),
                                  [RIVAL_TERRITORY] = text_value(r->territory),
                                  [RIVAL_START] = text_value(dates->start),
                                  [RIVAL_END] = text_value(dates->end),
                                  [RIVAL_ASKED] = {.number = r->asked_cents},
                                  [RIVAL_STATUS] = text_value(r->status),
                                  [RIVAL_PEOPLE] = {.number = r->people},
                                  [RIVAL_HOLDER] = text_value(r->holder_kind),
                                  [RIVAL_PLACE] = text_value(r->place),
                                  [RIVAL_SUMMARY] = text_value(r->summary),
                              }};
}

/* --- writing --- */

static char *put(char *at, const char *text, size_t n)
{
    memcpy(at, text, n);
    return at + n;
}

static char *put_escaped(char *at, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\') {
            *at++ = '\\';
            *at++ = (char)c;
        } else if (c < ' ') {
            at += sprintf(at, "\\u%04x", c);
        } else {
            *at++ = (char)c;
        }
    }
    return at;
}

static char *put_number(char *at, int64_t number)
{
    char digits[NUMBER_MAX];
    size_t n = sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    do
        digits[--n] = (char)('0' + rest % 10);
    while ((rest /= 10) != 0);
    if (number < 0)
        digits[--n] = '-';
    return put(at, digits + n, sizeof digits - n);
}

void rival_row_write(const struct rival_row *row, struct rival_bytes *out)
{
    size_t most = 0;
    for (int i = 0; i < RIVAL_COLUMNS; i++)
        most += ESCAPE_MAX * row->values[i].size + strlen(rival_names[i]) + NUMBER_MAX + 6;
    char *start = rival_bytes_reserve(out, most);
    char *at = start;
    for (int i = 0; i < RIVAL_COLUMNS; i++) {
        const struct rival_value *value = &row->values[i];
        at = put(at, i == 0 ? "{\"" : ",\"", 2);
        at = put(at, rival_names[i], strlen(rival_names[i]));
        at = put(at, "\":", 2);
        if (value->text == NULL) {
            at = put_number(at, value->number);
            continue;
        }
        *at++ = '"';
        at = put_escaped(at, value->text, value->size);
        *at++ = '"';
    }
    at = put(at, "}\n", 2);
    out->size += (size_t)(at - start);
}

/* --- reading --- */

static int hex4(const char *at)
{
    int n = 0;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        n = n * 16 + digit;
    }
    return n;
}

static char *put_utf8(char *to, int code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    return to;
}

/* The escape behind a backslash; characters above U+FFFF travel as UTF-8 and never as pairs. */
static bool unescape(char **from, const char *end, char **to)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    char *at = *from + 1;
    if (at == end)
        return false;
    const char *letter = memchr(letters, *at, sizeof letters - 1);
    if (letter != NULL) {
        *(*to)++ = meanings[letter - letters];
        *from = at + 1;
        return true;
    }
    int code = *at == 'u' && end - at > 4 ? hex4(at + 1) : -1;
    if (code < 0 || (code >= 0xd800 && code < 0xe000))
        return false;
    *to = put_utf8(*to, code);
    *from = at + 5;
    return true;
}

static bool read_text(char **at, const char *end, struct rival_value *out)
{
    if (*at == end || **at != '"')
        return false;
    char *from = *at + 1;
    char *to = from;
    out->text = from;
    while (from < end && *from != '"' && *from != '\\')
        from++;
    to = from;
    while (from < end && *from != '"') {
        if (*from == '\\') {
            if (!unescape(&from, end, &to))
                return false;
        } else {
            *to++ = *from++;
        }
    }
    if (from == end)
        return false;
    out->size = (size_t)(to - out->text);
    *at = from + 1;
    return true;
}

static bool read_number(char **at, const char *end, struct rival_value *out)
{
    char *p = *at;
    bool negative = p < end && *p == '-';
    int64_t n = 0;
    char *digits = p += negative;
    while (p < end && *p >= '0' && *p <= '9' && p - digits < 18)
        n = n * 10 + (*p++ - '0');
    if (p == digits)
        return false;
    *out = (struct rival_value){.number = negative ? -n : n};
    *at = p;
    return true;
}

static int column_named(const struct rival_value *name, int expected)
{
    for (int i = 0; i < RIVAL_COLUMNS; i++) {
        int column = (expected + i) % RIVAL_COLUMNS;
        if (strlen(rival_names[column]) == name->size &&
            memcmp(rival_names[column], name->text, name->size) == 0)
            return column;
    }
    return -1;
}

static bool skip(char **at, const char *end, char c)
{
    if (*at == end || **at != c)
        return false;
    ++*at;
    return true;
}

bool rival_row_read(char **at, const char *end, struct rival_row *out)
{
    unsigned seen = 0;
    if (!skip(at, end, '{'))
        return false;
    for (int i = 0; i < RIVAL_COLUMNS; i++) {
        struct rival_value name = {0};
        if ((i > 0 && !skip(at, end, ',')) || !read_text(at, end, &name) || !skip(at, end, ':'))
            return false;
        int column = column_named(&name, i);
        if (column < 0)
            return false;
        struct rival_value *value = &out->values[column];
        bool ok = rival_is_number((enum rival_column)column) ? read_number(at, end, value)
                                                             : read_text(at, end, value);
        if (!ok)
            return false;
        seen |= 1U << column;
    }
    return seen == (1U << RIVAL_COLUMNS) - 1 && skip(at, end, '}') && skip(at, end, '\n');
}
