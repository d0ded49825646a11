/* SPDX-License-Identifier: MIT
 *
 * Most bytes that are looked through hold no secret, so the first questions are such that need no
 * lock. No form is shorter than some bytes (four, or up to sixteen where no shorter one is kept), so
 * each covers whole one of the pairs that are looked at so far apart: are these two bytes among the
 * first of anything registered? One bit for each pair says so. If they are, and the pairs in front of
 * them as well: is there anything that begins with the four bytes from there, or from one of the
 * places up to here? A filter answers it, one bit for a hash of four bytes. Where it says "maybe", the
 * lock is taken for a look into a bucket: all forms (secret_forms.h) of one range of the hash, sorted,
 * so that thousands of tokens that begin alike cost a few comparisons.
 *
 *     hash of four bytes   |  bucket: 14 bits  |      |
 *                          |  filter: 20 bits         |  (so what shares a bit shares a bucket)
 *
 * A form counts its holders, as two values can have one form in common: it goes with the last of
 * them. The form that is the value itself knows, too, how often it is kept, and its slot when it is
 * passing. Slots are a ring, emptied in turn; one that was registered again since the hand came by
 * last is passed over once.
 *
 * Masking blanks out every byte that is part of any match; matches that overlap become one "***",
 * so of two secrets that share bytes no rest of either remains. */
#include "base/secret.h"

#include "base/json.h"
#include "base/secret_forms.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#define FILTER_BITS 20
#define BUCKET_BITS 14
#define NO_SLOT     (-1)
#define FRONT_BYTES 16 /* of a form, at most: its pairs are known */
#define PAIR_VALUES 65536

struct entry {
    uint32_t hash;
    uint32_t holders;
    uint32_t keepers; /* of the value itself */
    int slot;         /* of the value itself, or NO_SLOT */
    size_t len;
    char bytes[];
};

struct bucket {
    struct entry **items; /* sorted */
    size_t count, room;
};

struct passing {
    char *bytes; /* NULL: free */
    size_t len;
    atomic_bool is_used; /* since the hand came by */
};

/* Of all but the filters. Where the C library lets readers in before a writer that waits, it is told
 * otherwise: workers that mask all the time would keep one out for long. */
#ifdef PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP
static pthread_rwlock_t lock = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
#else
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
#endif
static _Atomic uint64_t filter[(1u << FILTER_BITS) / 64];
static _Atomic uint64_t pairs[PAIR_VALUES / 64];
static uint32_t pair_uses[PAIR_VALUES];       /* entries that have it */
static uint32_t fronts[FRONT_BYTES + 1];      /* entries by the length of their fronts */
static atomic_size_t apart = FRONT_BYTES - 1; /* so far are pairs that are looked at */
static struct bucket buckets[1u << BUCKET_BITS];
static struct passing ring[PL_SECRET_PASSING_MAX];
static size_t hand, passing_bytes;
static atomic_size_t entry_count;

/* -- filters -- */

static uint32_t hash_of(const char *four_bytes)
{
    uint32_t word;
    memcpy(&word, four_bytes, sizeof word);
    return word * 2654435761u; /* Knuth's; the upper bits depend on all of the word */
}

static uint32_t filter_bit(uint32_t hash)
{
    return hash >> (32 - FILTER_BITS);
}

static struct bucket *bucket_of(uint32_t hash)
{
    return &buckets[hash >> (32 - BUCKET_BITS)];
}

static bool may_begin(uint32_t hash)
{
    uint32_t bit = filter_bit(hash);
    uint64_t word = atomic_load_explicit(&filter[bit / 64], memory_order_relaxed);
    return word >> (bit % 64) & 1;
}

static void set_bit(uint32_t hash)
{
    uint32_t bit = filter_bit(hash);
    atomic_fetch_or_explicit(&filter[bit / 64], UINT64_C(1) << (bit % 64), memory_order_relaxed);
}

/* Called when an entry of this hash has left its bucket. */
static void clear_bit(uint32_t hash)
{
    const struct bucket *b = bucket_of(hash);
    uint32_t bit = filter_bit(hash);
    for (size_t i = 0; i < b->count; i++)
        if (filter_bit(b->items[i]->hash) == bit) return;
    atomic_fetch_and_explicit(&filter[bit / 64], ~(UINT64_C(1) << (bit % 64)),
                              memory_order_relaxed);
}

static size_t pair_of(const char *two_bytes)
{
    uint16_t pair;
    memcpy(&pair, two_bytes, sizeof pair);
    return pair;
}

static size_t front_of(const struct entry *e)
{
    return e->len < FRONT_BYTES ? e->len : FRONT_BYTES;
}

/* The shortest front has to hold one. */
static void set_apart(void)
{
    size_t shortest = PL_SECRET_MIN_BYTES;
    while (shortest < FRONT_BYTES && fronts[shortest] == 0)
        shortest++;
    atomic_store_explicit(&apart, shortest - 1, memory_order_relaxed);
}

static void add_pairs(const struct entry *e)
{
    for (size_t i = 0; i + 1 < front_of(e); i++) {
        size_t pair = pair_of(e->bytes + i);
        if (pair_uses[pair]++ == 0)
            atomic_fetch_or_explicit(&pairs[pair / 64], UINT64_C(1) << (pair % 64),
                                     memory_order_relaxed);
    }
    fronts[front_of(e)]++;
    set_apart();
}

static void remove_pairs(const struct entry *e)
{
    for (size_t i = 0; i + 1 < front_of(e); i++) {
        size_t pair = pair_of(e->bytes + i);
        if (--pair_uses[pair] == 0)
            atomic_fetch_and_explicit(&pairs[pair / 64], ~(UINT64_C(1) << (pair % 64)),
                                      memory_order_relaxed);
    }
    fronts[front_of(e)]--;
    set_apart();
}

/* -- buckets; all with the lock held -- */

static size_t shared_bytes(const struct entry *e, pl_slice text)
{
    size_t n = 0;
    while (n < e->len && n < text.len && e->bytes[n] == text.ptr[n])
        n++;
    return n;
}

static bool is_after(const struct entry *e, pl_slice text)
{
    int order = memcmp(e->bytes, text.ptr, e->len < text.len ? e->len : text.len);
    return order > 0 || (order == 0 && e->len > text.len);
}

/* How many entries are not after `text`. */
static size_t count_until(const struct bucket *b, pl_slice text)
{
    size_t from = 0, to = b->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (is_after(b->items[middle], text))
            to = middle;
        else
            from = middle + 1;
    }
    return from;
}

static struct entry *find(pl_slice form)
{
    const struct bucket *b = bucket_of(hash_of(form.ptr));
    size_t at = count_until(b, form);
    struct entry *e = at ? b->items[at - 1] : NULL;
    return e && pl_slice_eq((pl_slice){e->bytes, e->len}, form) ? e : NULL;
}

/* The length of the longest entry that `text` begins with, 0 when there is none. All such entries
 * are beginnings of the last one that is not after `text`: so what that one shares with `text` is
 * all that can still match. */
static size_t longest_in(const struct bucket *b, pl_slice text)
{
    while (text.len >= PL_SECRET_MIN_BYTES) {
        size_t at = count_until(b, text);
        if (at == 0) return 0;
        text.len = shared_bytes(b->items[at - 1], text);
        if (text.len == b->items[at - 1]->len) return text.len;
    }
    return 0;
}

static void hold(pl_slice form)
{
    struct entry *e = find(form);
    if (e) {
        e->holders++;
        return;
    }
    e = pl_alloc(sizeof *e + form.len);
    *e = (struct entry){.hash = hash_of(form.ptr), .holders = 1, .slot = NO_SLOT, .len = form.len};
    memcpy(e->bytes, form.ptr, form.len);
    struct bucket *b = bucket_of(e->hash);
    size_t at = count_until(b, form);
    if (b->count == b->room) {
        b->room = b->room ? b->room * 2 : 4;
        b->items = pl_realloc(b->items, b->room * sizeof(struct entry *));
    }
    memmove(b->items + at + 1, b->items + at, (b->count - at) * sizeof(struct entry *));
    b->items[at] = e;
    b->count++;
    set_bit(e->hash);
    add_pairs(e);
    atomic_fetch_add_explicit(&entry_count, 1, memory_order_relaxed);
}

static void let_go(pl_slice form)
{
    struct entry *e = find(form);
    if (--e->holders > 0) return;
    struct bucket *b = bucket_of(e->hash);
    size_t at = count_until(b, form);
    memmove(b->items + at - 1, b->items + at, (b->count - at) * sizeof(struct entry *));
    b->count--;
    clear_bit(e->hash);
    remove_pairs(e);
    atomic_fetch_sub_explicit(&entry_count, 1, memory_order_relaxed);
    free(e);
}

/* -- values -- */

/* Returns the entry of the value itself. */
static struct entry *hold_all(const pl_secret_forms *f)
{
    for (size_t i = 0; i < f->count; i++)
        hold(pl_secret_form(f, i));
    return find(pl_secret_form(f, 0));
}

static void let_all_go(const pl_secret_forms *f)
{
    for (size_t i = 0; i < f->count; i++)
        let_go(pl_secret_form(f, i));
}

static void forget(struct passing *p)
{
    pl_secret_forms forms;
    pl_slice value = {p->bytes, p->len};
    if (p->bytes == NULL) return;
    find(value)->slot = NO_SLOT;
    pl_secret_forms_init(&forms, value);
    let_all_go(&forms);
    pl_secret_forms_fini(&forms);
    passing_bytes -= p->len;
    free(p->bytes);
    p->bytes = NULL;
}

/* A free slot, with room for the bytes. */
static size_t take_slot(size_t len)
{
    for (;;) {
        size_t slot = hand;
        hand = (hand + 1) % PL_SECRET_PASSING_MAX;
        if (atomic_exchange(&ring[slot].is_used, false)) continue;
        forget(&ring[slot]);
        if (passing_bytes + len <= PL_SECRET_PASSING_BYTES) return slot;
    }
}

static void add_passing(const pl_secret_forms *f)
{
    pl_slice value = pl_secret_form(f, 0);
    size_t slot = take_slot(value.len);
    ring[slot].bytes = pl_alloc(value.len);
    ring[slot].len = value.len;
    memcpy(ring[slot].bytes, value.ptr, value.len);
    passing_bytes += value.len;
    hold_all(f)->slot = (int)slot;
}

static bool is_known(pl_slice value)
{
    struct entry *e = find(value);
    if (e && e->slot != NO_SLOT) atomic_store(&ring[e->slot].is_used, true);
    return e && (e->keepers > 0 || e->slot != NO_SLOT);
}

void pl_secret_register(pl_slice value)
{
    pl_secret_forms forms;
    if (value.len < PL_SECRET_MIN_BYTES) return;
    pl_secret_forms_init(&forms, value);
    pthread_rwlock_wrlock(&lock);
    struct entry *e = find(value);
    if (e == NULL || e->keepers == 0) e = hold_all(&forms);
    e->keepers++;
    pthread_rwlock_unlock(&lock);
    pl_secret_forms_fini(&forms);
}

void pl_secret_retire(pl_slice value)
{
    pl_secret_forms forms;
    if (value.len < PL_SECRET_MIN_BYTES) return;
    pl_secret_forms_init(&forms, value);
    pthread_rwlock_wrlock(&lock);
    struct entry *e = find(value);
    if (e && e->keepers > 0 && --e->keepers == 0) {
        if (e->slot == NO_SLOT && value.len <= PL_SECRET_PASSING_BYTES) add_passing(&forms);
        let_all_go(&forms);
    }
    pthread_rwlock_unlock(&lock);
    pl_secret_forms_fini(&forms);
}

void pl_secret_register_passing(pl_slice value)
{
    pl_secret_forms forms;
    if (value.len < PL_SECRET_MIN_BYTES || value.len > PL_SECRET_PASSING_BYTES) return;
    pthread_rwlock_rdlock(&lock);
    bool known = is_known(value);
    pthread_rwlock_unlock(&lock);
    if (known) return;
    pl_secret_forms_init(&forms, value);
    pthread_rwlock_wrlock(&lock);
    if (!is_known(value)) add_passing(&forms); /* another thread may have been first */
    pthread_rwlock_unlock(&lock);
    pl_secret_forms_fini(&forms);
}

/* -- masking -- */

static bool may_match(pl_slice bytes)
{
    return bytes.len >= PL_SECRET_MIN_BYTES && may_begin(hash_of(bytes.ptr));
}

/* The length of the longest form that `bytes` begin with, 0 when there is none. */
static size_t match(pl_slice bytes)
{
    if (!may_match(bytes)) return 0;
    pthread_rwlock_rdlock(&lock);
    size_t len = longest_in(bucket_of(hash_of(bytes.ptr)), bytes);
    pthread_rwlock_unlock(&lock);
    return len;
}

static bool is_near(const char *two_bytes)
{
    size_t pair = pair_of(two_bytes);
    uint64_t word = atomic_load_explicit(&pairs[pair / 64], memory_order_relaxed);
    return word >> (pair % 64) & 1;
}

/* The first of the pairs `step` apart, from the one at `i` on, that is near, or the end. */
static size_t next_near(pl_slice bytes, size_t i, size_t step)
{
    while (i + 2 <= bytes.len && !is_near(bytes.ptr + i))
        i += step;
    return i + 2 <= bytes.len ? i : bytes.len;
}

/* Where the pairs begin that are near one behind the other up to the one at `i`, `step` of them at
 * most. */
static size_t begin_of_near(pl_slice bytes, size_t i, size_t step)
{
    size_t k = i;
    while (k + step > i + 1 && is_near(bytes.ptr + k - 1))
        k--;
    return k;
}

/* The first place from `from` on at which a form begins, or the end. One that begins behind the pair
 * before the one that is looked at, and not behind this, covers it and all pairs up to it. */
static size_t find_match(pl_slice bytes, size_t from)
{
    size_t step = atomic_load_explicit(&apart, memory_order_relaxed);
    if (atomic_load_explicit(&entry_count, memory_order_relaxed) == 0) return bytes.len;
    for (size_t i = from + step - 1; (i = next_near(bytes, i, step)) < bytes.len; i += step) {
        for (size_t k = begin_of_near(bytes, i, step); k <= i; k++) {
            pl_slice rest = {bytes.ptr + k, bytes.len - k};
            if (may_match(rest) && match(rest)) return k;
        }
    }
    return bytes.len;
}

bool pl_secret_is_in(pl_slice bytes)
{
    return find_match(bytes, 0) < bytes.len;
}

/* `from` is the first byte of a match: where the bytes
 * end that it and those overlapping it cover. */
static size_t covered_until(pl_slice bytes, size_t from)
{
    size_t end = from;
    do {
        size_t len = match(pl_slice_from(bytes, from));
        if (from + len > end) end = from + len;
    } while (++from < end);
    return end;
}

void pl_secret_mask(pl_buf *out, pl_slice bytes)
{
    size_t copied = 0;
    for (size_t i; (i = find_match(bytes, copied)) < bytes.len;) {
        pl_buf_put(out, bytes.ptr + copied, i - copied);
        PL_BUF_PUT(out, "***");
        copied = covered_until(bytes, i);
    }
    pl_buf_put_slice(out, pl_slice_from(bytes, copied));
}

pl_slice pl_secret_masked(pl_arena *arena, pl_slice bytes)
{
    if (!pl_secret_is_in(bytes)) return bytes;
    pl_buf out;
    pl_buf_init(&out);
    pl_secret_mask(&out, bytes);
    pl_slice copy = pl_arena_dup(arena, pl_buf_slice(&out));
    pl_buf_fini(&out);
    return copy;
}

/* The inside of a JSON string, as text without secrets in `text`. */
static pl_slice mask_inner(pl_slice inner, pl_buf *plain, pl_buf *text)
{
    pl_buf_clear(plain);
    pl_buf_clear(text);
    pl_json_unescape_inner(inner, plain);
    pl_secret_mask(text, pl_buf_slice(plain));
    return pl_buf_slice(text);
}

static void mask_token(pl_json_writer *w, const pl_json_token *t, pl_buf *plain, pl_buf *text)
{
    if (t->key.ptr) pl_jw_key_slice(w, mask_inner(t->key, plain, text));
    switch (t->kind) {
    case PL_JSON_OBJECT:
        pl_jw_object(w);
        break;
    case PL_JSON_OBJECT_END:
        pl_jw_object_end(w);
        break;
    case PL_JSON_ARRAY:
        pl_jw_array(w);
        break;
    case PL_JSON_ARRAY_END:
        pl_jw_array_end(w);
        break;
    case PL_JSON_STRING:
        pl_jw_string(w, mask_inner(t->raw, plain, text));
        break;
    default:
        pl_jw_raw(w, pl_secret_is_in(t->raw) ? PL_SLICE("\"***\"") : t->raw);
    }
}

void pl_secret_mask_json(pl_buf *out, pl_slice json)
{
    pl_json_reader r;
    pl_json_token token;
    pl_json_writer w;
    pl_buf plain, text;
    pl_buf_init(&plain);
    pl_buf_init(&text);
    pl_json_open(&r, json, PL_JSON_MAX_DEPTH);
    pl_jw_init(&w, out);
    while (pl_json_next(&r, &token) == 0 && token.kind != PL_JSON_END)
        mask_token(&w, &token, &plain, &text);
    pl_buf_fini(&plain);
    pl_buf_fini(&text);
}

/* Every byte of `given` is compared with some byte, whatever came out of those before it. */
bool pl_secret_eq(pl_slice secret, pl_slice given)
{
    volatile uint8_t differs = secret.len != given.len;
    const char *s = secret.len ? secret.ptr : "";
    for (size_t i = 0, j = 0; i < given.len; i++) {
        differs = differs | (uint8_t)(s[j] ^ given.ptr[i]);
        j += j + 1 < secret.len;
    }
    return differs == 0;
}

static bool has_pairs(const struct entry *e)
{
    for (size_t i = 0; i + 1 < front_of(e); i++)
        if (!is_near(e->bytes + i)) return false;
    return front_of(e) > atomic_load(&apart);
}

static bool is_sound(const struct bucket *b, size_t i)
{
    const struct entry *e = b->items[i], *before = i ? b->items[i - 1] : NULL;
    if (before && !is_after(e, (pl_slice){before->bytes, before->len})) return false;
    return bucket_of(e->hash) == b && may_begin(e->hash) && e->holders > 0 &&
           e->hash == hash_of(e->bytes) && has_pairs(e);
}

bool pl_secret_check(void)
{
    size_t count = 0, with_fronts = 0;
    bool are_sound = true;
    pthread_rwlock_rdlock(&lock);
    for (size_t i = 0; i < 1u << BUCKET_BITS; i++) {
        const struct bucket *b = &buckets[i];
        count += b->count;
        for (size_t k = 0; k < b->count; k++)
            are_sound &= is_sound(b, k);
    }
    for (size_t i = 0; i <= FRONT_BYTES; i++)
        with_fronts += fronts[i];
    are_sound &= count == atomic_load(&entry_count) && count == with_fronts;
    pthread_rwlock_unlock(&lock);
    return are_sound;
}
