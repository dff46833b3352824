#include "server/create.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "schema/dictionary/nomenclatures.h"
#include "server/authority_file.h"
#include "server/record.h"

enum { CELL_MAX = 1024, CODE_FIELDS = 5 };

/* --- the control authority --- */

static int find_authority(const struct pic_create *plan, uint8_t out[static PIC_KEY_SIZE],
                          struct pic_err *err)
{
    struct pic_dh_pair pair;
    if (plan->authority_file != NULL)
        return pic_authority_read_public(plan->authority_file, out, err);
    pic_dh_new(&pair, pic_random_system());
    memcpy(out, pair.public, PIC_KEY_SIZE);
    int status = pic_authority_write(plan->authority_out, &pair, err);
    pic_wipe(&pair, sizeof pair);
    return status;
}

/* --- what ships with the program --- */

/* One cell as a text of its own; empty ones are not given. */
static void add_input(const struct pic_entity *entity, const char *column, struct pic_span cell,
                      char text[static CELL_MAX], struct pic_input *inputs, size_t *n)
{
    if (cell.n == 0 || cell.n >= CELL_MAX)
        return;
    memcpy(text, cell.p, cell.n);
    text[cell.n] = '\0';
    inputs[(*n)++] =
        (struct pic_input){.field = pic_entity_by_column(entity, column), .typed = text};
}

static int publish_codes(struct pic_server *server, struct pic_err *err)
{
    const struct pic_entity *entity = pic_dictionary_entity(PIC_CODE);
    struct pic_span left = pic_nomenclatures();
    struct pic_shipped_code code;
    struct pic_record *record;
    int status = pic_record_begin(server, &record, err);
    if (status != PIC_OK)
        return status;
    while (status == PIC_OK && pic_nomenclatures_next(&left, &code)) {
        char texts[CODE_FIELDS][CELL_MAX];
        struct pic_input inputs[CODE_FIELDS];
        size_t n = 0;
        add_input(entity, "nomenclature", code.nomenclature, texts[0], inputs, &n);
        add_input(entity, "code", code.code, texts[1], inputs, &n);
        add_input(entity, "label", code.label, texts[2], inputs, &n);
        add_input(entity, "valid_from", code.valid_from, texts[3], inputs, &n);
        add_input(entity, "valid_to", code.valid_to, texts[4], inputs, &n);
        status = pic_record_add(record, entity, 0, inputs, n, NULL, err);
    }
    if (status == PIC_OK)
        return pic_record_commit(record, err);
    pic_record_abort(record);
    return status;
}

/* --- the folder --- */

/* Makes the folder and those above it. */
static int make_folders(const char *folder, struct pic_err *err)
{
    char path[PIC_PATH_MAX];
    char why[128];
    if (strlen(folder) > PIC_FOLDER_MAX)
        return pic_fail(err, PIC_ELIMIT, folder, NULL);
    memcpy(path, folder, strlen(folder) + 1);
    for (char *at = path + 1;; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        char here = *at;
        *at = '\0';
        if (mkdir(path, S_IRWXU | S_IRGRP | S_IXGRP) != 0 && errno != EEXIST)
            return pic_fail(err, PIC_EFILE, path, strerror_r(errno, why, sizeof why), NULL);
        if (here == '\0')
            return PIC_OK;
        *at = here;
    }
}

/* PIC_OK when there is no store, not even the beginning of one. */
static int refuse_existing(const char *folder, struct pic_err *err)
{
    static const char *const names[] = {"identity.key", "transport.keys", "journal.db"};
    struct pic_server there;
    bool any = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[PIC_PATH_MAX];
        struct stat about;
        int status = pic_server_path(folder, names[i], path);
        if (status != PIC_OK)
            return pic_fail(err, status, folder, NULL);
        any = any || lstat(path, &about) == 0;
    }
    if (!any)
        return PIC_OK;
    int status = pic_server_open(folder, PIC_SERVER_NO_STATE | PIC_SERVER_READ_ONLY, &there, err);
    if (status == PIC_ENO_SERVER) /* a journal without its keys */
        return pic_fail(err, PIC_ESTORE_DAMAGED, folder, NULL);
    if (status != PIC_OK)
        return status;
    pic_server_close(&there);
    return pic_fail(err, PIC_EEXISTS, folder, NULL);
}

static int fill(const char *folder, const struct pic_create *plan, struct pic_err *err)
{
    struct pic_server server;
    const char *address = plan->address == NULL ? "" : plan->address;
    int status = pic_server_open(folder, 0, &server, err);
    if (status != PIC_OK)
        return status;
    status = publish_codes(&server, err);
    if (status == PIC_OK)
        status = pic_db_begin(&server.journal_db, err);
    if (status == PIC_OK)
        status = pic_registry_addresses_put(server.registry, pic_span_text(address));
    if (status == PIC_OK)
        status = pic_registry_name_put(server.registry, pic_span_text(plan->name));
    if (status == PIC_OK)
        status = pic_db_commit(&server.journal_db, err);
    pic_server_close(&server);
    return status;
}

int pic_server_create(const char *folder, const struct pic_create *plan, struct pic_err *err)
{
    uint8_t authority[PIC_KEY_SIZE];
    if (strlen(plan->name) > PIC_NAME_MAX ||
        (plan->address != NULL && strlen(plan->address) > PIC_ADDRESS_MAX))
        return pic_fail(err, PIC_ETOO_LONG, NULL);
    int status = refuse_existing(folder, err);
    if (status == PIC_OK)
        status = make_folders(folder, err);
    if (status == PIC_OK)
        status = find_authority(plan, authority, err);
    if (status == PIC_OK)
        status = pic_keyring_create(folder, authority, plan->now_ms, err);
    return status == PIC_OK ? fill(folder, plan, err) : status;
}
