/* SPDX-License-Identifier: MIT
 *
 * Every page of a database is destroyed in turn, and what is saved from the rest is held against the
 * original. How much may be lost is known from the file format (https://sqlite.org/fileformat.html,
 * 1.6): the first byte of a page is its kind, bytes 3 and 4 are how many cells it has. */
#include "store/repair.h"
#include "store_harness.h"

#include <fcntl.h>
#include <sys/stat.h>

#define PAGE_BYTES 8192
#define EVENTS     60

enum page_kind { INTERIOR_INDEX = 2, INTERIOR_TABLE = 5, LEAF_INDEX = 10, LEAF_TABLE = 13 };

typedef struct file {
    uint8_t *bytes;
    size_t len;
} file;

static file read_file(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &st)) abort();
    file f = {malloc((size_t)st.st_size), (size_t)st.st_size};
    if (read(fd, f.bytes, f.len) != (ssize_t)f.len) abort();
    close(fd);
    return f;
}

static void write_file(const char *path, const file *f, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, f->bytes, len) != (ssize_t)len) abort();
    close(fd);
}

/* A closed database: events with documents of one to three kB, one delivery each; every third is
 * pending, the others have an attempt and are delivered. */
static void fill(bench *b)
{
    bench_init(b);
    bench_open(b);
    for (uint32_t i = 0; i < EVENTS; i++) {
        char id[16], *document = malloc(4000);
        snprintf(id, sizeof id, "event-%02u", i);
        snprintf(document, 4000, "{\"type\":\"order\",\"data\":\"%0*u\"}", 1000 + (int)i % 3 * 1000,
                 i);
        pl_event *e = event_new(id, "order", document);
        one o;
        one_init(&o, e, id_of(T0 + i, i), false);
        CHECK_EQ_INT(run_op(b, &o.commit.op, PL_OP_COMMIT), 0);
        if (i % 3) CHECK_EQ_INT(record_one(b, id_of(T0 + i, i), 1, PL_STATE_DELIVERED), 0);
        free(e);
        free(document);
    }
    pl_store_close(b->store);
    b->store = NULL;
}

typedef struct paths {
    char damaged[96], saved[96];
} paths;

static void forget(const char *path)
{
    bench_remove(path, "");
    bench_remove(path, "-wal");
    bench_remove(path, "-shm");
    bench_remove(path, ".lock");
}

static paths paths_of(const bench *b)
{
    paths p;
    snprintf(p.damaged, sizeof p.damaged, "%s/damaged.db", b->folder);
    snprintf(p.saved, sizeof p.saved, "%s/saved.db", b->folder);
    return p;
}

/* The one number of a query over the original (main) and the saved file (saved). */
static int64_t compare(const bench *b, const paths *p, const char *sql)
{
    char text[1024];
    sqlite3 *db = bench_db(b);
    sqlite3_stmt *q = NULL;
    int64_t n = -1;
    snprintf(text, sizeof text, "ATTACH '%s' AS saved", p->saved);
    if (sqlite3_exec(db, text, NULL, NULL, NULL)) abort();
    if (sqlite3_prepare_v2(db, sql, -1, &q, NULL)) abort();
    if (sqlite3_step(q) == SQLITE_ROW) n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    sqlite3_close(db);
    return n;
}

/* Whatever was lost: what is there is what was there, and agrees with itself. */
static void check_saved(const bench *b, const paths *p)
{
    pl_buf report;
    pl_buf_init(&report);
    CHECK_EQ_INT(pl_store_check(p->saved, &report), 0);
    CHECK_EQ_INT(compare(b, p,
                         "SELECT count(*) FROM saved.events s WHERE NOT EXISTS (SELECT 1 FROM"
                         " main.events m WHERE m.seq = s.seq AND m.id = s.id"
                         " AND m.document = s.document)"),
                 0);
    CHECK_EQ_INT(compare(b, p,
                         "SELECT count(*) FROM saved.pending s WHERE NOT EXISTS (SELECT 1 FROM"
                         " main.pending m WHERE m.id = s.id AND m.event = s.event)"),
                 0);
    CHECK_EQ_INT(compare(b, p,
                         "SELECT count(*) FROM saved.events WHERE seq NOT IN (SELECT event"
                         " FROM saved.pending UNION ALL SELECT event FROM saved.deliveries)"),
                 0);
    pl_buf_fini(&report);
}

static int64_t lost(const bench *b, const paths *p)
{
    return compare(b, p,
                   "SELECT (SELECT count(*) FROM main.events) - (SELECT count(*) FROM"
                   " saved.events) + max(0, (SELECT count(*) FROM main.pending) -"
                   " (SELECT count(*) FROM saved.pending))");
}

TEST(a_sound_database_is_saved_whole)
{
    bench b;
    pl_buf report;
    fill(&b);
    paths p = paths_of(&b);
    pl_buf_init(&report);
    CHECK_EQ_INT(pl_store_check(b.path, &report), 0);
    CHECK(memmem(report.ptr, report.len, "60 rows", 7) != NULL);
    CHECK_EQ_INT(pl_store_salvage(b.path, p.saved, &report), 0);
    CHECK_EQ_INT(lost(&b, &p), 0);
    CHECK_EQ_INT(compare(&b, &p, "SELECT count(*) FROM saved.attempts"), EVENTS - EVENTS / 3);
    check_saved(&b, &p);
    CHECK_EQ_INT(pl_store_salvage(b.path, p.saved, &report), PL_E_STORE); /* it is there */
    pl_buf_fini(&report);
    forget(p.saved);
    bench_fini(&b);
}

static void check_page(const bench *b, const paths *p, const file *original, size_t page)
{
    pl_buf report;
    uint8_t *at = original->bytes + page * PAGE_BYTES, kept[PAGE_BYTES];
    int kind = at[0], cells = at[3] << 8 | at[4];
    memcpy(kept, at, PAGE_BYTES);
    memset(at, 0xa5, PAGE_BYTES);
    write_file(p->damaged, original, original->len);
    memcpy(at, kept, PAGE_BYTES);
    pl_buf_init(&report);
    CHECK_EQ_INT(pl_store_check(p->damaged, &report), 1);
    int code = pl_store_salvage(p->damaged, p->saved, &report);
    CHECK(code == 0 || code == 1);
    check_saved(b, p);
    /* An event that is lost takes its delivery along. */
    if (kind == LEAF_TABLE || kind == LEAF_INDEX) CHECK(lost(b, p) <= 2 * cells);
    if (code == 0) CHECK_EQ_INT(lost(b, p), 0);
    if (test_failures) printf("page %zu, kind %d:\n%.*s", page, kind, (int)report.len, report.ptr);
    pl_buf_fini(&report);
    forget(p->damaged);
    forget(p->saved);
}

TEST(a_destroyed_page_costs_no_more_than_stood_on_it)
{
    bench b;
    fill(&b);
    paths p = paths_of(&b);
    file original = read_file(b.path);
    for (size_t page = 1; page < original.len / PAGE_BYTES; page++)
        check_page(&b, &p, &original, page);
    free(original.bytes);
    bench_fini(&b);
}

static void check_refused(const bench *b, const char *path, const char *word)
{
    char *reason = NULL;
    pl_store *store = NULL;
    pl_store_config config = bench_config(b);
    config.path = path;
    CHECK_EQ_INT(pl_store_open(&store, &config, &reason), PL_E_STORE);
    CHECK(reason && strstr(reason, word));
    if (reason && !strstr(reason, word)) printf("%s\n", reason);
    free(reason);
}

TEST(a_truncated_database_is_refused_with_a_way_out)
{
    bench b;
    pl_buf report;
    fill(&b);
    paths p = paths_of(&b);
    file original = read_file(b.path);
    write_file(p.damaged, &original, original.len * 3 / 4 / PAGE_BYTES * PAGE_BYTES);
    check_refused(&b, p.damaged, "perilune store salvage");
    pl_buf_init(&report);
    CHECK_EQ_INT(pl_store_salvage(p.damaged, p.saved, &report), 1);
    check_saved(&b, &p);
    CHECK(lost(&b, &p) < EVENTS + EVENTS / 3); /* all events, and all that is pending */
    pl_buf_fini(&report);
    forget(p.damaged);
    forget(p.saved);
    free(original.bytes);
    bench_fini(&b);
}

TEST(a_database_cut_to_nothing_does_not_take_its_log_along)
{
    bench b;
    fill(&b);
    paths p = paths_of(&b);
    char wal[128];
    file some = {(uint8_t[32]){0x37, 0x7f, 0x06, 0x82}, 32};
    snprintf(wal, sizeof wal, "%s-wal", p.damaged);
    write_file(p.damaged, &some, 0);
    write_file(wal, &some, some.len);
    check_refused(&b, p.damaged, "truncated");
    CHECK_EQ_INT(access(wal, F_OK), 0);
    forget(p.damaged);
    bench_fini(&b);
}

TEST(without_its_first_page_nothing_can_be_saved)
{
    bench b;
    pl_buf report;
    fill(&b);
    paths p = paths_of(&b);
    file original = read_file(b.path);
    memset(original.bytes, 0xa5, PAGE_BYTES);
    write_file(p.damaged, &original, original.len);
    check_refused(&b, p.damaged, "perilune store check");
    pl_buf_init(&report);
    CHECK_EQ_INT(pl_store_check(p.damaged, &report), PL_E_STORE);
    CHECK_EQ_INT(pl_store_salvage(p.damaged, p.saved, &report), PL_E_STORE);
    CHECK(memmem(report.ptr, report.len, "restore a backup", 16) != NULL);
    CHECK(access(p.saved, F_OK) != 0);
    pl_buf_fini(&report);
    forget(p.damaged);
    forget(p.saved);
    free(original.bytes);
    bench_fini(&b);
}

int main(void)
{
    return RUN(CASE(a_sound_database_is_saved_whole),
               CASE(a_destroyed_page_costs_no_more_than_stood_on_it),
               CASE(a_truncated_database_is_refused_with_a_way_out),
               CASE(a_database_cut_to_nothing_does_not_take_its_log_along),
               CASE(without_its_first_page_nothing_can_be_saved));
}
