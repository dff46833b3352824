/* summary_scene: a small history whose summary is known to the cent, for golden files. */
#ifndef PIC_TESTS_SUMMARY_SCENE_H
#define PIC_TESTS_SUMMARY_SCENE_H

#include "server/summary/pages.h"
#include "tests/lib/history.h"

struct summary_scene {
    struct history *h;
    struct history_state s;
    uint64_t region, town; /* 70 % and 30 % */
};

void summary_scene_open(struct summary_scene *scene);
void summary_scene_close(struct summary_scene *scene);
/* What the town is told of the third quarter of 2026. */
void summary_scene_ask(const struct summary_scene *scene, struct pic_summary_ask *ask);
/* Golden file of a name inside the container: '/' becomes '_'. */
void summary_scene_path(struct pic_span name, char *out, size_t size);

#endif
