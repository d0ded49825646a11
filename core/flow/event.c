/* SPDX-License-Identifier: MIT
 *
 * An event is one allocation: the struct, the document, and behind it the text of those known members
 * that are written with escapes; that of the others is the document's.
 *
 *   | pl_event | document: {"id":"...","time":"...", <the client's bytes from its first member on>
 * | type ... |
 *
 * The document is what receivers get by default, so it stays as the client wrote it, byte for byte;
 * only an `id` and a `time` that are missing are put in front. */
#include "flow/event.h"

#include "base/block.h"
#include "base/err.h"

#include <stdio.h>

#define BYTES_A_NODE  12 /* of a document, about: so that its index seldom grows */
#define FRONT_MEMBERS 2  /* an id and a time */
/* Of larger documents the nodes, which may be many times as large, are made of what is valid only. */
#define MOST_READ_WITH_NODES (64u << 10)

enum member { ID, TYPE, TIME, SOURCE, SUBJECT, DATA, MEMBERS };

static const struct {
    pl_slice name;
    size_t max_bytes; /* of a text; 0: any JSON value */
} members[MEMBERS] = {
    [ID] = {PL_SLICE_INIT("id"), PL_EVENT_MAX_ID},
    [TYPE] = {PL_SLICE_INIT("type"), PL_EVENT_MAX_TYPE},
    [TIME] = {PL_SLICE_INIT("time"), 64},
    [SOURCE] = {PL_SLICE_INIT("source"), 1024},
    [SUBJECT] = {PL_SLICE_INIT("subject"), 1024},
    [DATA] = {PL_SLICE_INIT("data"), 0},
};

typedef struct scan {
    pl_slice raw[MEMBERS]; /* as in the document; strings with quotes */
    size_t first_member;   /* offset of the first member, or of the closing brace */
    int open;              /* the member that is being read, or -1 */
    bool is_empty;
} scan;

/* What goes in front of the client's members: `{"id":"...","time":"...",`, or less of it. */
typedef struct front {
    char text[sizeof "{\"id\":\"\",\"time\":\"\"," + PL_UUID_TEXT + PL_TIME_TEXT];
    size_t len;
    pl_json_node nodes[FRONT_MEMBERS]; /* of its members */
    uint32_t count;
} front;

static int fault_at(pl_event_fault *fault, const char *member, const char *message)
{
    snprintf(fault->message, sizeof fault->message, "%s", message);
    snprintf(fault->pointer, sizeof fault->pointer, "%s%s", member ? "/" : "",
             member ? member : "");
    fault->line = fault->column = 0;
    return PL_E_BAD_EVENT;
}

static void fault_of(pl_event_fault *fault, pl_slice json, const pl_json_fault *f)
{
    pl_buf pointer;
    pl_buf_init(&pointer);
    pl_json_pointer(json, f->offset, &pointer);
    *fault = (pl_event_fault){.line = f->line, .column = f->column};
    snprintf(fault->message, sizeof fault->message, "%s", f->message);
    snprintf(fault->pointer, sizeof fault->pointer, "%.*s", PL_FMT(pl_buf_slice(&pointer)));
    pl_buf_fini(&pointer);
}

static int syntax_fault(pl_event_fault *fault, pl_slice json, const pl_json_reader *r)
{
    pl_json_fault f;
    pl_json_fault_of(r, &f);
    fault_of(fault, json, &f);
    return PL_E_BAD_JSON;
}

/* -- nodes -- */

static pl_json_node *nodes_of(const pl_buf *nodes)
{
    return (pl_json_node *)(void *)nodes->ptr;
}

static void reserve_nodes(pl_buf *nodes, pl_slice json)
{
    pl_buf_reserve(nodes, (json.len / BYTES_A_NODE + 1) * sizeof(pl_json_node));
}

static void move_node(pl_json_node *node, uint32_t bytes, uint32_t nodes)
{
    node->at += bytes;
    node->name += node->name ? bytes : 0; /* 0: it has none */
    node->next += nodes;
}

/* Of the nodes of the client's document those of the event's: behind the root stand the members of
 * the front, and all that was there is moved by so many bytes. */
static void put_front_nodes(const pl_event *e, const front *f, uint32_t bytes,
                            const pl_json_node *made)
{
    const char *brace = memrchr(e->document.ptr, '}', e->document.len);
    e->nodes[0] = (pl_json_node){.len = (uint32_t)(brace + 1 - e->document.ptr),
                                 .next = made->next + f->count,
                                 .kind = PL_JSON_OBJECT,
                                 .may_repeat = made->may_repeat};
    memcpy(e->nodes + 1, f->nodes, f->count * sizeof *f->nodes);
    pl_json_node *rest = e->nodes + 1 + f->count, *end = e->nodes + e->node_count;
    memcpy(rest, made + 1, (made->next - 1) * sizeof *rest);
    for (pl_json_node *node = rest; node < end; node++)
        move_node(node, bytes, f->count);
}

/* Blocks come and go quicker than what is grown. */
static void take_room(pl_event *e, size_t count)
{
    e->node_count = count;
    e->nodes = pl_block_take(count * sizeof *e->nodes);
}

/* `first_member`: where the client's members begin in what was parsed. */
static void take_nodes(pl_event *e, const front *f, size_t first_member, const pl_buf *made)
{
    const pl_json_node *nodes = nodes_of(made);
    take_room(e, nodes->next + f->count);
    if (f->len)
        put_front_nodes(e, f, (uint32_t)(f->len - first_member), nodes);
    else
        memcpy(e->nodes, nodes, e->node_count * sizeof *nodes);
}

static void free_nodes(pl_event *e)
{
    pl_block_give(e->nodes, e->node_count * sizeof *e->nodes);
    e->nodes = NULL;
}

/* -- members -- */

/* Keys compare by what they say, not by how they are written: {"\u0069d": 1} has an id. */
static int member_of(pl_slice name, bool has_escapes)
{
    for (int i = 0; i < MEMBERS; i++)
        if (pl_json_name_is(name, has_escapes, members[i].name)) return i;
    return -1;
}

/* The name of a member of the event, and where its value begins. */
static void see_name(scan *s, pl_slice json, pl_slice name, bool has_escapes)
{
    if (s->is_empty) s->first_member = (size_t)(name.ptr - 1 - json.ptr);
    s->is_empty = false;
    s->open = member_of(name, has_escapes);
}

/* Of a member that is there twice the last counts. */
static void see_value(scan *s, enum pl_json_kind kind, pl_slice raw)
{
    if (s->open < 0) return;
    if (kind == PL_JSON_STRING) raw = (pl_slice){raw.ptr - 1, raw.len + 2};
    s->raw[s->open] = raw;
}

/* Reads it once and to its end; `names`, if not NULL, see the tokens on the way. */
static int walk(pl_json_reader *r, pl_slice json, scan *s, pl_json_names *names,
                pl_event_fault *fault)
{
    pl_json_token token;
    *s = (scan){.is_empty = true};
    if (pl_json_next(r, &token) != 0) return syntax_fault(fault, json, r);
    if (token.kind != PL_JSON_OBJECT) return fault_at(fault, NULL, "expected an object");
    while (token.kind != PL_JSON_END) {
        if (names) pl_json_names_take(names, r, &token);
        int depth = r->depth;
        if (pl_json_next(r, &token) != 0) return syntax_fault(fault, json, r);
        if (depth == 1 && token.key.ptr) {
            see_name(s, json, token.key, token.key_has_escapes);
            see_value(s, token.kind, token.raw);
        }
        if (depth == 2 && r->depth == 1 && s->open >= 0) /* the end of a value */
            s->raw[s->open].len = (size_t)(r->at - s->raw[s->open].ptr);
    }
    return 0;
}

static int refuse_repeated(pl_slice json, const pl_json_fault *repeated, pl_event_fault *fault)
{
    fault_of(fault, json, repeated);
    return PL_E_BAD_EVENT;
}

static int scan_with_names(pl_slice json, pl_json_reader *r, scan *s, pl_event_fault *fault)
{
    pl_json_names names;
    pl_json_fault repeated;
    pl_json_names_init(&names);
    int rc = walk(r, json, s, &names, fault);
    bool repeats = pl_json_names_fini(&names, json, &repeated);
    return rc == 0 && repeats ? refuse_repeated(json, &repeated, fault) : rc;
}

/* What walk sees of a document that is an object. */
static void see_nodes(scan *s, pl_slice json, const pl_json_node *nodes)
{
    *s = (scan){.is_empty = true};
    for (const pl_json_node *node = nodes + 1, *end = nodes + nodes->next; node < end;
         node = nodes + node->next) {
        see_name(s, json, (pl_slice){json.ptr + node->name, node->name_len},
                 node->name_has_escapes);
        see_value(s, node->kind, pl_json_node_raw(node, json));
    }
}

/* Nodes tell as well, mostly, that no name is there twice; what is wrong with a document they do
 * not tell. */
static int scan_with_nodes(pl_slice json, bool last_wins, pl_json_reader *r, scan *s, pl_buf *nodes,
                           pl_event_fault *fault)
{
    pl_json_fault repeated;
    reserve_nodes(nodes, json);
    bool is_valid = pl_json_read_index(json, r->max_depth, nodes) == 0;
    const pl_json_node *list = nodes_of(nodes);
    if (!is_valid || list->kind != PL_JSON_OBJECT) {
        pl_buf_clear(nodes);
        return walk(r, json, s, NULL, fault);
    }
    see_nodes(s, json, list);
    if (last_wins || !list->may_repeat) return 0;
    return pl_json_repeats(json, &repeated) ? refuse_repeated(json, &repeated, fault) : 0;
}

/* The scratch stays empty where the rules, or the size, want no nodes. */
static int scan_members(pl_slice json, const pl_event_rules *rules, scan *s, pl_event_fault *fault)
{
    pl_json_reader r;
    pl_json_open(&r, json, rules->json_depth);
    if (rules->scratch) pl_buf_clear(rules->scratch);
    if (rules->scratch && json.len <= MOST_READ_WITH_NODES)
        return scan_with_nodes(json, rules->last_wins, &r, s, rules->scratch, fault);
    if (rules->last_wins) return walk(&r, json, s, NULL, fault);
    return scan_with_names(json, &r, s, fault);
}

static bool has_escapes(pl_slice raw)
{
    return raw.ptr[0] == '"' && memchr(raw.ptr, '\\', raw.len);
}

/* Room for all that take_text appends to `texts`, so that they stay where they are. */
static void reserve_texts(const scan *s, pl_buf *texts)
{
    size_t bytes = 0;
    for (enum member i = ID; i < DATA; i++)
        if (s->raw[i].ptr && has_escapes(s->raw[i])) bytes += s->raw[i].len;
    if (bytes) pl_buf_reserve(texts, bytes);
}

/* A member that must be a text. One that is written with escapes is appended to `texts`. */
static int take_text(const scan *s, enum member i, pl_buf *texts, pl_slice *text,
                     pl_event_fault *fault)
{
    size_t start = texts->len;
    pl_slice raw = s->raw[i];
    if (raw.ptr == NULL) return 0;
    if (raw.ptr[0] != '"') return fault_at(fault, members[i].name.ptr, "expected a string");
    *text = (pl_slice){raw.ptr + 1, raw.len - 2};
    if (has_escapes(raw)) {
        pl_json_unescape(raw, texts);
        *text = pl_slice_from(pl_buf_slice(texts), start);
    }
    if (text->len <= members[i].max_bytes) return 0;
    char message[64];
    snprintf(message, sizeof message, "expected a text of at most %zu bytes", members[i].max_bytes);
    return fault_at(fault, members[i].name.ptr, message);
}

/* pl_time_parse takes a plain number of milliseconds as well; a date-time has colons. */
static bool is_date_time(pl_slice text)
{
    int64_t ignored;
    return text.len && memchr(text.ptr, ':', text.len) && pl_time_parse(text, &ignored);
}

static int take_texts(const scan *s, const pl_event_rules *rules, pl_buf *texts, pl_slice *spans,
                      pl_event_fault *fault)
{
    reserve_texts(s, texts);
    for (enum member i = ID; i < DATA; i++) {
        int rc = take_text(s, i, texts, &spans[i], fault);
        if (rc != 0) return rc;
    }
    if (s->raw[ID].ptr && spans[ID].len == 0)
        return fault_at(fault, "id", "expected a string that is not empty");
    if (rules->type == PL_TYPE_NEEDED && spans[TYPE].len == 0)
        return fault_at(fault, "type", "an event needs a type, a string that is not empty");
    if (rules->type == PL_TYPE_NEEDED && pl_slice_starts(spans[TYPE], PL_EVENT_OWN))
        return fault_at(fault, "type", "types that begin with perilune. are the gateway's own");
    if (rules->type == PL_TYPE_FORBIDDEN && s->raw[TYPE].ptr)
        return fault_at(fault, "type", "a call has no type: the path names its webhook");
    if (s->raw[TIME].ptr && !is_date_time(spans[TIME]))
        return fault_at(fault, "time",
                        "expected an RFC 3339 date and time, as 2026-11-21T08:15:30Z");
    return 0;
}

static bool is_within(pl_slice bytes, const char *ptr)
{
    return (uintptr_t)ptr - (uintptr_t)bytes.ptr < bytes.len;
}

/* What an event is made of. */
typedef struct parts {
    pl_slice head;   /* what goes in front of the client's members */
    pl_slice client; /* the document as it came */
    ptrdiff_t moved; /* its bytes, in the event's document */
    pl_slice behind; /* texts that were unescaped */
} parts;

/* Where in the event a text is that is anywhere in its parts. */
static pl_slice place_of(const pl_event *e, const parts *p, pl_slice text)
{
    const char *behind = e->bytes + e->document.len;
    if (is_within(p->client, text.ptr))
        text.ptr = e->bytes + (text.ptr - p->client.ptr + p->moved);
    else if (is_within(p->head, text.ptr))
        text.ptr = e->bytes + (text.ptr - p->head.ptr);
    else
        text.ptr = text.ptr ? behind + (text.ptr - p->behind.ptr) : behind;
    return text;
}

static pl_event *build(pl_slice json, const scan *s, pl_slice head, const pl_buf *texts,
                       const pl_slice *spans)
{
    size_t cut = s->is_empty ? json.len : s->first_member;
    size_t document_len = head.len ? head.len + (s->is_empty ? 1 : json.len - cut) : json.len;
    size_t size = document_len + texts->len;
    pl_event *e = pl_block_take(sizeof *e + size);
    *e = (pl_event){.refs = 1, .document = {e->bytes, document_len}, .size = size};
    if (head.len == 0) {
        memcpy(e->bytes, json.ptr, json.len);
    } else {
        memcpy(e->bytes, head.ptr, head.len);
        if (s->is_empty)
            e->bytes[head.len] = '}';
        else
            memcpy(e->bytes + head.len, json.ptr + cut, json.len - cut);
    }
    if (texts->len) memcpy(e->bytes + document_len, texts->ptr, texts->len);
    parts p = {.head = head,
               .client = json,
               .moved = head.len ? (ptrdiff_t)head.len - (ptrdiff_t)cut : 0,
               .behind = pl_buf_slice(texts)};
    pl_slice *out[] = {[ID] = &e->id,
                       [TYPE] = &e->type,
                       [TIME] = &e->time,
                       [SOURCE] = &e->source,
                       [SUBJECT] = &e->subject};
    for (enum member i = ID; i < DATA; i++)
        *out[i] = place_of(e, &p, spans[i]);
    e->data = s->raw[DATA].ptr ? place_of(e, &p, s->raw[DATA]) : PL_SLICE("null");
    return e;
}

static void put_front(front *f, const char *text, size_t len)
{
    memcpy(f->text + f->len, text, len);
    f->len += len;
}

/* Adds a member whose text needs no escapes. */
static void add_to_front(front *f, enum member i, pl_slice value, pl_slice *span)
{
    put_front(f, f->len ? "\"" : "{\"", f->len ? 1 : 2);
    pl_json_node *node = &f->nodes[f->count++];
    *node = (pl_json_node){.name = (uint32_t)f->len,
                           .name_len = (uint32_t)members[i].name.len,
                           .len = (uint32_t)value.len,
                           .next = f->count + 1,
                           .kind = PL_JSON_STRING};
    put_front(f, members[i].name.ptr, members[i].name.len);
    put_front(f, "\":\"", 3);
    node->at = (uint32_t)f->len;
    *span = (pl_slice){f->text + f->len, value.len};
    put_front(f, value.ptr, value.len);
    put_front(f, "\",", 2);
}

/* The members that are missing, made up. */
static void make_front(const scan *s, pl_rng *rng, int64_t now_ms, front *f, pl_slice *spans)
{
    f->len = f->count = 0;
    if (s->raw[ID].ptr == NULL) {
        char id[PL_UUID_TEXT + 1];
        pl_uuid_format(pl_uuid_new(rng, (uint64_t)now_ms), id);
        add_to_front(f, ID, (pl_slice){id, PL_UUID_TEXT}, &spans[ID]);
    }
    if (s->raw[TIME].ptr == NULL) {
        char time[PL_TIME_TEXT + 1];
        pl_time_format(now_ms, time);
        add_to_front(f, TIME, (pl_slice){time, PL_TIME_TEXT}, &spans[TIME]);
    }
    if (f->len && s->is_empty) f->len--; /* no member follows the last comma */
}

int pl_event_parse(pl_slice json, const pl_event_rules *rules, pl_rng *rng, int64_t now_ms,
                   pl_event **out, pl_event_fault *fault)
{
    scan s;
    front f;
    pl_buf texts;
    pl_slice spans[MEMBERS] = {{0}};
    pl_buf_init(&texts);
    int rc = scan_members(json, rules, &s, fault);
    if (rc == 0) rc = take_texts(&s, rules, &texts, spans, fault);
    if (rc == 0) {
        make_front(&s, rng, now_ms, &f, spans);
        *out = build(json, &s, (pl_slice){f.text, f.len}, &texts, spans);
        (*out)->received_ms = now_ms;
        (*out)->has_own_id = s.raw[ID].ptr != NULL;
        if (rules->scratch && rules->scratch->len)
            take_nodes(*out, &f, s.first_member, rules->scratch);
    }
    pl_buf_fini(&texts);
    return rc;
}

pl_event *pl_event_of_document(pl_slice document, int64_t seq, int64_t received_ms)
{
    pl_event_rules rules = {.json_depth = PL_JSON_MAX_DEPTH, .last_wins = true};
    scan s;
    pl_event_fault fault;
    pl_buf texts;
    pl_slice spans[MEMBERS] = {{0}};
    pl_event *e = NULL;
    pl_buf_init(&texts);
    if (scan_members(document, &rules, &s, &fault) == 0) {
        reserve_texts(&s, &texts);
        for (enum member i = ID; i < DATA; i++)
            (void)take_text(&s, i, &texts, &spans[i], &fault);
        e = build(document, &s, PL_NO_SLICE, &texts, spans);
        e->seq = seq;
        e->received_ms = received_ms;
    }
    pl_buf_fini(&texts);
    return e;
}

/* What can be seen of an event stays the same whether it has nodes or not. */
static pl_event *to_be_changed(const pl_event *e)
{
    return (pl_event *)(uintptr_t)e;
}

static void make_nodes(pl_event *e)
{
    pl_buf made;
    pl_buf_init(&made);
    reserve_nodes(&made, e->document);
    pl_json_index(e->document, &made);
    take_room(e, made.len / sizeof *e->nodes);
    memcpy(e->nodes, made.ptr, made.len);
    pl_buf_fini(&made);
}

const pl_json_node *pl_event_nodes(const pl_event *e, size_t *count)
{
    if (e->nodes == NULL) make_nodes(to_be_changed(e));
    *count = e->node_count;
    return e->nodes;
}

void pl_event_drop_nodes(const pl_event *e)
{
    if (e == NULL || e->nodes == NULL || e->keepers) return;
    free_nodes(to_be_changed(e));
}

void pl_event_keep_nodes(pl_event *e)
{
    e->keepers++;
}

void pl_event_let_nodes(pl_event *e)
{
    if (--e->keepers == 0) pl_event_drop_nodes(e);
}

size_t pl_event_weight(const pl_event *e)
{
    return e->document.len + (e->nodes ? e->node_count * sizeof(pl_json_node) : 0);
}

pl_event *pl_event_ref(pl_event *e)
{
    e->refs++;
    return e;
}

void pl_event_unref(pl_event *e)
{
    if (e == NULL || --e->refs > 0) return;
    free_nodes(e);
    pl_block_give(e, sizeof *e + e->size);
}
