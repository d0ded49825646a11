/* SPDX-License-Identifier: MIT
 *
 * What a text is made of: Python's str.isalpha() and its relatives. */
#ifndef PL_TEXT_CLASS_H
#define PL_TEXT_CLASS_H

#include "base/buf.h"

#define PL_TEXT_CLASSES(X)                                                \
    X(ALPHA, "alpha")                                                     \
    X(DECIMAL, "decimal") /* digits that make numbers, of any script */   \
    X(DIGIT, "digit")     /* these, and others such as superscript two */ \
    X(NUMERIC, "numeric") /* these, and fractions, Roman numbers... */    \
    X(ALNUM, "alnum")                                                     \
    X(SPACE, "space")                                                     \
    X(LOWER, "lower") /* some cased characters, all of them lower */      \
    X(UPPER, "upper")                                                     \
    X(TITLE, "title")                                                     \
    X(PRINTABLE, "printable")   /* true for an empty text */              \
    X(IDENTIFIER, "identifier") /* Python's idea of a name */             \
    X(ASCII, "ascii")           /* true for an empty text */

enum pl_text_class {
#define X(name, text) PL_TEXT_##name,
    PL_TEXT_CLASSES(X)
#undef X
        PL_TEXT_CLASS_COUNT
};

/* The class of a name; PL_TEXT_CLASS_COUNT when there is none. */
enum pl_text_class pl_text_class_of(pl_slice name);
bool pl_text_is(pl_slice s, enum pl_text_class class);
/* Appends the text with an ASCII digit for each decimal digit and a space for each white space, as
 * Python prepares what int() and float() read. */
void pl_text_put_plain_number(pl_buf *out, pl_slice s);

#endif
