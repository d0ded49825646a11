# SPDX-License-Identifier: MIT
"""PyJWT as an oracle: a case as a line of JSON, an answer as a line of JSON.

{"do": "encode", "algorithm", "key", "claims", "header"}  -> {"token"}
{"do": "decode", "algorithm", "key", "token", "now", "audience", "issuer"}  -> {"header", "claims"} or {"refused"}
{"do": "pem", "jwk"}                                      -> {"pem"}, of the public key
"""
import json
import sys

import jwt
from cryptography.hazmat.primitives import serialization
from jwt.algorithms import ECAlgorithm, RSAAlgorithm


def encode(case):
    return {"token": jwt.encode(case["claims"], case["key"], case["algorithm"], headers=case.get("header"))}


def decode(case):
    try:
        # Its clock is the machine's; what a case says of times is compared by the spec.
        claims = jwt.decode(
            case["token"], case["key"], algorithms=[case["algorithm"]], issuer=case.get("issuer"),
            audience=case.get("audience"),
            options={"require": ["exp", "iat", "jti"], "verify_exp": False, "verify_iat": False},
        )
    except jwt.PyJWTError as error:
        return {"refused": repr(error)}
    return {"header": jwt.get_unverified_header(case["token"]), "claims": claims}


def pem(case):
    algorithm = {"RSA": RSAAlgorithm, "EC": ECAlgorithm}[case["jwk"]["kty"]]
    key = algorithm.from_jwk(json.dumps(case["jwk"]))
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return {"pem": key.public_bytes(serialization.Encoding.PEM, form).decode()}


for line in sys.stdin:
    case = json.loads(line)
    print(json.dumps({"encode": encode, "decode": decode, "pem": pem}[case["do"]](case)))
