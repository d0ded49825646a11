/* SPDX-License-Identifier: MIT */
#include "base/err.h"
#include "script/bundle.h"

#include "folder.h"
#include "test.h"

TEST(the_files_that_matter_are_read_sorted)
{
    folder f = folder_new();
    folder_write(&f, "gateway.lua", "return {}");
    folder_write(&f, "connectors/b.lua", "b");
    folder_write(&f, "connectors/a.lua", "a");
    folder_write(&f, "connectors/.a.lua.swp", "x");
    folder_write(&f, "connectors/notes.txt", "x");
    folder_write(&f, "templates/deep/er/order.json.j2", "{{ x }}");
    folder_write(&f, "plugins/acme/handler.lua", "");
    folder_write(&f, "spec/a_spec.lua", "x");
    folder_write(&f, "perilune.db", "x");
    pl_bundle *b = NULL;
    pl_faults faults = {0};
    CHECK_EQ_INT(pl_bundle_read(f.path, NULL, &b, &faults), 0);
    static const char *const paths[] = {"connectors/a.lua", "connectors/b.lua", "gateway.lua",
                                        "plugins/acme/handler.lua",
                                        "templates/deep/er/order.json.j2"};
    CHECK_EQ_INT(b->count, 5);
    for (size_t i = 0; i < 5 && b->count == 5; i++)
        CHECK_EQ_STR(b->files[i].path, paths[i]);
    CHECK_EQ_SLICE(((pl_slice){b->files[2].text, b->files[2].len}), PL_SLICE("return {}"));
    CHECK_EQ_INT(b->root[strlen(b->root) - 1], '/');
    CHECK_EQ_INT(strlen(b->root), strlen(f.path) + 1);
    pl_bundle_free(b);
    folder_remove(&f);
}

static const pl_bundle_file *file_of(const pl_bundle *b, const char *path)
{
    for (size_t i = 0; i < b->count; i++)
        if (strcmp(b->files[i].path, path) == 0) return &b->files[i];
    return NULL;
}

static void check_text(const pl_bundle *b, const char *path, const char *text)
{
    const pl_bundle_file *file = file_of(b, path);
    CHECK(file != NULL);
    if (file) CHECK_EQ_STR(file->text, text);
}

TEST(a_plugin_is_the_first_of_its_name)
{
    folder f = folder_new(), one = folder_new(), two = folder_new();
    char path[512], shown[512];
    folder_write(&f, "gateway.lua", "return {}");
    folder_write(&f, "plugins/a/handler.lua", "own");
    folder_write(&one, "a/handler.lua", "one");
    folder_write(&one, "a/lib.lua", "one");
    folder_write(&one, "b/handler.lua", "one");
    folder_write(&one, "b/lib/deep.lua", "one");
    folder_write(&one, "b/README.md", "x");
    folder_write(&one, "none/lib.lua", "x");
    folder_write(&one, ".d/handler.lua", "x");
    folder_write(&one, "handler.lua", "x");
    folder_write(&two, "b/handler.lua", "two");
    folder_write(&two, "c/handler.lua", "two");
    snprintf(path, sizeof path, "%s:%s/", one.path, two.path);
    snprintf(shown, sizeof shown, "%s/b/lib/deep.lua", one.path);
    pl_bundle *b = NULL;
    pl_faults faults = {0};
    CHECK_EQ_INT(pl_bundle_read(f.path, path, &b, &faults), 0);
    CHECK_EQ_INT(b->count, 5);
    check_text(b, "plugins/a/handler.lua", "own");
    check_text(b, "plugins/b/handler.lua", "one");
    check_text(b, "plugins/b/lib/deep.lua", "one");
    check_text(b, "plugins/c/handler.lua", "two");
    CHECK(file_of(b, "plugins/a/handler.lua")->shown == NULL);
    CHECK_EQ_STR(file_of(b, "plugins/b/lib/deep.lua")->shown, shown);
    pl_bundle_free(b);
    folder_remove(&f);
    folder_remove(&one);
    folder_remove(&two);
}

TEST(each_folder_of_the_plugin_path_must_be_there)
{
    folder f = folder_new();
    folder_write(&f, "gateway.lua", "return {}");
    pl_bundle *b = NULL;
    pl_faults faults = {0};
    CHECK_EQ_INT(pl_bundle_read(f.path, "/nowhere:/nor/here", &b, &faults), PL_E_BAD_CONFIG);
    CHECK_EQ_INT(faults.count, 2);
    CHECK_EQ_STR(faults.items[1].file, "/nor/here");
    CHECK_EQ_STR(faults.items[1].message,
                 "this folder of the plugin path cannot be read: No such file or directory");
    pl_faults_fini(&faults);
    folder_remove(&f);
}

static void check_fault(const char *dir, const char *part_of_file, const char *message)
{
    pl_bundle *b = NULL;
    pl_faults faults = {0};
    CHECK_EQ_INT(pl_bundle_read(dir, NULL, &b, &faults), PL_E_BAD_CONFIG);
    CHECK_EQ_INT(faults.count, 1);
    if (faults.count == 1) {
        CHECK(strstr(faults.items[0].file, part_of_file) != NULL);
        CHECK_EQ_STR(faults.items[0].message, message);
    }
    pl_faults_fini(&faults);
}

TEST(what_cannot_be_read_is_named)
{
    folder f = folder_new();
    check_fault("/nowhere/at/all", "/nowhere/at/all", "No such file or directory");
    check_fault(f.path, "/gateway.lua", "No such file or directory");
    folder_write(&f, "gateway.lua", "return {}");
    char *large = malloc(PL_BUNDLE_FILE_BYTES + 2);
    memset(large, ' ', PL_BUNDLE_FILE_BYTES + 1);
    large[PL_BUNDLE_FILE_BYTES + 1] = 0;
    folder_write(&f, "templates/large.j2", large);
    check_fault(f.path, "/templates/large.j2", "the file is larger than 1 MB");
    large[PL_BUNDLE_FILE_BYTES] = 0;
    folder_write(&f, "templates/large.j2", large);
    pl_bundle *b = NULL;
    pl_faults faults = {0};
    CHECK_EQ_INT(pl_bundle_read(f.path, NULL, &b, &faults), 0);
    pl_bundle_free(b);
    free(large);
    folder_remove(&f);
}

int main(void)
{
    return RUN(CASE(the_files_that_matter_are_read_sorted), CASE(a_plugin_is_the_first_of_its_name),
               CASE(each_folder_of_the_plugin_path_must_be_there),
               CASE(what_cannot_be_read_is_named));
}
