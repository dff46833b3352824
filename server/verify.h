/* verify: proves that what this server holds is what was signed, and that its tables say what the
 * journal says. Reads everything, changes nothing, and names what is wrong: position, device and
 * sequence of a segment, number of a receipt, hash of a document, table and row of the state. */
#ifndef PIC_SERVER_VERIFY_H
#define PIC_SERVER_VERIFY_H

#include "server/verify_fault.h"

/* PIC_OK when it could be done, whatever was found; report->faults tells. */
PIC_MUST_USE int pic_server_verify(const char *folder, const struct pic_verify_options *options,
                                   struct pic_verify_report *report, struct pic_err *err);

#endif
