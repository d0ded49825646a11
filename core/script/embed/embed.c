/* SPDX-License-Identifier: MIT
 *
 * A program of the build: compiles Lua files to bytecode and writes them as a C table (embed.h).
 *
 *   embed OUT.c ROOT PATH...      paths relative to ROOT
 *
 * A chunk is named after its path without a leading "lua/", so that messages read
 * perilune/render.lua:12. Line numbers and local names stay in the bytecode: a traceback without
 * them is of no use to anyone. */
#include "script/embed/embed.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct writer {
    FILE *out;
    int column;
} writer;

static int write_bytes(lua_State *L, const void *bytes, size_t len, void *ud)
{
    (void)L;
    writer *w = ud;
    const unsigned char *b = bytes;
    for (size_t i = 0; i < len; i++) {
        fprintf(w->out, "%d,%s", b[i], ++w->column % 24 ? "" : "\n");
    }
    return ferror(w->out);
}

static int embed_file(lua_State *L, FILE *out, const char *root, const char *path, int number)
{
    char file[4096], name[4096];
    snprintf(file, sizeof file, "%s/%s", root, path);
    snprintf(name, sizeof name, "@%s", strncmp(path, "lua/", 4) == 0 ? path + 4 : path);
    FILE *in = fopen(file, "rb");
    if (in == NULL || fseek(in, 0, SEEK_END) != 0) {
        perror(file);
        return 1;
    }
    size_t len = (size_t)ftell(in);
    char *text = malloc(len + 1);
    rewind(in);
    int failed = text == NULL || fread(text, 1, len, in) != len;
    fclose(in);
    if (!failed && luaL_loadbuffer(L, text, len, name) != 0) {
        fprintf(stderr, "embed: %s\n", lua_tostring(L, -1));
        failed = 1;
    }
    free(text);
    if (failed) return 1;
    fprintf(out, "static const unsigned char file_%d[] = {\n", number);
    failed = lua_dump(L, write_bytes, &(writer){.out = out});
    fprintf(out, "};\n");
    lua_pop(L, 1);
    return failed;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int embed_all(lua_State *L, FILE *out, const char *root, char **paths, int count)
{
    qsort(paths, (size_t)count, sizeof *paths, compare_paths);
    fprintf(out,
            "/* Written by core/script/embed/embed.c. */\n#include \"script/embed/embed.h\"\n\n");
    for (int i = 0; i < count; i++)
        if (embed_file(L, out, root, paths[i], i) != 0) return 1;
    fprintf(out, "\nconst pl_embedded pl_embedded_files[] = {\n");
    for (int i = 0; i < count; i++)
        fprintf(out, "    {\"%s\", file_%d, sizeof file_%d},\n", paths[i], i, i);
    fprintf(out, "    {NULL, NULL, 0}};\nconst size_t pl_embedded_count = %d;\n", count);
    return ferror(out);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: embed OUT.c ROOT PATH...\n");
        return 2;
    }
    FILE *out = fopen(argv[1], "wb");
    if (out == NULL) {
        perror(argv[1]);
        return 1;
    }
    lua_State *L = luaL_newstate();
    int failed = L == NULL || embed_all(L, out, argv[2], argv + 3, argc - 3);
    if (fclose(out) != 0) failed = 1;
    if (failed) remove(argv[1]);
    if (L) lua_close(L);
    return failed;
}
