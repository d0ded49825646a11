/* SPDX-License-Identifier: MIT */
#include "base/json_index.h"

#include "base/err.h"
#include "test.h"

static bool is_same(const pl_json_node *a, const pl_json_node *b)
{
    return a->at == b->at && a->len == b->len && a->name == b->name && a->name_len == b->name_len &&
           a->next == b->next && a->kind == b->kind && a->has_escapes == b->has_escapes &&
           a->name_has_escapes == b->name_has_escapes;
}

/* Nodes are what the reader's tokens say one by one. */
static void put_token(pl_buf *nodes, uint32_t *open, const pl_json_reader *r,
                      const pl_json_token *token)
{
    uint32_t count = (uint32_t)(nodes->len / sizeof(pl_json_node));
    if (token->kind == PL_JSON_ARRAY_END || token->kind == PL_JSON_OBJECT_END) {
        pl_json_node *node = (pl_json_node *)(void *)nodes->ptr + open[r->depth];
        node->next = count;
        node->len = (uint32_t)(r->at - r->start) - node->at;
        return;
    }
    if (token->kind == PL_JSON_ARRAY || token->kind == PL_JSON_OBJECT) open[r->depth - 1] = count;
    pl_json_node node = {
        .at = (uint32_t)(token->raw.ptr - r->start),
        .len = (uint32_t)token->raw.len,
        .name = token->key.ptr ? (uint32_t)(token->key.ptr - r->start) : 0,
        .name_len = (uint32_t)token->key.len,
        .next = count + 1,
        .kind = (uint8_t)token->kind,
        .has_escapes = token->has_escapes,
        .name_has_escapes = token->key_has_escapes,
    };
    pl_buf_put(nodes, &node, sizeof node);
}

static void check_read(pl_slice document, const pl_buf *nodes)
{
    pl_buf wanted = {0};
    pl_json_reader r;
    pl_json_token token;
    uint32_t open[PL_JSON_MAX_DEPTH];
    pl_json_open(&r, document, PL_JSON_MAX_DEPTH);
    while (pl_json_next(&r, &token) == 0 && token.kind != PL_JSON_END)
        put_token(&wanted, open, &r, &token);
    CHECK_EQ_INT(wanted.len, nodes->len);
    const pl_json_node *a = (const pl_json_node *)(void *)nodes->ptr,
                       *b = (const pl_json_node *)(void *)wanted.ptr;
    for (size_t i = 0; i < nodes->len / sizeof *a && wanted.len == nodes->len; i++)
        CHECK(is_same(&a[i], &b[i]));
    pl_buf_fini(&wanted);
}

static pl_slice find(const char *text, const char *path)
{
    pl_buf nodes = {0};
    pl_slice document = pl_slice_of(text), found = PL_NO_SLICE;
    pl_json_index(document, &nodes);
    check_read(document, &nodes);
    const pl_json_node *list = (const pl_json_node *)(void *)nodes.ptr;
    const pl_json_node *node = pl_json_node_find(list, document, pl_slice_of(path), true);
    const pl_json_node *first = pl_json_node_find(list, document, pl_slice_of(path), false);
    CHECK(list->may_repeat || first == node);
    if (node) found = pl_json_node_raw(node, document);
    CHECK_EQ_INT(list->next, nodes.len / sizeof *list);
    pl_buf_fini(&nodes);
    return found;
}

TEST(values_are_found_by_their_names)
{
    static const char text[] = " {\"a\": [1, {\"b\": 2}], \"b\": {\"c\": {}, \"d\": \"x\\ty\", "
                               "\"e\": [ ] }, \"\": true, \"\\u0063\": -1.50e3} ";
    static const char *const rows[][2] = {
        {"b.d", "x\\ty"}, {"b.c", "{}"},
        {"b.e", "[ ]"},   {"a", "[1, {\"b\": 2}]"},
        {"c", "-1.50e3"}, {"b", "{\"c\": {}, \"d\": \"x\\ty\", \"e\": [ ] }"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_EQ_SLICE(find(text, rows[i][0]), pl_slice_of(rows[i][1]));
    static const char *const missing[] = {"x", "a.b", "a.0", "b.d.e", "b.c.d", "b.", "a..b"};
    for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++)
        CHECK(find(text, missing[i]).ptr == NULL);
    CHECK_EQ_SLICE(find(" 7 ", ""), PL_SLICE("7"));
    CHECK(find("7", "a").ptr == NULL);
    CHECK_EQ_SLICE(find("[[], {}, [ { } ], null, false, 0.5, \"\\\"\"]", ""),
                   PL_SLICE("[[], {}, [ { } ], null, false, 0.5, \"\\\"\"]"));
    CHECK_EQ_SLICE(find("{\"a\":1,\"b\":{\"a\":2},\"a\":3}", "a"), PL_SLICE("3"));
}

TEST(what_is_no_document_has_no_nodes)
{
    pl_buf nodes = {0};
    CHECK_EQ_INT(pl_json_read_index(PL_SLICE("{\"a\": [1, }"), 8, &nodes), PL_E_BAD_JSON);
    pl_buf_clear(&nodes);
    CHECK_EQ_INT(pl_json_read_index(PL_SLICE("{} {}"), 8, &nodes), PL_E_BAD_JSON);
    pl_buf_clear(&nodes);
    CHECK_EQ_INT(pl_json_read_index(PL_SLICE("[[[1]]]"), 2, &nodes), PL_E_BAD_JSON);
    pl_buf_clear(&nodes);
    CHECK_EQ_INT(pl_json_read_index(PL_SLICE("[[[1]]]"), 3, &nodes), 0);
    CHECK_EQ_INT(nodes.len, 4 * sizeof(pl_json_node));
    pl_buf_fini(&nodes);
    CHECK(pl_json_is_valid(PL_SLICE("[[[1]]]"), 3) && !pl_json_is_valid(PL_SLICE("[[[1]]]"), 2));
}

TEST(nodes_can_stand_behind_others)
{
    pl_buf nodes = {0};
    pl_json_index(PL_SLICE("[1]"), &nodes);
    pl_json_index(PL_SLICE("[[], 2]"), &nodes);
    const pl_json_node *second = (const pl_json_node *)(void *)nodes.ptr + 2;
    CHECK_EQ_INT(nodes.len, 5 * sizeof *second);
    CHECK_EQ_INT(second->next, 3);
    CHECK_EQ_INT(second->len, 7);
    CHECK_EQ_INT(second[1].len, 2);
    pl_buf_fini(&nodes);
}

TEST(elements_are_found_by_their_place)
{
    static const char text[] = "[ 1, [2, 3], {\"a\": 4, \"b\": [5]}, \"x\" ]";
    static const char *const elements[] = {"1", "[2, 3]", "{\"a\": 4, \"b\": [5]}", "x"};
    pl_slice document = pl_slice_of(text);
    pl_buf nodes = {0};
    pl_json_index(document, &nodes);
    const pl_json_node *all = (const pl_json_node *)(void *)nodes.ptr, *node;
    for (uint32_t i = 0; i < 4; i++) {
        node = pl_json_node_element(all, all, i);
        CHECK_EQ_SLICE(pl_json_node_raw(node, document), pl_slice_of(elements[i]));
    }
    CHECK(pl_json_node_element(all, all, 4) == NULL);
    CHECK(pl_json_node_element(all, all + 1, 0) == NULL);
    node = pl_json_node_element(all, all, 2);
    CHECK(pl_json_node_element(all, node, 0) == NULL);
    CHECK_EQ_INT(pl_json_node_count(all, all), 4);
    CHECK_EQ_INT(pl_json_node_count(all, node), 2);
    CHECK_EQ_INT(pl_json_node_count(all, all + 1), 0);
    pl_buf_fini(&nodes);
}

TEST(no_byte_behind_a_document_is_touched)
{
    static const char *const texts[] = {"\"abc", "\"a\\", "{\"a\":tru", "[[[1",
                                        "]]}",   "12",    "{\"a\""};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        test_guarded copy = test_guard(pl_slice_of(texts[i]));
        pl_buf nodes = {0};
        pl_json_index(copy.bytes, &nodes);
        CHECK(nodes.len % sizeof(pl_json_node) == 0);
        pl_buf_fini(&nodes);
        test_unguard(&copy);
    }
}

static bool may_repeat(const char *text)
{
    pl_buf nodes = {0};
    pl_json_index(pl_slice_of(text), &nodes);
    bool may = ((const pl_json_node *)(void *)nodes.ptr)->may_repeat;
    pl_buf_fini(&nodes);
    return may;
}

TEST(a_name_that_is_there_twice_is_not_missed)
{
    CHECK(!may_repeat("{\"a\":{\"a\":1,\"b\":2},\"b\":[{\"a\":1},{\"a\":1}]}"));
    CHECK(!may_repeat("[]"));
    CHECK(may_repeat("[{\"b\":{\"a\":1,\"c\":2,\"a\":3}}]"));
    CHECK(may_repeat("{\"a\":1,\"\\u0061\":2}"));
    CHECK(may_repeat("{\"a\":{\"b\":1},\"c\":[{\"b\":[]},2],\"a\":{}}"));
    CHECK(may_repeat("{\"\":1, \"a\":{\"\":2} , \"\":3}"));
    CHECK(!may_repeat("{\"\":{\"\":[{\"\":1},{\"\":1}]}}"));
    CHECK(!may_repeat("{\"a\":1,\"q\":2,\"ab\":3,\"aab\":4}")); /* "a" and "q" have one mark */
    CHECK(may_repeat("{\"a\":1,\"q\":2,\"ab\":3,\"q\":4}"));
    pl_buf many = {0};
    for (int i = 0; i < 40; i++)
        pl_buf_printf(&many, "%s\"%d\":0", i ? "," : "{", i % 39);
    pl_buf_put(&many, "}", 2);
    CHECK(may_repeat(many.ptr));
    pl_buf_fini(&many);
}

int main(void)
{
    return RUN(CASE(values_are_found_by_their_names), CASE(what_is_no_document_has_no_nodes),
               CASE(nodes_can_stand_behind_others), CASE(elements_are_found_by_their_place),
               CASE(no_byte_behind_a_document_is_touched),
               CASE(a_name_that_is_there_twice_is_not_missed));
}
