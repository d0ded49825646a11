/* SPDX-License-Identifier: MIT
 *
 * Growable bytes. `init/fini`: the struct is the caller's, the bytes are the buffer's. The bytes
 * move when the buffer grows, so a slice of them lives until the next put.
 *
 * Memory that cannot be had ends the process (pl_alloc): every size that a stranger controls is
 * bounded by a limit long before it gets here. What is large all the same, a body, is asked for
 * (pl_buf_try_reserve). */
#ifndef PL_BASE_BUF_H
#define PL_BASE_BUF_H

#include "base/slice.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

typedef struct pl_buf {
    char *ptr;
    size_t len, cap;
} pl_buf;

/* malloc, calloc and realloc that never return NULL: they say what was asked for and abort. */
void *pl_alloc(size_t size);
void *pl_alloc_zero(size_t size);
/* A copy with a NUL behind it. */
char *pl_alloc_text(pl_slice s);
void *pl_realloc(void *ptr, size_t size);

void pl_buf_init(pl_buf *b);
void pl_buf_free(pl_buf *b);
static inline void pl_buf_fini(pl_buf *b)
{
    if (b->ptr) pl_buf_free(b);
}
/* Forgets the bytes, keeps the room. */
static inline void pl_buf_clear(pl_buf *b)
{
    b->len = 0;
}
/* Moves the bytes to where there is room for `more` behind the end. */
void pl_buf_grow(pl_buf *b, size_t more);
/* As pl_buf_reserve, for what one request brings: NULL, and nothing has changed, when there is no
 * memory for it. */
char *pl_buf_try_reserve(pl_buf *b, size_t more);
/* Could so much be had now? What others take meanwhile is not known. */
bool pl_memory_has(size_t bytes);

/* Room for `more` bytes behind the end; returns where they go. The caller adds to `len` itself. */
static inline char *pl_buf_reserve(pl_buf *b, size_t more)
{
    if (b->cap - b->len < more || b->ptr == NULL) pl_buf_grow(b, more);
    return b->ptr + b->len;
}

static inline void pl_buf_put(pl_buf *b, const void *bytes, size_t len)
{
    if (len == 0) return;
    memcpy(pl_buf_reserve(b, len), bytes, len);
    b->len += len;
}

static inline void pl_buf_put_slice(pl_buf *b, pl_slice s)
{
    pl_buf_put(b, s.ptr, s.len);
}

static inline void pl_buf_put_char(pl_buf *b, char c)
{
    *pl_buf_reserve(b, 1) = c;
    b->len++;
}

/* In decimal. */
void pl_buf_put_int(pl_buf *b, int64_t n);
void pl_buf_printf(pl_buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void pl_buf_vprintf(pl_buf *b, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
/* Drops the first `len` bytes and moves the rest to the front. */
void pl_buf_consume(pl_buf *b, size_t len);
/* Moves the bytes out: the caller frees them with free(); the buffer is empty afterwards. */
char *pl_buf_take(pl_buf *b, size_t *len);
#define PL_BUF_PUT(b, literal) pl_buf_put((b), "" literal, sizeof(literal) - 1)

static inline pl_slice pl_buf_slice(const pl_buf *b)
{
    return (pl_slice){b->ptr, b->len};
}

#endif
