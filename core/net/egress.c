/* SPDX-License-Identifier: MIT
 *
 * Every address is judged as 16 bytes of IPv6, an IPv4 address as its mapped form ::ffff:a.b.c.d.
 * So there is one table and one comparison, and an IPv4-mapped IPv6 address is judged by the IPv4
 * address in it without a word about it. The first range of the table that holds the address names
 * it, so narrow ranges stand before the wide ones around them. Forms that carry an IPv4 address to
 * a translator or tunnel (NAT64, 6to4, Teredo, IPv4-compatible) are refused whole.
 *
 * A range is opened in one of two ways. PRIVATE: networks that are somebody's on purpose, opened by
 * a block or for the requests to one host. SINGLE: what a request from outside must never be led to
 * (this machine, its metadata service, whoever is on the cable), opened one address at a time.
 *
 * Sources: the IANA special-purpose address registries (RFC 6890), RFC 4291, RFC 6052, RFC 8215. */
#include "net/egress.h"

#include "base/buf.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define MAPPED_BITS 96  /* of the prefix ::ffff:0:0 */
#define HOST_BYTES  253 /* of a host name, RFC 1035 section 2.3.4 */
#define LABEL_BYTES 63

typedef struct block {
    uint8_t bytes[16];
    int bits;
} block;

enum opening { SINGLE, PRIVATE };

typedef struct entry {
    block block;               /* when `host` is empty */
    char host[HOST_BYTES + 3]; /* "erp.internal", "*.internal" */
} entry;

struct pl_egress {
    size_t count;
    entry allowed[];
};

typedef struct range {
    block block;
    const char *name;
    enum opening opening;
} range;

#define V4(a, b, c, d, length)                                                         \
    {                                                                                  \
        {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d}, MAPPED_BITS + (length) \
    }
/* The first 64 bits as four groups. */
#define V6(a, b, c, d, length)                                                                   \
    {                                                                                            \
        {(a) >> 8, (a)&0xff, (b) >> 8, (b)&0xff, (c) >> 8, (c)&0xff, (d) >> 8, (d)&0xff}, length \
    }

static const range refused[] = {
    {V4(127, 0, 0, 0, 8), "loopback", SINGLE},
    {V4(10, 0, 0, 0, 8), "private network", PRIVATE},
    {V4(172, 16, 0, 0, 12), "private network", PRIVATE},
    {V4(192, 168, 0, 0, 16), "private network", PRIVATE},
    {V4(169, 254, 169, 254, 32), "cloud metadata", SINGLE},
    {V4(169, 254, 0, 0, 16), "link-local", SINGLE},
    {V4(100, 100, 100, 200, 32), "cloud metadata", SINGLE}, /* Alibaba Cloud's */
    {V4(100, 64, 0, 0, 10), "shared address space", PRIVATE},
    {V4(0, 0, 0, 0, 8), "unspecified", SINGLE},
    {V4(192, 0, 0, 0, 24), "protocol assignment", SINGLE},
    {V4(192, 0, 2, 0, 24), "documentation", SINGLE},
    {V4(198, 51, 100, 0, 24), "documentation", SINGLE},
    {V4(203, 0, 113, 0, 24), "documentation", SINGLE},
    {V4(192, 88, 99, 0, 24), "6to4 relay", SINGLE},
    {V4(198, 18, 0, 0, 15), "benchmarking", SINGLE},
    {V4(224, 0, 0, 0, 4), "multicast", SINGLE},
    {V4(255, 255, 255, 255, 32), "broadcast", SINGLE},
    {V4(240, 0, 0, 0, 4), "reserved", SINGLE},

    {{{0}, 128}, "unspecified", SINGLE},
    {{{[15] = 1}, 128}, "loopback", SINGLE},
    {{{0}, 96}, "IPv4-compatible", SINGLE},
    {{{0xfd, 0, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54}, 128}, "cloud metadata", SINGLE}, /* AWS's */
    {{{0xfd, 0x20, 0, 0xce, [14] = 0x02, [15] = 0x54}, 128},
     "cloud metadata",
     SINGLE}, /* Google's */
    {V6(0xfc00, 0, 0, 0, 7), "private network", PRIVATE},
    {V6(0xfe80, 0, 0, 0, 10), "link-local", SINGLE},
    {V6(0xfec0, 0, 0, 0, 10), "site-local", SINGLE},
    {V6(0xff00, 0, 0, 0, 8), "multicast", SINGLE},
    {V6(0x0064, 0xff9b, 0, 0, 96), "NAT64", SINGLE},
    {V6(0x0064, 0xff9b, 1, 0, 48), "NAT64", SINGLE},
    {V6(0x0100, 0, 0, 0, 64), "discard-only", SINGLE},
    {V6(0x2001, 0, 0, 0, 32), "Teredo", SINGLE},
    {V6(0x2001, 0, 0, 0, 23), "protocol assignment", SINGLE},
    {V6(0x2001, 0x0db8, 0, 0, 32), "documentation", SINGLE},
    {V6(0x2002, 0, 0, 0, 16), "6to4", SINGLE},
    {V6(0x3fff, 0, 0, 0, 20), "documentation", SINGLE},
    {V6(0x5f00, 0, 0, 0, 16), "segment routing", SINGLE},
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

static const range *range_of(const uint8_t address[16])
{
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (is_in(address, &refused[i].block)) return &refused[i];
    }
    return NULL;
}

/* -- entries -- */

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

static bool is_label_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

/* The last label of a name begins with a letter;
 * with a digit it would be a number that resolvers take for an address. */
static bool is_host(const char *text)
{
    pl_slice name = pl_slice_of(text);
    if (pl_slice_starts(name, PL_SLICE("*."))) name = pl_slice_from(name, 2);
    if (name.len == 0 || name.len > HOST_BYTES) return false;
    size_t label = 0;
    for (size_t i = 0; i <= name.len; i++) {
        bool is_end = i == name.len || name.ptr[i] == '.';
        if (!is_end && !is_label_byte(name.ptr[i])) return false;
        if (!is_end) continue;
        if (i == label || i - label > LABEL_BYTES) return false;
        if (i < name.len) label = i + 1;
    }
    return name.ptr[label] > '9';
}

/* Of two blocks one holds the other, or they have nothing in common. */
static bool do_meet(const block *a, const block *b)
{
    return a->bits <= b->bits ? is_in(b->bytes, a) : is_in(a->bytes, b);
}

/* "::/0" is said of IPv6 and must not let IPv4 through:
 * a block wider than the mapped prefix holds no mapped address. */
static bool does_open(const block *b, const range *r)
{
    bool is_ipv4 = is_in(r->block.bytes, &(block){{[10] = 0xff, [11] = 0xff}, MAPPED_BITS});
    return r->opening == PRIVATE && !(is_ipv4 && b->bits < MAPPED_BITS) && do_meet(b, &r->block);
}

static const char *block_fault(const block *b)
{
    if (b->bits == 128) return NULL;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (does_open(b, &refused[i])) return NULL;
    }
    return "opens nothing: a block opens private networks; loopback, link-local and other special "
           "addresses are named one by one";
}

static const char *parse_entry(const char *text, entry *e)
{
    *e = (entry){0};
    if (parse_block(text, &e->block)) return block_fault(&e->block);
    if (!is_host(text)) return "is no address, no CIDR block and no host name";
    if (pl_slice_eq_nocase(pl_slice_of(text), PL_SLICE("localhost")))
        return "opens nothing: a host name opens private networks; name 127.0.0.1 and ::1";
    memcpy(e->host, text, strlen(text) + 1);
    return NULL;
}

/* -- verdicts -- */

static bool is_host_of(const char *entry_text, pl_slice host)
{
    pl_slice name = pl_slice_of(entry_text);
    if (host.len > 0 && host.ptr[host.len - 1] == '.') host.len--;
    if (!pl_slice_starts(name, PL_SLICE("*."))) return pl_slice_eq_nocase(host, name);
    name = pl_slice_from(name, 1); /* ".internal" */
    return host.len > name.len &&
           pl_slice_eq_nocase(pl_slice_from(host, host.len - name.len), name);
}

static bool does_allow(const entry *e, const uint8_t address[16], const range *r, pl_slice host)
{
    if (e->host[0]) return r->opening == PRIVATE && is_host_of(e->host, host);
    if (e->block.bits == 128) return memcmp(e->block.bytes, address, 16) == 0;
    return does_open(&e->block, r) && is_in(address, &e->block);
}

static bool bytes_of(const struct sockaddr *address, uint8_t bytes[16])
{
    if (address->sa_family == AF_INET)
        map_ipv4(&((const struct sockaddr_in *)(const void *)address)->sin_addr, bytes);
    else if (address->sa_family == AF_INET6)
        memcpy(bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
    else
        return false;
    return true;
}

pl_egress *pl_egress_new(const char *const *allow, size_t count, pl_egress_fault *fault)
{
    pl_egress *e = pl_alloc(sizeof *e + count * sizeof e->allowed[0]);
    e->count = count;
    for (size_t i = 0; i < count; i++) {
        const char *text = parse_entry(allow[i], &e->allowed[i]);
        if (text == NULL) continue;
        *fault = (pl_egress_fault){.index = i, .text = text};
        free(e);
        return NULL;
    }
    return e;
}

void pl_egress_free(pl_egress *e)
{
    free(e);
}

const char *pl_egress_refusal(const pl_egress *e, const struct sockaddr *address, pl_slice host)
{
    uint8_t bytes[16];
    if (!bytes_of(address, bytes)) return "not an IP";
    const range *r = range_of(bytes);
    if (r == NULL) return NULL;
    for (size_t i = 0; i < e->count; i++) {
        if (does_allow(&e->allowed[i], bytes, r, host)) return NULL;
    }
    return r->name;
}

bool pl_egress_allows(const pl_egress *e, const struct sockaddr *address, pl_slice host,
                      char text[PL_EGRESS_TEXT])
{
    const char *what = pl_egress_refusal(e, address, host);
    if (what == NULL) return true;
    char shown[INET6_ADDRSTRLEN] = "?";
    if (address->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr, shown,
                  sizeof shown);
    if (address->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, shown,
                  sizeof shown);
    snprintf(text, PL_EGRESS_TEXT, "%s address %s refused by the egress guard (egress.allow)", what,
             shown);
    return false;
}

bool pl_egress_literal(pl_slice host, struct sockaddr_storage *address)
{
    char text[HOST_BYTES + 2];
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)address;
    if (host.len > 0 && host.ptr[host.len - 1] == '.') host.len--;
    if (host.len == 0 || host.len >= sizeof text) return false;
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    text[strcspn(text, "%")] = '\0'; /* a zone says which cable, not which address */
    *address = (struct sockaddr_storage){.ss_family = AF_INET};
    if (inet_aton(text, &v4->sin_addr)) return true;
    *address = (struct sockaddr_storage){.ss_family = AF_INET6};
    return inet_pton(AF_INET6, text, &v6->sin6_addr) == 1;
}

/* RFC 6761 section 6.3: such names are loopback, by whichever of its two addresses. */
static bool refuses_localhost(const pl_egress *e, pl_slice host, char text[PL_EGRESS_TEXT])
{
    struct sockaddr_storage four, six;
    if (!is_host_of("localhost", host)) return false;
    pl_egress_literal(PL_SLICE("127.0.0.1"), &four);
    pl_egress_literal(PL_SLICE("::1"), &six);
    return !pl_egress_allows(e, (struct sockaddr *)&six, host, text) &&
           !pl_egress_allows(e, (struct sockaddr *)&four, host, text);
}

bool pl_egress_refuses_host(const pl_egress *e, pl_slice host, char text[PL_EGRESS_TEXT])
{
    struct sockaddr_storage address;
    if (!pl_egress_literal(host, &address)) return refuses_localhost(e, host, text);
    return !pl_egress_allows(e, (struct sockaddr *)&address, host, text);
}
