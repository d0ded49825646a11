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
    CHECK_EQ_INT(pl_bundle_read(f.path, &b, &faults), 0);
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

static void check_fault(const char *dir, const char *part_of_file, const char *message)
{
    pl_bundle *b = NULL;
    pl_faults faults = {0};
    CHECK_EQ_INT(pl_bundle_read(dir, &b, &faults), PL_E_BAD_CONFIG);
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
    CHECK_EQ_INT(pl_bundle_read(f.path, &b, &faults), 0);
    pl_bundle_free(b);
    free(large);
    folder_remove(&f);
}

int main(void)
{
    return RUN(CASE(the_files_that_matter_are_read_sorted), CASE(what_cannot_be_read_is_named));
}
