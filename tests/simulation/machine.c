#include "tests/simulation/machine.h"

#include "tests/simulation/history.h"

enum { FUSE_MAX = 120 };

static const int64_t million = 1000000;

int64_t machine_now_ms(void *context)
{
    const struct machine *m = context;
    int64_t lived_ms = m->history->now_ms - m->since_ms;
    return m->history->now_ms + m->offset_ms + lived_ms * m->drift_ppm / million;
}

void machine_dare(struct machine *m, unsigned percent)
{
    if (chance(m->history, percent))
        crash_disk_fuse(m->disk, 1 + draw(m->history, FUSE_MAX));
}

bool machine_restart(struct machine *m)
{
    bool cut = crash_disk_is_cut(m->disk);
    crash_disk_fuse(m->disk, 0);
    if (cut) {
        bool killed = chance(m->history, 30);
        tell(m->history, "%s: %s", m->name, killed ? "program killed" : "power cut");
        crash_disk_restart(m->disk, killed ? NULL : &m->history->luck);
    }
    return cut;
}
