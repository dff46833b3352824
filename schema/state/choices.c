#include "schema/state/choices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/dictionary/identifiers.h"
#include "schema/dictionary/nearest.h"
#include "schema/dictionary/nomenclatures.h"
#include "schema/dictionary/territories.h"

enum { CODE_SIZE = PIC_NEAREST_WORD_MAX + 1 };

/* One code being looked for, and the nearest of those that were seen. */
struct search {
    struct pic_span code;
    bool found, any; /* any: the list has codes at all */
    struct pic_nearest nearest;
    char meant[CODE_SIZE];
};

static void copy(struct pic_span s, char out[static CODE_SIZE])
{
    (void)snprintf(out, CODE_SIZE, "%.*s", (int)s.n, (const char *)s.p);
}

static void search_begin(struct search *search, struct pic_span code)
{
    char typed[CODE_SIZE];
    *search = (struct search){.code = code};
    copy(code, typed);
    pic_nearest_init(&search->nearest, typed);
}

static void see(struct search *search, struct pic_span code)
{
    char candidate[CODE_SIZE];
    search->any = true;
    search->found = search->found || pic_span_equal(code, search->code);
    copy(code, candidate);
    pic_nearest_keep(&search->nearest, candidate, search->meant, sizeof search->meant);
}

/* --- lists --- */

static int see_list(struct pic_db *db, const char *list, struct search *search)
{
    struct pic_span left = pic_nomenclatures();
    struct pic_shipped_code shipped;
    bool row = true;
    while (pic_nomenclatures_next(&left, &shipped))
        if (pic_span_equal(shipped.nomenclature, pic_span_text(list)))
            see(search, shipped.code);
    sqlite3_stmt *stmt = pic_db_prepare(
        db, "SELECT code FROM code WHERE nomenclature = ?1 AND cancelled IS NULL", NULL);
    if (stmt == NULL)
        return PIC_EIO;
    pic_db_bind_text(stmt, 1, pic_span_text(list));
    int status = pic_db_step(stmt, &row);
    while (status == PIC_OK && row) {
        see(search, pic_db_column_span(stmt, 0));
        status = pic_db_step(stmt, &row);
    }
    (void)sqlite3_finalize(stmt);
    return status;
}

/* --- places --- */

/* Of metropolitan France (20 is Corsica of old) or overseas. Source: Insee, code officiel
 * géographique. */
static bool is_commune(struct pic_span code)
{
    char text[CODE_SIZE];
    copy(code, text);
    long number = strtol(text + 2, NULL, 10);
    if (text[1] == 'A' || text[1] == 'B')
        return number > 0;
    text[2] = '\0';
    long departement = strtol(text, NULL, 10);
    bool overseas = departement == 97 || departement == 98;
    bool mainland = departement >= 1 && departement <= 95 && departement != 20;
    return overseas ? number > 100 : mainland && number > 0;
}

/* Whether a district of 2024 lies in a département of which all are shipped. */
static bool is_ours(struct pic_span code)
{
    static const char *const ours[] = {"QN002", "QN059", "QN060", "QN062", "QN080"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (memcmp(code.p, ours[i], strlen(ours[i])) == 0)
            return true;
    return false;
}

/* Of districts elsewhere, and of those of 2015, the form is all that is known. */
static int see_district(struct search *search)
{
    struct pic_territories *all = malloc(sizeof *all);
    if (all == NULL)
        return PIC_EMEMORY;
    pic_territories_load(all);
    for (size_t i = 0; i < all->n; i++)
        see(search, all->all[i].code);
    free(all);
    search->found = search->found || !is_ours(search->code);
    return PIC_OK;
}

/* The commune that a code is, or begins with when it is a quartier de veille. */
static struct pic_span commune_of(struct pic_span code)
{
    enum { COMMUNE = 5 };
    return pic_span_of(code.p, COMMUNE);
}

static int see_place(struct search *search, int *refusal)
{
    enum pic_zone zone = pic_zone_of(search->code);
    *refusal = PIC_EQPV;
    if (zone == PIC_ZONE_QPV_2024)
        return see_district(search);
    search->any = true;
    search->found = zone == PIC_ZONE_QPV_2015;
    if (search->found)
        return PIC_OK;
    *refusal = PIC_EINSEE;
    search->found = is_commune(commune_of(search->code));
    return PIC_OK;
}

/* --- both --- */

static int check_one(struct pic_db *db, const struct pic_field *field, struct pic_span code,
                     struct pic_err *err)
{
    struct search search;
    int refusal = PIC_ECODE;
    int status = PIC_OK;
    search_begin(&search, code);
    switch (pic_identifier_kind(field->about)) {
    case PIC_IDENTIFIER_NONE:
        status = see_list(db, field->about, &search);
        break;
    case PIC_IDENTIFIER_INSEE:
    case PIC_IDENTIFIER_TERRITORY:
        status = see_place(&search, &refusal);
        break;
    case PIC_IDENTIFIER_SIREN:
    case PIC_IDENTIFIER_SIRET:
    case PIC_IDENTIFIER_RNA:
    case PIC_IDENTIFIER_IBAN:
    case PIC_IDENTIFIER_COUNT:
        return PIC_OK; /* they carry their own proof */
    }
    if (status != PIC_OK)
        return pic_fail(err, status, NULL);
    if (search.found || !search.any)
        return PIC_OK;
    char typed[CODE_SIZE];
    copy(code, typed);
    return pic_fail(err, refusal, typed, field->label, search.meant, NULL);
}

int pic_choices_check(struct pic_db *db, const struct pic_field *field,
                      const struct pic_value *value, struct pic_err *err)
{
    bool codes = field->type == PIC_TYPE_CODE || field->type == PIC_TYPE_SET;
    int status = PIC_OK;
    if (!codes || value->kind == PIC_KIND_NULL)
        return PIC_OK;
    for (size_t at = 0; status == PIC_OK && at < value->s.n; at++) {
        size_t start = at;
        while (at < value->s.n && value->s.p[at] != ' ')
            at++;
        status = check_one(db, field, pic_span_of(value->s.p + start, at - start), err);
    }
    return status;
}
