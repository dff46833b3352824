/* dictionary: what every entity and field must have, and the numbers that are for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/base/text.h"
#include "schema/dictionary/dictionary.h"
#include "schema/dictionary/grid.h"
#include "schema/dictionary/identifiers.h"
#include "schema/dictionary/nomenclatures.h"
#include "schema/dictionary/value.h"

static const char *const types[] = {
    [PIC_TYPE_TEXT] = "text",   [PIC_TYPE_MONEY] = "money",       [PIC_TYPE_RATE] = "rate",
    [PIC_TYPE_COUNT] = "count", [PIC_TYPE_DATE] = "date",         [PIC_TYPE_BOOL] = "bool",
    [PIC_TYPE_CODE] = "code",   [PIC_TYPE_REF] = "ref",           [PIC_TYPE_SET] = "set",
    [PIC_TYPE_GRID] = "grid",   [PIC_TYPE_DOCUMENT] = "document", [PIC_TYPE_IDENTITY] = "identity",
    [PIC_TYPE_KEY] = "key",
};

static const char *const policies[] = {
    [PIC_LATEST] = "latest",
    [PIC_CHOOSE] = "choose",
    [PIC_UNION] = "union",
    [PIC_ONCE] = "once",
};

/* Calls visit for each field of each entity. */
static void each_field(void (*visit)(const struct pic_entity *e, const struct pic_field *f))
{
    for (size_t i = 0; i < pic_dictionary_count(); i++) {
        const struct pic_entity *e = pic_dictionary_at(i);
        for (size_t k = 0; k < e->field_n; k++)
            visit(e, &e->fields[k]);
    }
}

static bool is_name(const char *s, char joint)
{
    if (*s < 'a' || *s > 'z')
        return false;
    for (; *s != '\0'; s++)
        if (!(*s >= 'a' && *s <= 'z') && !(*s >= '0' && *s <= '9') && *s != joint)
            return false;
    return true;
}

static bool is_sentence(const char *s)
{
    struct pic_span text = pic_span_text(s);
    bool ended = text.n > 3 && (s[text.n - 1] == '.' || strcmp(s + text.n - 3, "…") == 0);
    return ended && text.n < 160 && pic_text_is_clean(text);
}

static bool is_label(const char *s)
{
    struct pic_span text = pic_span_text(s);
    return text.n > 0 && pic_text_length(text) <= 32 && pic_text_is_clean(text);
}

static void entities_are_numbered_upward_and_found(void **state)
{
    (void)state;
    unsigned last = 0;
    for (size_t i = 0; i < pic_dictionary_count(); i++) {
        const struct pic_entity *e = pic_dictionary_at(i);
        assert_true(e->number > last);
        last = e->number;
        assert_ptr_equal(pic_dictionary_entity(e->number), e);
        assert_ptr_equal(pic_dictionary_by_table(e->table), e);
        assert_ptr_equal(pic_dictionary_by_command(e->command), e);
        assert_true(is_name(e->table, '_') && is_name(e->command, '-'));
        assert_true(is_label(e->label) && is_label(e->plural) && is_sentence(e->help));
        assert_true(e->writers != 0 && (e->writers & ~PIC_ROLE_ANY_WRITER) == 0);
    }
    assert_null(pic_dictionary_at(pic_dictionary_count()));
    assert_null(pic_dictionary_entity(0));
    assert_null(pic_dictionary_entity(256));
    assert_null(pic_dictionary_by_table("projet"));
    assert_null(pic_dictionary_by_command("project"));
    assert_int_equal(PIC_PROJECT, 20);
}

static void check_field(const struct pic_entity *e, const struct pic_field *f)
{
    bool sized = f->type == PIC_TYPE_TEXT || f->type == PIC_TYPE_COUNT ||
                 f->type == PIC_TYPE_CODE || f->type == PIC_TYPE_SET || f->type == PIC_TYPE_GRID ||
                 f->type == PIC_TYPE_KEY;
    bool about = f->type == PIC_TYPE_CODE || f->type == PIC_TYPE_SET || f->type == PIC_TYPE_REF;
    if (f->number != f - e->fields + 1 || !is_name(f->column, '_') || !is_name(f->option, '-') ||
        !is_label(f->label) || !is_sentence(f->help) || sized != (f->size != 0) ||
        (!about && f->about[0] != '\0') || (f->writers & ~e->writers) != 0 || f->writers == 0)
        fail_msg("%s.%s is not as it should be", e->table, f->column);
    if (f->type != PIC_TYPE_COUNT && f->size > PIC_TEXT_MAX)
        fail_msg("%s.%s is larger than any text", e->table, f->column);
    if ((f->policy == PIC_UNION) && f->type != PIC_TYPE_SET)
        fail_msg("%s.%s: only sets are united", e->table, f->column);
    assert_int_equal(pic_entity_index(e, f->number), f - e->fields);
    assert_ptr_equal(pic_entity_field(e, f->number), f);
    assert_ptr_equal(pic_entity_by_option(e, f->option), f); /* so options are unique */
    assert_ptr_equal(pic_entity_by_column(e, f->column), f);
}

static void fields_are_numbered_without_hole_named_and_helped(void **state)
{
    (void)state;
    each_field(check_field);
    const struct pic_entity *project = pic_dictionary_entity(PIC_PROJECT);
    assert_int_equal(pic_entity_index(project, 0), -1);
    assert_int_equal(pic_entity_index(project, project->field_n + 1U), -1);
    assert_null(pic_entity_field(project, 255));
    assert_null(pic_entity_by_option(project, "title"));
    assert_null(pic_entity_by_column(project, "titre"));
    assert_string_equal(pic_entity_field(project, PIC_FIELD_CANCELLED)->column, "cancelled");
}

static void check_reference(const struct pic_entity *e, const struct pic_field *f)
{
    if (f->type == PIC_TYPE_REF && f->about[0] != '\0' && pic_dictionary_by_table(f->about) == NULL)
        fail_msg("%s.%s refers to no entity", e->table, f->column);
    /* What a laptop may write must not hang from what it never receives. */
    if (f->type == PIC_TYPE_REF && f->about[0] != '\0' && (e->flags & PIC_SERVER_ONLY) == 0)
        assert_int_equal(pic_dictionary_by_table(f->about)->flags & PIC_SERVER_ONLY, 0);
}

static void references_name_entities(void **state)
{
    (void)state;
    each_field(check_reference);
}

static void check_list(const struct pic_entity *e, const struct pic_field *f)
{
    if (f->type != PIC_TYPE_CODE && f->type != PIC_TYPE_SET)
        return;
    if (pic_identifier_kind(f->about) != PIC_IDENTIFIER_NONE)
        return;
    size_t n = 0;
    struct pic_span left = pic_nomenclatures();
    for (struct pic_shipped_code row; pic_nomenclatures_next(&left, &row);) {
        if (!pic_span_equal(row.nomenclature, pic_span_text(f->about)))
            continue;
        n++;
        struct pic_value value = {.kind = PIC_KIND_TEXT, .s = row.code};
        if (pic_value_check(f, &value) != PIC_OK)
            fail_msg("%s.%s refuses %.*s", e->table, f->column, (int)row.code.n, row.code.p);
    }
    if (n == 0)
        fail_msg("%s.%s: no code in list %s", e->table, f->column, f->about);
}

static void every_list_of_choice_is_shipped(void **state)
{
    (void)state;
    each_field(check_list);
}

/* True when some field, the grid, or the key of an example takes its codes from this list. */
static bool is_used(struct pic_span nomenclature)
{
    for (size_t i = 0; i < pic_dictionary_count(); i++) {
        const struct pic_entity *e = pic_dictionary_at(i);
        for (size_t k = 0; k < e->field_n; k++)
            if (pic_span_equal(pic_span_text(e->fields[k].about), nomenclature))
                return true;
    }
    return false;
}

static void shipped_codes_are_unique_used_and_dated(void **state)
{
    (void)state;
    struct pic_span left = pic_nomenclatures();
    for (struct pic_shipped_code row; pic_nomenclatures_next(&left, &row);) {
        assert_true(is_used(row.nomenclature));
        assert_true(row.label.n > 0 && pic_text_is_clean(row.label));
        struct pic_span rest = left;
        for (struct pic_shipped_code other; pic_nomenclatures_next(&rest, &other);)
            assert_false(pic_span_equal(row.nomenclature, other.nomenclature) &&
                         pic_span_equal(row.code, other.code));
    }
    assert_int_equal(left.n, 0); /* every line was a row */
    struct pic_span theme = pic_span_text("T17-03");
    struct pic_span label = pic_nomenclature_label("theme", theme);
    assert_true(pic_span_equal(label, pic_span_text("Lutte contre l'illettrisme")));
    assert_false(pic_nomenclature_has("theme", theme, pic_date_day(2016, 12, 31)));
    assert_true(pic_nomenclature_has("theme", theme, pic_date_day(2017, 1, 1)));
    assert_true(pic_nomenclature_has("theme", theme, pic_date_day(2023, 12, 31)));
    assert_false(pic_nomenclature_has("theme", theme, pic_date_day(2024, 1, 1)));
    assert_true(pic_nomenclature_has("statut-projet", pic_span_text("accorde"), 0));
    assert_false(pic_nomenclature_has("statut-projet", pic_span_text("T17-03"), 0));
    assert_int_equal(pic_nomenclature_label("theme", pic_span_text("T17-11")).n, 0);
}

static void same_codes(const char *nomenclature, const char *const *codes, size_t n)
{
    size_t shipped = 0;
    struct pic_span left = pic_nomenclatures();
    for (struct pic_shipped_code row; pic_nomenclatures_next(&left, &row);)
        shipped += pic_span_equal(row.nomenclature, pic_span_text(nomenclature));
    assert_int_equal(shipped, n);
    for (size_t i = 0; i < n; i++)
        assert_true(pic_nomenclature_label(nomenclature, pic_span_text(codes[i])).n > 0);
}

static void lists_of_the_grid_are_those_shipped(void **state)
{
    (void)state;
    same_codes("genre", pic_grid_genders, PIC_GRID_GENDERS);
    same_codes("tranche-age", pic_grid_ages, PIC_GRID_AGES);
    same_codes("habite-quartier", pic_grid_residences, PIC_GRID_RESIDENCES);
}

static void accepts(const struct pic_entity *e, const char *column, struct pic_span cell)
{
    const struct pic_field *f = pic_entity_by_column(e, column);
    struct pic_buf typed;
    struct pic_buf store;
    pic_buf_init(&typed, PIC_TEXT_MAX);
    pic_buf_init(&store, PIC_TEXT_MAX);
    pic_buf_bytes(&typed, cell.p, cell.n);
    struct pic_value value;
    assert_int_equal(pic_value_parse(f, pic_buf_string(&typed), &store, &value, NULL), PIC_OK);
    assert_int_equal(pic_value_check(f, &value), PIC_OK);
    if (f->type == PIC_TYPE_CODE)
        assert_true(pic_nomenclature_label(f->about, value.s).n > 0);
    pic_buf_release(&typed);
    pic_buf_release(&store);
}

static void example_rules_are_rules(void **state)
{
    (void)state;
    const struct pic_entity *rule = pic_dictionary_entity(PIC_RULE);
    struct pic_span left = pic_shipped_rules();
    size_t n = 0;
    for (struct pic_shipped_rule row; pic_shipped_rules_next(&left, &row); n++) {
        assert_true(row.example_fund.n > 0);
        accepts(rule, "code", row.code);
        accepts(rule, "value", row.value);
        accepts(rule, "unit", row.unit);
        accepts(rule, "severity", row.severity);
        accepts(rule, "valid_from", row.valid_from);
        accepts(rule, "valid_to", row.valid_to);
        accepts(rule, "article", row.article);
        accepts(rule, "text", row.text);
    }
    assert_int_equal(left.n, 0);
    assert_int_equal(n, 13);
}

static void money_facts_belong_to_the_treasurer(void **state)
{
    (void)state;
    static const unsigned reversible[] = {PIC_DECISION, PIC_PAYMENT,     PIC_EXPENSE,
                                          PIC_TRANSFER, PIC_COUNTERPART, PIC_BANK_BALANCE};
    size_t n = 0;
    for (size_t i = 0; i < pic_dictionary_count(); i++)
        n += (pic_dictionary_at(i)->flags & PIC_REVERSIBLE) != 0;
    assert_int_equal(n, sizeof reversible / sizeof reversible[0]);
    for (size_t i = 0; i < n; i++) {
        const struct pic_entity *e = pic_dictionary_entity(reversible[i]);
        assert_int_not_equal(e->flags & PIC_REVERSIBLE, 0);
        assert_int_equal(pic_entity_by_column(e, "amount")->policy, PIC_ONCE);
    }
    assert_int_equal(pic_dictionary_entity(PIC_PAYMENT)->writers, PIC_ROLE_TREASURER);
    assert_int_equal(pic_dictionary_entity(PIC_BANK_BALANCE)->writers & PIC_ROLE_ENTRY, 0);
    const struct pic_entity *project = pic_dictionary_entity(PIC_PROJECT);
    for (size_t k = 0; k < project->field_n; k++)
        assert_int_equal(project->fields[k].flags & PIC_INDEXED, 0); /* the busiest table */
}

/* One line of the golden file must still be true. */
static void check_line(const char *line)
{
    char *rest;
    unsigned long entity = strtoul(line, &rest, 10);
    unsigned long number = *rest == '.' ? strtoul(rest + 1, &rest, 10) : 0;
    char name[96];
    char type[16];
    char policy[16];
    if (number == 0 || sscanf(rest, " %95s %15s %15s", name, type, policy) != 3)
        fail_msg("unreadable: %s", line);
    const struct pic_entity *e = pic_dictionary_entity((unsigned)entity);
    const struct pic_field *f = e == NULL ? NULL : pic_entity_field(e, (unsigned)number);
    if (f == NULL) {
        fail_msg("gone: %s", line);
        return;
    }
    char now[96];
    (void)snprintf(now, sizeof now, "%s.%s", e->table, f->column);
    if (strcmp(now, name) != 0 || strcmp(types[f->type], type) != 0 ||
        strcmp(policies[f->policy], policy) != 0)
        fail_msg("now %s %s %s: %s", now, types[f->type], policies[f->policy], line);
}

static void released_numbers_keep_their_meaning(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        size_t lines_min;
    } released[] = {{"tests/vectors/dictionary_v1.txt", 200},
                    {"tests/vectors/dictionary_v2.txt", 19}};
    for (size_t i = 0; i < sizeof released / sizeof *released; i++) {
        FILE *golden = fopen(released[i].path, "r");
        assert_non_null(golden);
        char line[256];
        size_t n = 0;
        for (; fgets(line, sizeof line, golden) != NULL; n++)
            check_line(line);
        (void)fclose(golden);
        assert_true(n > released[i].lines_min);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entities_are_numbered_upward_and_found),
        cmocka_unit_test(fields_are_numbered_without_hole_named_and_helped),
        cmocka_unit_test(references_name_entities),
        cmocka_unit_test(every_list_of_choice_is_shipped),
        cmocka_unit_test(shipped_codes_are_unique_used_and_dated),
        cmocka_unit_test(lists_of_the_grid_are_those_shipped),
        cmocka_unit_test(example_rules_are_rules),
        cmocka_unit_test(money_facts_belong_to_the_treasurer),
        cmocka_unit_test(released_numbers_keep_their_meaning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
