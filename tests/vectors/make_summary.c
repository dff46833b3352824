/* make_summary: writes the golden files of a summary again, after a change that is wanted. Run it
 * from the top of the house, and read the difference. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/summary_scene.h"

int main(void)
{
    static struct pic_summary_pages pages;
    struct summary_scene scene;
    struct pic_summary_ask ask;
    struct pic_summary summary;
    struct pic_err err = {0};
    summary_scene_open(&scene);
    summary_scene_ask(&scene, &ask);
    if (pic_summary_compute(&scene.s.db, &ask, &summary, &err) != PIC_OK ||
        pic_summary_write(&summary, &pages) != PIC_OK)
        return EXIT_FAILURE;
    for (size_t i = 0; i < pages.container.file_n; i++) {
        char path[256];
        summary_scene_path(pages.container.files[i].name, path, sizeof path);
        FILE *file = fopen(path, "wb");
        if (file == NULL)
            return EXIT_FAILURE;
        (void)fwrite(pages.container.files[i].content.p, 1, pages.container.files[i].content.n,
                     file);
        if (fclose(file) != 0)
            return EXIT_FAILURE;
    }
    pic_summary_pages_release(&pages);
    pic_summary_release(&summary);
    summary_scene_close(&scene);
    return EXIT_SUCCESS;
}
