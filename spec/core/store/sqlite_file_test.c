/* SPDX-License-Identifier: MIT */
#include "base/json.h"
#include "store_harness.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define VERSION      15 /* of the schema */
#define VERSION_TEXT "15"

/* Opening must be refused for a reason that names the file and says `word`. */
static void check_refused(const bench *b, const char *path, const char *word)
{
    char *reason = NULL;
    pl_store *store = NULL;
    pl_store_config config = bench_config(b);
    config.path = path;
    CHECK_EQ_INT(pl_store_open(&store, &config, &reason), PL_E_STORE);
    CHECK(store == NULL);
    CHECK(reason != NULL && strstr(reason, path) != NULL && strstr(reason, word) != NULL);
    if (!reason || !strstr(reason, word)) printf("%s\n", reason ? reason : "no reason");
    free(reason);
}

TEST(a_new_database_is_the_owners_alone_and_has_the_settings)
{
    bench b;
    struct stat st;
    bench_init(&b);
    bench_open(&b);
    CHECK_EQ_INT(stat(b.path, &st), 0);
    CHECK_EQ_INT(st.st_mode & 0777, 0600);
    CHECK_EQ_INT(bench_number(&b, "PRAGMA page_size"), 8192);
    CHECK_EQ_INT(bench_number(&b, "PRAGMA user_version"), VERSION);
    CHECK_EQ_INT(bench_number(&b, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
    bench_fini(&b);
}

TEST(a_second_opener_is_refused_until_the_first_has_closed)
{
    bench b;
    char link_path[96], pid[32];
    bench_init(&b);
    bench_open(&b);
    snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    check_refused(&b, b.path, pid);
    /* by another name as well */
    snprintf(link_path, sizeof link_path, "%s/link.db", b.folder);
    CHECK_EQ_INT(symlink(b.path, link_path), 0);
    check_refused(&b, link_path, pid);
    unlink(link_path);
    /* and from another process */
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        char *reason = NULL;
        pl_store *store = NULL;
        pl_store_config config = bench_config(&b);
        _exit(pl_store_open(&store, &config, &reason) == PL_E_STORE ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    CHECK_EQ_INT(status, 0);
    /* the first is unharmed */
    CHECK_EQ_INT(commit_one(&b, "e1", id_of(T0, 1), true), 0);
    bench_reopen(&b);
    CHECK_EQ_INT(commit_one(&b, "e2", id_of(T0, 2), true), 0);
    bench_fini(&b);
}

TEST(a_file_that_is_no_database_is_left_alone)
{
    static const char text[] =
        "These are not the bytes of a database, and nobody may write over them. ";
    bench b;
    bench_init(&b);
    FILE *f = fopen(b.path, "w");
    for (int i = 0; i < 100; i++)
        fputs(text, f);
    fclose(f);
    check_refused(&b, b.path, "not a database");
    struct stat st;
    CHECK_EQ_INT(stat(b.path, &st), 0);
    CHECK_EQ_INT(st.st_size, 100 * (sizeof text - 1));
    bench_fini(&b);
}

TEST(another_programs_database_is_left_alone)
{
    bench b;
    bench_init(&b);
    close(open(b.path, O_CREAT | O_RDWR, 0600));
    bench_exec(&b, "CREATE TABLE theirs(x)");
    check_refused(&b, b.path, "another program");
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM sqlite_schema"), 1);
    CHECK_EQ_INT(bench_number(&b, "SELECT journal_mode = 'delete' FROM pragma_journal_mode"), 1);
    bench_fini(&b);
}

TEST(a_newer_schema_is_refused)
{
    bench b;
    bench_init(&b);
    bench_open(&b);
    pl_store_close(b.store);
    b.store = NULL;
    bench_exec(&b, "PRAGMA user_version = 1000");
    check_refused(&b, b.path, "newer version");
    bench_exec(&b, "PRAGMA user_version = " VERSION_TEXT);
    bench_open(&b);
    CHECK_EQ_INT(commit_one(&b, "e1", id_of(T0, 1), true), 0);
    bench_fini(&b);
}

/* The whole of a small file, for free(). */
static char *read_text(const char *path)
{
    FILE *f = fopen(path, "r");
    if (f == NULL) abort();
    char *text = calloc(1, 64 << 10);
    CHECK(fread(text, 1, (64 << 10) - 1, f) > 0);
    fclose(f);
    return text;
}

/* version_1.sql is what `sqlite3 store.db .dump` wrote of a database of the first version. */
TEST(a_database_of_the_first_version_is_taken_over)
{
    bench b;
    bench_init(&b);
    close(open(b.path, O_CREAT | O_RDWR, 0600));
    char *sql = read_text(PL_STORE_CASES "/version_1.sql");
    bench_exec(&b, sql);
    free(sql);
    bench_open(&b);
    CHECK_EQ_INT(bench_number(&b, "PRAGMA user_version"), VERSION);
    pl_query q = {.kind = PL_QUERY_DELIVERY};
    CHECK(pl_uuid_parse(PL_SLICE("01a21bf1-47cd-72fc-ac91-01e95e733464"), &q.id));
    CHECK_EQ_INT(ask(&b, &q), 0);
    pl_slice attempt = pl_json_find(pl_buf_slice(&q.answer), PL_SLICE("attempts.0"));
    CHECK_EQ_SLICE(pl_json_find(attempt, PL_SLICE("error")),
                   PL_SLICE("\"status 503 is not a success\""));
    CHECK_EQ_SLICE(pl_json_find(attempt, PL_SLICE("traceback")), PL_SLICE("null"));
    CHECK_EQ_SLICE(pl_json_find(attempt, PL_SLICE("trace")), PL_SLICE("[]"));
    pl_buf_fini(&q.answer);
    CHECK_EQ_INT(commit_one(&b, "v1", id_of(T0, 1), true), 0); /* a duplicate of what is there */
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM events"), 1);
    CHECK_EQ_INT(commit_one(&b, "e2", id_of(T0, 2), true), 0);
    CHECK_EQ_INT(record_one(&b, id_of(T0, 2), 1, PL_STATE_DELIVERED), 0);
    CHECK_EQ_INT(bench_number(&b, "SELECT count(*) FROM attempts"), 2);
    bench_fini(&b);
}

TEST(a_place_where_nothing_can_be_made_is_refused)
{
    bench b;
    char path[96];
    bench_init(&b);
    snprintf(path, sizeof path, "%s/missing/store.db", b.folder);
    check_refused(&b, path, "No such file or directory");
    snprintf(path, sizeof path, "%s/folder", b.folder);
    CHECK_EQ_INT(mkdir(path, 0700), 0);
    check_refused(&b, path, "Is a directory");
    rmdir(path);
    bench_remove(path, ".lock");
    bench_fini(&b);
}

int main(void)
{
    return RUN(CASE(a_new_database_is_the_owners_alone_and_has_the_settings),
               CASE(a_second_opener_is_refused_until_the_first_has_closed),
               CASE(a_file_that_is_no_database_is_left_alone),
               CASE(another_programs_database_is_left_alone), CASE(a_newer_schema_is_refused),
               CASE(a_database_of_the_first_version_is_taken_over),
               CASE(a_place_where_nothing_can_be_made_is_refused));
}
