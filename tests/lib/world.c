#include "tests/lib/world.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/generator.h"

enum { KEPT = 512, SERVER = PIC_DEVICE_SERVER };

/* Rows made so far that others can be about. */
struct rows_made {
    uint64_t id[KEPT];
    uint64_t org[KEPT];
    size_t n;
};

struct story {
    struct world *w;
    struct generator g;
    struct rows_made projects, facts, expenses, payments, shares;
    char text[16][64];
    size_t text_n;
};

static const uint32_t devices[2][2] = {{10, 11}, {20, 21}};

static uint32_t below(struct story *s, uint32_t n)
{
    return generator_below(&s->g, n);
}

static const char *cents(struct story *s, uint32_t most)
{
    char *out = s->text[s->text_n++ % 16];
    uint32_t c = below(s, most);
    (void)snprintf(out, sizeof s->text[0], "%u,%02u", c / 100, c % 100);
    return out;
}

static const char *day(struct story *s)
{
    char *out = s->text[s->text_n++ % 16];
    (void)snprintf(out, sizeof s->text[0], "2026-%02u-%02u", 1 + below(s, 12), 1 + below(s, 28));
    return out;
}

static const char *ref(struct story *s, uint64_t id)
{
    return history_ref(s->w->h, id);
}

static void keep(struct rows_made *rows, uint64_t id, uint64_t org)
{
    size_t at = rows->n < KEPT ? rows->n++ : id % KEPT;
    rows->id[at] = id;
    rows->org[at] = org;
}

static void frame(struct story *s)
{
    static const char *const kinds[WORLD_FUNDERS] = {"region", "commune", "epci", "etat"};
    static const char *const names[WORLD_FUNDERS] = {"Région Hauts-de-France", "Ville de Roubaix",
                                                     "Métropole européenne de Lille", "État"};
    struct world *w = s->w;
    struct history *h = w->h;
    for (size_t i = 0; i < WORLD_FUNDERS; i++)
        w->funders[i] =
            history_create(h, SERVER, 0, "organisation", "kind", kinds[i], "name", names[i], NULL);
    for (size_t i = 0; i < 2; i++) {
        w->organisations[i] = history_create(h, SERVER, 0, "organisation", "kind", "association",
                                             "name", i == 0 ? "ADCM" : "Interval", NULL);
        for (size_t k = 0; k < 2; k++) {
            char number[16];
            (void)snprintf(number, sizeof number, "%u", devices[i][k]);
            (void)history_create(h, SERVER, w->organisations[i], "device", "device", number,
                                 "organisation", ref(s, w->organisations[i]), "role", "tresorerie",
                                 "label", number, "signing_key", number, "transport_key", number,
                                 "certified_on", "2026-01-01", NULL);
        }
    }
    w->programme = history_create(h, SERVER, 0, "programme", "name", "ITI de Roubaix", "eu_fund",
                                  "FEDER", NULL);
    for (size_t i = 0; i < WORLD_FUNDS; i++) {
        uint64_t org = w->organisations[i % 2];
        w->funds[i] =
            history_create(h, SERVER, org, "fund", "name", i < 2 ? "PIC" : "SREI", "scheme",
                           i < 2 ? "pic" : "srei", "year", i % 3 == 0 ? "2025" : "2026", "carrier",
                           ref(s, org), "programme", i == 1 ? "" : ref(s, w->programme), NULL);
    }
}

static void add_share(struct story *s)
{
    size_t fund = below(s, WORLD_FUNDS);
    uint64_t org = s->w->organisations[fund % 2];
    char rate[8];
    (void)snprintf(rate, sizeof rate, "%u", below(s, 101));
    uint64_t id = history_create(s->w->h, SERVER, org, "share", "fund", ref(s, s->w->funds[fund]),
                                 "funder", ref(s, s->w->funders[below(s, WORLD_FUNDERS)]), "rate",
                                 rate, "amount", cents(s, 5000000), NULL);
    keep(&s->shares, id, org);
    if (below(s, 2) == 0)
        (void)history_create(s->w->h, SERVER, org, "transfer", "share", ref(s, id), "amount",
                             cents(s, 2000000), "received_on", day(s), NULL);
}

static void add_project(struct story *s)
{
    static const char *const themes[] = {"", "O24-1", "O24-2", "T17-03"};
    static const char *const places[] = {
        "",         "QN05913M",  "QN06245M QN06225M",      "59512", "QN05913M 62570",
        "QP059001", "59324VE01", "QN05905M QN05906M 59512"};
    size_t a = below(s, 2);
    size_t fund = a + (size_t)2 * below(s, 2);
    uint64_t org = s->w->organisations[a];
    uint64_t id = history_create(s->w->h, devices[a][below(s, 2)], org, "project", "fund",
                                 ref(s, s->w->funds[fund]), "title", "Repas de rue", "main_theme",
                                 themes[below(s, 4)], "territories", places[below(s, 8)], "asked",
                                 cents(s, 200000), "holder_kind", "collectif", NULL);
    keep(&s->projects, id, org);
}

static uint32_t writer(struct story *s, uint64_t org)
{
    return devices[org == s->w->organisations[0] ? 0 : 1][below(s, 2)];
}

static void add_fact(struct story *s)
{
    static const char *const outcomes[] = {"accorde", "accorde-en-partie", "refuse"};
    static const char *const kinds[] = {"avance", "solde", "reversement"};
    if (s->projects.n == 0)
        return;
    size_t at = below(s, (uint32_t)s->projects.n);
    uint64_t org = s->projects.org[at];
    uint32_t device = writer(s, org);
    const char *project = ref(s, s->projects.id[at]);
    uint64_t id;
    switch (below(s, 3)) {
    case 0:
        id = history_create(s->w->h, device, org, "decision", "project", project, "outcome",
                            outcomes[below(s, 3)], "amount", cents(s, 150000), NULL);
        break;
    case 1:
        id = history_create(s->w->h, device, org, "payment", "project", project, "kind",
                            kinds[below(s, 3)], "amount", cents(s, 90000), "paid_on", day(s), NULL);
        keep(&s->payments, id, org);
        break;
    default:
        id = history_create(s->w->h, device, org, "expense", "project", project, "supplier",
                            "Jardinerie Dupont", "invoice_on", day(s), "amount", cents(s, 60000),
                            "eligible_amount", below(s, 2) == 0 ? "" : cents(s, 60000), NULL);
        keep(&s->expenses, id, org);
        break;
    }
    keep(&s->facts, id, org);
}

static void add_reversal(struct story *s)
{
    if (s->facts.n == 0)
        return;
    size_t at = below(s, (uint32_t)s->facts.n);
    uint64_t org = s->facts.org[at];
    uint32_t device = below(s, 4) == 0 ? SERVER : writer(s, org);
    (void)history_create(s->w->h, device, org, "reversal", "about", ref(s, s->facts.id[at]),
                         "reason", "mal recopié", NULL);
}

/* An edit whose author saw nothing, the creation, or some earlier edits. */
static void edit_project(struct story *s)
{
    static const char *const columns[] = {"asked", "title", "territories", "main_theme",
                                          "cancelled"};
    static const char *const other[] = {"QN05913M", "QN06245M", "59512 QN05905M", ""};
    if (s->projects.n == 0)
        return;
    const struct history *h = s->w->h;
    size_t at = below(s, (uint32_t)s->projects.n);
    uint64_t id = s->projects.id[at];
    uint64_t bases[4] = {id};
    size_t n = below(s, 2);
    for (size_t i = 0; i < h->n && n < 4; i++)
        if (h->items[i].id == id && h->items[i].dot != id && below(s, 2) == 0)
            bases[n++] = h->items[i].dot;
    uint32_t which = below(s, 9);
    const char *column = columns[which < 4 ? which : which == 8 ? 4 : 0];
    const char *typed = cents(s, 200000);
    if (strcmp(column, "territories") == 0)
        typed = other[below(s, 4)];
    else if (strcmp(column, "main_theme") == 0)
        typed = below(s, 2) == 0 ? "O24-4" : "";
    else if (strcmp(column, "cancelled") == 0)
        typed = below(s, 2) == 0 ? "abandon" : "";
    else if (strcmp(column, "title") == 0)
        typed = "Fête des voisins";
    (void)history_edit(s->w->h, writer(s, s->projects.org[at]), s->projects.org[at], "project", id,
                       bases, n, column, typed, strcmp(column, "title") == 0 ? "place" : "title",
                       "Loto", "summary", below(s, 2) == 0 ? "" : "Une soirée", NULL);
}

static void edit_share(struct story *s)
{
    if (s->shares.n == 0)
        return;
    size_t at = below(s, (uint32_t)s->shares.n);
    uint64_t org = s->shares.org[at];
    size_t fund = (org == s->w->organisations[0] ? 0 : 1) + 2 * below(s, 2);
    (void)history_edit(s->w->h, SERVER, org, "share", s->shares.id[at], &s->shares.id[at], 1,
                       "fund", ref(s, s->w->funds[fund]), "rate", below(s, 2) == 0 ? "30" : "70",
                       NULL);
}

/* The Region's own work: a control that rejects part of an expense, then may turn to another; a
 * bank line that matches a payment. */
static void central_work(struct story *s)
{
    struct history *h = s->w->h;
    if (s->expenses.n > 0 && below(s, 2) == 0) {
        size_t at = below(s, (uint32_t)s->expenses.n);
        uint64_t org = s->expenses.org[at];
        uint64_t id = history_create(h, SERVER, org, "control", "about", ref(s, s->expenses.id[at]),
                                     "kind", "sur-pieces", "rejected", cents(s, 30000), NULL);
        size_t other = below(s, (uint32_t)s->expenses.n);
        if (s->expenses.org[other] == org)
            (void)history_edit(h, SERVER, org, "control", id, &id, 1, "about",
                               ref(s, s->expenses.id[other]), NULL);
    } else if (s->payments.n > 0) {
        uint64_t about = s->payments.id[below(s, (uint32_t)s->payments.n)];
        uint64_t releve =
            history_create(h, SERVER, PIC_AUDIENCE_SERVER, "statement", "account", "PIC", "from_on",
                           "2026-01-01", "to_on", "2026-01-31", "opening", "0", "closing", "0",
                           "file_name", "r", "digest", "r", NULL);
        uint64_t line =
            history_create(h, SERVER, PIC_AUDIENCE_SERVER, "bank_line", "account", "PIC",
                           "booked_on", day(s), "amount", "-10,00", "fingerprint", "x",
                           "occurrence", "1", "statement", ref(s, releve), NULL);
        uint64_t match =
            history_create(h, SERVER, PIC_AUDIENCE_SERVER, "match", "bank_line", ref(s, line),
                           "about", ref(s, about), "zone", "certain", "who", "Claire", NULL);
        if (below(s, 3) == 0)
            (void)history_edit(h, SERVER, PIC_AUDIENCE_SERVER, "match", match, &match, 1,
                               "cancelled", "erreur", NULL);
    }
}

/* What must stay without effect, whatever the order: the other association's log, a fact edited, a
 * row of another kind, a certificate that nobody gave. */
static void misbehave(struct story *s)
{
    struct history *h = s->w->h;
    uint64_t org = s->w->organisations[0];
    uint64_t other = s->w->organisations[1];
    if (s->projects.n == 0)
        return;
    size_t at = below(s, (uint32_t)s->projects.n);
    uint64_t project = s->projects.id[at];
    switch (below(s, 4)) {
    case 0:
        (void)history_create(h, devices[0][0], other, "project", "fund", ref(s, s->w->funds[1]),
                             "title", "Intrus", NULL);
        break;
    case 1: /* a project is no fund, whether it has come or not */
        (void)history_create(h, devices[0][1], org, "project", "fund", ref(s, project), "title",
                             "Sans fonds", NULL);
        break;
    case 2:
        (void)history_edit(h, devices[0][0], org, "fund", project, NULL, 0, "name", "À moi", NULL);
        break;
    default:
        (void)history_create(h, 40, org, "project", "fund", ref(s, s->w->funds[0]), "title",
                             "Sans certificat", NULL);
        break;
    }
}

void world_make(struct world *w, uint64_t seed, size_t steps)
{
    static void (*const acts[])(struct story *) = {
        add_share,    add_project,  add_project, add_fact,     add_fact,     add_fact,
        add_reversal, edit_project, edit_share,  edit_project, central_work, misbehave,
    };
    static struct story story;
    *w = (struct world){.h = history_new()};
    story = (struct story){.w = w, .g = generator_from(seed)};
    frame(&story);
    for (size_t i = 0; i < steps; i++) {
        if (below(&story, 8) == 0 && w->h->stamp > (UINT64_C(600000) << 16))
            w->h->stamp -= UINT64_C(600000) << 16; /* a laptop whose clock is behind */
        acts[below(&story, sizeof acts / sizeof *acts)](&story);
    }
}

void world_free(struct world *w)
{
    history_free(w->h);
}
