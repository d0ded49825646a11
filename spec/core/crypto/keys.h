/* SPDX-License-Identifier: MIT
 *
 * Keys for tests, made of the numbers in RFCs by python3-cryptography. */
#ifndef PL_SPEC_KEYS_H
#define PL_SPEC_KEYS_H

/* RFC 7515, appendix A.2 */
#define RSA_PUBLIC                                                       \
    "-----BEGIN PUBLIC KEY-----\n"                                       \
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAofgWCuLjybRlzo0tZWJj\n" \
    "NiuSfb4p4fAkd/wWJcyQoTbji9k0l8W26mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEz\n" \
    "P1Pt0Bm4d4QlL+yRT+SFd2lZS+pCgNMsD1W/YpRPEwOWvG6b32690r2jZ47soMZo\n" \
    "9wGzjb/7OMg0LOL+bSf63kpaSHSXndS5z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTB\n" \
    "EMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxX\n" \
    "FvUK+DWNmoudF8NAco9/h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXp\n" \
    "oQIDAQAB\n"                                                         \
    "-----END PUBLIC KEY-----\n"
/* RFC 7515, appendix A.3: SubjectPublicKeyInfo, PKCS#8, SEC 1, and PKCS#8 under "open sesame" */
#define P256_PUBLIC                                                      \
    "-----BEGIN PUBLIC KEY-----\n"                                       \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n" \
    "6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"     \
    "-----END PUBLIC KEY-----\n"
#define P256_PRIVATE                                                     \
    "-----BEGIN PRIVATE KEY-----\n"                                      \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjpsQnnGQmL+YBIff\n" \
    "H1136cspYG6+0iY7X1fCE9+E9LKhRANCAAR/zc4ncPbEXUGDy+5v20t7WAczNXvp\n" \
    "7xO6z248e9FURcfxRM0bvZt+hyzf7bnuufSzaV1uqQskrYpGIyiFiOWt\n"         \
    "-----END PRIVATE KEY-----\n"
#define P256_SEC1                                                        \
    "-----BEGIN EC PRIVATE KEY-----\n"                                   \
    "MHcCAQEEII6bEJ5xkJi/mASH3x9dd+nLKWBuvtImO19XwhPfhPSyoAoGCCqGSM49\n" \
    "AwEHoUQDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72b\n" \
    "focs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"                             \
    "-----END EC PRIVATE KEY-----\n"
#define P256_ENCRYPTED                                                   \
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"                            \
    "MIH0MF8GCSqGSIb3DQEFDTBSMDEGCSqGSIb3DQEFDDAkBBAI+oA7lujn8/hq6/31\n" \
    "nFeBAgIIADAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQlRhtp1aX07K1ox5y\n" \
    "cv7BPQSBkPUw0cJCNct/dTZqcfaISYySxcydgyXoc19BSesOQrdoskvUhAG712An\n" \
    "/oHH5Sj0Yj4l5s4PESmcib70nS5ZwP4ctRbBiMX9RVnCVb/sR1wJC085N1O4Y5Xh\n" \
    "McTD3E4ljCiagkmomj6QXPkk4ihgGMwokOVuvdd1rOqisZCrCTuBs+6XzBKCnCdm\n" \
    "P1FcSztQoA==\n"                                                     \
    "-----END ENCRYPTED PRIVATE KEY-----\n"
/* RFC 7515, appendix A.4 */
#define P521_PUBLIC                                                      \
    "-----BEGIN PUBLIC KEY-----\n"                                       \
    "MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQB6SkFDxJPxrxVx9U5M2Xfne9KsMIs\n" \
    "sleY+TTrBOPGuuNwGlenkQ6dgb82MVno68sVXWNJ9L22zPipTFxZx6rBAaQANKZE\n" \
    "DjdnUNI3H9G9wsjztx0vTuXqNDLIFcyjFWD+XZOH7HdLVYOGMOXLv1qMvgqR3QBk\n" \
    "xpmaH25uZ/rd7eTIyPY=\n"                                             \
    "-----END PUBLIC KEY-----\n"
/* What is not taken: RSA of 1024 bits, secp256k1, X25519. */
#define RSA_1024                                                         \
    "-----BEGIN PUBLIC KEY-----\n"                                       \
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC6zfh5NbyEtIDTgj/0sqS+zh2u\n" \
    "cq2LbwXWorKdFBL2PAkCmpzZt+W8DXttoKcqoj4cdnIvaLhWir0NguX7VB4+PDnD\n" \
    "/wEp8I3WEXChH9LPYlsJ98nVKk9YpXfavB4JVD4D9BlHpPvNVg38zQjwYf2H4sPd\n" \
    "egy9bLmmACXKIQajVwIDAQAB\n"                                         \
    "-----END PUBLIC KEY-----\n"
#define SECP256K1                                                        \
    "-----BEGIN PUBLIC KEY-----\n"                                       \
    "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEXL3wZG5dtOqjmPNl8up6Dj1Bm34DMOOc\n" \
    "6Svd7crE+bxq68pAuiVZYKMXjW2GGlTbqBPQuBP957WlCCYoCHJk2g==\n"         \
    "-----END PUBLIC KEY-----\n"
#define X25519                                                           \
    "-----BEGIN PRIVATE KEY-----\n"                                      \
    "MC4CAQAwBQYDK2VuBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n" \
    "-----END PRIVATE KEY-----\n"

#endif
