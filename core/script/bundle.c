/* SPDX-License-Identifier: MIT
 *
 * Reading a gateway folder. All of it is read before any of it is looked at, so that a load sees
 * one state of the folder and every worker loads the same. What an integrator's editor or version
 * control leaves lying about (hidden files) is not seen; symbolic links are followed, since that is
 * how containers mount folders.
 *
 * A plugin of the plugin path stands in the bundle as if it were one of the gateway folder, unless
 * there is one of that name already: the folder as a whole is taken, or nothing of it. Only its Lua
 * is; the folder next to it may be anything. */
#include "script/bundle.h"

#include "base/err.h"
#include "base/secret.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folders that matter, and whether anything but Lua is taken from them. */
static const struct {
    const char *name;
    bool takes_all;
} folders[] = {{"authenticators", false}, {"connectors", false}, {"lib", false},
               {"mappers", false},        {"plugins", true},     {"templates", true}};

typedef struct reading {
    pl_bundle *bundle;
    pl_faults *faults;
    const char *dir;   /* paths are relative to it */
    const char *root;  /* what messages put in front of them */
    const char *under; /* and the bundle: "", or "plugins/" of the plugin path */
    bool takes_all;
} reading;

void pl_faults_add(pl_faults *f, const char *file, int line, const char *message)
{
    pl_faults_add_at(f, file, line, 0, message);
}

void pl_faults_add_at(pl_faults *f, const char *file, int line, int column, const char *message)
{
    pl_buf shown; /* by whoever gets to see the fault: none of them masks it */
    pl_buf_init(&shown);
    pl_secret_mask(&shown, pl_slice_of(message));
    pl_buf_put_char(&shown, '\0');
    f->items = pl_realloc(f->items, (f->count + 1) * sizeof *f->items);
    pl_fault *fault = &f->items[f->count++];
    *fault = (pl_fault){strdup(file), line, column, pl_buf_take(&shown, NULL), false};
    if (fault->file == NULL) abort();
}

void pl_faults_warn(pl_faults *f, const char *file, const char *message)
{
    pl_faults_add(f, file, 0, message);
    f->items[f->count - 1].is_warning = true;
}

size_t pl_faults_warnings(const pl_faults *f)
{
    size_t count = 0;
    for (size_t i = 0; i < f->count; i++)
        count += f->items[i].is_warning;
    return count;
}

void pl_faults_print(const pl_faults *f, FILE *out)
{
    for (size_t i = 0; i < f->count; i++) {
        const pl_fault *fault = &f->items[i];
        fprintf(out, "%s:", fault->file);
        if (fault->line) fprintf(out, "%d:", fault->line);
        if (fault->column) fprintf(out, "%d:", fault->column);
        fprintf(out, " %s%s\n", fault->is_warning ? "warning: " : "", fault->message);
    }
}

void pl_faults_fini(pl_faults *f)
{
    for (size_t i = 0; i < f->count; i++) {
        free(f->items[i].file);
        free(f->items[i].message);
    }
    free(f->items);
    *f = (pl_faults){0};
}

static char *text_join(const char *a, const char *between, const char *b)
{
    pl_buf text;
    pl_buf_init(&text);
    pl_buf_printf(&text, "%s%s%s", a, between, b);
    pl_buf_put_char(&text, 0);
    return pl_buf_take(&text, &(size_t){0});
}

static char *path_join(const char *a, const char *b)
{
    return text_join(a, "/", b);
}

char *pl_file_read(const char *path, size_t max, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NULL;
    pl_buf text;
    pl_buf_init(&text);
    ssize_t got;
    do {
        got = read(fd, pl_buf_reserve(&text, 65536), 65535);
        if (got > 0) text.len += (size_t)got;
    } while ((got > 0 && text.len <= max) || (got < 0 && errno == EINTR));
    int error = got < 0 ? errno : text.len > max ? EFBIG : 0;
    close(fd);
    if (error) {
        pl_buf_fini(&text);
        errno = error;
        return NULL;
    }
    pl_buf_put_char(&text, 0);
    char *bytes = pl_buf_take(&text, len);
    *len -= 1;
    return bytes;
}

static int walk_entry(const char *root, const char *path, int depth,
                      void (*each)(void *ud, const char *path), void *ud)
{
    struct stat st;
    char *full = path_join(root, path);
    int result = stat(full, &st) != 0 ? errno : 0;
    free(full);
    if (result == 0 && S_ISDIR(st.st_mode))
        return depth > 0 ? pl_files_walk(root, path, depth - 1, each, ud) : ELOOP;
    if (result == 0 && S_ISREG(st.st_mode)) each(ud, path);
    return result;
}

int pl_files_walk(const char *root, const char *under, int depth,
                  void (*each)(void *ud, const char *path), void *ud)
{
    char *full = path_join(root, under);
    DIR *dir = opendir(full);
    int result = dir ? 0 : errno;
    struct dirent *entry;
    while (dir && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.') continue;
        char *path = path_join(under, entry->d_name);
        int code = walk_entry(root, path, depth, each, ud);
        if (code != 0) result = code;
        free(path);
    }
    if (dir) closedir(dir);
    free(full);
    return result;
}

static void complain(reading *r, const char *path, const char *message)
{
    char *file = text_join(r->root, "", path);
    pl_faults_add(r->faults, file, 0, message);
    free(file);
}

static void take_file(void *ud, const char *path)
{
    reading *r = ud;
    pl_bundle *b = r->bundle;
    size_t path_len = strlen(path), len = 0;
    bool is_lua = path_len > 4 && strcmp(path + path_len - 4, ".lua") == 0;
    if (!is_lua && !r->takes_all) return;
    char *full = path_join(r->dir, path);
    char *text = pl_file_read(full, PL_BUNDLE_FILE_BYTES, &len);
    free(full);
    if (text == NULL) {
        complain(r, path, errno == EFBIG ? "the file is larger than 1 MB" : strerror(errno));
        return;
    }
    b->files = pl_realloc(b->files, (b->count + 1) * sizeof *b->files);
    bool is_own = r->under[0] == '\0';
    b->files[b->count++] = (pl_bundle_file){
        text_join(r->under, "", path), is_own ? NULL : text_join(r->root, "", path), text, len};
    b->bytes += len;
}

static int compare_files(const void *a, const void *b)
{
    return strcmp(((const pl_bundle_file *)a)->path, ((const pl_bundle_file *)b)->path);
}

static char *root_of(const char *dir)
{
    if (strcmp(dir, ".") == 0 || strcmp(dir, "./") == 0) return strdup("");
    char *root = path_join(dir, "");
    size_t len = strlen(root);
    while (len > 1 && root[len - 2] == '/')
        root[--len] = 0;
    return root;
}

static void read_folders(reading *r)
{
    struct stat st;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char *full = path_join(r->dir, folders[i].name);
        int code = stat(full, &st) == 0 ? 0 : errno;
        free(full);
        if (code == ENOENT) continue;
        r->takes_all = folders[i].takes_all;
        if (code == 0) code = pl_files_walk(r->dir, folders[i].name, PL_BUNDLE_DEPTH, take_file, r);
        if (code) complain(r, folders[i].name, strerror(code));
    }
}

/* -- the plugin path -- */

static bool has_plugin(const pl_bundle *b, const char *name)
{
    char *folder = text_join("plugins/", name, "/");
    bool found = false;
    for (size_t i = 0; i < b->count && !found; i++)
        found = strncmp(b->files[i].path, folder, strlen(folder)) == 0;
    free(folder);
    return found;
}

/* A folder of the plugin path need not hold plugins only. */
static bool is_plugin(const char *dir, const char *name)
{
    struct stat st;
    char *folder = path_join(dir, name), *handler = path_join(folder, "handler.lua");
    bool result = name[0] != '.' && stat(handler, &st) == 0;
    free(folder);
    free(handler);
    return result;
}

static void take_plugin(reading *r, const char *name)
{
    if (!is_plugin(r->dir, name) || has_plugin(r->bundle, name)) return;
    int code = pl_files_walk(r->dir, name, PL_BUNDLE_DEPTH, take_file, r);
    if (code) complain(r, name, strerror(code));
}

static void read_plugins(reading *r)
{
    DIR *dir = opendir(r->dir);
    struct dirent *entry;
    if (dir == NULL) {
        pl_buf message;
        pl_buf_init(&message);
        pl_buf_printf(&message, "this folder of the plugin path cannot be read: %s",
                      strerror(errno));
        pl_buf_put_char(&message, '\0');
        pl_faults_add(r->faults, r->dir, 0, message.ptr);
        pl_buf_fini(&message);
        return;
    }
    while ((entry = readdir(dir)) != NULL)
        take_plugin(r, entry->d_name);
    closedir(dir);
}

static void read_plugin_path(pl_bundle *b, const char *path, pl_faults *faults)
{
    while (path && *path) {
        size_t len = strcspn(path, ":");
        char *dir = strndup(path, len), *root = dir ? root_of(dir) : NULL;
        if (root == NULL) abort();
        if (len) read_plugins(&(reading){b, faults, dir, root, "plugins/", false});
        free(dir);
        free(root);
        path += len + (path[len] == ':');
    }
}

static void read_gateway(pl_bundle *b, const char *dir, pl_faults *faults)
{
    reading r = {b, faults, dir, b->root, "", true};
    take_file(&r, "gateway.lua");
    read_folders(&r);
}

int pl_bundle_read(const char *dir, const char *plugin_path, pl_bundle **out, pl_faults *faults)
{
    pl_bundle *b = pl_alloc_zero(sizeof *b);
    b->root = root_of(dir);
    size_t before = faults->count;
    struct stat st;
    if (stat(dir, &st) != 0)
        pl_faults_add(faults, dir, 0, strerror(errno));
    else if (!S_ISDIR(st.st_mode))
        pl_faults_add(faults, dir, 0, "is not a folder");
    else
        read_gateway(b, dir, faults);
    read_plugin_path(b, plugin_path, faults);
    if (b->bytes > PL_BUNDLE_TOTAL_BYTES)
        pl_faults_add(faults, dir, 0, "the files together are larger than 64 MB");
    if (faults->count > before) {
        pl_bundle_free(b);
        return PL_E_BAD_CONFIG;
    }
    qsort(b->files, b->count, sizeof *b->files, compare_files);
    *out = b;
    return 0;
}

void pl_bundle_free(pl_bundle *b)
{
    if (b == NULL) return;
    for (size_t i = 0; i < b->count; i++) {
        free(b->files[i].path);
        free(b->files[i].shown);
        free(b->files[i].text);
    }
    free(b->files);
    free(b->root);
    free(b);
}
