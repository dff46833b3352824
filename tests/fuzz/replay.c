/* replay: runs a fuzz target over every file of a folder, where there is no libFuzzer. Each seed is
 * also cut short at every length up to 512 bytes and tried with each of its bits flipped there. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEED_MAX = 1 << 20, MUTATED_MAX = 512 };

static void run(const uint8_t *data, size_t size)
{
    /* An exact copy, so that reading one byte too many is seen by the sanitizer. */
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    if (copy == NULL)
        abort();
    memcpy(copy, data, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void replay(const char *path)
{
    static uint8_t data[SEED_MAX];
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        abort();
    size_t size = fread(data, 1, sizeof data, f);
    (void)fclose(f);
    run(data, size);
    for (size_t i = 0; i < size && i < MUTATED_MAX; i++) {
        run(data, i);
        for (unsigned bit = 0; bit < 8; bit++) {
            data[i] ^= (uint8_t)(1U << bit);
            run(data, size);
            data[i] ^= (uint8_t)(1U << bit);
        }
    }
}

int main(int argc, char **argv)
{
    DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
    if (dir == NULL) {
        (void)fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    unsigned seeds = 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        replay(path);
        seeds++;
    }
    (void)closedir(dir);
    (void)printf("%u seeds replayed\n", seeds);
    return seeds == 0;
}
