#include "tests/lib/exchange_tables.h"

#include "protocol/exchange/message.h"

static void head(struct pic_buf *out, const char *name, const char *which, int type,
                 const char *doc)
{
    pic_buf_printf(out, "\n#### %s %s (type %d): %s\n\n| bit | field | encoding | meaning |\n",
                   name, which, type, doc);
    pic_buf_text(out, "|---|---|---|---|\n");
}

static void row(struct pic_buf *out, unsigned *bit, const char *name, const char *encoding,
                uint64_t max, const char *doc)
{
    pic_buf_printf(out, "| %u | %s | %s", (*bit)++, name, encoding);
    if (max != 0)
        pic_buf_printf(out, " %llu", (unsigned long long)max);
    pic_buf_printf(out, " | %s |\n", doc);
}

void exchange_tables_messages(struct pic_buf *out)
{
    unsigned bit;
#define REQUEST(symbol, name, type, doc)                                                           \
    bit = 0;                                                                                       \
    head(out, #name, "request", type, doc);
#define REPLY(symbol, name, type, doc)                                                             \
    bit = 0;                                                                                       \
    head(out, #name, "reply", type, doc);
#define BYTES(name, size, doc)  row(out, &bit, #name, "bytes, exactly", size, doc);
#define NUMBER(name, max, doc)  row(out, &bit, #name, "varint, at most", max, doc);
#define INTEGER(name, max, doc) row(out, &bit, #name, "zigzag, magnitude at most", max, doc);
#define TEXT(name, max, doc)    row(out, &bit, #name, "text, bytes at most", max, doc);
#define SPAN(name, max, doc)    row(out, &bit, #name, "span, bytes at most", max, doc);
#define HASHES(name, max, doc)  row(out, &bit, #name, "hashes, at most", max, doc);
#define FEED(name, max, doc)    row(out, &bit, #name, "feed, bytes at most", max, doc);
#include "protocol/exchange/message.def"
}

void exchange_tables_statuses(struct pic_buf *out)
{
    pic_buf_text(out, "| number | name | what a client does |\n|---|---|---|\n");
#define REPLY_STATUS(symbol, number, name, status, action)                                         \
    pic_buf_printf(out, "| %d | `%s` | %s |\n", number, name, action);
#include "protocol/exchange/reply_status.def"
#undef REPLY_STATUS
}
