/* SPDX-License-Identifier: MIT
 *
 * What a client's certificate says. One that could not be verified has ended the handshake; a
 * session that is resumed has the certificate that it began with. */
#include "net/conn.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/* Text of any language stays readable; what could mislead is escaped. */
#define NAME_FLAGS (XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB)

static pl_slice name_text(pl_arena *arena, const X509_NAME *name)
{
    char *text = NULL;
    BIO *out = BIO_new(BIO_s_mem());
    if (out == NULL || X509_NAME_print_ex(out, name, 0, NAME_FLAGS) < 0) {
        BIO_free(out);
        return PL_NO_SLICE;
    }
    long len = BIO_get_mem_data(out, &text);
    pl_slice copy = pl_arena_dup(arena, (pl_slice){text, len > 0 ? (size_t)len : 0});
    BIO_free(out);
    return copy;
}

static pl_slice serial_text(pl_arena *arena, const X509 *certificate)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
    char *digits = number ? BN_bn2hex(number) : NULL;
    pl_slice copy = pl_arena_dup(arena, pl_slice_of(digits));
    OPENSSL_free(digits);
    BN_free(number);
    return copy;
}

static pl_slice digest_text(pl_arena *arena, const X509 *certificate)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (X509_digest(certificate, EVP_sha256(), bytes, &len) != 1) return PL_NO_SLICE;
    char *text = pl_arena_alloc(arena, 2 * (size_t)len);
    for (unsigned i = 0; i < len; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    return (pl_slice){text, 2 * (size_t)len};
}

/* Of an IA5String; empty when it has bytes that no name has. */
static pl_slice text_name(pl_arena *arena, const char *kind, const ASN1_STRING *value)
{
    const unsigned char *bytes = ASN1_STRING_get0_data(value);
    int len = ASN1_STRING_length(value);
    for (int i = 0; i < len; i++)
        if (bytes[i] <= ' ' || bytes[i] > '~') return PL_NO_SLICE;
    return pl_slice_of(pl_arena_printf(arena, "%s:%.*s", kind, len, (const char *)bytes));
}

static pl_slice address_name(pl_arena *arena, const ASN1_STRING *value)
{
    char text[INET6_ADDRSTRLEN] = "";
    int len = ASN1_STRING_length(value);
    if (len != 4 && len != 16) return PL_NO_SLICE;
    inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(value), text, sizeof text);
    return pl_slice_of(pl_arena_printf(arena, "IP:%s", text));
}

static pl_slice alternative(pl_arena *arena, const GENERAL_NAME *name)
{
    switch (name->type) {
    case GEN_DNS:
        return text_name(arena, "DNS", name->d.dNSName);
    case GEN_EMAIL:
        return text_name(arena, "email", name->d.rfc822Name);
    case GEN_URI:
        return text_name(arena, "URI", name->d.uniformResourceIdentifier);
    case GEN_IPADD:
        return address_name(arena, name->d.iPAddress);
    default:
        return PL_NO_SLICE;
    }
}

static void take_names(pl_certificate *c, pl_arena *arena, const X509 *certificate)
{
    GENERAL_NAMES *all = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int count = all ? sk_GENERAL_NAME_num(all) : 0;
    pl_slice *names = pl_arena_alloc(arena, ((size_t)count + 1) * sizeof *names);
    c->names = names;
    for (int i = 0; i < count; i++) {
        pl_slice name = alternative(arena, sk_GENERAL_NAME_value(all, i));
        if (name.len) names[c->name_count++] = name;
    }
    GENERAL_NAMES_free(all);
}

const pl_certificate *pl_inbound_certificate(pl_inbound *in)
{
    pl_conn *conn = ((pl_turn *)in)->conn;
    SSL *ssl = conn->state == PL_CONN_CLOSED ? NULL : conn->transport.ssl;
    const X509 *shown = ssl ? SSL_get0_peer_certificate(ssl) : NULL;
    if (shown == NULL || SSL_get_verify_result(ssl) != X509_V_OK) return NULL;
    pl_certificate *c = pl_arena_zero(&in->arena, sizeof *c);
    c->subject = name_text(&in->arena, X509_get_subject_name(shown));
    c->issuer = name_text(&in->arena, X509_get_issuer_name(shown));
    c->serial = serial_text(&in->arena, shown);
    c->sha256 = digest_text(&in->arena, shown);
    take_names(c, &in->arena, shown);
    return c;
}
