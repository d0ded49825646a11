# SPDX-License-Identifier: MIT
"""botocore as an oracle: a signed request as a line of JSON, the signature that botocore makes of it.

{"service", "region", "secret", "method", "url", "headers": {...}, "body"}  -> {"signature"}

The headers are those that were signed.
"""
import json
import sys

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def signature(case):
    kind = S3SigV4Auth if case["service"] == "s3" else SigV4Auth
    auth = kind(Credentials("AKIDEXAMPLE", case["secret"]), case["service"], case["region"])
    request = AWSRequest(case["method"], case["url"], headers=case["headers"], data=case["body"])
    request.context["timestamp"] = case["headers"]["x-amz-date"]
    if case["headers"].get("x-amz-content-sha256") == "UNSIGNED-PAYLOAD":
        request.context["payload_signing_enabled"] = False
    return auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)


for line in sys.stdin:
    print(json.dumps({"signature": signature(json.loads(line))}))
