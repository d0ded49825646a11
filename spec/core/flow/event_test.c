/* SPDX-License-Identifier: MIT */
#include "flow/event.h"

#include "base/err.h"
#include "test.h"

#define NOW_MS   INT64_C(1795248930123) /* `date -u -d @1795248930`: 2026-11-21T08:15:30 */
#define NOW_TEXT "2026-11-21T08:15:30.123Z"

static pl_rng rng;
static pl_event_fault fault;

static void check_nodes(const pl_event *e)
{
    pl_buf wanted = {0};
    size_t count;
    pl_json_index(e->document, &wanted);
    CHECK(e->nodes != NULL);
    const pl_json_node *nodes = pl_event_nodes(e, &count), *others = (void *)wanted.ptr;
    CHECK_EQ_INT(count * sizeof *nodes, wanted.len);
    for (size_t i = 0; i < count && count * sizeof *nodes == wanted.len; i++) {
        CHECK_EQ_INT(nodes[i].at, others[i].at);
        CHECK_EQ_INT(nodes[i].len, others[i].len);
        CHECK_EQ_INT(nodes[i].name, others[i].name);
        CHECK_EQ_INT(nodes[i].name_len, others[i].name_len);
        CHECK_EQ_INT(nodes[i].next, others[i].next);
        CHECK_EQ_INT(nodes[i].kind, others[i].kind);
        CHECK_EQ_INT(nodes[i].has_escapes, others[i].has_escapes);
        CHECK_EQ_INT(nodes[i].name_has_escapes, others[i].name_has_escapes);
    }
    pl_buf_fini(&wanted);
}

/* The same event and the same faults, whether its nodes are made on the way or not. */
static void check_with_nodes(pl_slice json, pl_event_rules rules, pl_rng *same_rng, int wanted_code,
                             const pl_event *wanted)
{
    pl_event *e = NULL;
    pl_event_fault f;
    pl_buf scratch = {0};
    PL_BUF_PUT(&scratch, "of others");
    rules.scratch = &scratch;
    memset(&f, 'x', sizeof f);
    CHECK_EQ_INT(pl_event_parse(json, &rules, same_rng, NOW_MS, &e, &f), wanted_code);
    CHECK(memcmp(&f, &fault, sizeof f) == 0);
    CHECK((e == NULL) == (wanted == NULL));
    if (e && wanted) {
        CHECK_EQ_SLICE(e->document, wanted->document);
        CHECK_EQ_SLICE(e->data, wanted->data);
        check_nodes(e);
    }
    pl_event_unref(e);
    pl_buf_fini(&scratch);
}

static int parse_as(const char *json, enum pl_type_rule type, pl_event **event)
{
    pl_event_rules rules = {.json_depth = 8, .type = type};
    test_guarded g = test_guard(pl_slice_of(json));
    memset(&fault, 'x', sizeof fault); /* so that what is not filled shows */
    *event = NULL;
    pl_rng before = rng;
    int code = pl_event_parse(g.bytes, &rules, &rng, NOW_MS, event, &fault);
    check_with_nodes(g.bytes, rules, &before, code, *event);
    test_unguard(&g); /* the event has its own copy */
    return code;
}

static pl_event *parse(const char *json)
{
    pl_event *event;
    int code = parse_as(json, PL_TYPE_NEEDED, &event);
    if (code != 0) printf("    refused: %s\n", fault.message);
    CHECK_EQ_INT(code, 0);
    return event;
}

#define CHECK_REFUSED(json, rule, wanted_code, pointer_)                  \
    do {                                                                  \
        pl_event *none;                                                   \
        CHECK_EQ_INT(parse_as(json, PL_TYPE_##rule, &none), wanted_code); \
        CHECK(none == NULL);                                              \
        CHECK_EQ_STR(fault.pointer, pointer_);                            \
        CHECK(fault.message[0] != 0);                                     \
    } while (0)

TEST(a_complete_event_stays_as_it_is)
{
    const char *json = " {\"type\": \"a.b\",\t\"id\":\"e1\", \"data\": {\"n\": 1.0, \"e\":[]},\n"
                       "\"time\":\"2026-01-02T03:04:05+01:00\",\"source\":\"s\","
                       "\"subject\":\"t\",\"more\":null} ";
    pl_event *e = parse(json);
    CHECK_EQ_SLICE(e->document, pl_slice_of(json));
    CHECK_EQ_SLICE(e->id, PL_SLICE("e1"));
    CHECK_EQ_SLICE(e->type, PL_SLICE("a.b"));
    CHECK_EQ_SLICE(e->time, PL_SLICE("2026-01-02T03:04:05+01:00"));
    CHECK_EQ_SLICE(e->source, PL_SLICE("s"));
    CHECK_EQ_SLICE(e->subject, PL_SLICE("t"));
    CHECK_EQ_SLICE(e->data, PL_SLICE("{\"n\": 1.0, \"e\":[]}"));
    CHECK(e->has_own_id);
    CHECK_EQ_INT(e->received_ms, NOW_MS);
    CHECK_EQ_INT(e->seq, 0);
    pl_event_unref(e);
}

TEST(a_missing_id_and_time_go_in_front)
{
    pl_event *e = parse("{ \"type\":\"t\",\"data\":[1] }\n");
    pl_uuid id;
    char wanted[200];
    CHECK(!e->has_own_id);
    CHECK(pl_uuid_parse(e->id, &id));
    CHECK_EQ_SLICE(e->time, PL_SLICE(NOW_TEXT));
    snprintf(wanted, sizeof wanted,
             "{\"id\":\"%.*s\",\"time\":\"%s\",\"type\":\"t\",\"data\":[1] }\n", PL_FMT(e->id),
             NOW_TEXT);
    CHECK_EQ_SLICE(e->document, pl_slice_of(wanted));
    CHECK_EQ_SLICE(e->data, PL_SLICE("[1]"));
    pl_event_unref(e);
}

TEST(only_what_is_missing_is_put_in_front)
{
    pl_event *e = parse("{\"id\":\"x\",\"type\":\"t\"}");
    CHECK_EQ_SLICE(e->document,
                   PL_SLICE("{\"time\":\"" NOW_TEXT "\",\"id\":\"x\",\"type\":\"t\"}"));
    CHECK(e->has_own_id);
    CHECK_EQ_SLICE(e->data, PL_SLICE("null"));
    pl_event_unref(e);

    e = parse("{\"time\":\"2026-01-02T03:04:05Z\",\"type\":\"t\"}");
    CHECK_EQ_SLICE(pl_json_find(e->document, PL_SLICE("time")),
                   PL_SLICE("\"2026-01-02T03:04:05Z\""));
    CHECK(!e->has_own_id);
    CHECK_EQ_INT(pl_json_find(e->document, PL_SLICE("id")).len, PL_UUID_TEXT + 2);
    pl_event_unref(e);
}

TEST(an_empty_call_becomes_an_event)
{
    pl_event *e;
    CHECK_EQ_INT(parse_as(" { } ", PL_TYPE_FORBIDDEN, &e), 0);
    CHECK_EQ_INT(pl_json_check(e->document, 1, NULL), 0);
    CHECK_EQ_SLICE(e->time, PL_SLICE(NOW_TEXT));
    CHECK_EQ_INT(e->id.len, PL_UUID_TEXT);
    CHECK_EQ_INT(e->type.len, 0);
    pl_event_unref(e);
}

TEST(texts_are_unescaped_and_data_is_not)
{
    pl_event *e = parse("{\"type\":\"a\\u002fb\",\"id\":\"\\\"\\u00e9\\ud83d\\ude00\","
                        "\"data\":\"\\u0041\"}");
    CHECK_EQ_SLICE(e->type, PL_SLICE("a/b"));
    CHECK_EQ_SLICE(e->id, PL_SLICE("\"\xc3\xa9\xf0\x9f\x98\x80"));
    CHECK_EQ_SLICE(e->data, PL_SLICE("\"\\u0041\""));
    pl_event_unref(e);
}

static bool is_in_document(const pl_event *e, pl_slice text)
{
    return text.ptr >= e->document.ptr && text.ptr + text.len <= e->document.ptr + e->document.len;
}

TEST(texts_without_escapes_are_those_of_the_document)
{
    pl_event *e =
        parse(" { \"type\":\"plain\",\"source\":\"a\\tb\",\"data\":[1],\"subject\":\"c\\nd\"}");
    CHECK_EQ_SLICE(e->type, PL_SLICE("plain"));
    CHECK_EQ_SLICE(e->source, PL_SLICE("a\tb"));
    CHECK_EQ_SLICE(e->subject, PL_SLICE("c\nd"));
    CHECK_EQ_SLICE(e->data, PL_SLICE("[1]"));
    CHECK_EQ_SLICE(e->time, PL_SLICE(NOW_TEXT)); /* put in front, as the id is */
    CHECK_EQ_INT(e->id.len, PL_UUID_TEXT);
    CHECK_EQ_INT(memcmp(e->document.ptr + strlen("{\"id\":\""), e->id.ptr, e->id.len), 0);
    CHECK(is_in_document(e, e->type) && is_in_document(e, e->id) && is_in_document(e, e->time));
    CHECK(!is_in_document(e, e->source) && !is_in_document(e, e->subject));
    pl_event_unref(e);
}

TEST(what_the_store_kept_has_the_same_texts)
{
    pl_event *e = parse("{\"id\":\"i\",\"type\":\"a\\u002fb\",\"source\":\"s\"}");
    pl_event *kept = pl_event_of_document(e->document, 7, 8);
    CHECK_EQ_SLICE(kept->id, PL_SLICE("i"));
    CHECK_EQ_SLICE(kept->type, PL_SLICE("a/b"));
    CHECK_EQ_SLICE(kept->source, PL_SLICE("s"));
    CHECK_EQ_SLICE(kept->time, e->time);
    CHECK(kept->subject.ptr != NULL && kept->subject.len == 0);
    CHECK(is_in_document(kept, kept->id) && !is_in_document(kept, kept->type));
    pl_event_unref(kept);
    pl_event_unref(e);
}

TEST(escapes_in_a_name_do_not_hide_the_member)
{
    pl_event *e = parse("{\"\\u0069d\":\"own\",\"typ\\u0065\":\"t\",\"dat\\u0061\":7}");
    CHECK_EQ_SLICE(e->id, PL_SLICE("own"));
    CHECK_EQ_SLICE(e->type, PL_SLICE("t"));
    CHECK_EQ_SLICE(e->data, PL_SLICE("7"));
    CHECK(e->has_own_id);
    pl_event_unref(e);
    CHECK_REFUSED("{\"type\":\"a\",\"\\u0074ype\":\"b\"}", NEEDED, PL_E_BAD_EVENT, "/type");
}

TEST(only_the_top_level_counts)
{
    pl_event *e = parse("{\"x\":{\"type\":\"inner\",\"id\":1},\"type\":\"outer\"}");
    CHECK_EQ_SLICE(e->type, PL_SLICE("outer"));
    CHECK(!e->has_own_id);
    pl_event_unref(e);
}

TEST(what_is_no_json_is_refused_with_its_place)
{
    CHECK_REFUSED("{\"type\":\n \"t\",}", NEEDED, PL_E_BAD_JSON, "");
    CHECK_EQ_INT(fault.line, 2);
    CHECK_EQ_INT(fault.column, 6);
    CHECK_REFUSED("", NEEDED, PL_E_BAD_JSON, "");
    CHECK_REFUSED("{\"type\":\"t\"} x", NEEDED, PL_E_BAD_JSON, "");
    CHECK_REFUSED("{\"type\":\"t\",\"data\":{\"a\":[1,2}}", NEEDED, PL_E_BAD_JSON, "/data/a/2");
    CHECK_REFUSED("{\"type\":\"t\",\"data\":[[[[[[[[1]]]]]]]]}", NEEDED, PL_E_BAD_JSON,
                  "/data/0/0/0/0/0/0/0");
    pl_event_unref(parse("{\"type\":\"t\",\"data\":[[[[[[[1]]]]]]]}"));
}

TEST(a_name_that_is_there_twice_is_refused_wherever_it_stands)
{
    CHECK_REFUSED("{\"type\":\"t\",\n\"data\":{\"a\":1,\"b\":[{\"x\":1,\"\\u0078\":2}]}}", NEEDED,
                  PL_E_BAD_EVENT, "/data/b/0/x");
    CHECK_EQ_INT(fault.line, 2);
    CHECK_EQ_INT(fault.column, 27);
    pl_event_unref(
        parse("{\"type\":\"t\",\"data\":{\"type\":{\"type\":1},\"data\":[{\"a\":1},{\"a\":2}]}}"));
}

TEST(the_last_one_counts_where_the_rules_say_so)
{
    pl_slice json =
        PL_SLICE("{\"type\":\"a\",\"data\":{\"x\":1,\"x\":2},\"type\":\"b\",\"data\":3}");
    pl_event_rules rules = {.json_depth = 8, .last_wins = true};
    pl_event *e = NULL;
    CHECK_EQ_INT(pl_event_parse(json, &rules, &rng, NOW_MS, &e, &fault), 0);
    CHECK_EQ_SLICE(e->type, PL_SLICE("b"));
    CHECK_EQ_SLICE(e->data, PL_SLICE("3"));
    pl_event_unref(e);
}

TEST(what_is_no_event_is_refused_with_its_member)
{
    CHECK_REFUSED("[]", NEEDED, PL_E_BAD_EVENT, "");
    CHECK_EQ_INT(fault.line, 0);
    CHECK_REFUSED("\"t\"", NEEDED, PL_E_BAD_EVENT, "");
    CHECK_REFUSED("{}", NEEDED, PL_E_BAD_EVENT, "/type");
    CHECK_REFUSED("{\"type\":\"\"}", NEEDED, PL_E_BAD_EVENT, "/type");
    CHECK_REFUSED("{\"type\":7}", NEEDED, PL_E_BAD_EVENT, "/type");
    CHECK_REFUSED("{\"type\":\"perilune.backlog\"}", NEEDED, PL_E_BAD_EVENT, "/type");
    CHECK_REFUSED("{\"type\":\"\\u0070erilune.x\"}", NEEDED, PL_E_BAD_EVENT, "/type");
    pl_event_unref(parse("{\"type\":\"perilune\"}"));
    CHECK_REFUSED("{\"type\":[\"t\"]}", NEEDED, PL_E_BAD_EVENT, "/type");
    CHECK_REFUSED("{\"type\":\"t\",\"id\":\"\"}", NEEDED, PL_E_BAD_EVENT, "/id");
    CHECK_REFUSED("{\"type\":\"t\",\"id\":1}", NEEDED, PL_E_BAD_EVENT, "/id");
    CHECK_REFUSED("{\"type\":\"t\",\"id\":null}", NEEDED, PL_E_BAD_EVENT, "/id");
    CHECK_REFUSED("{\"type\":\"t\",\"source\":{}}", NEEDED, PL_E_BAD_EVENT, "/source");
    CHECK_REFUSED("{\"type\":\"t\",\"subject\":null}", NEEDED, PL_E_BAD_EVENT, "/subject");
    CHECK_REFUSED("{\"type\":\"t\",\"type\":\"t\"}", NEEDED, PL_E_BAD_EVENT, "/type");
    CHECK_REFUSED("{\"type\":\"t\",\"data\":1,\"data\":1}", NEEDED, PL_E_BAD_EVENT, "/data");
    CHECK_REFUSED("{\"type\":\"t\"}", FORBIDDEN, PL_E_BAD_EVENT, "/type");
    CHECK_REFUSED("{\"type\":\"\"}", FORBIDDEN, PL_E_BAD_EVENT, "/type");
}

TEST(a_time_is_an_rfc_3339_date_time)
{
    static const char *const bad[] = {
        "{\"type\":\"t\",\"time\":\"\"}",
        "{\"type\":\"t\",\"time\":\"yesterday\"}",
        "{\"type\":\"t\",\"time\":\"1795248930\"}",
        "{\"type\":\"t\",\"time\":\"2026-11-21\"}",
        "{\"type\":\"t\",\"time\":1795248930}",
        "{\"type\":\"t\",\"time\":\"2026-13-01T00:00:00Z\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_REFUSED(bad[i], NEEDED, PL_E_BAD_EVENT, "/time");
    CHECK_REFUSED("{\"time\":\"\"}", OPTIONAL, PL_E_BAD_EVENT, "/time");
    pl_event_unref(parse("{\"type\":\"t\",\"time\":\"2026-11-21t08:15:30.5-02:30\"}"));
}

TEST(texts_have_limits)
{
    static const struct {
        const char *member, *pointer;
        int max;
    } limits[] = {{"id", "/id", 256},
                  {"type", "/type", 256},
                  {"source", "/source", 1024},
                  {"subject", "/subject", 1024}};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        char text[1100], json[1300];
        bool is_type = strcmp(limits[i].member, "type") == 0;
        memset(text, 'a', sizeof text);
        for (int more = 0; more <= 1; more++) {
            snprintf(json, sizeof json, "{%s\"%s\":\"%.*s\"}", is_type ? "" : "\"type\":\"t\",",
                     limits[i].member, limits[i].max + more, text);
            if (more)
                CHECK_REFUSED(json, NEEDED, PL_E_BAD_EVENT, limits[i].pointer);
            else
                pl_event_unref(parse(json));
        }
    }
}

TEST(the_stored_document_gives_the_same_event)
{
    static const char *const texts[] = {
        "{\"type\":\"t\"}",
        "{\"data\":{\"a\":[null,1e400]},\"type\":\"a\\nb\",\"id\":\"i\",\"source\":\"s\"}",
        "\n{ \"subject\" : \"\\u20ac\" , \"type\" : \"t\" }\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        pl_event *a = parse(texts[i]);
        test_guarded g = test_guard(a->document);
        pl_event *b = pl_event_of_document(g.bytes, 42, 43);
        test_unguard(&g);
        CHECK_EQ_SLICE(b->document, a->document);
        CHECK_EQ_SLICE(b->id, a->id);
        CHECK_EQ_SLICE(b->type, a->type);
        CHECK_EQ_SLICE(b->time, a->time);
        CHECK_EQ_SLICE(b->source, a->source);
        CHECK_EQ_SLICE(b->subject, a->subject);
        CHECK_EQ_SLICE(b->data, a->data);
        CHECK_EQ_INT(b->seq, 42);
        CHECK_EQ_INT(b->received_ms, 43);
        pl_event_unref(a);
        pl_event_unref(b);
    }
}

TEST(a_damaged_document_is_no_event)
{
    CHECK(pl_event_of_document(PL_SLICE("{\"id\":\"x\""), 1, 1) == NULL);
    CHECK(pl_event_of_document(PL_SLICE("7"), 1, 1) == NULL);
    CHECK(pl_event_of_document(PL_NO_SLICE, 1, 1) == NULL);
}

TEST(references_are_counted)
{
    pl_event *e = parse("{\"type\":\"t\"}");
    CHECK_EQ_INT(e->refs, 1);
    CHECK(pl_event_ref(e) == e);
    pl_event_unref(e);
    CHECK_EQ_INT(e->refs, 1);
    pl_event_unref(e);
    pl_event_unref(NULL);
}

/* Many names, which are compared by sorting them, and names in all places where nodes could be wrong. */
TEST(nodes_are_made_on_the_way)
{
    static const char *const rows[] = {
        "{}",
        " { } \n",
        "{\"data\":[[],{},[{}],\"\",\"a\\\"b\",-1.5e3,true,false,null]}",
        "\t{ \"\": {\"\": {}}, \"data\" : [ 1 , [ 2 ] , 3 ] } ",
        "{\"time\":\"2026-01-02T03:04:05Z\",\"x\":{\"y\":[{\"z\":0}]}}",
        "{\"x\":1,\"\\u0069d\":\"e\",\"y\":{\"\\u0061\":1,\"b\":2}}",
        "{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"j\":1,\"k\":1,"
        "\"l\":1,\"m\":1,\"n\":1,\"o\":1,\"p\":1,\"q\":1,\"r\":{\"s\":2}}",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pl_event *e;
        CHECK_EQ_INT(parse_as(rows[i], PL_TYPE_FORBIDDEN, &e), 0);
        pl_event_unref(e);
    }
    CHECK_REFUSED("{\"a\":{\"b\":1,\"\\u0062\":2}}", FORBIDDEN, PL_E_BAD_EVENT, "/a/b");
    CHECK_REFUSED("{\"a\":[{\"b\":1}],\"a\":2}", FORBIDDEN, PL_E_BAD_EVENT, "/a");
    CHECK_REFUSED("{\"a\":[{\"b\":1}],\"a", FORBIDDEN, PL_E_BAD_JSON, "");
}

TEST(where_the_values_of_its_document_are_is_found_out_once)
{
    pl_event *e = parse(
        "{\"type\":\"t\",\"id\":\"e\",\"time\":\"2026-01-02T03:04:05Z\",\"data\":{\"n\":[1]}}");
    size_t count;
    CHECK(e->nodes == NULL);
    const pl_json_node *nodes = pl_event_nodes(e, &count);
    CHECK_EQ_INT(count, 7); /* the whole, four members, n, 1 */
    const pl_json_node *n = pl_json_node_find(nodes, e->document, PL_SLICE("data.n"), false);
    CHECK(n && pl_slice_eq(pl_json_node_raw(n, e->document), PL_SLICE("[1]")));
    CHECK(pl_event_nodes(e, &count) == nodes);
    pl_event_drop_nodes(e);
    CHECK(e->nodes == NULL);
    pl_event_drop_nodes(e);
    pl_event_drop_nodes(NULL);
    pl_event_nodes(e, &count); /* goes with the event */
    CHECK_EQ_INT(count, 7);
    pl_event_unref(e);
}

TEST(where_the_values_are_stays_known_as_long_as_somebody_keeps_it)
{
    pl_event *e = parse("{\"type\":\"t\",\"data\":{\"n\":[1]}}");
    size_t count;
    const pl_json_node *nodes = pl_event_nodes(e, &count);
    pl_event_keep_nodes(e);
    pl_event_keep_nodes(e);
    pl_event_drop_nodes(e);
    pl_event_let_nodes(e);
    CHECK(pl_event_nodes(e, &count) == nodes);
    pl_event_let_nodes(e);
    CHECK(e->nodes == NULL);
    pl_event_keep_nodes(e); /* of an event that has none */
    pl_event_let_nodes(e);
    CHECK(e->nodes == NULL);
    pl_event_unref(e);
}

int main(void)
{
    uint8_t seed[32] = {1};
    pl_rng_init(&rng, seed);
    return RUN(CASE(nodes_are_made_on_the_way),
               CASE(where_the_values_of_its_document_are_is_found_out_once),
               CASE(where_the_values_are_stays_known_as_long_as_somebody_keeps_it),
               CASE(a_complete_event_stays_as_it_is), CASE(a_missing_id_and_time_go_in_front),
               CASE(only_what_is_missing_is_put_in_front), CASE(an_empty_call_becomes_an_event),
               CASE(texts_are_unescaped_and_data_is_not),
               CASE(texts_without_escapes_are_those_of_the_document),
               CASE(what_the_store_kept_has_the_same_texts),
               CASE(escapes_in_a_name_do_not_hide_the_member), CASE(only_the_top_level_counts),
               CASE(what_is_no_json_is_refused_with_its_place),
               CASE(a_name_that_is_there_twice_is_refused_wherever_it_stands),
               CASE(the_last_one_counts_where_the_rules_say_so),
               CASE(what_is_no_event_is_refused_with_its_member),
               CASE(a_time_is_an_rfc_3339_date_time), CASE(texts_have_limits),
               CASE(the_stored_document_gives_the_same_event), CASE(a_damaged_document_is_no_event),
               CASE(references_are_counted));
}
