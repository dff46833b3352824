#include "server/log.h"

#include <stdarg.h>
#include <time.h>
#include <unistd.h>

#include "schema/face/json.h"

enum { LINE_MAX_SIZE = 1024, TIME_SIZE = 32 };

static void begin(struct pic_json *j, enum pic_log_level level, const char *event)
{
    static const char *const levels[] = {"info", "avertissement", "erreur"};
    char text[TIME_SIZE];
    struct tm utc;
    time_t now = time(NULL);
    (void)gmtime_r(&now, &utc);
    (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    pic_json_object(j);
    pic_json_key(j, "t");
    pic_json_text(j, text);
    pic_json_key(j, "niv");
    pic_json_text(j, levels[level]);
    pic_json_key(j, "ev");
    pic_json_text(j, event);
}

static void end(struct pic_json *j)
{
    pic_json_close(j);
    pic_buf_u8(j->out, '\n');
    if (pic_buf_status(j->out) != PIC_OK)
        return;
    ssize_t n = write(STDERR_FILENO, j->out->data, j->out->len);
    (void)n; /* nowhere else to say it */
}

void pic_log(enum pic_log_level level, const char *event, ...)
{
    struct pic_buf line;
    struct pic_json j;
    va_list args;
    const char *name;
    pic_buf_init(&line, LINE_MAX_SIZE);
    pic_json_init(&j, &line);
    begin(&j, level, event);
    va_start(args, event);
    while ((name = va_arg(args, const char *)) != NULL) {
        pic_json_key(&j, name);
        pic_json_int(&j, va_arg(args, int64_t));
    }
    va_end(args);
    end(&j);
    pic_buf_release(&line);
}

void pic_log_status(const char *event, int status)
{
    struct pic_buf line;
    struct pic_json j;
    pic_buf_init(&line, LINE_MAX_SIZE);
    pic_json_init(&j, &line);
    begin(&j, PIC_LOG_ERROR, event);
    pic_json_key(&j, "code");
    pic_json_text(&j, pic_status_code(status));
    end(&j);
    pic_buf_release(&line);
}
