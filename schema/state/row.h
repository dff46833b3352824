/* row: one entity as it stands, in memory and in its table. The tables are made from the
 * dictionary:
 *
 *     id        INTEGER PRIMARY KEY   the creating change
 *     org       INTEGER               audience of the log that created it: whose it is
 *     stamp     INTEGER               of the creating change
 *     reversed  INTEGER               the reversal that cancels its effect, or NULL
 *     heads     BLOB                  where fields come from when not from the creation
 * (siblings.h) …         one column a field, in the order of the dictionary
 *
 * Statements are prepared once per table, when first needed. */
#ifndef PIC_STATE_ROW_H
#define PIC_STATE_ROW_H

#include "schema/dictionary/dictionary.h"
#include "schema/store/db.h"

struct pic_row {
    const struct pic_entity *entity;
    uint64_t id, org, stamp, reversed; /* reversed: 0 for none */
    struct pic_span heads;
    struct pic_value values[PIC_CHANGE_OPS_MAX]; /* by index in entity->fields */
};

enum { PIC_ROWS_FOUND = 256 };

struct pic_rows {
    struct pic_db *db;
    struct {
        uint64_t id, org;
        const struct pic_entity *entity;
    } found[PIC_ROWS_FOUND]; /* rows are never removed and never change hands */
    struct {
        sqlite3_stmt *insert, *select, *update, *owner;
        struct pic_buf loaded; /* texts and bytes of the row loaded last */
    } of[PIC_ENTITY_MAX + 1];
};

/* Appends the CREATE TABLE and CREATE INDEX statements of every entity. */
void pic_rows_schema(struct pic_buf *out);

void pic_rows_init(struct pic_rows *rows, struct pic_db *db);
void pic_rows_release(struct pic_rows *rows);
/* Forgets which rows there are: a transaction was rolled back. */
void pic_rows_forget(struct pic_rows *rows);

PIC_MUST_USE int pic_row_insert(struct pic_rows *rows, const struct pic_row *row);
/* Texts and bytes are borrowed until the next load from the same table. PIC_ENOT_FOUND. */
PIC_MUST_USE int pic_row_load(struct pic_rows *rows, const struct pic_entity *entity, uint64_t id,
                              struct pic_row *out);
PIC_MUST_USE int pic_row_update(struct pic_rows *rows, const struct pic_row *row);
/* Whose a row is. PIC_ENOT_FOUND. */
PIC_MUST_USE int pic_row_owner(struct pic_rows *rows, const struct pic_entity *entity, uint64_t id,
                               uint64_t *org);
/* The entity that an id belongs to, and whose the row is. PIC_ENOT_FOUND. */
PIC_MUST_USE int pic_row_find(struct pic_rows *rows, uint64_t id, const struct pic_entity **entity,
                              uint64_t *org);
/* The same from memory alone; false when that does not tell. */
bool pic_row_recall(const struct pic_rows *rows, uint64_t id, const struct pic_entity **entity,
                    uint64_t *org);

/* A field's value by its number; NULL kind where the entity has no such field. */
const struct pic_value *pic_row_value(const struct pic_row *row, unsigned field);
/* What the reference in a column leads to; 0 for none. The entity must have the column. */
uint64_t pic_row_reference(const struct pic_row *row, const char *column);

#endif
