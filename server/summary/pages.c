#include "server/summary/pages.h"

#include <string.h>

extern const unsigned char pic_embedded_summary_css[];
extern const unsigned char pic_embedded_summary_readme_txt[];
extern const size_t pic_embedded_summary_readme_txt_size;

/* --- the page --- */

static void put_escaped(struct pic_buf *out, const struct pic_buf *text)
{
    for (size_t i = 0; i < text->len; i++)
        if (text->data[i] == '&' || text->data[i] == '<' || text->data[i] == '>')
            pic_buf_printf(out, "&#%d;", text->data[i]);
        else
            pic_buf_u8(out, text->data[i]);
}

static void put_day(struct pic_buf *out, int64_t day)
{
    pic_date_format(day, PIC_STYLE_SCREEN, out);
}

static void put_head(const struct pic_summary *s, struct pic_buf *out)
{
    pic_buf_text(out, "<!DOCTYPE html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">\n"
                      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                      "style-src 'unsafe-inline'\">\n<title>Synthèse pour ");
    put_escaped(out, &s->name);
    pic_buf_text(out, "</title>\n<style>\n");
    pic_buf_text(out, (const char *)pic_embedded_summary_css);
    pic_buf_text(out, "</style>\n</head>\n<body>\n<header>\n<h1>Synthèse pour ");
    put_escaped(out, &s->name);
    pic_buf_text(out, "</h1>\n<p>Période : ");
    pic_period_name(&s->ask.period, out);
    pic_buf_text(out, ", du ");
    put_day(out, s->ask.period.from_on);
    pic_buf_text(out, " au ");
    put_day(out, s->ask.period.to_on);
    pic_buf_printf(out, ". Parution n° %llu.</p>\n</header>\n<main>\n",
                   (unsigned long long)s->ask.release);
}

static int put_table(struct pic_buf *out, const char *title, const char *caption,
                     const char *nothing, const struct pic_sheet *sheet)
{
    pic_buf_printf(out, "<section>\n<h2>%s</h2>\n", title);
    int status = PIC_OK;
    if (sheet->row_n == 0) {
        pic_buf_printf(out, "<p>%s</p>\n", nothing);
    } else {
        pic_buf_printf(out, "<table>\n<caption>%s</caption>\n", caption);
        status = pic_sheet_print(sheet, PIC_SHEET_HTML, NULL, out);
        pic_buf_text(out, "</table>\n");
    }
    pic_buf_text(out, "</section>\n");
    return status;
}

static void put_people(const struct pic_summary *s, struct pic_buf *out)
{
    pic_buf_text(out, "<section>\n<h2>Public venu</h2>\n<p>");
    if (s->people < PIC_SUMMARY_PEOPLE_MIN)
        pic_buf_printf(out,
                       "Moins de %d personnes comptées pendant la période : le nombre n'est "
                       "pas donné.",
                       PIC_SUMMARY_PEOPLE_MIN);
    else {
        pic_count_format((int64_t)s->people, PIC_STYLE_SCREEN, out);
        pic_buf_text(out, " personnes comptées pendant la période, sans les nommer.");
    }
    pic_buf_text(out, "</p>\n</section>\n");
}

static void put_freshness(const struct pic_summary *s, struct pic_buf *out)
{
    pic_buf_text(out, "<section>\n<h2>Fraîcheur des données</h2>\n");
    if (s->silent > 0)
        pic_buf_printf(out,
                       "<p class=\"warn\">%lld %s sur %lld %s rien transmis depuis plus de %d "
                       "jours : chiffres provisoires.</p>\n",
                       (long long)s->silent, s->silent == 1 ? "association" : "associations",
                       (long long)s->carriers, s->silent == 1 ? "n'a" : "n'ont",
                       PIC_SUMMARY_SILENT_DAYS);
    else
        pic_buf_printf(out,
                       "<p>Toutes les associations gestionnaires (%lld) ont transmis des saisies "
                       "depuis moins de %d jours.</p>\n",
                       (long long)s->carriers, PIC_SUMMARY_SILENT_DAYS);
    pic_buf_text(out, "</section>\n");
}

static int write_page(const struct pic_summary *s, struct pic_buf *out)
{
    put_head(s, out);
    int status = put_table(out, "Cinq chiffres", "En euros, à côté de la période précédente.", "",
                           &s->totals);
    if (status == PIC_OK)
        status = put_table(out, "Projets",
                           "Projets de vos fonds et de votre territoire qui ont bougé pendant la "
                           "période, en euros.",
                           "Aucun projet n'a bougé pendant la période.", &s->projects);
    if (status == PIC_OK)
        status = put_table(out, "Coût par thème", "En euros, pendant la période.",
                           "Rien pendant la période.", &s->themes);
    if (status == PIC_OK)
        status = put_table(out, "Coût par territoire", "En euros, pendant la période.",
                           "Rien pendant la période.", &s->territories);
    put_people(s, out);
    if (status == PIC_OK)
        status = put_table(out, "Bilans en retard", "À la fin de la période.",
                           "Aucun bilan n'est en retard.", &s->late);
    put_freshness(s, out);
    pic_buf_text(out, "</main>\n<footer>\n<p>Édité le ");
    put_day(out, s->ask.made_on);
    pic_buf_printf(out,
                   " — journal n° %llu. Les mots et la façon de compter sont expliqués dans "
                   "lisez-moi.txt. Ce document est contenu dans un fichier signé par le serveur de "
                   "la Région.</p>\n</footer>\n</body>\n</html>\n",
                   (unsigned long long)s->ask.position);
    return status;
}

/* --- all files --- */

struct table {
    const char *name;
    const struct pic_sheet *sheet;
    enum pic_sheet_form form;
};

static struct pic_buf *next_file(struct pic_summary_pages *out, const char *name)
{
    size_t at = out->container.file_n++;
    out->container.files[at].name = pic_span_text(name);
    return &out->contents[at];
}

int pic_summary_write(const struct pic_summary *s, struct pic_summary_pages *out)
{
    const struct table tables[] = {
        {"tableur/chiffres.csv", &s->totals, PIC_SHEET_TABLEUR},
        {"tableur/projets.csv", &s->projects, PIC_SHEET_TABLEUR},
        {"tableur/retards.csv", &s->late, PIC_SHEET_TABLEUR},
        {"tableur/territoires.csv", &s->territories, PIC_SHEET_TABLEUR},
        {"tableur/themes.csv", &s->themes, PIC_SHEET_TABLEUR},
    };
    out->container.file_n = 0;
    for (size_t i = 0; i < PIC_CONTAINER_FILES_MAX; i++)
        pic_buf_init(&out->contents[i], PIC_CONTAINER_MAX);
    pic_buf_bytes(next_file(out, "lisez-moi.txt"), pic_embedded_summary_readme_txt,
                  pic_embedded_summary_readme_txt_size);
    int status = pic_sheet_print(&s->grants, PIC_SHEET_REGULATORY, NULL,
                                 next_file(out, "reglementaire/subventions.csv"));
    if (status == PIC_OK)
        status = write_page(s, next_file(out, "synthese.html"));
    for (size_t i = 0; status == PIC_OK && i < sizeof tables / sizeof *tables; i++)
        status =
            pic_sheet_print(tables[i].sheet, tables[i].form, NULL, next_file(out, tables[i].name));
    for (size_t i = 0; i < out->container.file_n; i++) {
        out->container.files[i].content = pic_buf_view(&out->contents[i]);
        if (status == PIC_OK)
            status = pic_buf_status(&out->contents[i]);
    }
    return status;
}

void pic_summary_pages_release(struct pic_summary_pages *pages)
{
    for (size_t i = 0; i < PIC_CONTAINER_FILES_MAX; i++)
        pic_buf_release(&pages->contents[i]);
}
