/* line: the network between one laptop and the server. It loses, cuts, alters, doubles, delays and
 * reorders what it carries, as the weather of the history has it. */
#ifndef PIC_SIMULATION_LINE_H
#define PIC_SIMULATION_LINE_H

#include "agent/courier.h"

struct laptop;

struct line {
    struct laptop *laptop;
    struct pic_buf replies[PIC_PIPELINE_WINDOW * 2]; /* on their way back, a ring */
    unsigned first, n;
    bool cut;
};

void line_open(struct line *line, struct laptop *laptop);
void line_close(struct line *line);
struct pic_carrier line_carrier(struct line *line);

#endif
