/* examine: everything that `pic doctor` looks at, gathered into one diagnosis. It goes as far as
 * this computer lets it: a store that does not open is a finding, not an error. */
#ifndef PIC_AGENT_DOCTOR_EXAMINE_H
#define PIC_AGENT_DOCTOR_EXAMINE_H

#include "agent/doctor/integrity.h"
#include "agent/status.h"
#include "protocol/log/diagnosis.h"

struct pic_examination {
    struct pic_diagnosis diagnosis;
    int opened;                    /* the status of opening the store */
    struct pic_agent agent;        /* open when that is PIC_OK */
    struct pic_status_facts facts; /* of it, else zero */
    struct pic_integrity integrity;
    uint64_t free_bytes;
};

/* program: as in message.def. Close in any case. */
void pic_examine(const char *folder, const struct pic_world *world, uint32_t program,
                 struct pic_examination *out);
void pic_examination_close(struct pic_examination *examination);

#endif
