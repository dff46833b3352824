#include "protocol/base/status.h"

#include <stdarg.h>
#include <string.h>

static const struct {
    const char *name;
    const char *code;
    int exit;
} statuses[] = {
#define STATUS(symbol, code, exit) {#symbol, code, exit},
#include "protocol/base/status.def"
#undef STATUS
};

static void copy_cut(char dst[static PIC_ERR_ARG_MAX], const char *src)
{
    size_t n = strnlen(src, PIC_ERR_ARG_MAX);
    if (n >= PIC_ERR_ARG_MAX) {
        n = PIC_ERR_ARG_MAX - 1;
        while (n > 0 && ((unsigned char)src[n] & 0xC0U) == 0x80U)
            n--;
    }
    memcpy(dst, src, n);
    dst[n] = '\0';
}

int pic_fail(struct pic_err *err, int status, ...)
{
    if (err == NULL)
        return status;
    memset(err, 0, sizeof *err);
    err->status = status;
    va_list args;
    va_start(args, status);
    for (int i = 0; i < PIC_ERR_ARGS; i++) {
        const char *arg = va_arg(args, const char *);
        if (arg == NULL)
            break;
        copy_cut(err->arg[i], arg);
    }
    va_end(args);
    return status;
}

const char *pic_status_code(int status)
{
    return status >= 0 && status < PIC_STATUS_COUNT ? statuses[status].code : "X-00";
}

const char *pic_status_name(int status)
{
    return status >= 0 && status < PIC_STATUS_COUNT ? statuses[status].name : "?";
}

int pic_status_exit(int status)
{
    return status >= 0 && status < PIC_STATUS_COUNT ? statuses[status].exit : 1;
}
