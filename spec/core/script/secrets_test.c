/* SPDX-License-Identifier: MIT
 *
 * Cells live as long as the process: each test has names of its own. A look is what the watching
 * thread does once a second; a change is taken at the second look that sees it. */
#include "script/secrets.h"

#include "base/secret.h"

#include "folder.h"
#include "test.h"

#include <pthread.h>

static char why[512];

static pl_secret_cell *find(const char *name)
{
    pl_buf reason;
    pl_buf_init(&reason);
    pl_secret_cell *cell = pl_secrets_find(pl_slice_of(name), &reason);
    pl_buf_put_char(&reason, '\0');
    snprintf(why, sizeof why, "%s", reason.ptr);
    pl_buf_fini(&reason);
    return cell;
}

static void check_value(int line, pl_secret_cell *cell, const char *wanted)
{
    pl_secret_value *v = pl_secret_cell_value(cell);
    test_checks++;
    if (v == NULL || !pl_slice_eq((pl_slice){v->bytes, v->len}, pl_slice_of(wanted))) {
        test_report(__FILE__, line, "another value");
        printf("    got '%.*s', wanted '%s'\n", v ? (int)v->len : 0, v ? v->bytes : "", wanted);
    }
    pl_secret_value_unref(v);
}

#define CHECK_VALUE(cell, wanted) check_value(__LINE__, cell, wanted)

/* Looks until a change is taken. */
static void look(void)
{
    pl_secrets_look();
    pl_secrets_look();
}

static void path_in(const folder *f, const char *name, char path[256])
{
    snprintf(path, 256, "%s/%s", f->path, name);
}

static bool is_masked(const char *text)
{
    return pl_secret_is_in(pl_slice_of(text));
}

TEST(the_environment_comes_first)
{
    folder f = folder_new();
    folder_write(&f, "ORDER_KEY", "from the folder");
    pl_secrets_set_dir(f.path);
    setenv("PERILUNE_SECRET_ORDER_KEY", "from the environment", 1);
    setenv("PERILUNE_SECRET_ORDER_KEY_FILE", "/nonexistent", 1);
    pl_secret_cell *cell = find("ORDER_KEY");
    CHECK_VALUE(cell, "from the environment");
    CHECK(is_masked("from the environment"));
    CHECK(find("ORDER_KEY") == cell);
    setenv("PERILUNE_SECRET_A_B_C", "any spelling", 1);
    CHECK_VALUE(find("a-b.C"), "any spelling");
    folder_remove(&f);
}

TEST(then_the_file_that_the_environment_names)
{
    char path[256];
    folder f = folder_new();
    folder_write(&f, "somewhere", "from a file\r\n");
    folder_write(&f, "FILE_KEY", "from the folder");
    pl_secrets_set_dir(f.path);
    path_in(&f, "somewhere", path);
    setenv("PERILUNE_SECRET_FILE_KEY", "", 1);
    setenv("PERILUNE_SECRET_FILE_KEY_FILE", path, 1);
    CHECK_VALUE(find("FILE_KEY"), "from a file");
    setenv("PERILUNE_SECRET_FILE_GONE_FILE", "/nonexistent/key", 1);
    CHECK(find("FILE_GONE") == NULL);
    CHECK_EQ_STR(why, "the secret \"FILE_GONE\" cannot be read from the file /nonexistent/key: No "
                      "such file or directory");
    folder_remove(&f);
}

TEST(then_the_folder_in_any_case)
{
    folder f = folder_new();
    folder_write(&f, "Exact", "as it is written\n\n");
    folder_write(&f, "exact", "not this one");
    folder_write(&f, "lower-key", "lower\r");
    folder_write(&f, "UPPER-KEY", "upper");
    folder_write(&f, "a-folder/x", "x");
    pl_secrets_set_dir(f.path);
    CHECK_VALUE(find("Exact"), "as it is written\n"); /* one line break goes */
    CHECK_VALUE(find("LOWER-KEY"), "lower\r");        /* no line break */
    CHECK_VALUE(find("upper-key"), "upper");
    CHECK(find("a-folder") == NULL);
    CHECK(strstr(why, "a-folder: Is a directory") != NULL);
    folder_remove(&f);
}

TEST(a_name_that_is_nowhere_says_where_it_was_looked_for)
{
    pl_secrets_set_dir("");
    CHECK(find("no-where") == NULL);
    CHECK_EQ_STR(why,
                 "the secret \"no-where\" is not set: there is neither PERILUNE_SECRET_NO_WHERE "
                 "nor PERILUNE_SECRET_NO_WHERE_FILE in the environment, and no folder of "
                 "secrets is named (secrets.dir)");
    pl_secrets_set_dir("/nonexistent");
    CHECK(find("no-where") == NULL);
    CHECK(strstr(why, ", and no file \"no-where\" in the folder /nonexistent") != NULL);
}

TEST(no_name_leads_out_of_the_folder)
{
    static const char *const names[] = {"",    ".",       "..",  "../passwd",
                                        "a/b", ".hidden", "a b", "\xC3\xA4"};
    pl_secrets_set_dir("/etc");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        CHECK(find(names[i]) == NULL);
        CHECK(strstr(why, "cannot be the name of a secret") != NULL);
    }
}

TEST(an_empty_file_is_no_secret)
{
    folder f = folder_new();
    folder_write(&f, "EMPTY", "\n");
    pl_secrets_set_dir(f.path);
    CHECK(find("EMPTY") == NULL);
    CHECK(strstr(why, "/EMPTY: it is empty") != NULL);
    folder_write(&f, "EMPTY", "not any more");
    CHECK_VALUE(find("EMPTY"), "not any more");
    folder_remove(&f);
}

TEST(a_secret_may_be_set_later)
{
    folder f = folder_new();
    pl_secret_cell *cell = pl_secrets_cell(PL_SLICE("LATER"));
    CHECK(pl_secret_cell_value(cell) == NULL);
    folder_write(&f, "LATER", "here it is");
    pl_secrets_set_dir(f.path);
    CHECK(find("LATER") == cell);
    CHECK_VALUE(cell, "here it is");
    folder_remove(&f);
}

TEST(a_file_that_changes_gives_a_new_value_once_it_is_still)
{
    folder f = folder_new();
    folder_write(&f, "CHANGING", "first value");
    pl_secrets_set_dir(f.path);
    pl_secret_cell *cell = find("CHANGING");
    pl_secret_value *held = pl_secret_cell_value(cell);
    CHECK(pl_secret_cell_has(cell, held));
    folder_write(&f, "CHANGING", "second value!");
    pl_secrets_look();
    CHECK_VALUE(cell, "first value");
    folder_write(&f, "CHANGING", "third value!!!");
    pl_secrets_look();
    CHECK_VALUE(cell, "first value");
    pl_secrets_look();
    CHECK_VALUE(cell, "third value!!!");
    CHECK(is_masked("third value!!!"));
    CHECK(is_masked("first value")); /* may still be in an answer */
    CHECK(!is_masked("second value!"));
    CHECK_EQ_SLICE(((pl_slice){held->bytes, held->len}), PL_SLICE("first value"));
    CHECK(!pl_secret_cell_has(cell, held));
    pl_secret_value_unref(held);
    folder_remove(&f);
}

/* Kubernetes: KEY -> ..data/KEY, ..data -> a folder with a time in its name. */
TEST(a_link_on_the_way_may_lead_elsewhere)
{
    char data[256], fresh[256], key[256];
    folder f = folder_new();
    folder_write(&f, "..1/LINKED", "one");
    folder_write(&f, "..2/LINKED", "two");
    path_in(&f, "..data", data);
    path_in(&f, "..data_tmp", fresh);
    path_in(&f, "LINKED", key);
    CHECK_EQ_INT(symlink("..1", data), 0);
    CHECK_EQ_INT(symlink("..data/LINKED", key), 0);
    pl_secrets_set_dir(f.path);
    pl_secret_cell *cell = find("LINKED");
    CHECK_VALUE(cell, "one");
    CHECK_EQ_INT(symlink("..2", fresh), 0);
    CHECK_EQ_INT(rename(fresh, data), 0);
    look();
    CHECK_VALUE(cell, "two");
    folder_remove(&f);
}

TEST(a_file_that_vanishes_leaves_its_value)
{
    char path[256];
    folder f = folder_new();
    folder_write(&f, "VANISHING", "the last good one");
    pl_secrets_set_dir(f.path);
    pl_secret_cell *cell = find("VANISHING");
    path_in(&f, "VANISHING", path);
    CHECK_EQ_INT(remove(path), 0);
    look();
    CHECK_VALUE(cell, "the last good one");
    CHECK(find("VANISHING") == cell);
    folder_write(&f, "VANISHING", "back again");
    look();
    CHECK_VALUE(cell, "back again");
    folder_remove(&f);
}

TEST(a_file_that_is_emptied_takes_the_value_away)
{
    folder f = folder_new();
    folder_write(&f, "EMPTIED", "something");
    pl_secrets_set_dir(f.path);
    pl_secret_cell *cell = find("EMPTIED");
    folder_write(&f, "EMPTIED", "");
    look();
    CHECK_VALUE(cell, "");
    CHECK(find("EMPTIED") == NULL);
    folder_write(&f, "EMPTIED", "something else");
    look();
    CHECK_VALUE(cell, "something else");
    folder_remove(&f);
}

enum { TURNS = 200 };
static atomic_bool is_over;

static void *use(void *cell)
{
    pl_secret_value *v = NULL;
    size_t strange = 0;
    while (!atomic_load(&is_over)) {
        if (!pl_secret_cell_has(cell, v)) {
            pl_secret_value_unref(v);
            v = pl_secret_cell_value(cell);
        }
        pl_slice text = {v->bytes, v->len};
        strange += !pl_slice_eq(text, PL_SLICE("odd value")) &&
                   !pl_slice_eq(text, PL_SLICE("an even value"));
        strange += !pl_secret_is_in(text);
    }
    pl_secret_value_unref(v);
    return (void *)strange;
}

TEST(threads_use_a_secret_while_it_changes)
{
    enum { THREADS = 3 };
    pthread_t threads[THREADS];
    void *strange;
    folder f = folder_new();
    folder_write(&f, "BUSY", "odd value");
    pl_secrets_set_dir(f.path);
    pl_secret_cell *cell = find("BUSY");
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, use, cell);
    for (int i = 0; i < TURNS; i++) {
        folder_write(&f, "BUSY", i % 2 ? "odd value" : "an even value");
        look();
    }
    atomic_store(&is_over, true);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &strange);
        CHECK(strange == NULL);
    }
    CHECK_VALUE(cell, "odd value");
    CHECK(pl_secret_check());
    folder_remove(&f);
}

TEST(the_watching_thread_starts_and_stops)
{
    pl_secrets_watch();
    pl_secrets_unwatch();
    pl_secrets_watch();
    pl_secrets_unwatch();
    CHECK(find("BUSY") != NULL);
}

int main(void)
{
    return RUN(
        CASE(the_environment_comes_first), CASE(then_the_file_that_the_environment_names),
        CASE(then_the_folder_in_any_case),
        CASE(a_name_that_is_nowhere_says_where_it_was_looked_for),
        CASE(no_name_leads_out_of_the_folder), CASE(an_empty_file_is_no_secret),
        CASE(a_secret_may_be_set_later),
        CASE(a_file_that_changes_gives_a_new_value_once_it_is_still),
        CASE(a_link_on_the_way_may_lead_elsewhere), CASE(a_file_that_vanishes_leaves_its_value),
        CASE(a_file_that_is_emptied_takes_the_value_away),
        CASE(threads_use_a_secret_while_it_changes), CASE(the_watching_thread_starts_and_stops));
}
