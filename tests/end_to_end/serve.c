/* The real pic-server, killed while laptops synchronise and the central team records: nothing that
 * was acknowledged is lost, nothing is there twice, and everything verifies afterwards. */
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "protocol/net/stream.h"
#include "tests/lib/laptop.h"

enum { LAPTOPS = 4, KILLS = 50, ARGS_MAX = 20, DEADLINE_MS = 20000, LINK_MS = 5000 };

static char base[64], folder[96], port_file[96], url[64];

static void fail(const char *what)
{
    (void)fprintf(stderr, "serve: %s\n", what);
    exit(EXIT_FAILURE);
}

static void check(bool good, const char *what)
{
    if (!good)
        fail(what);
}

static void sleep_ms(long ms)
{
    const struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

static int64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- processes --- */

/* Starts pic-server with arguments up to NULL; its stdout goes to out where that is not NULL. */
static pid_t start(const char *const *args, const char *out)
{
    const char *argv[ARGS_MAX] = {PIC_SERVER_PROGRAM};
    for (size_t i = 0; args[i] != NULL && i + 2 < ARGS_MAX; i++)
        argv[i + 1] = args[i];
    pid_t pid = fork();
    check(pid >= 0, "fork");
    if (pid > 0)
        return pid;
    int fd = open(out == NULL ? "/dev/null" : out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    char log[128];
    (void)snprintf(log, sizeof log, "%s/errors", base);
    int errors = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd < 0 || errors < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(errors, STDERR_FILENO) < 0)
        _exit(127);
    (void)execv(PIC_SERVER_PROGRAM, (char *const *)(void *)argv);
    _exit(127);
}

static int wait_for(pid_t pid)
{
    int how = 0;
    check(waitpid(pid, &how, 0) == pid, "waitpid");
    return WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
}

static int run(const char *const *args, const char *out)
{
    return wait_for(start(args, out));
}

#define RUN(...)         run((const char *const[]){__VA_ARGS__, "--dossier", folder, NULL}, NULL)
#define RUN_TO(out, ...) run((const char *const[]){__VA_ARGS__, "--dossier", folder, NULL}, out)

static pid_t serve(void)
{
    (void)unlink(port_file);
    pid_t pid = start((const char *const[]){"serve", "--ecoute", "tcp://127.0.0.1:0",
                                            "--port-fichier", port_file, "--dossier", folder, NULL},
                      NULL);
    for (int waited = 0; waited < DEADLINE_MS; waited += 10) {
        char port[16];
        FILE *f = fopen(port_file, "r");
        bool read = f != NULL && fgets(port, sizeof port, f) != NULL;
        if (f != NULL)
            (void)fclose(f);
        if (read) {
            (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%.*s", (int)strcspn(port, "\n"), port);
            return pid;
        }
        sleep_ms(10);
    }
    fail("the server does not start");
    return -1;
}

/* Lines of a file, and the line that begins with key, without it. */
static unsigned lines_of(const char *path, const char *key, char *value, size_t size)
{
    char line[1024];
    unsigned n = 0;
    FILE *f = fopen(path, "r");
    check(f != NULL, "output file");
    while (fgets(line, sizeof line, f) != NULL) {
        n++;
        const char *colon = strstr(line, " : ");
        if (key != NULL && strncmp(line, key, strlen(key)) == 0 && colon != NULL)
            (void)snprintf(value, size, "%.*s", (int)strcspn(colon + 3, "\n"), colon + 3);
    }
    (void)fclose(f);
    return n;
}

/* --- laptops --- */

struct person {
    struct laptop laptop;
    struct pic_link *link;
    pthread_t thread;
    uint64_t wrong;
};

static atomic_bool over;

static int exchange(void *context, struct pic_span request, struct pic_buf *reply)
{
    struct person *p = context;
    int status = PIC_OK;
    if (p->link == NULL)
        status = pic_link_open(url, LINK_MS, &p->link);
    if (status == PIC_OK)
        status = pic_link_send(p->link, request, LINK_MS);
    if (status == PIC_OK)
        status = pic_link_receive(p->link, reply, LINK_MS);
    if (status != PIC_OK) {
        pic_link_close(p->link);
        p->link = NULL;
    }
    return status;
}

/* Records when nothing waits, and sends. What the server once acknowledged it must know. */
static int work_once(struct person *p)
{
    bool more;
    enum pic_reply_status reply = PIC_REPLY_OK;
    int status = PIC_OK;
    if (p->laptop.segment.len == 0)
        status = laptop_work(&p->laptop, 1 + (unsigned)p->laptop.head.seq % 5, now_ms());
    if (status == PIC_OK)
        status = laptop_sync(&p->laptop, &more, &reply);
    bool known = reply == PIC_REPLY_OK || reply == PIC_REPLY_BUSY;
    if (status == PIC_OK && !known) {
        (void)fprintf(stderr, "serve: device %u, head %llu: %s\n", p->laptop.certificate.device,
                      (unsigned long long)p->laptop.head.seq, pic_reply_name(reply));
        p->wrong++;
    }
    return status;
}

static void *work(void *context)
{
    struct person *p = context;
    while (!atomic_load(&over))
        if (work_once(p) != PIC_OK)
            break;
    return NULL;
}

static void enrol(struct person *p, const char *shown, uint64_t fund)
{
    struct pic_code code;
    laptop_init(&p->laptop, exchange, p);
    p->laptop.fund = fund;
    check(pic_code_parse(shown, &code) == PIC_OK, "code");
    check(laptop_enrol(&p->laptop, &code, now_ms()) == PIC_OK, "enrolment");
}

/* --- the central team --- */

struct office {
    pthread_t thread;
    unsigned tried, done;
    bool kill;
};

/* Records an organisation; sometimes it is killed while it does. */
static void *record(void *context)
{
    struct office *o = context;
    char name[64];
    while (!atomic_load(&over)) {
        (void)snprintf(name, sizeof name, "Organisme %u", ++o->tried);
        pid_t pid = start((const char *const[]){"organisme", "creer", "--nom", name, "--nature",
                                                "association", "--dossier", folder, NULL},
                          NULL);
        if (o->kill && o->tried % 3 == 0) {
            sleep_ms((long)(o->tried % 7) * 10);
            (void)kill(pid, SIGKILL);
        }
        o->done += wait_for(pid) == 0;
    }
    return NULL;
}

/* --- the test --- */

static void prepare(struct person people[static LAPTOPS])
{
    char out[128];
    char authority[128];
    char number[64] = "";
    char codes[LAPTOPS][64];
    uint64_t fund;
    (void)snprintf(out, sizeof out, "%s/out", base);
    (void)snprintf(authority, sizeof authority, "%s/autorite.cle", base);
    check(RUN("init", "--nom", "Essai", "--autorite-sortie", authority) == 0, "init");
    check(RUN("init", "--nom", "Essai", "--autorite-sortie", authority) == 2, "init twice");
    check(RUN("organisme", "creer", "--nom", "ADCM", "--nature", "association") == 0, "organisme");
    check(RUN_TO(out, "fonds", "creer", "--nom", "PIC 2026", "--cadre", "pic", "--annee", "2026",
                 "--gestionnaire", "ADCM") == 0,
          "fonds");
    (void)lines_of(out, "N°", number, sizeof number);
    check(pic_dot_parse(number, &fund) == PIC_OK, "number of the fund");
    for (unsigned i = 0; i < LAPTOPS; i++) {
        char file[128];
        (void)snprintf(file, sizeof file, "%s/invitation-%u.picx", base, i);
        check(RUN_TO(out, "association", "inviter", "ADCM", "--role", "tresorerie", "--fichier",
                     file) == 0,
              "association inviter");
        (void)lines_of(out, "Code", codes[i], sizeof codes[i]);
    }
    pid_t pid = serve();
    for (unsigned i = 0; i < LAPTOPS; i++)
        enrol(&people[i], codes[i], fund);
    check(kill(pid, SIGTERM) == 0 && wait_for(pid) == 0, "a server that is asked to end ends well");
}

/* One life of the server, ended by a kill at a random moment. */
static void live_and_die(struct person people[static LAPTOPS], struct office *office, unsigned seed)
{
    atomic_store(&over, false);
    pid_t pid = serve();
    for (unsigned i = 0; i < LAPTOPS; i++)
        check(pthread_create(&people[i].thread, NULL, work, &people[i]) == 0, "thread");
    check(pthread_create(&office->thread, NULL, record, office) == 0, "thread");
    sleep_ms((long)seed * 37 % 300);
    check(kill(pid, SIGKILL) == 0 && wait_for(pid) == 128 + SIGKILL, "kill");
    atomic_store(&over, true);
    for (unsigned i = 0; i < LAPTOPS; i++) {
        check(pthread_join(people[i].thread, NULL) == 0, "join");
        check(people[i].wrong == 0, "the server forgot what it had acknowledged");
    }
    check(pthread_join(office->thread, NULL) == 0, "join");
}

/* All that was acknowledged is in the tables, once. */
static void count_all(struct person people[static LAPTOPS], const struct office *office)
{
    char out[128];
    uint64_t changes = 0;
    pid_t pid = serve();
    (void)snprintf(out, sizeof out, "%s/out", base);
    for (unsigned i = 0; i < LAPTOPS; i++) {
        int status = PIC_OK;
        do
            status = work_once(&people[i]);
        while (status == PIC_OK && people[i].laptop.segment.len > 0);
        check(status == PIC_OK && people[i].wrong == 0, "the last exchange");
        changes += people[i].laptop.received.seq;
    }
    check(kill(pid, SIGTERM) == 0 && wait_for(pid) == 0, "end");
    check(RUN_TO(out, "projet", "liste", "--limite", "1000000", "--plain") == 0, "projet liste");
    check(lines_of(out, NULL, NULL, 0) == changes + 1, "every change is there, once");
    check(RUN_TO(out, "organisme", "liste", "--limite", "1000000", "--plain") == 0, "liste");
    unsigned organisations = lines_of(out, NULL, NULL, 0) - 2; /* heading, ADCM */
    check(organisations >= office->done && organisations <= office->tried,
          "every organisation that was announced is there");
    check(RUN("verifier", "--tout") == 0, "verifier");
    (void)printf("%d kills, %llu changes, %u organisations announced, %u there\n", KILLS,
                 (unsigned long long)changes, office->done, organisations);
}

/* What a sanitizer had to say in any of the processes, killed ones too. */
static void check_errors(void)
{
    char path[128];
    char line[1024];
    (void)snprintf(path, sizeof path, "%s/errors", base);
    FILE *f = fopen(path, "r");
    check(f != NULL, "errors");
    while (fgets(line, sizeof line, f) != NULL)
        if (strstr(line, "Sanitizer") != NULL || strstr(line, "runtime error") != NULL)
            fail(line);
    (void)fclose(f);
}

static int remove_one(const char *path, const struct stat *about, int flag, struct FTW *at)
{
    (void)about;
    (void)flag;
    (void)at;
    return remove(path);
}

int main(void)
{
    static struct person people[LAPTOPS];
    struct office office = {0};
    (void)signal(SIGPIPE, SIG_IGN);
    (void)snprintf(base, sizeof base, "/tmp/pic-serve-XXXXXX");
    check(pic_crypto_start() == PIC_OK && mkdtemp(base) != NULL, "start");
    (void)snprintf(folder, sizeof folder, "%s/d", base);
    (void)snprintf(port_file, sizeof port_file, "%s/port", base);
    prepare(people);
    for (unsigned i = 0; i < KILLS; i++) {
        office.kill = i % 2 == 1;
        live_and_die(people, &office, i + 1);
        if (i % 10 == 9)
            check(RUN("verifier", "--tout") == 0, "verifier after kills");
    }
    count_all(people, &office);
    check_errors();
    for (unsigned i = 0; i < LAPTOPS; i++) {
        pic_link_close(people[i].link);
        laptop_release(&people[i].laptop);
    }
    return nftw(base, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
