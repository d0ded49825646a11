/* SPDX-License-Identifier: MIT
 *
 * UTF-8 as characters (code points). No text is refused: bytes that are not UTF-8 count as
 * one character for each part that could have begun one (Unicode section 3.9), have no case and
 * belong to no class, and are passed on as they are. Positions count from 1. */
#ifndef PL_TEXT_CHARS_H
#define PL_TEXT_CHARS_H

#include "base/buf.h"

#define PL_CHAR_BAD 0x110000u /* what bytes that are not UTF-8 read as */

/* The character at `p` into *c; returns where the next one begins. p < end. */
const char *pl_char_read(const char *p, const char *end, uint32_t *c);
void pl_char_put(pl_buf *out, uint32_t c);
/* The first byte that is not ASCII, or `end`. */
const char *pl_ascii_end(const char *p, const char *end);

size_t pl_chars_count(pl_slice s);
/* Characters `from` to `to`, both included; what is outside of the text is not there. */
pl_slice pl_chars_sub(pl_slice s, size_t from, size_t to);
/* Where the needle begins that is first to lie within the characters `from` to `to`; 0: nowhere. An
 * empty one is at `from`, as long as that is at most one behind the end. */
size_t pl_chars_find(pl_slice s, pl_slice needle, size_t from, size_t to);
bool pl_chars_are_valid(pl_slice s);
/* Appends the text with U+FFFD for each character that is none. */
void pl_chars_repair(pl_buf *out, pl_slice s);

#endif
