#include "server/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/dictionary/nearest.h"
#include "server/file.h"

enum {
    FILE_MAX = 64 << 10,
    NAME_MAX_SIZE = 64,
    MINUTES = 60,
    HOURS = 24,
    TIME_LENGTH = 5,
};

static const struct {
    const char *key, *initial, *help;
    enum pic_setting_kind kind;
    unsigned least, most;
} settings[PIC_SETTINGS] = {
#define SETTING(symbol, key_, kind_, initial_, least_, most_, help_)                               \
    [PIC_SET_##symbol] = {.key = (key_),                                                           \
                          .initial = (initial_),                                                   \
                          .help = (help_),                                                         \
                          .kind = (kind_),                                                         \
                          .least = (least_),                                                       \
                          .most = (most_)},
#include "server/config.def"
#undef SETTING
};

/* --- values --- */

static bool is_number(enum pic_setting setting, const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    return isdigit((unsigned char)*text) && *end == '\0' && value >= settings[setting].least &&
           value <= settings[setting].most;
}

static int minutes_of(const char *text)
{
    if (strlen(text) != TIME_LENGTH || text[2] != ':')
        return -1;
    for (size_t i = 0; i < TIME_LENGTH; i++)
        if (i != 2 && !isdigit((unsigned char)text[i]))
            return -1;
    long hours = strtol(text, NULL, 10);
    long minutes = strtol(text + 3, NULL, 10);
    return hours < HOURS && minutes < MINUTES ? (int)(hours * MINUTES + minutes) : -1;
}

/* NULL when the value is possible, else what it may be. */
static const char *objection(enum pic_setting setting, const char *text, char room[static 64])
{
    struct pic_retention retention;
    switch (settings[setting].kind) {
    case PIC_SETTING_NUMBER:
        (void)snprintf(room, 64, "un nombre de %u à %u", settings[setting].least,
                       settings[setting].most);
        return is_number(setting, text) ? NULL : room;
    case PIC_SETTING_TIME:
        return minutes_of(text) >= 0 ? NULL : "une heure comme 02:30";
    case PIC_SETTING_RETENTION:
        return pic_retention_read(text, &retention) == PIC_OK ? NULL : "par exemple 7j 4s 12m";
    case PIC_SETTING_WORDS:
        return *text != '\0' ? NULL : "au moins une adresse";
    case PIC_SETTING_TEXT:
        break;
    }
    return NULL;
}

void pic_config_init(struct pic_config *config)
{
    memset(config, 0, sizeof *config);
    for (size_t i = 0; i < PIC_SETTINGS; i++)
        (void)snprintf(config->values[i].text, sizeof config->values[i].text, "%s",
                       settings[i].initial);
}

int pic_config_set(struct pic_config *config, enum pic_setting setting, const char *text,
                   enum pic_setting_origin origin, struct pic_err *err)
{
    char room[64];
    if (strlen(text) > PIC_SETTING_MAX)
        return pic_fail(err, PIC_ESETTING, settings[setting].key, text, "plus court", NULL);
    const char *wanted = objection(setting, text, room);
    if (wanted != NULL)
        return pic_fail(err, PIC_ESETTING, settings[setting].key, text, wanted, NULL);
    if (origin < config->values[setting].origin)
        return PIC_OK;
    (void)snprintf(config->values[setting].text, PIC_SETTING_MAX + 1, "%s", text);
    config->values[setting].origin = origin;
    return PIC_OK;
}

/* --- the file --- */

static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    for (size_t n = strlen(text); n > 0 && isspace((unsigned char)text[n - 1]); n--)
        text[n - 1] = '\0';
    return text;
}

static int unknown(const char *key, const char *path, unsigned line, struct pic_err *err)
{
    struct pic_nearest nearest;
    char where[PIC_ERR_ARG_MAX];
    pic_nearest_init(&nearest, key);
    for (size_t i = 0; i < PIC_SETTINGS; i++)
        pic_nearest_try(&nearest, settings[i].key);
    (void)snprintf(where, sizeof where, "%s, ligne %u", path, line);
    return pic_fail(err, PIC_ESETTING_UNKNOWN, key, nearest.best == NULL ? "" : nearest.best, where,
                    NULL);
}

static int read_line(struct pic_config *config, char *line, const char *path, unsigned number,
                     struct pic_err *err)
{
    char *comment = strchr(line, '#');
    if (comment != NULL)
        *comment = '\0';
    line = trim(line);
    if (*line == '\0')
        return PIC_OK;
    char *equals = strchr(line, '=');
    if (equals == NULL)
        return unknown(line, path, number, err);
    *equals = '\0';
    const char *key = trim(line);
    for (size_t i = 0; i < PIC_SETTINGS; i++)
        if (strcmp(settings[i].key, key) == 0)
            return pic_config_set(config, (enum pic_setting)i, trim(equals + 1), PIC_FROM_FILE,
                                  err);
    return unknown(key, path, number, err);
}

int pic_config_file(struct pic_config *config, const char *path, struct pic_err *err)
{
    struct pic_buf file;
    unsigned number = 1;
    pic_buf_init(&file, FILE_MAX);
    int status = pic_file_get(path, &file, err);
    if (status == PIC_OK)
        pic_buf_u8(&file, '\0');
    if (status == PIC_OK && pic_buf_status(&file) != PIC_OK)
        status = pic_fail(err, PIC_ELIMIT, path, NULL);
    char *line = (char *)file.data;
    while (status == PIC_OK && line != NULL) {
        char *end = strchr(line, '\n');
        if (end != NULL)
            *end++ = '\0';
        status = read_line(config, line, path, number++, err);
        line = end;
    }
    pic_buf_release(&file);
    return status;
}

/* --- the environment --- */

int pic_config_environment(struct pic_config *config, const char *(*get)(const char *),
                           struct pic_err *err)
{
    char name[NAME_MAX_SIZE];
    int status = PIC_OK;
    for (size_t i = 0; status == PIC_OK && i < PIC_SETTINGS; i++) {
        (void)snprintf(name, sizeof name, "PIC_SERVER_%s", settings[i].key);
        for (char *c = name; *c != '\0'; c++)
            *c = (char)toupper((unsigned char)*c);
        const char *text = get(name);
        if (text != NULL && *text != '\0')
            status = pic_config_set(config, (enum pic_setting)i, text, PIC_FROM_ENVIRONMENT, err);
    }
    return status;
}

/* --- reading --- */

const char *pic_config_text(const struct pic_config *config, enum pic_setting setting)
{
    return config->values[setting].text;
}

unsigned pic_config_number(const struct pic_config *config, enum pic_setting setting)
{
    return (unsigned)strtoul(config->values[setting].text, NULL, 10);
}

bool pic_config_word(const struct pic_config *config, enum pic_setting setting, size_t index,
                     char out[static PIC_SETTING_MAX + 1])
{
    const char *at = config->values[setting].text;
    for (;;) {
        at += strspn(at, " \t,");
        size_t n = strcspn(at, " \t,");
        if (n == 0)
            return false;
        if (index-- == 0) {
            memcpy(out, at, n);
            out[n] = '\0';
            return true;
        }
        at += n;
    }
}

unsigned pic_config_minutes(const struct pic_config *config, enum pic_setting setting)
{
    int minutes = minutes_of(config->values[setting].text);
    return minutes < 0 ? 0 : (unsigned)minutes;
}

struct pic_retention pic_config_retention(const struct pic_config *config, enum pic_setting setting)
{
    struct pic_retention out = {.days = 1};
    int status = pic_retention_read(config->values[setting].text, &out);
    (void)status; /* checked when it was set */
    return out;
}

const char *pic_setting_key(enum pic_setting setting)
{
    return settings[setting].key;
}

const char *pic_setting_help(enum pic_setting setting)
{
    return settings[setting].help;
}

const char *pic_setting_origin_word(enum pic_setting_origin origin)
{
    static const char *const words[] = {[PIC_FROM_DEFAULT] = "défaut",
                                        [PIC_FROM_FILE] = "fichier",
                                        [PIC_FROM_ENVIRONMENT] = "environnement",
                                        [PIC_FROM_OPTION] = "option"};
    return words[origin];
}
