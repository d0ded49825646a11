/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#define FIRST_ROOM 64

static void *or_abort(void *ptr, size_t size)
{
    if (ptr == NULL && size > 0) {
        fprintf(stderr, "perilune: out of memory, %zu bytes wanted\n", size);
        abort();
    }
    return ptr;
}

void *pl_alloc(size_t size)
{
    return or_abort(malloc(size), size);
}

void *pl_alloc_zero(size_t size)
{
    return or_abort(calloc(1, size), size);
}

void *pl_realloc(void *ptr, size_t size)
{
    return or_abort(realloc(ptr, size), size);
}

void pl_buf_init(pl_buf *b)
{
    *b = (pl_buf){0};
}

void pl_buf_fini(pl_buf *b)
{
    free(b->ptr);
    *b = (pl_buf){0};
}

char *pl_buf_reserve(pl_buf *b, size_t more)
{
    if (b->cap - b->len < more || b->ptr == NULL) {
        size_t room = b->cap ? b->cap * 2 : FIRST_ROOM;
        while (room < b->len + more)
            room *= 2;
        b->ptr = pl_realloc(b->ptr, room);
        b->cap = room;
    }
    return b->ptr + b->len;
}

void pl_buf_put(pl_buf *b, const void *bytes, size_t len)
{
    if (len == 0) return;
    memcpy(pl_buf_reserve(b, len), bytes, len);
    b->len += len;
}

void pl_buf_put_slice(pl_buf *b, pl_slice s)
{
    pl_buf_put(b, s.ptr, s.len);
}

void pl_buf_put_char(pl_buf *b, char c)
{
    *pl_buf_reserve(b, 1) = c;
    b->len++;
}

void pl_buf_vprintf(pl_buf *b, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    size_t room = b->cap - b->len;
    int wanted = vsnprintf(b->ptr ? b->ptr + b->len : NULL, b->ptr ? room : 0, format, args);
    if (wanted > 0 && (b->ptr == NULL || (size_t)wanted >= room)) {
        pl_buf_reserve(b, (size_t)wanted + 1);
        vsnprintf(b->ptr + b->len, (size_t)wanted + 1, format, again);
    }
    if (wanted > 0) b->len += (size_t)wanted;
    va_end(again);
}

void pl_buf_printf(pl_buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    pl_buf_vprintf(b, format, args);
    va_end(args);
}

void pl_buf_consume(pl_buf *b, size_t len)
{
    if (len == 0) return;
    memmove(b->ptr, b->ptr + len, b->len - len);
    b->len -= len;
}

char *pl_buf_take(pl_buf *b, size_t *len)
{
    char *bytes = b->ptr;
    if (len) *len = b->len;
    *b = (pl_buf){0};
    return bytes;
}
