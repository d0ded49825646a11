/* SPDX-License-Identifier: MIT
 *
 * The table is computed by the compiler. */
#include "http/syntax.h"

#define IS_BETWEEN(c, first, last) ((c) >= (first) && (c) <= (last))
#define IS_LETTER(c)               (IS_BETWEEN(c, 'A', 'Z') || IS_BETWEEN(c, 'a', 'z'))
#define IS_OF_HOST(c) \
    (IS_LETTER(c) || IS_BETWEEN(c, '0', '9') || (c) == '-' || (c) == '.' || (c) == '_')
#define IS_OF_TOKEN(c)                                                                      \
    (IS_OF_HOST(c) || (c) == '!' || IS_BETWEEN(c, '#', '\'') || (c) == '*' || (c) == '+' || \
     (c) == '^' || (c) == '`' || (c) == '|' || (c) == '~')

#define CLASS(c)     (IS_OF_TOKEN(c) ? PL_OF_TOKEN : 0) | (IS_OF_HOST(c) ? PL_OF_HOST : 0)
#define CLASSES4(c)  CLASS(c), CLASS((c) + 1), CLASS((c) + 2), CLASS((c) + 3)
#define CLASSES16(c) CLASSES4(c), CLASSES4((c) + 4), CLASSES4((c) + 8), CLASSES4((c) + 12)
#define CLASSES64(c) CLASSES16(c), CLASSES16((c) + 16), CLASSES16((c) + 32), CLASSES16((c) + 48)

const uint8_t pl_byte_classes[256] = {CLASSES64(0), CLASSES64(64), CLASSES64(128), CLASSES64(192)};
