#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "protocol/net/stream.h"
#include "tests/lib/laptop.h"
static int ex(void *c, struct pic_span r, struct pic_buf *reply){struct pic_link *l=c;int s=pic_link_send(l,r,5000);return s==PIC_OK?pic_link_receive(l,reply,5000):s;}
int main(int argc,char**argv){ (void)argc; struct pic_link*l; struct laptop p; struct pic_code code; if(pic_crypto_start())return 1; int s=pic_link_open(argv[1],2000,&l); printf("open %d\n",s); laptop_init(&p,ex,l); if(pic_code_parse(argv[2],&code))return 2; p.fund=pic_dot(1,205); int64_t now=(int64_t)time(NULL)*1000; s=laptop_enrol(&p,&code,now); printf("enrol %s dev %u org %llu\n",pic_status_name(s),p.certificate.device,(unsigned long long)p.certificate.organisation); for(int i=0;i<5;i++){ s=laptop_work(&p,8,now); bool more; enum pic_reply_status st; if(!s)s=laptop_sync(&p,&more,&st); printf("sync %s %s seq %llu receipt %llu read %llu\n",pic_status_name(s),pic_reply_name(st),(unsigned long long)p.received.seq,(unsigned long long)p.receipt.number,(unsigned long long)p.segments_read);} }
