#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How texts look when they are encoded: an oracle for what must be found nowhere.

Reads a JSON object name -> text on standard input, prints a JSON array of [name, encoding, bytes],
the bytes as they would stand in an output.
"""
import base64
import json
import sys
from urllib.parse import quote, quote_plus


def inner(encode, value, before):
    """What is the same in the base64 of `value` behind `before` bytes, whatever is around it."""
    one = encode(b"\x00" * before + value + b"\x00\x00\x00").decode()
    other = encode(b"\xff" * before + value + b"\xff\xff\xff").decode()
    return max("".join(a if a == b else "\n" for a, b in zip(one, other)).split("\n"), key=len)


def encodings(text):
    value = text.encode()
    yield "as it is", text
    yield "JSON", json.dumps(text, ensure_ascii=False)[1:-1]
    yield "JSON of PHP", json.dumps(text, ensure_ascii=False)[1:-1].replace("/", "\\/")
    yield "URL", quote(text, safe="")
    yield "URL, lower-case", "".join(c if len(c) == 1 else c.lower() for c in map(lambda c: quote(c, safe=""), text))
    yield "form", quote_plus(text)
    yield "hex", value.hex()
    yield "HEX", value.hex().upper()
    for before in range(3):
        yield "base64 at %d" % before, inner(base64.b64encode, value, before)
        yield "base64url at %d" % before, inner(base64.urlsafe_b64encode, value, before)


found = [[name, how, form] for name, text in json.load(sys.stdin).items() for how, form in encodings(text)]
json.dump(found, sys.stdout)
