#include "schema/face/layout.h"

#include <stdio.h>
#include <string.h>

extern const unsigned char pic_embedded_style_css[];
extern const size_t pic_embedded_style_css_size;
extern const unsigned char pic_embedded_script_js[];
extern const size_t pic_embedded_script_js_size;

enum { TITLE_MAX = 1024, NUMBER_SIZE = 16 };

static void put_head(struct pic_page *page, const struct pic_layout *l)
{
    char seconds[NUMBER_SIZE];
    struct pic_buf title;
    pic_buf_init(&title, TITLE_MAX);
    pic_buf_printf(&title, "%s%s%s", l->title, l->house != NULL ? " — " : "",
                   l->house != NULL ? l->house : "");
    (void)snprintf(seconds, sizeof seconds, "%u", l->refresh_s);
    pic_page_open(page, "head", NULL);
    pic_page_void(page, "meta", "charset", "utf-8", NULL);
    pic_page_void(page, "meta", "name", "viewport", "content",
                  "width=device-width, initial-scale=1", NULL);
    if (l->refresh_s > 0)
        pic_page_void(page, "meta", "http-equiv", "refresh", "content", seconds, NULL);
    pic_page_element(page, "title", title.len > 0 ? pic_buf_string(&title) : l->title, NULL);
    pic_page_void(page, "link", "rel", "stylesheet", "href", "/style.css", NULL);
    pic_page_void(page, "link", "rel", "icon", "href", "/icone.svg", "type", "image/svg+xml", NULL);
    pic_page_element(page, "script", "", "src", "/script.js", "defer", "", NULL);
    pic_page_close(page);
    pic_buf_release(&title);
}

static void put_button(struct pic_page *page, const struct pic_layout *l, const char *action,
                       const char *label, const char *kind)
{
    pic_page_open(page, "form", "method", "post", "action", action, "class", "seul", NULL);
    pic_page_void(page, "input", "type", "hidden", "name", "jeton", "value", l->token, NULL);
    pic_page_element(page, "button", label, "class", kind, NULL);
    pic_page_close(page);
}

static void put_banner(struct pic_page *page, const struct pic_layout *l)
{
    pic_page_open(page, "header", "class", "entete", NULL);
    pic_page_element(page, "a", l->house != NULL ? l->house : "PIC", "href", "/", "class", "maison",
                     NULL);
    if (l->banner != NULL) {
        pic_page_open(page, "div", "class", "etat", "data-etat", l->banner_kind, NULL);
        pic_page_element(page, "p", l->banner, "role", "status", NULL);
        if (l->action != NULL)
            put_button(page, l, l->action, l->action_label, "principal");
        pic_page_close(page);
    }
    pic_page_close(page);
}

static void put_menu(struct pic_page *page, const struct pic_layout *l)
{
    if (l->menu == NULL)
        return;
    pic_page_open(page, "nav", "class", "menu", "aria-label", "Menu principal", NULL);
    pic_page_open(page, "ul", NULL);
    for (const struct pic_menu_entry *e = l->menu; e->label != NULL; e++) {
        bool here = l->here != NULL && strcmp(l->here, e->path) == 0;
        pic_page_open(page, "li", NULL);
        pic_page_element(page, "a", e->label, "href", e->path, "aria-current", here ? "page" : NULL,
                         NULL);
        pic_page_close(page);
    }
    pic_page_close(page);
    pic_page_close(page);
}

void pic_layout_begin(struct pic_page *page, const struct pic_layout *layout)
{
    pic_page_doctype(page);
    pic_page_open(page, "html", "lang", "fr", NULL);
    put_head(page, layout);
    pic_page_open(page, "body", NULL);
    pic_page_element(page, "a", "Aller au contenu", "href", "#contenu", "class", "saut", NULL);
    put_banner(page, layout);
    put_menu(page, layout);
    pic_page_open(page, "main", "id", "contenu", "tabindex", "-1", NULL);
    pic_page_element(page, "h1", layout->title, NULL);
}

void pic_layout_end(struct pic_page *page, const struct pic_layout *layout)
{
    pic_page_close(page);
    pic_page_open(page, "footer", "class", "pied", NULL);
    if (layout->command != NULL) {
        pic_page_open(page, "p", NULL);
        pic_page_text(page, "Équivalent : ");
        pic_page_element(page, "code", layout->command, NULL);
        pic_page_close(page);
    }
    pic_page_open(page, "p", NULL);
    pic_page_text(page, "PIC hors ligne ");
    pic_page_text(page, layout->version != NULL ? layout->version : "");
    pic_page_close(page);
    if (layout->close_action != NULL)
        put_button(page, layout, layout->close_action, "Fermer", "discret");
    pic_page_close(page);
    pic_page_close(page);
    pic_page_close(page);
}

void pic_layout_notice(struct pic_page *page, const char *kind, const char *text)
{
    bool error = strcmp(kind, "erreur") == 0;
    pic_page_element(page, "p", text, "class", "avis", "data-genre", kind, "role",
                     error ? "alert" : "status", NULL);
}

bool pic_layout_asset(const char *path, struct pic_span *content, const char **type)
{
    static const char icon[] =
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 16 16\"><rect width=\"16\" "
        "height=\"16\" rx=\"3\" fill=\"#0b5c5a\"/><path d=\"M4 12V6l4-3 4 3v6H9V9H7v3z\" "
        "fill=\"#fff\"/></svg>";
    const struct {
        const char *path, *type;
        struct pic_span content;
    } assets[] = {
        {"/style.css",
         "text/css; charset=utf-8",
         {pic_embedded_style_css, pic_embedded_style_css_size}},
        {"/script.js",
         "text/javascript; charset=utf-8",
         {pic_embedded_script_js, pic_embedded_script_js_size}},
        {"/icone.svg", "image/svg+xml", {(const uint8_t *)icon, sizeof icon - 1}},
    };
    for (size_t i = 0; i < sizeof assets / sizeof *assets; i++) {
        if (strcmp(path, assets[i].path) != 0)
            continue;
        *content = assets[i].content;
        *type = assets[i].type;
        return true;
    }
    return false;
}
