/* SPDX-License-Identifier: MIT
 *
 * What an exchange has to tell operators: that its delivery has failed for good, that its answer
 * disables the webhook, that a destination is left alone or is back. Nothing of an exchange that
 * carries an operator event itself. */
#include "flow/engine_impl.h"

pl_notice *pl_notice_of_switch(pl_engine *e, const pl_switch *s, bool is_off)
{
    pl_buf data;
    pl_json_writer w;
    enum pl_notice_kind kind = is_off ? PL_NOTICE_DISABLED : PL_NOTICE_ENABLED;
    if (!pl_notice_begin(e, kind, &data, &w)) return NULL;
    pl_jw_member_text(&w, "connector", s->connector);
    pl_jw_member_text(&w, "webhook", s->webhook);
    pl_jw_member_text(&w, "by", s->by);
    if (is_off) {
        pl_jw_member_time(&w, "since", s->since_ms);
        pl_jw_member_text(&w, "reason", s->reason);
    }
    return pl_notice_end(e, kind, &data, &w);
}

static pl_notice *notice_of_failure(const pl_exchange *x)
{
    pl_buf data;
    pl_json_writer w;
    char id[PL_UUID_TEXT + 1];
    const pl_attempt *a = &x->attempt;
    if (!pl_notice_begin(x->engine, PL_NOTICE_FAILED, &data, &w)) return NULL;
    pl_uuid_format(x->id, id);
    pl_jw_member_text(&w, "connector", x->record.connector);
    pl_jw_member_text(&w, "webhook", x->record.webhook);
    pl_jw_member_text(&w, "delivery", pl_slice_of(id));
    pl_jw_member_text(&w, "event_id", x->event->id);
    pl_jw_member_text(&w, "event_type", x->event->type);
    pl_jw_member_time(&w, "created", x->created_ms);
    pl_jw_key(&w, "attempts");
    pl_jw_int(&w, x->number);
    pl_jw_member_text(&w, "outcome", pl_slice_of(a->outcome));
    pl_jw_member_int(&w, "status", a->status);
    pl_jw_member_text(&w, "error", a->error);
    return pl_notice_end(x->engine, PL_NOTICE_FAILED, &data, &w);
}

void pl_exchange_announce(pl_exchange *x)
{
    if (x->delivery == NULL || pl_event_is_own(x->event)) return;
    if (x->record.disables)
        x->notice = pl_notice_of_switch(x->engine, x->record.disables, true);
    else if (x->state == PL_STATE_FAILED)
        x->notice = notice_of_failure(x);
    x->record.notice = pl_notice_commit(x->notice);
}

void pl_notice_breaker(void *engine, const pl_breaker_turn *turn, pl_slice destination,
                       pl_slice connector, int code)
{
    pl_buf data;
    pl_json_writer w;
    pl_engine *e = engine;
    bool is_down = turn->state == PL_BREAKER_OPEN;
    enum pl_notice_kind kind = is_down ? PL_NOTICE_DOWN : PL_NOTICE_RECOVERED;
    if (!pl_notice_begin(e, kind, &data, &w)) return;
    pl_jw_member_text(&w, "destination", destination);
    pl_jw_member_text(&w, "connector", connector);
    if (is_down) {
        pl_jw_key(&w, "failures");
        pl_jw_int(&w, (int64_t)turn->failures);
        pl_jw_member_text(&w, "outcome", pl_slice_of(pl_err_name(code)));
    }
    pl_notice_post(pl_notice_end(e, kind, &data, &w));
}
