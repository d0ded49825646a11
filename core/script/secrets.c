/* SPDX-License-Identifier: MIT
 *
 * What is seen by more than the thread that looks: the list of cells, which only grows at its head,
 * and each cell's value. Everything else of a cell is touched with `looking` held, also while a
 * file is read. `swapping` is held for a few instructions only: between reading the pointer to a
 * value and counting the reference, nobody may free it.
 *
 *     cell --current--> value (2)      a handle: one reference, kept until it is used again
 *                         ^            the cell: one reference, until the file has changed
 *     handle -------------'
 */
#include "script/secrets.h"

#include "base/log.h"
#include "base/secret.h"
#include "script/bundle.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#define LOOK_EVERY_S 1

/* What tells one state of a file from another. */
typedef struct stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified, changed;
} stamp;

struct pl_secret_cell {
    pl_secret_cell *next;
    _Atomic(pl_secret_value *) current; /* NULL: not found yet */
    char *path;                         /* of its file, or NULL */
    stamp taken, seen;                  /* as the value was read; at the last look */
    bool is_lost;                       /* its file cannot be read, which was said */
    char name[];
};

static _Atomic(pl_secret_cell *) cells;
static char *folder;
static pthread_mutex_t looking = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t swapping = PTHREAD_MUTEX_INITIALIZER;

/* -- values -- */

pl_secret_value *pl_secret_value_new(pl_slice bytes)
{
    pl_secret_value *v = pl_alloc(sizeof *v + bytes.len);
    atomic_init(&v->refs, 1);
    v->len = bytes.len;
    if (bytes.len) memcpy(v->bytes, bytes.ptr, bytes.len);
    return v;
}

void pl_secret_value_unref(pl_secret_value *v)
{
    if (v && atomic_fetch_sub(&v->refs, 1) == 1) free(v);
}

/* What the caller holds cannot have been freed, so the same pointer is the same value. */
bool pl_secret_cell_has(pl_secret_cell *cell, const pl_secret_value *v)
{
    return atomic_load_explicit(&cell->current, memory_order_acquire) == v;
}

pl_secret_value *pl_secret_cell_value(pl_secret_cell *cell)
{
    pthread_mutex_lock(&swapping);
    pl_secret_value *v = atomic_load(&cell->current);
    if (v) atomic_fetch_add(&v->refs, 1);
    pthread_mutex_unlock(&swapping);
    return v;
}

/* Returns whether that is another value than before. */
static bool publish(pl_secret_cell *cell, pl_slice bytes)
{
    const pl_secret_value *last = atomic_load(&cell->current); /* only who looks changes it */
    if (last && pl_slice_eq((pl_slice){last->bytes, last->len}, bytes)) return false;
    pl_secret_register(bytes);
    pl_secret_value *fresh = pl_secret_value_new(bytes);
    pthread_mutex_lock(&swapping);
    pl_secret_value *old = atomic_exchange(&cell->current, fresh);
    pthread_mutex_unlock(&swapping);
    if (old) pl_secret_retire((pl_slice){old->bytes, old->len});
    pl_secret_value_unref(old);
    return true;
}

static bool is_usable(pl_secret_cell *cell)
{
    pl_secret_value *v = pl_secret_cell_value(cell);
    bool usable = v && v->len > 0;
    pl_secret_value_unref(v);
    return usable;
}

/* -- files -- */

static bool stamp_file(const char *path, stamp *s)
{
    struct stat st;
    if (stat(path, &st) != 0) return false;
    if (!S_ISREG(st.st_mode)) {
        errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
        return false;
    }
    *s = (stamp){st.st_dev, st.st_ino, st.st_size, st.st_mtim, st.st_ctim};
    return true;
}

static bool is_same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_same(const stamp *a, const stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           is_same_time(a->modified, b->modified) && is_same_time(a->changed, b->changed);
}

static pl_slice without_line_break(pl_slice s)
{
    if (s.len == 0 || s.ptr[s.len - 1] != '\n') return s;
    s.len--;
    if (s.len && s.ptr[s.len - 1] == '\r') s.len--;
    return s;
}

/* Gives the cell what its file holds: 0 when that is another value, 1 when it is not, -1 with errno
 * when it cannot be read. */
static int read_cell(pl_secret_cell *cell)
{
    size_t len;
    if (!stamp_file(cell->path, &cell->seen)) return -1;
    char *bytes = pl_file_read(cell->path, PL_SECRET_MAX_BYTES, &len);
    if (bytes == NULL) return -1;
    cell->taken = cell->seen; /* of before: what is written meanwhile is another state */
    bool is_new = publish(cell, without_line_break((pl_slice){bytes, len}));
    free(bytes);
    return is_new ? 0 : 1;
}

static void say_lost(pl_secret_cell *cell, int error)
{
    if (!cell->is_lost)
        pl_log(PL_LOG_WARN, "the file of a secret cannot be read; the secret stays as it was",
               PL_LOG_STR("secret", cell->name), PL_LOG_STR("file", cell->path),
               PL_LOG_STR("error", strerror(error)));
    cell->is_lost = true;
}

static void say_changed(pl_secret_cell *cell)
{
    if (is_usable(cell))
        pl_log(PL_LOG_INFO, "a secret has changed", PL_LOG_STR("secret", cell->name),
               PL_LOG_STR("file", cell->path));
    else
        pl_log(PL_LOG_ERROR, "the file of a secret is empty now; what needs the secret fails",
               PL_LOG_STR("secret", cell->name), PL_LOG_STR("file", cell->path));
}

/* A file that is being written is left until it is still. */
static void look_at(pl_secret_cell *cell)
{
    stamp now;
    int result = -1;
    if (stamp_file(cell->path, &now)) {
        bool is_still = is_same(&now, &cell->seen);
        cell->seen = now;
        if (!is_still) return;
        result = is_same(&now, &cell->taken) ? 1 : read_cell(cell);
    }
    if (result < 0) {
        say_lost(cell, errno);
        return;
    }
    if (result == 0) say_changed(cell);
    cell->is_lost = false;
}

void pl_secrets_look(void)
{
    pthread_mutex_lock(&looking);
    for (pl_secret_cell *cell = atomic_load(&cells); cell; cell = cell->next)
        if (cell->path) look_at(cell);
    pthread_mutex_unlock(&looking);
}

/* -- places -- */

enum found { FOUND, NOT_THERE, BROKEN };

static bool is_name(pl_slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool is_good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-' || c == '.';
        if (!is_good) return false;
    }
    return name.len > 0 && name.ptr[0] != '.';
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 0x20) : c;
}

static char lower(char c)
{
    return (char)pl_lower(c);
}

static char same(char c)
{
    return c;
}

/* "acme-key" as PERILUNE_SECRET_ACME_KEY, with `end` and a NUL behind it. */
static void put_variable(pl_buf *out, const char *name, const char *end)
{
    pl_buf_clear(out);
    PL_BUF_PUT(out, "PERILUNE_SECRET_");
    for (; *name; name++)
        pl_buf_put_char(out, *name == '-' || *name == '.' ? '_' : upper(*name));
    pl_buf_put(out, end, strlen(end) + 1);
}

static enum found take_file(pl_secret_cell *cell, const char *path, pl_buf *reason)
{
    free(cell->path);
    cell->path = strdup(path);
    if (cell->path == NULL) abort();
    const char *wrong = read_cell(cell) < 0 ? strerror(errno)
                        : is_usable(cell)   ? NULL
                                            : "it is empty";
    if (wrong == NULL) return FOUND;
    pl_buf_printf(reason, "the secret \"%s\" cannot be read from the file %s: %s", cell->name, path,
                  wrong);
    return BROKEN;
}

static enum found look_in_environment(pl_secret_cell *cell, pl_buf *reason)
{
    pl_buf variable;
    pl_buf_init(&variable);
    enum found found = NOT_THERE;
    put_variable(&variable, cell->name, "");
    const char *value = getenv(variable.ptr);
    if (value && *value) {
        publish(cell, pl_slice_of(value));
        found = FOUND;
    } else {
        put_variable(&variable, cell->name, "_FILE");
        value = getenv(variable.ptr);
        if (value && *value) found = take_file(cell, value, reason);
    }
    pl_buf_fini(&variable);
    return found;
}

static char (*const spellings[])(char) = {same, lower, upper};

static void put_spelling(pl_buf *out, const char *name, char (*spell)(char))
{
    for (; *name; name++)
        pl_buf_put_char(out, spell(*name));
}

static enum found look_in_folder(pl_secret_cell *cell, pl_buf *reason)
{
    stamp ignored;
    pl_buf path;
    pl_buf_init(&path);
    enum found found = NOT_THERE;
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings && found == NOT_THERE; i++) {
        pl_buf_clear(&path);
        pl_buf_printf(&path, "%s/", folder);
        put_spelling(&path, cell->name, spellings[i]);
        pl_buf_put_char(&path, '\0');
        if (stamp_file(path.ptr, &ignored) || (errno != ENOENT && errno != ENOTDIR))
            found = take_file(cell, path.ptr, reason);
    }
    pl_buf_fini(&path);
    return found;
}

static void put_places(pl_buf *out, const char *name)
{
    pl_buf variable;
    pl_buf_init(&variable);
    put_variable(&variable, name, "");
    pl_buf_printf(out,
                  "the secret \"%s\" is not set: there is neither %s nor %s_FILE in the "
                  "environment, and ",
                  name, variable.ptr, variable.ptr);
    if (folder)
        pl_buf_printf(out, "no file \"%s\" in the folder %s (in lower or upper case neither)", name,
                      folder);
    else
        PL_BUF_PUT(out, "no folder of secrets is named (secrets.dir)");
    pl_buf_fini(&variable);
}

/* Called with `looking` held. */
static bool resolve(pl_secret_cell *cell, pl_buf *reason)
{
    if (is_usable(cell)) return true;
    enum found found = look_in_environment(cell, reason);
    if (found == NOT_THERE && folder) found = look_in_folder(cell, reason);
    if (found == NOT_THERE) put_places(reason, cell->name);
    return found == FOUND;
}

/* -- cells -- */

const char *pl_secret_cell_name(const pl_secret_cell *cell)
{
    return cell->name;
}

static pl_secret_cell *known_cell(pl_slice name)
{
    pl_secret_cell *cell = atomic_load_explicit(&cells, memory_order_acquire);
    while (cell && !pl_slice_eq(pl_slice_of(cell->name), name))
        cell = cell->next;
    return cell;
}

pl_secret_cell *pl_secrets_cell(pl_slice name)
{
    if (!is_name(name)) return NULL;
    pl_secret_cell *cell = known_cell(name);
    if (cell) return cell;
    pthread_mutex_lock(&looking);
    cell = known_cell(name);
    if (cell == NULL) {
        cell = pl_alloc_zero(sizeof *cell + name.len + 1);
        memcpy(cell->name, name.ptr, name.len);
        cell->next = atomic_load(&cells);
        atomic_store_explicit(&cells, cell, memory_order_release);
    }
    pthread_mutex_unlock(&looking);
    return cell;
}

pl_secret_cell *pl_secrets_find(pl_slice name, pl_buf *reason)
{
    pl_secret_cell *cell = pl_secrets_cell(name);
    if (cell == NULL) {
        pl_buf_printf(reason,
                      "\"%.*s\" cannot be the name of a secret: letters, digits, \"_\", \"-\" and "
                      "\".\" can stand in it",
                      PL_FMT(name));
        return NULL;
    }
    if (is_usable(cell)) return cell;
    pthread_mutex_lock(&looking);
    bool is_found = resolve(cell, reason);
    pthread_mutex_unlock(&looking);
    return is_found ? cell : NULL;
}

void pl_secrets_set_dir(const char *dir)
{
    pthread_mutex_lock(&looking);
    free(folder);
    folder = *dir ? strdup(dir) : NULL;
    pthread_mutex_unlock(&looking);
}

/* -- the thread that looks -- */

static struct {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t stopped;
    bool is_stopping;
} watch = {.mutex = PTHREAD_MUTEX_INITIALIZER, .stopped = PTHREAD_COND_INITIALIZER};

static void *look_again_and_again(void *arg)
{
    struct timespec next;
    (void)arg;
    pthread_setname_np(pthread_self(), "secrets");
    pthread_mutex_lock(&watch.mutex);
    while (!watch.is_stopping) {
        clock_gettime(CLOCK_REALTIME, &next);
        next.tv_sec += LOOK_EVERY_S;
        if (pthread_cond_timedwait(&watch.stopped, &watch.mutex, &next) != ETIMEDOUT) continue;
        pthread_mutex_unlock(&watch.mutex);
        pl_secrets_look();
        pthread_mutex_lock(&watch.mutex);
    }
    pthread_mutex_unlock(&watch.mutex);
    return NULL;
}

void pl_secrets_watch(void)
{
    watch.is_stopping = false;
    if (pthread_create(&watch.thread, NULL, look_again_and_again, NULL) != 0) abort();
}

void pl_secrets_unwatch(void)
{
    pthread_mutex_lock(&watch.mutex);
    watch.is_stopping = true;
    pthread_cond_signal(&watch.stopped);
    pthread_mutex_unlock(&watch.mutex);
    pthread_join(watch.thread, NULL);
}
