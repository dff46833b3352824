#include "agent/identities.h"

#include <stdlib.h>
#include <string.h>

#include "agent/query.h"
#include "agent/record.h"
#include "protocol/base/text.h"
#include "schema/dictionary/number.h"

enum {
    WRAPPED_TEXT_MAX = 192,
    WORDS_MAX = 64, /* of one name */
    WORD_MAX = 128,
    FOLDED_MAX = 2 * PIC_IDENTITY_MAX, /* folding can open a ligature */
};

/* --- keys --- */

/* A key that was confided to this laptop, opened with its own. */
static int take_grant(const struct pic_keys *keys, struct pic_span wrapped,
                      struct pic_identity_keys *out)
{
    char typed[WRAPPED_TEXT_MAX + 1];
    struct pic_buf bytes;
    struct pic_dh_pair *pair = &out->pairs[out->n];
    if (wrapped.n > WRAPPED_TEXT_MAX)
        return PIC_OK;
    memcpy(typed, wrapped.p, wrapped.n);
    typed[wrapped.n] = '\0';
    pic_buf_init(&bytes, PIC_BOX_WRAPPED_SIZE);
    /* What another laptop wrote wrongly is as if it had not been written. */
    if (pic_text_unbase32(typed, PIC_BOX_WRAPPED_SIZE, &bytes) == PIC_OK &&
        pic_box_unwrap(bytes.data, &keys->box, &pair->secret) == PIC_OK) {
        pic_dh_from_secret(pair);
        out->n++;
    }
    pic_buf_release(&bytes);
    return PIC_OK;
}

int pic_identities_keys(struct pic_agent *agent, const struct pic_keys *keys,
                        struct pic_identity_keys *out)
{
    sqlite3_stmt *stmt = pic_query(agent->queries, PIC_QUERY_GRANTS);
    bool row = false;
    memset(out, 0, sizeof *out);
    pic_memory_lock(out, sizeof *out);
    out->pairs[out->n++] = keys->box;
    if (stmt == NULL)
        return PIC_EIO;
    (void)sqlite3_bind_int64(stmt, 1, agent->self.device);
    int status = pic_db_step(stmt, &row);
    while (status == PIC_OK && row && out->n < PIC_IDENTITY_KEYS_MAX) {
        status = take_grant(keys, pic_db_column_span(stmt, 0), out);
        if (status == PIC_OK)
            status = pic_db_step(stmt, &row);
    }
    (void)sqlite3_reset(stmt);
    return status;
}

void pic_identities_keys_wipe(struct pic_identity_keys *keys)
{
    pic_memory_unlock(keys, sizeof *keys);
}

int pic_identities_organisation(struct pic_agent *agent, uint8_t key[static PIC_KEY_SIZE])
{
    sqlite3_stmt *stmt = pic_query(agent->queries, PIC_QUERY_FIRST_BOX_KEY);
    bool row = false;
    memcpy(key, agent->self.box_key, PIC_KEY_SIZE);
    if (stmt == NULL)
        return agent->state == NULL ? PIC_OK : PIC_EIO;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)agent->self.organisation);
    int status = pic_db_step(stmt, &row);
    if (status == PIC_OK && row && (uint32_t)sqlite3_column_int64(stmt, 0) < agent->self.device) {
        struct pic_span found = pic_db_column_span(stmt, 1);
        if (found.n == PIC_KEY_SIZE)
            memcpy(key, found.p, PIC_KEY_SIZE);
    }
    (void)sqlite3_reset(stmt);
    return status;
}

/* The association's pair among those that are readable here. PIC_ESEALED. */
static int organisation_pair(struct pic_agent *agent, const struct pic_identity_keys *keys,
                             const struct pic_dh_pair **out)
{
    uint8_t key[PIC_KEY_SIZE];
    int status = pic_identities_organisation(agent, key);
    for (size_t i = 0; status == PIC_OK && i < keys->n; i++)
        if (memcmp(keys->pairs[i].public, key, sizeof key) == 0) {
            *out = &keys->pairs[i];
            return PIC_OK;
        }
    return status == PIC_OK ? PIC_ESEALED : status;
}

/* --- boxes --- */

int pic_identities_seal(struct pic_agent *agent, const char *typed,
                        uint8_t hash[static PIC_HASH_SIZE], struct pic_err *err)
{
    uint8_t organisation[PIC_KEY_SIZE];
    struct pic_buf plain;
    struct pic_buf blob;
    pic_buf_init(&plain, PIC_IDENTITY_MAX);
    pic_buf_init(&blob, PIC_IDENTITY_BLOB_MAX);
    int status = pic_text_clean(pic_span_text(typed), &plain);
    if (status == PIC_ELIMIT)
        status = PIC_ETOO_LONG;
    if (status == PIC_OK)
        status = pic_identities_organisation(agent, organisation);
    if (status == PIC_OK) {
        bool first = memcmp(organisation, agent->self.box_key, PIC_KEY_SIZE) == 0;
        const uint8_t *const readers[] = {agent->self.authority, organisation, agent->self.box_key};
        status = pic_identity_seal(pic_buf_view(&plain), readers, first ? 2 : 3,
                                   &agent->world->random, &blob);
    }
    if (status == PIC_OK)
        status = pic_blobs_take_bytes(&agent->blobs, pic_buf_view(&blob), hash);
    if (status == PIC_OK)
        status = pic_agent_outgoing_put(agent, hash, blob.len);
    pic_buf_wipe(&plain);
    pic_buf_release(&blob);
    return status == PIC_OK ? PIC_OK : pic_fail(err, status, NULL);
}

int pic_identities_open(struct pic_agent *agent, const uint8_t hash[static PIC_HASH_SIZE],
                        const struct pic_identity_keys *keys, struct pic_buf *out)
{
    struct pic_buf blob;
    pic_buf_init(&blob, PIC_IDENTITY_BLOB_MAX);
    int status = pic_blobs_read(&agent->blobs, hash, 0, PIC_IDENTITY_BLOB_MAX, &blob);
    if (status == PIC_OK)
        status = pic_identity_open(pic_buf_view(&blob), keys->pairs, keys->n, out);
    pic_buf_release(&blob);
    return status == PIC_EDECRYPT || status == PIC_ENOT_FOUND ? PIC_ESEALED : status;
}

/* --- confiding the key --- */

void pic_identities_words(const uint8_t key[static PIC_KEY_SIZE],
                          const char *words[static PIC_CONFIDE_WORDS])
{
    static const struct pic_code halves[] = {{"CONFIER-LA-CLE1"}, {"CONFIER-LA-CLE2"}};
    _Static_assert(PIC_CONFIDE_WORDS == 2 * PIC_CONTROL_WORDS, "two halves");
    for (size_t i = 0; i < 2; i++)
        pic_control_words(key, &halves[i], words + i * PIC_CONTROL_WORDS);
}

int pic_identities_waiting(struct pic_agent *agent, pic_identity_waiting_each *each, void *context)
{
    uint8_t organisation[PIC_KEY_SIZE];
    sqlite3_stmt *stmt = pic_query(agent->queries, PIC_QUERY_WAITING_DEVICES);
    bool row = false;
    if (stmt == NULL)
        return PIC_EIO;
    int status = pic_identities_organisation(agent, organisation);
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)agent->self.organisation);
    pic_db_bind_span(stmt, 2, pic_span_of(organisation, sizeof organisation));
    (void)sqlite3_bind_int64(stmt, 3, agent->self.device);
    if (status == PIC_OK)
        status = pic_db_step(stmt, &row);
    while (status == PIC_OK && row) {
        struct pic_identity_waiting w = {.id = (uint64_t)sqlite3_column_int64(stmt, 0),
                                         .device = (uint32_t)sqlite3_column_int64(stmt, 1),
                                         .label = pic_db_column_span(stmt, 2)};
        struct pic_span key = pic_db_column_span(stmt, 3);
        if (key.n == PIC_KEY_SIZE) {
            memcpy(w.key, key.p, PIC_KEY_SIZE);
            status = each(context, &w);
        }
        if (status == PIC_OK)
            status = pic_db_step(stmt, &row);
    }
    (void)sqlite3_reset(stmt);
    return status;
}

static int record_grant(struct pic_agent *agent, const struct pic_dh_pair *pair,
                        const struct pic_identity_waiting *to, struct pic_err *err)
{
    const struct pic_entity *entity = pic_dictionary_entity(PIC_KEY_GRANT);
    uint8_t wrapped[PIC_BOX_WRAPPED_SIZE];
    struct pic_buf text;
    uint64_t dot = 0;
    pic_buf_init(&text, WRAPPED_TEXT_MAX);
    int status = pic_box_wrap(&pair->secret, to->key, wrapped);
    pic_text_base32(pic_span_of(wrapped, sizeof wrapped), 0, &text);
    const struct pic_value values[] = {
        {.kind = PIC_KIND_REF, .i = (int64_t)to->id},
        {.kind = PIC_KIND_BYTES, .s = pic_span_of(pair->public, PIC_KEY_SIZE)},
        {.kind = PIC_KIND_TEXT, .s = pic_buf_view(&text)},
    };
    const struct pic_input inputs[] = {
        {.field = pic_entity_by_column(entity, "device"), .value = &values[0]},
        {.field = pic_entity_by_column(entity, "key"), .value = &values[1]},
        {.field = pic_entity_by_column(entity, "wrapped"), .value = &values[2]},
    };
    if (status == PIC_OK)
        status = pic_record(agent, entity, 0, inputs, sizeof inputs / sizeof *inputs, &dot, err);
    else
        (void)pic_fail(err, status, NULL);
    pic_buf_release(&text);
    return status;
}

int pic_identities_confide(struct pic_agent *agent, const struct pic_keys *keys,
                           const struct pic_identity_waiting *to, struct pic_err *err)
{
    struct pic_identity_keys readable;
    const struct pic_dh_pair *pair = NULL;
    int status = pic_identities_keys(agent, keys, &readable);
    if (status == PIC_OK)
        status = organisation_pair(agent, &readable, &pair);
    status = status == PIC_OK ? record_grant(agent, pair, to, err) : pic_fail(err, status, NULL);
    pic_identities_keys_wipe(&readable);
    return status;
}

/* --- the recovery sheet --- */

int pic_identities_secret(struct pic_agent *agent, const struct pic_keys *keys,
                          struct pic_dh_pair *out)
{
    struct pic_identity_keys readable;
    const struct pic_dh_pair *pair = NULL;
    int status = pic_identities_keys(agent, keys, &readable);
    if (status == PIC_OK)
        status = organisation_pair(agent, &readable, &pair);
    if (status == PIC_OK)
        *out = *pair;
    pic_identities_keys_wipe(&readable);
    return status;
}

int pic_identities_is_ours(struct pic_agent *agent, const struct pic_dh_pair *pair)
{
    uint8_t key[PIC_KEY_SIZE];
    int status = pic_identities_organisation(agent, key);
    if (status != PIC_OK || memcmp(key, pair->public, sizeof key) == 0)
        return status;
    return memcmp(key, agent->self.box_key, sizeof key) == 0 ? PIC_ENOT_FOUND : PIC_ERESCUE_OTHER;
}

int pic_identities_readable(struct pic_agent *agent, bool *readable)
{
    uint8_t key[PIC_KEY_SIZE];
    bool row = false;
    int status = pic_identities_organisation(agent, key);
    *readable = status == PIC_OK && memcmp(key, agent->self.box_key, sizeof key) == 0;
    if (status != PIC_OK || *readable || agent->state == NULL)
        return status;
    sqlite3_stmt *stmt = pic_query(agent->queries, PIC_QUERY_GRANTS);
    if (stmt == NULL)
        return PIC_EIO;
    (void)sqlite3_bind_int64(stmt, 1, agent->self.device);
    status = pic_db_step(stmt, &row);
    (void)sqlite3_reset(stmt);
    *readable = row;
    return status;
}

int pic_identities_recover(struct pic_agent *agent, const struct pic_keys *keys,
                           const struct pic_dh_pair *pair, struct pic_err *err)
{
    struct pic_dh_pair known = {0};
    struct pic_identity_waiting self = {.device = agent->self.device, .id = agent->self.device};
    int status = pic_identities_is_ours(agent, pair);
    if (status == PIC_ENOT_FOUND)
        status = PIC_ERESCUE_OTHER;
    if (status == PIC_OK)
        status = pic_identities_secret(agent, keys, &known);
    pic_secret_wipe(&known.secret);
    if (status == PIC_OK)
        return PIC_OK;
    if (status == PIC_ESEALED)
        status = pic_query_numbers(agent->queries, PIC_QUERY_OWN_DEVICE, &self.id, 1);
    if (status == PIC_OK && self.id == 0)
        status = PIC_ENOT_FOUND;
    memcpy(self.key, agent->self.box_key, sizeof self.key);
    return status == PIC_OK ? record_grant(agent, pair, &self, err) : pic_fail(err, status, NULL);
}

/* --- counting --- */

static int by_word(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The words of a name, folded, in order, a newline after each; the order in which first name and
 * surname were typed makes no difference. */
static int put_words(struct pic_span name, struct pic_buf *out)
{
    char *words[WORDS_MAX];
    size_t n = 0;
    char *rest = NULL;
    struct pic_buf folded;
    pic_buf_init(&folded, FOLDED_MAX);
    (void)pic_buf_room(&folded, FOLDED_MAX);
    int status = pic_text_fold(name, &folded);
    char *text = (char *)(uintptr_t)pic_buf_string(&folded);
    for (char *w = strtok_r(text, " ", &rest); status == PIC_OK && w != NULL && n < WORDS_MAX;
         w = strtok_r(NULL, " ", &rest))
        words[n++] = w;
    qsort(words, n, sizeof *words, by_word);
    for (size_t i = 0; i < n; i++) {
        pic_buf_text(out, words[i]);
        pic_buf_text(out, "\n");
    }
    pic_buf_wipe(&folded);
    return status == PIC_OK && n == 0 ? PIC_ETEXT : status;
}

/* "name ; day of birth ; anything": the words and the day. PIC_EDATE, PIC_ETEXT: not so written. */
static int read_person(const char *text, struct pic_buf *words, int64_t *born)
{
    char typed[WORD_MAX];
    size_t name_n = strcspn(text, ";");
    if (text[name_n] == '\0')
        return PIC_EDATE;
    const char *date = text + name_n + 1;
    date += strspn(date, " ");
    size_t n = strcspn(date, ";");
    while (n > 0 && date[n - 1] == ' ')
        n--;
    if (n == 0 || n >= sizeof typed)
        return PIC_EDATE;
    memcpy(typed, date, n);
    typed[n] = '\0';
    int status = pic_date_parse(typed, born, NULL);
    pic_wipe(typed, sizeof typed);
    return status == PIC_OK ? put_words(pic_span_of(text, name_n), words) : status;
}

/* The token of one participant, as text; empty when it cannot be told. */
static int token_of(struct pic_agent *agent, const struct pic_identity_keys *keys,
                    const struct pic_secret *organisation, const uint8_t *hash, uint64_t about,
                    struct pic_buf *out)
{
    uint8_t token[PIC_HASH_SIZE];
    struct pic_buf plain;
    struct pic_buf words;
    int64_t born = 0;
    pic_buf_init(&plain, PIC_IDENTITY_MAX + 1);
    pic_buf_init(&words, FOLDED_MAX);
    (void)pic_buf_room(&words, FOLDED_MAX);
    int status = pic_identities_open(agent, hash, keys, &plain);
    if (status == PIC_OK)
        status = read_person(pic_buf_string(&plain), &words, &born);
    if (status == PIC_OK) {
        pic_identity_token(organisation, about, pic_buf_view(&words), born, token);
        pic_text_base32(pic_span_of(token, sizeof token), 0, out);
    }
    pic_buf_wipe(&plain);
    pic_buf_wipe(&words);
    bool unreadable = status == PIC_ESEALED || status == PIC_EDATE || status == PIC_ETEXT;
    return unreadable ? PIC_OK : status;
}

/* The next participant of this laptop without a token, after *id. */
static int next_uncounted(struct pic_agent *agent, uint64_t *id, uint64_t *about,
                          uint8_t hash[static PIC_HASH_SIZE], bool *found)
{
    sqlite3_stmt *stmt = pic_query(agent->queries, PIC_QUERY_UNCOUNTED);
    if (stmt == NULL)
        return PIC_EIO;
    (void)sqlite3_bind_int64(stmt, 1, (sqlite3_int64)*id);
    (void)sqlite3_bind_int64(stmt, 2, agent->self.device);
    int status = pic_db_step(stmt, found);
    if (status == PIC_OK && *found) {
        struct pic_span box = pic_db_column_span(stmt, 2);
        *id = (uint64_t)sqlite3_column_int64(stmt, 0);
        *about = (uint64_t)sqlite3_column_int64(stmt, 1);
        memset(hash, 0, PIC_HASH_SIZE);
        if (box.n == PIC_HASH_SIZE)
            memcpy(hash, box.p, PIC_HASH_SIZE);
    }
    (void)sqlite3_reset(stmt);
    return status;
}

static int count_all(struct pic_agent *agent, const struct pic_identity_keys *keys,
                     const struct pic_secret *organisation, struct pic_err *err)
{
    const struct pic_field *field =
        pic_entity_by_column(pic_dictionary_entity(PIC_PARTICIPANT), "token");
    uint64_t id = 0;
    uint64_t about = 0;
    uint64_t dot = 0;
    uint8_t hash[PIC_HASH_SIZE];
    bool found = false;
    struct pic_buf token;
    pic_buf_init(&token, WORD_MAX);
    int status = next_uncounted(agent, &id, &about, hash, &found);
    while (status == PIC_OK && found) {
        pic_buf_clear(&token);
        status = token_of(agent, keys, organisation, hash, about, &token);
        const struct pic_input input = {.field = field, .typed = pic_buf_string(&token)};
        if (status == PIC_OK && token.len > 0)
            status =
                pic_record(agent, pic_dictionary_entity(PIC_PARTICIPANT), id, &input, 1, &dot, err);
        if (status == PIC_OK)
            status = next_uncounted(agent, &id, &about, hash, &found);
    }
    pic_buf_release(&token);
    return status;
}

int pic_identities_count(struct pic_agent *agent, const struct pic_keys *keys, struct pic_err *err)
{
    struct pic_identity_keys readable;
    const struct pic_dh_pair *pair = NULL;
    const struct pic_dh_pair *reader = agent->blobs.owner.reader;
    int status = pic_identities_keys(agent, keys, &readable);
    if (status == PIC_OK)
        status = organisation_pair(agent, &readable, &pair);
    agent->blobs.owner.reader = &keys->box;
    if (status == PIC_OK)
        status = count_all(agent, &readable, &pair->secret, err);
    agent->blobs.owner.reader = reader;
    pic_identities_keys_wipe(&readable);
    return status == PIC_ESEALED ? PIC_OK : status;
}
