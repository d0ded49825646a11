# SPDX-License-Identifier: MIT
"""Python's hmac as an oracle: a config of the plugin `hmac` and a request that was signed, as a line of JSON; what should
stand in the header of the signature.

{"config": {...}, "request": {"method", "url", "path", "query", "headers": {...}, "body"}, "timestamp"}  -> {"header"}
"""
import base64
import hashlib
import hmac
import json
import re
import sys

KEYS = {"raw": str.encode, "base64": base64.b64decode, "hex": bytes.fromhex}
ENCODINGS = {
    "hex": lambda mac: mac.hex(),
    "base64": lambda mac: base64.b64encode(mac).decode(),
    "base64url": lambda mac: base64.urlsafe_b64encode(mac).decode().rstrip("="),
}


def content(config, request, timestamp):
    def place(match):
        name, argument = match.group(1), match.group(2)
        if name == "header":
            return request["headers"][argument.lower()]
        return timestamp if name == "timestamp" else request[name]
    return re.sub(r"\{([a-z]+):?([\w-]*)\}", place, config["content"])


def header(case):
    config, timestamp = case["config"], case["timestamp"]
    text = content(config, case["request"], timestamp).encode()
    keys = config["keys"] if config["sign_with"] == "all" else config["keys"][:1]
    signatures = [ENCODINGS[config["encoding"]](
        hmac.new(KEYS[config["key_form"]](key), text, getattr(hashlib, config["algorithm"])).digest()) for key in keys]
    elements = []
    for element in config["format"].split(","):
        values = signatures if "{signature}" in element else [timestamp]
        elements += [re.sub(r"\{[a-z]+\}", value, element) for value in values]
    return ",".join(elements)


for line in sys.stdin:
    print(json.dumps({"header": header(json.loads(line))}))
