# SPDX-License-Identifier: MIT
"""Jinja2 with the filters that perilune adds, made of Python's standard library."""

import base64
import hashlib
import hmac
import json
import re
import sys
import uuid
from datetime import datetime, timezone
from urllib.parse import urlencode
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

import jinja2
import markupsafe

ENCODINGS = {
    "hex": bytes.hex,
    "base64": lambda data: base64.b64encode(data).decode(),
    "base64url": lambda data: base64.urlsafe_b64encode(data).decode().rstrip("="),
}
NAMESPACES = {"dns": uuid.NAMESPACE_DNS, "url": uuid.NAMESPACE_URL, "oid": uuid.NAMESPACE_OID,
              "x500": uuid.NAMESPACE_X500}


def digest(name):
    return lambda v, encoding="hex": ENCODINGS[encoding](hashlib.new(name, str(v).encode()).digest())


def hmac_filter(v, key, algorithm="sha256", encoding="hex"):
    if isinstance(key, jinja2.Undefined) or key is None:
        raise ValueError("no key")
    return ENCODINGS[encoding](hmac.new(str(key).encode(), str(v).encode(), algorithm).digest())


def b64decode(v):
    text = str(v).replace("-", "+").replace("_", "/").rstrip("=")
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode()


def uuid_filter(v, namespace="url"):
    return str(uuid.uuid5(NAMESPACES.get(namespace) or uuid.UUID(namespace), str(v)))


def date(v, format="%Y-%m-%dT%H:%M:%SZ", tz="UTC"):
    if isinstance(v, str):
        moment = datetime.fromisoformat(v)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
    else:
        if isinstance(v, bool) or not isinstance(v, (int, float)):
            raise TypeError("no time")
        moment = datetime.fromtimestamp(v, timezone.utc)
    return moment.astimezone(ZoneInfo(tz)).strftime(format)


def regex_replace(v, pattern, replacement="", count=0, ignorecase=False):
    return re.sub(pattern, replacement, str(v), count, re.I if ignorecase else 0)


def matching(function):
    def match(v, pattern, ignorecase=False):
        found = function(pattern, str(v), re.I if ignorecase else 0)
        if not found:
            return None
        return list(found.groups()) if found.re.groups else found.group()
    return match


def xml(v):
    if isinstance(v, markupsafe.Markup):
        return v
    return markupsafe.Markup(escape(str(v), {'"': "&quot;", "'": "&#39;"}))


def querystring(v):
    if isinstance(v, (str, int, jinja2.Undefined)) or v is None:
        raise TypeError("no fields")

    def is_missing(item):
        return item is None or isinstance(item, jinja2.Undefined)

    fields = []
    for key, field in v.items() if isinstance(v, dict) else v:
        items = field if isinstance(field, (list, tuple)) else [field]
        fields += [(key, item) for item in items if not is_missing(item)]
    return markupsafe.Markup(urlencode(fields))


environment = jinja2.Environment()
environment.filters.update(
    {name: digest(name) for name in ("md5", "sha1", "sha256", "sha512")},
    hmac=hmac_filter, b64decode=b64decode, uuid=uuid_filter, date=date,
    b64encode=lambda v, urlsafe=False: ENCODINGS["base64url" if urlsafe else "base64"](str(v).encode()),
    hex=lambda v: str(v).encode().hex(),
    json_decode=lambda v: json.loads(str(v)),
    regex_replace=regex_replace, regex_match=matching(re.match), regex_search=matching(re.search),
    xml=xml,
    querystring=querystring,
)
for line in sys.stdin:
    case = json.loads(line)
    try:
        output = environment.from_string(case["template"]).render(case["context"])
        answer = {"ok": True, "output": output}
    except Exception as error:
        answer = {"ok": False, "error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer))
