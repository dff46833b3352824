#include "server/bank/habit.h"

#include <string.h>

static const char columns_sql[] =
    "SELECT columns FROM statement WHERE columns IS NOT NULL AND cancelled IS NULL"
    " GROUP BY columns ORDER BY max(id) DESC LIMIT 32";
static const char same_sql[] =
    "SELECT columns FROM statement WHERE headings = ?1 AND columns IS NOT NULL"
    " AND cancelled IS NULL ORDER BY id DESC LIMIT 1";
static const char account_sql[] =
    "SELECT min(account), count(DISTINCT account) FROM statement WHERE headings = ?1"
    " AND cancelled IS NULL";

/* Copies a text that fits; false where there is none. */
static bool take(struct pic_span text, char *out, size_t size)
{
    if (text.n == 0 || text.n >= size)
        return false;
    memcpy(out, text.p, text.n);
    out[text.n] = '\0';
    return true;
}

/* Reads again from the start, with the columns that the habit has now. */
static int read_with(const char *format, struct pic_span file, const struct pic_habit *habit,
                     struct pic_statements *out, struct pic_err *err)
{
    const char *account = habit->known_account[0] != '\0' ? habit->known_account : habit->account;
    const char *columns = habit->known_columns[0] != '\0' ? habit->known_columns : habit->columns;
    if (err != NULL)
        *err = (struct pic_err){0};
    pic_statements_release(out);
    return pic_format_read_with(format, file, account, columns, out, err);
}

/* Tries the columns that were named before until one fits the headings. */
static int try_columns(struct pic_db *state, const char *format, struct pic_span file,
                       struct pic_habit *habit, struct pic_statements *out, struct pic_err *err)
{
    bool row = false;
    struct pic_err first = *err;
    sqlite3_stmt *stmt = pic_db_prepare(state, columns_sql, err);
    if (stmt == NULL)
        return err->status;
    int status = PIC_ESTATEMENT;
    while (out->headings.len == 0 && pic_db_step(stmt, &row) == PIC_OK && row)
        if (take(pic_db_column_span(stmt, 0), habit->known_columns, sizeof habit->known_columns))
            status = read_with(format, file, habit, out, err);
    (void)sqlite3_finalize(stmt);
    if (out->headings.len > 0)
        return status;
    habit->known_columns[0] = '\0';
    *err = first;
    return first.status;
}

/* The first cell that a query about the headings gives, where it gives one and says 1 beside it. */
static int look_up(struct pic_db *state, const char *sql, const struct pic_statements *s, char *out,
                   size_t size, bool *found, struct pic_err *err)
{
    bool row = false;
    sqlite3_stmt *stmt = pic_db_prepare(state, sql, err);
    if (stmt == NULL)
        return err->status;
    pic_db_bind_text(stmt, 1, pic_buf_view(&s->headings));
    int status = pic_db_step(stmt, &row);
    *found = status == PIC_OK && row &&
             (sqlite3_column_count(stmt) == 1 || sqlite3_column_int64(stmt, 1) == 1) &&
             take(pic_db_column_span(stmt, 0), out, size);
    (void)sqlite3_finalize(stmt);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}

int pic_habit_read(struct pic_db *state, const char *format, struct pic_span file,
                   struct pic_habit *habit, struct pic_statements *out, struct pic_err *err)
{
    bool found = false;
    struct pic_err looking = {0};
    habit->known_account[0] = habit->known_columns[0] = '\0';
    pic_statements_init(out);
    int status = read_with(format, file, habit, out, err);
    if (status == PIC_ESTATEMENT && habit->columns == NULL && out->headings.len == 0)
        status = try_columns(state, format, file, habit, out, err);
    if (out->headings.len == 0)
        return status; /* no table */
    if (habit->columns == NULL && habit->known_columns[0] == '\0' &&
        look_up(state, same_sql, out, habit->known_columns, sizeof habit->known_columns, &found,
                &looking) == PIC_OK &&
        found)
        status = read_with(format, file, habit, out, err);
    /* A table that is read to its end has told its account. */
    if (status == PIC_ESTATEMENT && habit->account == NULL &&
        look_up(state, account_sql, out, habit->known_account, sizeof habit->known_account, &found,
                &looking) == PIC_OK &&
        found)
        status = read_with(format, file, habit, out, err);
    return looking.status == PIC_OK ? status : pic_fail(err, looking.status, NULL);
}
