#include "tests/bench/workload.h"

#include <stdio.h>
#include <string.h>

/* 47 words, as in the published comparison that the targets come from. */
static const char *const words[] = {
    "atelier", "jardin",    "partagé",   "quartier",  "fête",      "habitants", "enfants",
    "parents", "sortie",    "musée",     "cuisine",   "couture",   "vélo",      "réparation",
    "théâtre", "lecture",   "numérique", "solidaire", "aînés",     "jeunes",    "musique",
    "danse",   "sport",     "santé",     "nature",    "tri",       "compost",   "mémoire",
    "photo",   "fresque",   "repas",     "marché",    "rencontre", "échange",   "savoirs",
    "citoyen", "bénévoles", "école",     "collège",   "place",     "rue",       "parc",
    "avec",    "pour",      "dans",      "autour",    "ensemble"};
enum { WORDS = sizeof words / sizeof *words, TITLE_CHARS = 33, SUMMARY_CHARS = 77 };

static const char *pick(struct generator *g, const char *const *from, uint32_t n)
{
    return from[generator_below(g, n)];
}

static void prose(struct generator *g, char *out, size_t chars)
{
    size_t n = 0;
    while (n < chars)
        n += (size_t)sprintf(out + n, "%s%s", n == 0 ? "" : " ", pick(g, words, WORDS));
}

static void uuid4(struct generator *g, char out[37])
{
    uint64_t a = generator_next(g);
    uint64_t b = generator_next(g);
    (void)snprintf(out, 37, "%08x-%04x-4%03x-a%03x-%012llx", (unsigned)(a >> 32),
                   (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff), (unsigned)(b >> 48 & 0xfff),
                   (unsigned long long)(b & 0xffffffffffffULL));
}

static void copy(char *dst, const char *src)
{
    memcpy(dst, src, strlen(src) + 1);
}

static const char *const statuses[] = {"depose", "complet", "accorde", "en-cours", "realise"};

void workload_record_make(struct generator *g, struct workload_record *r)
{
    static const char *const themes[] = {"O24-1", "O24-2", "O24-3", "O24-4"};
    static const char *const territories[] = {"QN06225M", "QN06224M", "QN05908M", "QN06245M",
                                              "QN05934M", "QN05920M", "QN05921M", "QN06258M"};
    static const char *const kinds[] = {"association", "collectif"};
    static const char *const places[] = {"maison de quartier", "centre social",   "salle des fêtes",
                                         "école Jules-Ferry",  "place du marché", "parc"};
    uuid4(g, r->uuid);
    prose(g, r->title, TITLE_CHARS - 4);
    copy(r->theme, pick(g, themes, 4));
    copy(r->territory, pick(g, territories, 8));
    r->start_day = 20454 + generator_below(g, 365);
    r->end_day = r->start_day + generator_below(g, 60);
    r->asked_cents = 5000 + (int64_t)generator_below(g, 2000) * 50;
    copy(r->status, pick(g, statuses, 5));
    r->people = 5 + generator_below(g, 120);
    copy(r->holder_kind, pick(g, kinds, 2));
    copy(r->place, pick(g, places, 6));
    prose(g, r->summary, SUMMARY_CHARS - 4);
}

enum workload_field workload_edit(struct generator *g, struct workload_record *r)
{
    enum workload_field field = (enum workload_field)generator_below(g, WORKLOAD_FIELDS);
    if (field == WORKLOAD_STATUS)
        copy(r->status, pick(g, statuses, 5));
    else if (field == WORKLOAD_ASKED)
        r->asked_cents = 5000 + (int64_t)generator_below(g, 2000) * 50;
    else
        prose(g, r->summary, SUMMARY_CHARS - 4);
    return field;
}
