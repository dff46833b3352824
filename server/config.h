/* config: how this server is set, and where each setting comes from: an option of the command line,
 * else the environment, else a file, else the default of config.def. What is not a setting, or not
 * a possible value, is an error that names the nearest one.
 *
 * The file has one "key = value" a line; what follows # is a comment. */
#ifndef PIC_SERVER_CONFIG_H
#define PIC_SERVER_CONFIG_H

#include <stdint.h>

#include "protocol/base/bytes.h"
#include "server/backup/retention.h"

enum pic_setting_kind {
    PIC_SETTING_TEXT,
    PIC_SETTING_WORDS,     /* separated by spaces */
    PIC_SETTING_NUMBER,    /* decimal */
    PIC_SETTING_TIME,      /* HH:MM */
    PIC_SETTING_RETENTION, /* retention.h */
};

enum pic_setting {
#define SETTING(symbol, key, kind, initial, least, most, help) PIC_SET_##symbol,
#include "server/config.def"
#undef SETTING
    PIC_SETTINGS
};

/* In the order of who wins. */
enum pic_setting_origin { PIC_FROM_DEFAULT, PIC_FROM_FILE, PIC_FROM_ENVIRONMENT, PIC_FROM_OPTION };

enum { PIC_SETTING_MAX = 400 };

struct pic_config {
    struct {
        char text[PIC_SETTING_MAX + 1];
        enum pic_setting_origin origin;
    } values[PIC_SETTINGS];
};

/* All at their defaults. */
void pic_config_init(struct pic_config *config);
/* Sets one, unless a stronger origin has. PIC_ESETTING (arg: key, value, what it may be), or
 * PIC_ELIMIT. */
PIC_MUST_USE int pic_config_set(struct pic_config *config, enum pic_setting setting,
                                const char *text, enum pic_setting_origin origin,
                                struct pic_err *err);
/* Reads a file. PIC_ENOT_FOUND, PIC_ESETTING_UNKNOWN (arg: key, nearest, file and line),
 * PIC_ESETTING, PIC_EFILE. */
PIC_MUST_USE int pic_config_file(struct pic_config *config, const char *path, struct pic_err *err);
/* Reads PIC_SERVER_…; get is getenv, or a test's. */
PIC_MUST_USE int pic_config_environment(struct pic_config *config, const char *(*get)(const char *),
                                        struct pic_err *err);

const char *pic_config_text(const struct pic_config *config, enum pic_setting setting);
unsigned pic_config_number(const struct pic_config *config, enum pic_setting setting);
/* The index-th word, copied to out; false when there is none. */
bool pic_config_word(const struct pic_config *config, enum pic_setting setting, size_t index,
                     char out[static PIC_SETTING_MAX + 1]);
/* Minutes since midnight. */
unsigned pic_config_minutes(const struct pic_config *config, enum pic_setting setting);
struct pic_retention pic_config_retention(const struct pic_config *config,
                                          enum pic_setting setting);

const char *pic_setting_key(enum pic_setting setting);
const char *pic_setting_help(enum pic_setting setting);
/* In French, for people: "défaut", "fichier", "environnement", "option". */
const char *pic_setting_origin_word(enum pic_setting_origin origin);

#endif
