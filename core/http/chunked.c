/* SPDX-License-Identifier: MIT
 *
 * A chunked body is read byte by byte, except for the data, which is moved in runs. Between two
 * calls everything there is to know stands in pl_chunked, so a body may be cut anywhere.
 *
 *   from       byte         to          from       byte         to
 *   SIZE       hex digit    SIZE        TRAILER    name byte    NAME
 *   SIZE, PAD  SP           PAD         TRAILER    CR           END_LF
 *   SIZE, PAD  ;            EXT         NAME       name byte    NAME
 *   SIZE, EXT  CR           SIZE_LF     NAME       :            VALUE
 *   EXT        other        EXT         VALUE      other        VALUE
 *   SIZE_LF    LF           DATA, or    VALUE      CR           VALUE_LF
 *                           TRAILER     VALUE_LF   LF           TRAILER
 *                           (size 0)    END_LF     LF           DONE
 *   DATA       the last     DATA_CR
 *   DATA_CR    CR           DATA_LF     anything else           BAD
 *   DATA_LF    LF           SIZE
 *
 * Every line ends in CR LF; a CR or LF in any other place is refused, because the next reader on
 * the way might take it for the end of a line.
 *
 * With answers there is no next reader, and there are servers that print "\n" (answer.c says more).
 * LF in any other place stands for CR LF there, CR before a CR for nothing, and
 *
 *   PAD        CR           SIZE_LF     TRAILER    other        VALUE
 *   EXT        any          EXT         VALUE      any          VALUE
 *
 * Extensions and trailers, and what else need not be there, are paid for out of one allowance, so a
 * body that is all extensions ends. */
#include "http/chunked.h"

#include "base/err.h"
#include "base/json_bytes.h"
#include "http/syntax.h"

#define SIZE_DIGITS 16 /* what fits in 64 bits */

enum state {
    SIZE,
    PAD,
    EXT,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER,
    NAME,
    VALUE,
    VALUE_LF,
    END_LF,
    DONE,
    BAD
};

static int refuse(const char **reason, const char *text)
{
    *reason = text;
    return BAD;
}

static int size_byte(pl_chunked *c, unsigned char byte, const char **reason)
{
    int digit = pl_hex_digit((char)byte);
    if (digit >= 0) {
        if (++c->digits > SIZE_DIGITS) return refuse(reason, "a chunk size is too large");
        c->left = c->left << 4 | (unsigned)digit;
        return SIZE;
    }
    if (c->digits > 0 && byte == '\r') return SIZE_LF;
    if (c->digits > 0 && byte == ';') return EXT;
    if (c->digits > 0 && (byte == ' ' || byte == '\t')) return PAD;
    return refuse(reason, "a chunk size is not a hexadecimal number");
}

/* The state behind one byte that is not data. */
static int step(pl_chunked *c, unsigned char byte, const char **reason)
{
    switch (c->state) {
    case SIZE:
        return size_byte(c, byte, reason);
    case PAD:
        if (byte == ' ' || byte == '\t') return PAD;
        if (byte == ';') return EXT;
        if (byte == '\r' && c->is_answer) return SIZE_LF;
        return refuse(reason, "white space behind a chunk size");
    case EXT:
        if (byte == '\r') return SIZE_LF;
        if (pl_is_field_byte(byte) || c->is_answer) return EXT;
        return refuse(reason, "a control byte in a chunk extension");
    case SIZE_LF:
        if (byte == '\n') return c->left > 0 ? DATA : TRAILER;
        return refuse(reason, "CR without LF behind a chunk size");
    case DATA_CR:
        if (byte == '\r') return DATA_LF;
        return refuse(reason, "no CR LF at the end of a chunk");
    case DATA_LF:
        c->digits = 0;
        if (byte == '\n') return SIZE;
        return refuse(reason, "no CR LF at the end of a chunk");
    case TRAILER:
        if (byte == '\r') return END_LF;
        if (c->is_answer) return VALUE;
        if (pl_is_token_byte(byte)) return NAME;
        return refuse(reason, "a trailer's name is not a token");
    case NAME:
        if (byte == ':') return VALUE;
        if (pl_is_token_byte(byte)) return NAME;
        return refuse(reason, "a trailer's name is not a token");
    case VALUE:
        if (byte == '\r') return VALUE_LF;
        if (pl_is_field_byte(byte) || c->is_answer) return VALUE;
        return refuse(reason, "a control byte in a trailer");
    case VALUE_LF:
        if (byte == '\n') return TRAILER;
        return refuse(reason, "CR without LF in the trailers");
    case END_LF:
        if (byte == '\n') return DONE;
        return refuse(reason, "CR without LF in the trailers");
    default: /* DATA, DONE and BAD take no single bytes */
        return BAD;
    }
}

static bool awaits_lf(int state)
{
    return state == SIZE_LF || state == DATA_LF || state == VALUE_LF || state == END_LF;
}

/* The same in an answer, whose lines may end in other ways. */
static int step_in_answer(pl_chunked *c, unsigned char byte, const char **reason)
{
    if (byte == '\r' && awaits_lf(c->state)) return c->state;
    if (byte == '\n' && !awaits_lf(c->state)) c->state = step(c, '\r', reason);
    return step(c, byte, reason);
}

/* Is what the byte led to an extension or a trailer, or was it a CR before another? */
static bool is_extra(int before, int state)
{
    if (state == before && awaits_lf(state)) return true;
    return state == PAD || state == EXT || state == NAME || state == VALUE || state == VALUE_LF;
}

void pl_chunked_init(pl_chunked *c, uint32_t max_extra_bytes)
{
    *c = (pl_chunked){.state = SIZE, .line_left = max_extra_bytes};
}

void pl_chunked_init_answer(pl_chunked *c, uint32_t max_extra_bytes)
{
    pl_chunked_init(c, max_extra_bytes);
    c->is_answer = true;
}

int pl_chunked_decode(pl_chunked *c, char *bytes, size_t len, size_t *data_len, size_t *used,
                      const char **reason)
{
    size_t in = 0, out = 0;
    if (c->state == BAD) refuse(reason, "the body was refused already");
    while (in < len && c->state != DONE && c->state != BAD) {
        if (c->state == DATA) {
            size_t run = c->left < len - in ? (size_t)c->left : len - in;
            memmove(bytes + out, bytes + in, run);
            in += run;
            out += run;
            c->left -= run;
            if (c->left == 0) c->state = DATA_CR;
            continue;
        }
        int before = c->state;
        unsigned char byte = (unsigned char)bytes[in++];
        c->state = c->is_answer ? step_in_answer(c, byte, reason) : step(c, byte, reason);
        if (!is_extra(before, c->state)) continue;
        if (c->line_left == 0)
            c->state = refuse(reason, "the chunk extensions and trailers are too long");
        else
            c->line_left--;
    }
    *data_len = out;
    *used = in;
    if (c->state == BAD) return PL_E_BAD_REQUEST;
    return c->state == DONE;
}
