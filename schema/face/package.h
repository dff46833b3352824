/* package: the files of a signed container, written where a person can open them, with the signed
 * file itself beside them. Nothing that exists is ever replaced. */
#ifndef PIC_FACE_PACKAGE_H
#define PIC_FACE_PACKAGE_H

#include "protocol/log/container.h"

/* The name of the signed file in the folder. */
#define PIC_PACKAGE_SIGNED "synthese.pics"

/* Writes into folder, which is made when it is not there (its parent must be). PIC_EEXISTS (a file
 * is there already), PIC_EFILE, PIC_EDISK_FULL, PIC_EIO, PIC_ELIMIT; arg[0] is the path. */
PIC_MUST_USE int pic_package_write(const char *folder, const struct pic_container *files,
                                   struct pic_span sealed, struct pic_err *err);

#endif
