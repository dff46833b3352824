#include "tests/lib/summary_scene.h"

#include <stdio.h>
#include <stdlib.h>

#include "schema/dictionary/number.h"

enum { A = 10, SERVER = PIC_DEVICE_SERVER };

struct telling {
    struct history *h;
    uint64_t carrier, fund;
};

static uint64_t decide(struct telling *t, uint64_t project, const char *amount, const char *on)
{
    uint64_t committee = history_create(t->h, A, t->carrier, "committee", "fund",
                                        history_ref(t->h, t->fund), "held_on", on, NULL);
    return history_create(t->h, A, t->carrier, "decision", "project", history_ref(t->h, project),
                          "committee", history_ref(t->h, committee), "outcome", "accorde", "amount",
                          amount, NULL);
}

static void pay(struct telling *t, uint64_t project, const char *kind, const char *amount,
                const char *on)
{
    (void)history_create(t->h, A, t->carrier, "payment", "project", history_ref(t->h, project),
                         "kind", kind, "amount", amount, "paid_on", on, NULL);
}

static void spend(struct telling *t, uint64_t project, const char *amount, const char *on)
{
    (void)history_create(t->h, A, t->carrier, "expense", "project", history_ref(t->h, project),
                         "supplier", "Dupont", "invoice_on", on, "amount", amount, NULL);
}

static void tell_projects(struct telling *t, uint64_t club)
{
    struct history *h = t->h;
    const char *fund = history_ref(h, t->fund);
    uint64_t tea = history_create(
        h, A, t->carrier, "project", "fund", fund, "title", "Thé dansant des aînés", "holder_kind",
        "collectif", "holder_label", "Untel et ses voisines", "main_theme", "O24-4", "territories",
        "QN06245M", "start_on", "2026-07-14", "end_on", "2026-07-14", NULL);
    (void)decide(t, tea, "333,33", "2026-07-02");
    pay(t, tea, "avance", "266,66", "2026-07-05");
    spend(t, tea, "150,00", "2026-07-12");
    spend(t, tea, "200,00", "2026-10-01");
    uint64_t garden = history_create(
        h, A, t->carrier, "project", "fund", fund, "title", "=Jardin \"partagé\" & compost <bio>",
        "holder_kind", "association", "holder_org", history_ref(h, club), "main_theme", "O24-1",
        "territories", "62570 QN06245M", "start_on", "2026-05-01", "end_on", "2026-06-01", NULL);
    (void)decide(t, garden, "900,01", "2026-04-10");
    pay(t, garden, "avance", "720,00", "2026-04-20");
    pay(t, garden, "solde", "180,01", "2026-09-30");
    spend(t, garden, "1 000,00", "2026-08-01");
    uint64_t bare = history_create(h, A, t->carrier, "project", "fund", fund, "title",
                                   "Projet sans lieu", "holder_kind", "collectif", NULL);
    (void)decide(t, bare, "100", "2026-09-30");
    (void)history_create(h, A, t->carrier, "attendance", "project", history_ref(h, tea), "moment",
                         "realise", "held_on", "2026-07-14", "grid", "F/65+/oui=9 H/65+/non=3",
                         NULL);
}

void summary_scene_open(struct summary_scene *scene)
{
    struct history *h = history_new();
    *scene = (struct summary_scene){.h = h};
    history_state_open(&scene->s);
    scene->region = history_create(h, SERVER, 0, "organisation", "kind", "region", "name",
                                   "Région Hauts-de-France", NULL);
    scene->town =
        history_create(h, SERVER, 0, "organisation", "kind", "commune", "name",
                       "Ville de Méricourt", "commune", "62570", "siret", "21620570800011", NULL);
    uint64_t club = history_create(h, SERVER, 0, "organisation", "kind", "association", "name",
                                   "Les Jardins du Maroc", "rna", "W625001234", NULL);
    uint64_t carrier = history_create(h, SERVER, 0, "organisation", "kind", "association", "name",
                                      "ADCM Méricourt", NULL);
    (void)history_create(h, SERVER, carrier, "device", "device", "10", "organisation",
                         history_ref(h, carrier), "role", "tresorerie", "label", "bureau",
                         "signing_key", "s", "transport_key", "t", "certified_on", "2026-01-01",
                         NULL);
    uint64_t fund = history_create(h, SERVER, carrier, "fund", "name", "PIC Méricourt 2026",
                                   "scheme", "pic", "year", "2026", "carrier",
                                   history_ref(h, carrier), "agreement_on", "2026-02-01", NULL);
    (void)history_create(h, SERVER, carrier, "share", "fund", history_ref(h, fund), "funder",
                         history_ref(h, scene->region), "rate", "70", "amount", "7000", NULL);
    (void)history_create(h, SERVER, carrier, "share", "fund", history_ref(h, fund), "funder",
                         history_ref(h, scene->town), "rate", "30", "amount", "3000",
                         "decision_ref", "DEL-2026-12", NULL);
    struct telling t = {h, carrier, fund};
    tell_projects(&t, club);
    history_fold(h, NULL, scene->s.state);
    if (pic_state_flush(scene->s.state) != PIC_OK ||
        history_number(&scene->s, "SELECT count(*) FROM quarantine") != 0)
        abort();
}

void summary_scene_close(struct summary_scene *scene)
{
    history_state_close(&scene->s);
    history_free(scene->h);
}

void summary_scene_ask(const struct summary_scene *scene, struct pic_summary_ask *ask)
{
    *ask = (struct pic_summary_ask){.addressee = scene->town,
                                    .made_on = pic_date_day(2026, 10, 5),
                                    .release = 3,
                                    .position = 48211};
    if (pic_period_parse("2026T3", &ask->period, NULL) != PIC_OK)
        abort();
}

void summary_scene_path(struct pic_span name, char *out, size_t size)
{
    int n = snprintf(out, size, "tests/vectors/summary/%.*s", (int)name.n, (const char *)name.p);
    for (int i = (int)sizeof "tests/vectors/summary/" - 1; i < n; i++)
        if (out[i] == '/')
            out[i] = '_';
}
