/* release: a summary as it leaves: numbered for its addressee, signed, kept as a document, and told
 * in the addressee's own log, so that the next exchange brings it there. A release is never changed
 * nor taken back; a correction is the next number. */
#ifndef PIC_SUMMARY_RELEASE_H
#define PIC_SUMMARY_RELEASE_H

#include "server/record.h"
#include "server/summary/pages.h"

/* The number that the next release for this addressee takes. */
PIC_MUST_USE int pic_summary_next_release(struct pic_db *db, uint64_t addressee, uint64_t *out,
                                          struct pic_err *err);

/* Signs the files into one container, appended to out. */
PIC_MUST_USE int pic_summary_seal(const struct pic_summary_pages *pages,
                                  const struct pic_signer *identity, struct pic_buf *out,
                                  struct pic_err *err);

/* Keeps a container and records it. *id is that of the `summary` row. */
PIC_MUST_USE int pic_summary_publish(struct pic_server *server, const struct pic_summary_ask *ask,
                                     struct pic_span container, uint64_t *id, struct pic_err *err);

#endif
