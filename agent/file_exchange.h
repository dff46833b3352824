/* file_exchange: the courier on foot. The lanes of courier.h ask all they have to ask into a file,
 * without hearing any answer; days later, the answers come back in another file and are taken by
 * the same functions as those of the network. What the network would mend at once (a gap, a clock
 * that is ahead, a restored copy) is noted, and mended by the next file.
 *
 *     deposit:  enrol? | changes | pages of the feed | documents that fit | closing
 *     collect:  the i-th answer to the i-th request, as far as the file goes */
#ifndef PIC_AGENT_FILE_EXCHANGE_H
#define PIC_AGENT_FILE_EXCHANGE_H

#include "agent/carrier.h"
#include "agent/keyring.h"
#include "agent/store.h"
#include "schema/store/parcel_file.h"

struct pic_file_report {
    struct pic_courier_report courier; /* deposit: changes and documents that the file holds */
    uint64_t requests, bytes;
    uint64_t documents_left;        /* that did not fit */
    bool ended;                     /* collect: the file was read to its end */
    bool whole;                     /* collect: every request of the deposit was answered by now */
    bool again;                     /* collect: what came back asks for another deposit */
    uint8_t id[PIC_PARCEL_ID_SIZE]; /* of the deposit */
    char path[PIC_PARCEL_PATH_MAX]; /* deposit: of the file */
};

/* Writes one file of requests into folder, in place of those that this laptop had left there.
 * options.document_bytes_max: of documents, whole ones only. Errors of the store and of the disk;
 * then no file is left. */
PIC_MUST_USE int pic_file_deposit(struct pic_agent *agent, struct pic_keys *keys,
                                  const char *folder, const struct pic_courier_options *options,
                                  struct pic_file_report *report, struct pic_err *err);

/* Takes one file of replies. PIC_OK, or the first refusal in it. PIC_EOTHER_SERVER,
 * PIC_EOTHER_LAPTOP (or a deposit that is forgotten), PIC_EEXISTS (taken before), PIC_EHASH (taken
 * up to where it is damaged), PIC_EFORMAT, PIC_EFILE, and as pic_courier_run. */
PIC_MUST_USE int pic_file_collect(struct pic_agent *agent, struct pic_keys *keys, const char *path,
                                  const struct pic_courier_options *options,
                                  struct pic_file_report *report, struct pic_err *err);

/* The name of a deposit without its suffix: pic-ASSOCIATION-DEVICE-DAY. */
void pic_file_stem(struct pic_agent *agent, char out[static PIC_PARCEL_NAME_MAX + 1]);

#endif
