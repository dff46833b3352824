/* checks: what a controller would look for, one SQL file a check (checks/). Its first comments say
 * all there is to say about it:
 *
 *     -- code: enveloppe-depassee           stable, quoted in letters and exports
 *     -- gravite: bloquant                  or attention
 *     -- titre: Enveloppe dépassée
 *     -- phrase: Le fonds « {1} » a accordé {2} pour une enveloppe de {3}.
 *
 * The query gives the row concerned (id), whose it is (org), then the facts {1} {2}…; a fact whose
 * name ends in _cents, _rate or _on is written as an amount, a rate or a day. A finding is told to
 * the org it belongs to, and says nothing of another's. */
#ifndef PIC_STATE_CHECKS_H
#define PIC_STATE_CHECKS_H

#include "schema/dictionary/dictionary.h"
#include "schema/store/db.h"

struct pic_check {
    struct pic_span code, title, sentence;
    bool blocks;
    const char *sql;
};

/* Checks in turn; false past the last. Spans are constant data of the program. */
bool pic_check_at(size_t index, struct pic_check *out);

struct pic_finding {
    const struct pic_check *check;
    uint64_t id, org;
    struct pic_span sentence; /* valid during the call */
};
typedef int pic_finding_sink(void *context, const struct pic_finding *finding);

/* Runs one check; a status of the sink ends the run and is returned. */
PIC_MUST_USE int pic_check_run(struct pic_db *db, const struct pic_check *check,
                               pic_finding_sink *sink, void *context, struct pic_err *err);
/* All of them in turn. */
PIC_MUST_USE int pic_checks_run(struct pic_db *db, pic_finding_sink *sink, void *context,
                                struct pic_err *err);

#endif
