#include "tests/simulation/machine.h"

#include "tests/simulation/faults.h"
#include "tests/simulation/history.h"

static const int64_t million = 1000000;

int64_t machine_now_ms(void *context)
{
    const struct machine *m = context;
    int64_t lived_ms = m->history->now_ms - m->since_ms;
    return m->history->now_ms + m->offset_ms + lived_ms * m->drift_ppm / million;
}

void machine_dare(struct machine *m, unsigned percent, unsigned operations)
{
    if (chance(m->history, percent))
        crash_vfs_arm(m->disk, CRASH_FAULT_CUT, draw(m->history, operations));
}

void machine_calm(struct machine *m)
{
    if (!machine_is_cut(m))
        crash_vfs_arm(m->disk, CRASH_FAULT_NONE, 0);
}

bool machine_is_cut(const struct machine *m)
{
    return m->stopped || crash_vfs_has_hit(m->disk) != 0;
}

bool machine_restart(struct machine *m)
{
    static const struct {
        const char *words;
        enum fault fault;
    } kinds[] = {
        [CRASH_PROCESS] = {"program killed", FAULT_KILLED},
        [CRASH_POWER_ALL] = {"power cut, all that was not synced is lost", FAULT_POWER_ALL},
        [CRASH_POWER_SOME] = {"power cut, some of what was not synced is lost", FAULT_POWER_SOME},
    };
    if (!machine_is_cut(m)) {
        machine_calm(m);
        return false;
    }
    enum crash_kind kind = (enum crash_kind)draw(m->history, CRASH_POWER_SOME + 1);
    tell(m->history, "%s: %s", m->name, kinds[kind].words);
    fault_note(kinds[kind].fault);
    crash_vfs_crash(m->disk, kind);
    crash_vfs_arm(m->disk, CRASH_FAULT_NONE, 0);
    m->stopped = false;
    return true;
}
