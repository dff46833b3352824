#include "schema/face/checkup.h"

#include <stdarg.h>
#include <stdio.h>

#include "schema/face/json.h"

enum { FACTS = 3 };

static const char *const words[] = {
    [PIC_CHECKUP_GOOD] = "bon",
    [PIC_CHECKUP_TO_SEE] = "a voir",
    [PIC_CHECKUP_BAD] = "mauvais",
};

static void fill(char out[static PIC_CHECKUP_TEXT_MAX], const char *template,
                 const char *const given[static FACTS])
{
    struct pic_buf text;
    pic_buf_init(&text, PIC_CHECKUP_TEXT_MAX - 1);
    pic_speech_fill(&text, template, given);
    (void)snprintf(out, PIC_CHECKUP_TEXT_MAX, "%s", pic_buf_string(&text));
    pic_buf_release(&text);
}

void pic_checkup_add(struct pic_checkup *checkup, struct pic_checkup_subject subject,
                     const struct pic_checkup_finding *finding, ...)
{
    const char *given[FACTS] = {NULL};
    bool own = finding->sentence != PIC_TELL_COUNT;
    va_list list;
    va_start(list, finding);
    for (size_t i = 0; i < FACTS && (i == 0 || given[i - 1] != NULL); i++)
        given[i] = va_arg(list, const char *);
    va_end(list);
    if (checkup->n == PIC_CHECKUP_LINES_MAX)
        return;
    struct pic_checkup_line *line = &checkup->lines[checkup->n++];
    *line = (struct pic_checkup_line){
        .subject = subject, .verdict = finding->verdict, .status = finding->status};
    fill(line->sentence,
         own ? pic_speech_text(finding->sentence) : pic_speech_sentence(finding->status), given);
    if (finding->verdict != PIC_CHECKUP_GOOD)
        fill(line->action,
             own ? pic_speech_text(finding->action) : pic_speech_action(finding->status), given);
    checkup->damaged =
        checkup->damaged || pic_status_exit(finding->status) == pic_status_exit(PIC_ESTORE_DAMAGED);
}

void pic_checkup_text(const struct pic_checkup *checkup, struct pic_buf *out)
{
    static const enum pic_tell margins[] = {
        [PIC_CHECKUP_GOOD] = PIC_TELL_CHECKUP_GOOD,
        [PIC_CHECKUP_TO_SEE] = PIC_TELL_CHECKUP_TO_SEE,
        [PIC_CHECKUP_BAD] = PIC_TELL_CHECKUP_BAD,
    };
    for (size_t i = 0; i < checkup->n; i++) {
        const struct pic_checkup_line *line = &checkup->lines[i];
        pic_speech_tell(out, margins[line->verdict], line->subject.title, line->sentence,
                        line->status == PIC_OK ? NULL : pic_status_code(line->status), NULL);
        pic_buf_u8(out, '\n');
        if (*line->action != '\0') {
            pic_buf_text(out, "         ");
            pic_speech_tell(out, PIC_TELL_NEXT, line->action, NULL);
            pic_buf_u8(out, '\n');
        }
    }
}

const char *pic_checkup_word(enum pic_checkup_verdict verdict)
{
    return words[verdict];
}

static enum pic_checkup_verdict worst(const struct pic_checkup *checkup)
{
    enum pic_checkup_verdict found = PIC_CHECKUP_GOOD;
    for (size_t i = 0; i < checkup->n; i++)
        if (checkup->lines[i].verdict > found)
            found = checkup->lines[i].verdict;
    return found;
}

void pic_checkup_json(const struct pic_checkup *checkup, const char *code, struct pic_buf *out)
{
    struct pic_json j;
    pic_json_init(&j, out);
    pic_json_object(&j);
    pic_json_key(&j, "verdict");
    pic_json_text(&j, words[worst(checkup)]);
    pic_json_key(&j, "lignes");
    pic_json_array(&j);
    for (size_t i = 0; i < checkup->n; i++) {
        const struct pic_checkup_line *line = &checkup->lines[i];
        pic_json_object(&j);
        pic_json_key(&j, "sujet");
        pic_json_text(&j, line->subject.key);
        pic_json_key(&j, "verdict");
        pic_json_text(&j, words[line->verdict]);
        pic_json_key(&j, "code");
        pic_json_text(&j, line->status == PIC_OK ? NULL : pic_status_code(line->status));
        pic_json_key(&j, "phrase");
        pic_json_text(&j, line->sentence);
        pic_json_key(&j, "action");
        pic_json_text(&j, *line->action == '\0' ? NULL : line->action);
        pic_json_close(&j);
    }
    pic_json_close(&j);
    if (code != NULL) {
        pic_json_key(&j, "diagnostic");
        pic_json_text(&j, code);
    }
    pic_json_close(&j);
    pic_buf_u8(out, '\n');
}

int pic_checkup_outcome(const struct pic_checkup *checkup, struct pic_err *err)
{
    char said[32];
    size_t n = 0;
    for (size_t i = 0; i < checkup->n; i++)
        n += checkup->lines[i].verdict != PIC_CHECKUP_GOOD;
    if (checkup->damaged)
        return pic_fail(err, PIC_ESTORE_DAMAGED, NULL);
    if (n == 0)
        return PIC_OK;
    (void)snprintf(said, sizeof said, "%zu point%s", n, n > 1 ? "s" : "");
    return pic_fail(err, PIC_TO_SEE, said, NULL);
}
