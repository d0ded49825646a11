/* SPDX-License-Identifier: MIT */
#ifndef PL_FLOW_CERTIFICATE_H
#define PL_FLOW_CERTIFICATE_H

#include "base/slice.h"

#include <stdint.h>

/* The certificate of a client, which was verified. */
typedef struct pl_certificate {
    pl_slice subject, issuer; /* RFC 4514: "CN=shop,O=Acme" */
    pl_slice serial;          /* hexadecimal, capital letters */
    pl_slice sha256;          /* of the whole certificate: hexadecimal, small letters */
    const pl_slice *names;    /* of subjectAltName: "DNS:...", "IP:...", "email:...", "URI:..." */
    uint32_t name_count;
} pl_certificate;

#endif
