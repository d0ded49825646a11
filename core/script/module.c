/* SPDX-License-Identifier: MIT
 *
 * Where the Lua of the source tree comes from:
 * the binary itself, or, while developing, a source tree on disk. */
#include "script/bundle.h"
#include "script/embed/embed.h"
#include "script/vm.h"

#include <lauxlib.h>
#include <stdlib.h>

#define MAX_MODULE_BYTES (4u << 20)
#define MAX_FOLDERS      16

static int compare_embedded(const void *path, const void *entry)
{
    return strcmp(path, ((const pl_embedded *)entry)->path);
}

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_in_tree(const char *path)
{
    return (has_prefix(path, "lua/") || has_prefix(path, "plugins/")) && !strstr(path, "..");
}

/* As embed.c names it. */
static int load_chunk(lua_State *L, const char *bytes, size_t len, const char *path)
{
    lua_pushfstring(L, "@%s", has_prefix(path, "lua/") ? path + 4 : path);
    int status = luaL_loadbuffer(L, bytes, len, lua_tostring(L, -1));
    lua_remove(L, -2);
    return status == 0 ? 1 : -1;
}

static int push_from_disk(pl_vm *vm, lua_State *L, const char *path)
{
    lua_pushfstring(L, "%s/%s", vm->lua_path, path);
    size_t len;
    char *text = pl_file_read(lua_tostring(L, -1), MAX_MODULE_BYTES, &len);
    lua_pop(L, 1);
    if (text == NULL) return 0;
    int result = load_chunk(L, text, len, path);
    free(text);
    return result;
}

int pl_module_push(pl_vm *vm, lua_State *L, const char *path)
{
    if (!is_in_tree(path)) return 0;
    if (vm->lua_path) return push_from_disk(vm, L, path);
    const pl_embedded *f =
        bsearch(path, pl_embedded_files, pl_embedded_count, sizeof *f, compare_embedded);
    return f ? load_chunk(L, (const char *)f->bytes, f->len, path) : 0;
}

typedef struct found {
    char **paths;
    size_t count;
} found;

static void collect(void *ud, const char *path)
{
    found *f = ud;
    size_t len = strlen(path);
    if (len < 4 || strcmp(path + len - 4, ".lua") != 0) return;
    f->paths = pl_realloc(f->paths, (f->count + 1) * sizeof *f->paths);
    f->paths[f->count++] = strdup(path);
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void names_on_disk(pl_vm *vm, const char *prefix, void (*each)(void *ud, const char *path),
                          void *ud)
{
    found f = {0};
    pl_files_walk(vm->lua_path, "lua", MAX_FOLDERS, collect, &f);
    pl_files_walk(vm->lua_path, "plugins", MAX_FOLDERS, collect, &f);
    if (f.count) qsort(f.paths, f.count, sizeof *f.paths, compare_paths);
    for (size_t i = 0; i < f.count; i++) {
        if (has_prefix(f.paths[i], prefix)) each(ud, f.paths[i]);
        free(f.paths[i]);
    }
    free(f.paths);
}

void pl_module_names(pl_vm *vm, const char *prefix, void (*each)(void *ud, const char *path),
                     void *ud)
{
    if (vm->lua_path) {
        names_on_disk(vm, prefix, each, ud);
        return;
    }
    for (size_t i = 0; i < pl_embedded_count; i++)
        if (has_prefix(pl_embedded_files[i].path, prefix)) each(ud, pl_embedded_files[i].path);
}
