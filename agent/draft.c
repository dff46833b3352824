#include "agent/draft.h"

#include <string.h>

#include "agent/query.h"

static int put_one(struct pic_agent *agent, const char *form, const struct pic_draft_text *text,
                   int64_t now_ms)
{
    sqlite3_stmt *stmt = pic_query(agent->queries, PIC_QUERY_DRAFT_PUT);
    if (stmt == NULL)
        return PIC_EIO;
    if (strlen(text->field) > PIC_DRAFT_NAME_MAX || strlen(text->text) > PIC_TEXT_MAX)
        return PIC_ELIMIT;
    pic_db_bind_text(stmt, 1, pic_span_text(form));
    pic_db_bind_text(stmt, 2, pic_span_text(text->field));
    pic_db_bind_text(stmt, 3, pic_span_text(text->text));
    (void)sqlite3_bind_int64(stmt, 4, now_ms);
    return pic_db_run(stmt);
}

int pic_draft_put(struct pic_agent *agent, const char *form, const struct pic_draft_text *texts,
                  size_t n, int64_t now_ms, struct pic_err *err)
{
    if (strlen(form) > PIC_DRAFT_NAME_MAX)
        return pic_fail(err, PIC_ELIMIT, NULL);
    int status = pic_agent_begin(agent, err);
    if (status != PIC_OK)
        return status;
    for (size_t i = 0; status == PIC_OK && i < n; i++)
        status = put_one(agent, form, &texts[i], now_ms);
    if (status == PIC_OK)
        status = pic_query_run(agent->queries, PIC_QUERY_DRAFT_TRIM, PIC_DRAFT_FORMS_MAX);
    if (status == PIC_OK)
        return pic_agent_commit(agent, err);
    pic_agent_rollback(agent);
    return pic_fail(err, status, NULL);
}

int pic_draft_get(struct pic_agent *agent, const char *form, pic_draft_each *each, void *context,
                  int64_t *saved_ms)
{
    sqlite3_stmt *stmt = pic_query(agent->queries, PIC_QUERY_DRAFT_OF);
    bool row = true;
    *saved_ms = 0;
    if (stmt == NULL)
        return PIC_EIO;
    pic_db_bind_text(stmt, 1, pic_span_text(form));
    int status = PIC_OK;
    while (status == PIC_OK && row) {
        status = pic_db_step(stmt, &row);
        if (status != PIC_OK || !row)
            break;
        int64_t saved = sqlite3_column_int64(stmt, 2);
        *saved_ms = saved > *saved_ms ? saved : *saved_ms;
        each(context, (const char *)sqlite3_column_text(stmt, 0),
             (const char *)sqlite3_column_text(stmt, 1));
    }
    (void)sqlite3_reset(stmt);
    return status;
}

int pic_draft_forms(struct pic_agent *agent, pic_draft_form *each, void *context)
{
    sqlite3_stmt *stmt = pic_query(agent->queries, PIC_QUERY_DRAFT_FORMS);
    bool row = true;
    int status = stmt == NULL ? PIC_EIO : PIC_OK;
    while (status == PIC_OK && row) {
        status = pic_db_step(stmt, &row);
        if (status == PIC_OK && row)
            each(context, (const char *)sqlite3_column_text(stmt, 0),
                 sqlite3_column_int64(stmt, 1));
    }
    if (stmt != NULL)
        (void)sqlite3_reset(stmt);
    return status;
}

int pic_draft_forget(struct pic_agent *agent, const char *form)
{
    sqlite3_stmt *stmt = pic_query(agent->queries, PIC_QUERY_DRAFT_FORGET);
    if (stmt == NULL)
        return PIC_EIO;
    pic_db_bind_text(stmt, 1, pic_span_text(form));
    return pic_db_run(stmt);
}
