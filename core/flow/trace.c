/* SPDX-License-Identifier: MIT
 *
 * Entries are a list of finished texts, joined when the run is over. The first one that does not
 * fit closes the trace: a later, shorter one is not let in, or the order of things would have holes
 * that nobody sees. */
#include "flow/trace.h"

#include "base/err.h"
#include "base/json.h"
#include "base/secret.h"

struct pl_trace_entry {
    pl_trace_entry *next;
    pl_slice json;
};

/* An entry on its way. */
typedef struct draft {
    pl_json_writer w;
    pl_buf json, masked;
} draft;

/* -- what every entry has -- */

static bool is_wanted(pl_trace *t)
{
    if (t == NULL || t->limit_bytes == 0) return false;
    if (t->left_out == 0) return true;
    t->left_out++;
    return false;
}

static void open_draft(draft *d, const pl_trace *t, const char *kind)
{
    pl_buf_init(&d->json);
    pl_buf_init(&d->masked);
    pl_jw_init(&d->w, &d->json);
    pl_jw_object(&d->w);
    pl_jw_key(&d->w, "at_ms");
    pl_jw_ms(&d->w, (int64_t)(t->monotonic_us() - t->began_us));
    pl_jw_key(&d->w, "stage");
    pl_jw_text(&d->w, pl_stage_name(*t->stage));
    pl_jw_key(&d->w, "kind");
    pl_jw_text(&d->w, kind);
}

static void append(pl_trace *t, pl_slice json)
{
    pl_trace_entry *entry = pl_arena_alloc(t->arena, sizeof *entry);
    *entry = (pl_trace_entry){.json = pl_arena_dup(t->arena, json)};
    *(t->first ? t->end : &t->first) = entry;
    t->end = &entry->next;
}

static void close_draft(draft *d, pl_trace *t, bool always)
{
    pl_jw_object_end(&d->w);
    size_t bytes = d->json.len + 1; /* and a comma */
    if (always || t->used_bytes + bytes <= t->limit_bytes) {
        t->used_bytes += bytes;
        append(t, pl_buf_slice(&d->json));
    } else {
        t->left_out = 1;
    }
    pl_buf_fini(&d->masked);
    pl_buf_fini(&d->json);
}

/* -- members -- */

static pl_slice masked(draft *d, pl_slice bytes, void (*mask)(pl_buf *out, pl_slice bytes))
{
    if (!pl_secret_is_in(bytes)) return bytes;
    pl_buf_clear(&d->masked);
    mask(&d->masked, bytes);
    return pl_buf_slice(&d->masked);
}

static void put_text(draft *d, const char *key, pl_slice text)
{
    pl_jw_key(&d->w, key);
    pl_jw_string(&d->w, masked(d, text, pl_secret_mask));
}

static void put_some(draft *d, const char *key, pl_slice text)
{
    if (text.len) {
        put_text(d, key, text);
    } else {
        pl_jw_key(&d->w, key);
        pl_jw_null(&d->w);
    }
}

static void put_int(draft *d, const char *key, uint64_t n)
{
    pl_jw_key(&d->w, key);
    pl_jw_int(&d->w, (int64_t)n);
}

static void put_duration(draft *d, int64_t us)
{
    pl_jw_key(&d->w, "duration_ms");
    pl_jw_ms(&d->w, us);
}

static void put_status(draft *d, int status)
{
    pl_jw_key(&d->w, "status");
    if (status)
        pl_jw_int(&d->w, status);
    else
        pl_jw_null(&d->w);
}

static void put_reused(draft *d, bool is_reused)
{
    pl_jw_key(&d->w, "connection_reused");
    pl_jw_bool(&d->w, is_reused);
}

/* -- entries -- */

void pl_trace_log(pl_trace *t, enum pl_log_level level, pl_slice message,
                  const pl_log_field *fields)
{
    draft d;
    if (!is_wanted(t)) return;
    open_draft(&d, t, "log");
    pl_jw_key(&d.w, "level");
    pl_jw_text(&d.w, pl_log_level_name(level));
    put_text(&d, "message", message);
    pl_jw_key(&d.w, "fields");
    pl_jw_object(&d.w);
    for (const pl_log_field *f = fields; f->key; f++) {
        pl_jw_key_slice(&d.w, masked(&d, pl_slice_of(f->key), pl_secret_mask));
        if (f->kind == PL_LOG_FIELD_INT)
            pl_jw_int(&d.w, f->number);
        else
            pl_jw_string(&d.w, masked(&d, f->text, pl_secret_mask));
    }
    pl_jw_object_end(&d.w);
    close_draft(&d, t, false);
}

void pl_trace_note(pl_trace *t, pl_slice message, pl_slice fields)
{
    draft d;
    if (!is_wanted(t)) return;
    open_draft(&d, t, "trace");
    put_text(&d, "message", message);
    if (fields.len) {
        pl_jw_key(&d.w, "fields");
        pl_jw_raw(&d.w, masked(&d, fields, pl_secret_mask_json));
    }
    close_draft(&d, t, false);
}

void pl_trace_http(pl_trace *t, const pl_trace_request *r)
{
    draft d;
    if (!is_wanted(t)) return;
    open_draft(&d, t, "http");
    put_text(&d, "method", r->request->method);
    put_text(&d, "url", r->request->url);
    put_status(&d, r->response->status);
    put_some(&d, "error", pl_slice_of(r->code ? pl_err_name(r->code) : NULL));
    put_some(&d, "error_text", pl_slice_of(r->code ? r->response->error_text : NULL));
    put_duration(&d, r->duration_us);
    put_reused(&d, r->response->connection_reused);
    put_int(&d, "sent_bytes", r->request->body.len);
    put_int(&d, "received_bytes", r->response->body.len);
    close_draft(&d, t, false);
}

void pl_trace_cache(pl_trace *t, pl_slice key, pl_slice error, int64_t duration_us)
{
    draft d;
    if (!is_wanted(t)) return;
    open_draft(&d, t, "cache");
    put_text(&d, "key", key);
    put_some(&d, "error", error);
    put_duration(&d, duration_us);
    close_draft(&d, t, false);
}

void pl_trace_redirects(pl_trace *t, const pl_hop *hops)
{
    for (const pl_hop *hop = hops; hop && is_wanted(t); hop = hop->next) {
        draft d;
        open_draft(&d, t, "redirect");
        put_status(&d, hop->status);
        put_text(&d, "url", hop->url);
        close_draft(&d, t, false);
    }
}

void pl_trace_round(pl_trace *t, const pl_response *first)
{
    draft d;
    open_draft(&d, t, "round");
    put_status(&d, first->status);
    put_duration(&d, first->timings.total_us);
    put_reused(&d, first->connection_reused);
    put_some(&d, "peer", pl_slice_of(first->peer));
    close_draft(&d, t, true);
}

/* -- out -- */

pl_slice pl_trace_json(const pl_trace *t)
{
    if (t->first == NULL && t->left_out == 0) return PL_NO_SLICE;
    pl_buf out;
    pl_json_writer w;
    pl_buf_init(&out);
    pl_jw_init(&w, &out);
    pl_jw_array(&w);
    for (const pl_trace_entry *e = t->first; e; e = e->next)
        pl_jw_raw(&w, e->json);
    if (t->left_out) {
        pl_jw_object(&w);
        pl_jw_key(&w, "kind");
        pl_jw_text(&w, "left_out");
        pl_jw_key(&w, "entries");
        pl_jw_int(&w, t->left_out);
        pl_jw_object_end(&w);
    }
    pl_jw_array_end(&w);
    pl_slice json = pl_arena_dup(t->arena, pl_buf_slice(&out));
    pl_buf_fini(&out);
    return json;
}

size_t pl_trace_about(const pl_trace *t, char id[PL_UUID_TEXT + 1], pl_log_field *fields)
{
    const pl_trace_subject *s = &t->subject;
    size_t count = 0;
    if (s->kind) {
        pl_uuid_format(s->id, id);
        fields[count++] = PL_LOG_STR(s->kind, id);
    }
    if (s->source.len) fields[count++] = PL_LOG_SLICE("source", s->source);
    if (s->connector.len) fields[count++] = PL_LOG_SLICE("connector", s->connector);
    if (s->webhook.len) fields[count++] = PL_LOG_SLICE("webhook", s->webhook);
    if (s->attempt) fields[count++] = PL_LOG_INT("attempt", s->attempt);
    return count;
}
