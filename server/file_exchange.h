/* file_exchange: answers files of requests that someone brings on a key, by the function that
 * answers the network, and gives the answers back in files. Nothing is kept of a request but its
 * answer, in the folder's courrier/, until it is old; the same file answered twice is two answers
 * to idempotent requests. */
#ifndef PIC_SERVER_FILE_EXCHANGE_H
#define PIC_SERVER_FILE_EXCHANGE_H

#include "schema/store/parcel_file.h"
#include "server/store.h"

struct pic_file_answered {
    char name[PIC_PARCEL_NAME_MAX + 1];
    uint32_t device;   /* 0: none that is known */
    uint64_t requests; /* answered */
    uint64_t refused;  /* with another status than ok */
    bool whole;        /* the file had its end */
    int status;        /* PIC_OK, or why it was left alone */
};

/* Answers every file of requests in folder; each is told to one, in order. server is written to. */
PIC_MUST_USE int pic_file_answer_all(struct pic_server *server, const char *folder,
                                     void (*one)(void *context,
                                                 const struct pic_file_answered *what),
                                     void *context, struct pic_err *err);

/* Writes into folder the answers whose requests lie there, and those never written anywhere yet;
 * the path of each is told to one. Forgets answers that are older than a transport key lives. */
PIC_MUST_USE int pic_file_give_all(struct pic_server *server, const char *folder,
                                   void (*one)(void *context, const char *path, uint64_t bytes),
                                   void *context, struct pic_err *err);

#endif
