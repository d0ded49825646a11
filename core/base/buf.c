/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#define FIRST_ROOM 256
/* Blocks of so much a thread has ready, in glibc; its calloc does not take those. */
#define READY_BYTES 1024

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
    if (size <= READY_BYTES) return memset(pl_alloc(size), 0, size);
    return or_abort(calloc(1, size), size);
}

char *pl_alloc_text(pl_slice s)
{
    char *text = pl_alloc(s.len + 1);
    if (s.len) memcpy(text, s.ptr, s.len);
    text[s.len] = '\0';
    return text;
}

void *pl_realloc(void *ptr, size_t size)
{
    return or_abort(realloc(ptr, size), size);
}

void pl_buf_init(pl_buf *b)
{
    *b = (pl_buf){0};
}

void pl_buf_free(pl_buf *b)
{
    free(b->ptr);
    *b = (pl_buf){0};
}

static size_t next_room(const pl_buf *b, size_t more)
{
    size_t room = b->cap ? b->cap * 2 : FIRST_ROOM;
    while (room < b->len + more)
        room *= 2;
    return room;
}

void pl_buf_grow(pl_buf *b, size_t more)
{
    size_t room = next_room(b, more);
    b->ptr = pl_realloc(b->ptr, room);
    b->cap = room;
}

char *pl_buf_try_reserve(pl_buf *b, size_t more)
{
    if (b->cap - b->len < more || b->ptr == NULL) {
        size_t room = next_room(b, more);
        char *ptr = realloc(b->ptr, room);
        if (ptr == NULL) return NULL;
        b->ptr = ptr;
        b->cap = room;
    }
    return b->ptr + b->len;
}

bool pl_memory_has(size_t bytes)
{
    void *volatile ptr = malloc(bytes); /* not to be optimised away */
    free(ptr);
    return ptr != NULL;
}

void pl_buf_put_int(pl_buf *b, int64_t n)
{
    char digits[24], *first = digits + sizeof digits;
    uint64_t rest = n < 0 ? -(uint64_t)n : (uint64_t)n;
    do
        *--first = (char)('0' + rest % 10);
    while (rest /= 10);
    if (n < 0) *--first = '-';
    pl_buf_put(b, first, (size_t)(digits + sizeof digits - first));
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
