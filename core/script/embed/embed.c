/* SPDX-License-Identifier: MIT
 *
 * A program of the build: checks Lua files and writes them as a C table (embed.h).
 *
 *   embed OUT.c ROOT PATH...      paths relative to ROOT
 *
 * A chunk is named after its path without a leading "lua/", so that messages read
 * perilune/render.lua:12. The text is embedded and not its bytecode: of the table that
 * `{ id = id, at = now }` makes, bytecode forgets the size, and it would grow field by field. */
#include "script/embed/embed.h"

#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_bytes(FILE *out, const char *bytes, size_t len, int number)
{
    fprintf(out, "static const unsigned char file_%d[] = {\n", number);
    for (size_t i = 0; i < len; i++)
        fprintf(out, "%d,%s", (unsigned char)bytes[i], i % 24 == 23 ? "\n" : "");
    fprintf(out, "0};\n");
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
    if (!failed) write_bytes(out, text, len, number);
    free(text);
    lua_settop(L, 0);
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
        fprintf(out, "    {\"%s\", file_%d, sizeof file_%d - 1},\n", paths[i], i, i);
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
