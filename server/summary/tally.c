#include "server/summary/tally.h"

#include <string.h>

int pic_tally_add(struct pic_tally *t, struct pic_span key,
                  const int64_t measures[static PIC_TALLY_MEASURES], int64_t projects)
{
    char name[PIC_TALLY_KEY_MAX] = "";
    size_t at = 0;
    if (key.n >= sizeof name)
        return PIC_ELIMIT;
    if (key.n > 0)
        memcpy(name, key.p, key.n);
    while (at < t->n && strcmp(t->rows[at].key, name) < 0)
        at++;
    if (at == t->n || strcmp(t->rows[at].key, name) != 0) {
        if (t->n == PIC_TALLY_MAX)
            return PIC_ELIMIT;
        memmove(t->rows + at + 1, t->rows + at, (t->n - at) * sizeof *t->rows);
        t->n++;
        memset(&t->rows[at], 0, sizeof t->rows[at]);
        memcpy(t->rows[at].key, name, sizeof name);
    }
    for (size_t i = 0; i < PIC_TALLY_MEASURES; i++)
        t->rows[at].measures[i] += measures[i];
    t->rows[at].projects += projects;
    return PIC_OK;
}

int pic_tally_fill(const struct pic_tally *tally, struct pic_db *db, const char *kind,
                   struct pic_sheet *sheet, struct pic_err *err)
{
    sqlite3_stmt *stmt = pic_db_prepare(
        db,
        "SELECT coalesce((SELECT label FROM code WHERE nomenclature = ?1 AND code = ?2"
        " AND cancelled IS NULL ORDER BY id DESC LIMIT 1), label_of(?1, ?2), 'non renseigné')",
        err);
    int status = stmt == NULL ? err->status : PIC_OK;
    size_t first = tally->n > 0 && tally->rows[0].key[0] == '\0';
    for (size_t i = 0; status == PIC_OK && i < tally->n; i++) {
        const struct pic_tally_row *line = &tally->rows[(i + first) % tally->n];
        bool row = false;
        pic_db_bind_text(stmt, 1, pic_span_text(kind));
        pic_db_bind_text(stmt, 2, pic_span_text(line->key));
        status = pic_db_step(stmt, &row);
        pic_sheet_span(sheet, row ? pic_db_column_span(stmt, 0) : pic_span_of("", 0));
        (void)sqlite3_reset(stmt);
        pic_sheet_int(sheet, line->projects);
        for (size_t k = 0; k < PIC_TALLY_MEASURES; k++)
            pic_sheet_int(sheet, line->measures[k]);
    }
    (void)sqlite3_finalize(stmt);
    return status == PIC_OK || err->status != PIC_OK ? status : pic_fail(err, status, NULL);
}
