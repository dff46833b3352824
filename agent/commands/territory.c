#include <stdlib.h>

#include "agent/commands/commands.h"
#include "schema/dictionary/territories.h"

enum { WORDS_MAX = 1024 };

static void fill(const struct pic_territory *t, struct pic_sheet *sheet)
{
    struct pic_buf communes;
    pic_buf_init(&communes, WORDS_MAX);
    for (size_t i = 0; i < t->commune_n; i++) {
        pic_buf_text(&communes, i == 0 ? "" : ", ");
        pic_buf_bytes(&communes, t->communes[i].name.p, t->communes[i].name.n);
    }
    pic_sheet_span(sheet, t->code);
    pic_sheet_span(sheet, t->name);
    pic_sheet_span(sheet, pic_buf_view(&communes));
    pic_sheet_span(sheet, t->epci_name);
    pic_buf_release(&communes);
}

/* A commune, a district or the beginning of either: which districts there are. */
int pic_command_territory(struct pic_call *call)
{
    static const struct pic_column columns[] = {
        {"code", "Code", PIC_TYPE_TEXT},
        {"quartier", "Quartier", PIC_TYPE_TEXT},
        {"communes", "Commune", PIC_TYPE_TEXT},
        {"intercommunalite", "Intercommunalité", PIC_TYPE_TEXT},
    };
    const struct pic_territory *found[PIC_TERRITORIES_MAX];
    struct pic_territories *all = malloc(sizeof *all);
    struct pic_sheet sheet;
    struct pic_buf words;
    if (all == NULL)
        return pic_fail(&call->err, PIC_EMEMORY, NULL);
    pic_territories_load(all);
    pic_buf_init(&words, WORDS_MAX);
    pic_sheet_init(&sheet, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < call->arg_n; i++)
        pic_buf_printf(&words, "%s%s", i == 0 ? "" : " ", call->args[i]);
    size_t n =
        pic_territories_search(all, pic_buf_view(&words), found, sizeof found / sizeof *found);
    for (size_t i = 0; i < n && i < sizeof found / sizeof *found; i++)
        fill(found[i], &sheet);
    int status = n == 0 ? pic_fail(&call->err, PIC_ENOT_FOUND, pic_buf_string(&words), NULL)
                        : pic_call_sheet(call, &sheet, false);
    pic_sheet_release(&sheet);
    pic_buf_release(&words);
    free(all);
    return status;
}
