/* SPDX-License-Identifier: MIT
 *
 * Every address is judged as 16 bytes of IPv6, an IPv4 address as its mapped form ::ffff:a.b.c.d.
 * So there is one table and one comparison, and an IPv4-mapped IPv6 address is judged by the IPv4
 * address in it without a word about it. The first block of the table that holds the address names
 * it, so narrow blocks stand before the wide ones around them. Forms that carry an IPv4 address to
 * a translator or tunnel (NAT64, 6to4, Teredo, IPv4-compatible) are refused whole.
 *
 * Sources: the IANA special-purpose address registries (RFC 6890), RFC 4291, RFC 6052, RFC 8215. */
#include "net/egress.h"

#include "base/buf.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>

#define MAPPED_BITS 96 /* of the prefix ::ffff:0:0 */

typedef struct block {
    uint8_t bytes[16];
    int bits;
} block;

struct pl_egress {
    size_t count;
    block allowed[];
};

#define V4(a, b, c, d, length, name)                                                           \
    {                                                                                          \
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d}, MAPPED_BITS + (length)}, name \
    }
/* The first 64 bits as four groups. */
#define V6(a, b, c, d, length, name)                                                       \
    {                                                                                      \
        {{(a) >> 8, (a)&0xff, (b) >> 8, (b)&0xff, (c) >> 8, (c)&0xff, (d) >> 8, (d)&0xff}, \
         length},                                                                          \
            name                                                                           \
    }

static const struct {
    block block;
    const char *name;
} refused[] = {
    V4(127, 0, 0, 0, 8, "loopback"),
    V4(10, 0, 0, 0, 8, "private network"),
    V4(172, 16, 0, 0, 12, "private network"),
    V4(192, 168, 0, 0, 16, "private network"),
    V4(169, 254, 169, 254, 32, "cloud metadata"),
    V4(169, 254, 0, 0, 16, "link-local"),
    V4(100, 64, 0, 0, 10, "shared address space"),
    V4(0, 0, 0, 0, 8, "unspecified"),
    V4(192, 0, 0, 0, 24, "protocol assignment"),
    V4(192, 0, 2, 0, 24, "documentation"),
    V4(198, 51, 100, 0, 24, "documentation"),
    V4(203, 0, 113, 0, 24, "documentation"),
    V4(192, 88, 99, 0, 24, "6to4 relay"),
    V4(198, 18, 0, 0, 15, "benchmarking"),
    V4(224, 0, 0, 0, 4, "multicast"),
    V4(255, 255, 255, 255, 32, "broadcast"),
    V4(240, 0, 0, 0, 4, "reserved"),

    {{{0}, 128}, "unspecified"},
    {{{[15] = 1}, 128}, "loopback"},
    {{{0}, 96}, "IPv4-compatible"},
    {{{0xfd, 0, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54}, 128}, "cloud metadata"},
    V6(0xfc00, 0, 0, 0, 7, "private network"),
    V6(0xfe80, 0, 0, 0, 10, "link-local"),
    V6(0xfec0, 0, 0, 0, 10, "site-local"),
    V6(0xff00, 0, 0, 0, 8, "multicast"),
    V6(0x0064, 0xff9b, 0, 0, 96, "NAT64"),
    V6(0x0064, 0xff9b, 1, 0, 48, "NAT64"),
    V6(0x0100, 0, 0, 0, 64, "discard-only"),
    V6(0x2001, 0, 0, 0, 32, "Teredo"),
    V6(0x2001, 0x0db8, 0, 0, 32, "documentation"),
    V6(0x2002, 0, 0, 0, 16, "6to4"),
    V6(0x3fff, 0, 0, 0, 20, "documentation"),
    V6(0x5f00, 0, 0, 0, 16, "segment routing"),
};

static void map_ipv4(const void *four_bytes, uint8_t bytes[16])
{
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    memcpy(bytes, prefix, sizeof prefix);
    memcpy(bytes + sizeof prefix, four_bytes, 4);
}

static bool is_in(const uint8_t address[16], const block *b)
{
    size_t whole = (size_t)b->bits / 8;
    if (memcmp(address, b->bytes, whole) != 0) return false;
    int rest = b->bits % 8;
    return rest == 0 || (address[whole] ^ b->bytes[whole]) >> (8 - rest) == 0;
}

/* "::/0" is said of IPv6 and must not let IPv4 through:
 * a block wider than the mapped prefix holds no mapped address. */
static bool is_allowed(const pl_egress *e, const uint8_t address[16])
{
    static const block mapped = {{[10] = 0xff, [11] = 0xff}, MAPPED_BITS};
    bool is_ipv4 = is_in(address, &mapped);
    for (size_t i = 0; i < e->count; i++) {
        if (is_ipv4 && e->allowed[i].bits < MAPPED_BITS) continue;
        if (is_in(address, &e->allowed[i])) return true;
    }
    return false;
}

/* Decimal digits, nothing else, at most `most`; -1 otherwise. */
static int parse_bits(const char *text, int most)
{
    int bits = 0;
    if (*text == '\0') return -1;
    for (; *text; text++) {
        if (*text < '0' || *text > '9') return -1;
        bits = bits * 10 + (*text - '0');
        if (bits > most) return -1;
    }
    return bits;
}

static bool parse_block(const char *text, block *b)
{
    char address[INET6_ADDRSTRLEN];
    size_t len = strcspn(text, "/");
    if (len >= sizeof address) return false;
    memcpy(address, text, len);
    address[len] = '\0';

    struct in_addr v4;
    bool is_ipv4 = inet_pton(AF_INET, address, &v4) == 1;
    if (is_ipv4)
        map_ipv4(&v4, b->bytes);
    else if (inet_pton(AF_INET6, address, b->bytes) != 1)
        return false;
    int most = is_ipv4 ? 32 : 128;
    int bits = text[len] == '/' ? parse_bits(text + len + 1, most) : most;
    b->bits = bits + (is_ipv4 ? MAPPED_BITS : 0);
    return bits >= 0;
}

pl_egress *pl_egress_new(const char *const *allow, size_t count, size_t *bad)
{
    pl_egress *e = pl_alloc(sizeof *e + count * sizeof e->allowed[0]);
    e->count = count;
    for (size_t i = 0; i < count; i++) {
        if (parse_block(allow[i], &e->allowed[i])) continue;
        if (bad) *bad = i;
        free(e);
        return NULL;
    }
    return e;
}

void pl_egress_free(pl_egress *e)
{
    free(e);
}

const char *pl_egress_refusal(const pl_egress *e, const struct sockaddr *address)
{
    uint8_t bytes[16];
    if (address->sa_family == AF_INET)
        map_ipv4(&((const struct sockaddr_in *)(const void *)address)->sin_addr, bytes);
    else if (address->sa_family == AF_INET6)
        memcpy(bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
    else
        return "not an IP";
    if (is_allowed(e, bytes)) return NULL;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (is_in(bytes, &refused[i].block)) return refused[i].name;
    }
    return NULL;
}
