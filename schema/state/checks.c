#include "schema/state/checks.h"

#include <string.h>

#include "protocol/base/text.h"
#include "schema/dictionary/number.h"

#define CHECK(name) extern const unsigned char pic_embedded_##name##_sql[];
#include "schema/state/checks.def"
#undef CHECK

enum { SENTENCE_MAX = 1 << 14, FACT_FIRST = 2, FACTS_MAX = 9 };

static const unsigned char *const files[] = {
#define CHECK(name) pic_embedded_##name##_sql,
#include "schema/state/checks.def"
#undef CHECK
};

/* What stands after "-- name: " in the first comments. */
static struct pic_span heading(const char *sql, const char *name)
{
    size_t n = strlen(name);
    for (const char *line = sql; strncmp(line, "-- ", 3) == 0;) {
        const char *text = line + 3;
        size_t length = strcspn(text, "\n");
        if (strncmp(text, name, n) == 0 && strncmp(text + n, ": ", 2) == 0)
            return pic_span_of(text + n + 2, length - n - 2);
        line = text + length + (text[length] == '\n');
    }
    return pic_span_of("", 0);
}

bool pic_check_at(size_t index, struct pic_check *out)
{
    if (index >= sizeof files / sizeof *files)
        return false;
    const char *sql = (const char *)files[index];
    *out = (struct pic_check){
        .code = heading(sql, "code"),
        .title = heading(sql, "titre"),
        .sentence = heading(sql, "phrase"),
        .blocks = pic_span_equal(heading(sql, "gravite"), pic_span_text("bloquant")),
        .sql = sql,
    };
    return true;
}

/* --- functions for SQL --- */

static struct pic_span argument(sqlite3_value *value)
{
    const void *p = sqlite3_value_text(value);
    return p == NULL ? pic_span_of("", 0) : pic_span_of(p, (size_t)sqlite3_value_bytes(value));
}

/* folded(text): as search folds it; '' for NULL. */
static void folded(sqlite3_context *context, int n, sqlite3_value **arguments)
{
    struct pic_buf out;
    (void)n;
    pic_buf_init(&out, SENTENCE_MAX);
    if (pic_text_fold(argument(arguments[0]), &out) == PIC_OK)
        sqlite3_result_text(context, pic_buf_string(&out), (int)out.len, SQLITE_TRANSIENT);
    pic_buf_release(&out);
}

/* cents_of(text): an amount as a rule writes it; NULL where it is none. */
static void cents_of(sqlite3_context *context, int n, sqlite3_value **arguments)
{
    struct pic_err err = {0};
    int64_t cents;
    const char *typed = (const char *)sqlite3_value_text(arguments[0]);
    (void)n;
    if (typed != NULL && pic_money_parse(typed, &cents, &err) == PIC_OK)
        sqlite3_result_int64(context, cents);
}

static int lend(struct pic_db *db, struct pic_err *err)
{
    int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
    int code = sqlite3_create_function(db->handle, "folded", 1, flags, NULL, folded, NULL, NULL);
    if (code == SQLITE_OK)
        code =
            sqlite3_create_function(db->handle, "cents_of", 1, flags, NULL, cents_of, NULL, NULL);
    return code == SQLITE_OK ? PIC_OK : pic_db_fail(db, code, err);
}

/* --- findings --- */

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text);
    size_t m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* A fact as people read it. */
static void put_fact(struct pic_buf *out, sqlite3_stmt *stmt, int column)
{
    const char *name = sqlite3_column_name(stmt, column);
    int64_t number = sqlite3_column_int64(stmt, column);
    struct pic_span text = pic_db_column_span(stmt, column);
    if (ends_with(name, "_cents"))
        pic_money_format(number, PIC_STYLE_SCREEN, out);
    else if (ends_with(name, "_rate"))
        pic_rate_format(number, PIC_STYLE_SCREEN, out);
    else if (ends_with(name, "_on"))
        pic_date_format(number, PIC_STYLE_SCREEN, out);
    else
        pic_buf_bytes(out, text.p, text.n);
}

static void put_sentence(struct pic_buf *out, struct pic_span sentence, sqlite3_stmt *stmt)
{
    for (size_t i = 0; i < sentence.n; i++) {
        bool fact = sentence.p[i] == '{' && i + 2 < sentence.n && sentence.p[i + 2] == '}';
        int at = fact ? sentence.p[i + 1] - '1' : -1;
        if (at >= 0 && at < FACTS_MAX && FACT_FIRST + at < sqlite3_column_count(stmt)) {
            put_fact(out, stmt, FACT_FIRST + at);
            i += 2;
        } else {
            pic_buf_u8(out, sentence.p[i]);
        }
    }
}

static int tell(sqlite3_stmt *stmt, const struct pic_check *check, pic_finding_sink *sink,
                void *context)
{
    struct pic_buf sentence;
    bool row = true;
    int status = PIC_OK;
    pic_buf_init(&sentence, SENTENCE_MAX);
    while (status == PIC_OK) {
        status = pic_db_step(stmt, &row);
        if (status != PIC_OK || !row)
            break;
        pic_buf_clear(&sentence);
        put_sentence(&sentence, check->sentence, stmt);
        const struct pic_finding finding = {
            .check = check,
            .id = (uint64_t)sqlite3_column_int64(stmt, 0),
            .org = (uint64_t)sqlite3_column_int64(stmt, 1),
            .sentence = pic_buf_view(&sentence),
        };
        status = pic_buf_status(&sentence);
        if (status == PIC_OK)
            status = sink(context, &finding);
    }
    pic_buf_release(&sentence);
    return status;
}

int pic_check_run(struct pic_db *db, const struct pic_check *check, pic_finding_sink *sink,
                  void *context, struct pic_err *err)
{
    int status = lend(db, err);
    if (status != PIC_OK)
        return status;
    sqlite3_stmt *stmt = pic_db_prepare(db, check->sql, err);
    if (stmt == NULL)
        return err->status;
    status = tell(stmt, check, sink, context);
    (void)sqlite3_finalize(stmt);
    return status == PIC_OK || err->status != PIC_OK ? status : pic_fail(err, status, NULL);
}

int pic_checks_run(struct pic_db *db, pic_finding_sink *sink, void *context, struct pic_err *err)
{
    struct pic_check check;
    int status = PIC_OK;
    for (size_t i = 0; status == PIC_OK && pic_check_at(i, &check); i++)
        status = pic_check_run(db, &check, sink, context, err);
    return status;
}
