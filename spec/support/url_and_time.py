# SPDX-License-Identifier: MIT
"""What Python's urllib.parse and email.utils make of cases, for spec/unit/url_spec.lua and time_spec.lua: a line of
JSON [QUESTION, VALUE] each, a line of JSON each in answer."""
import email.utils
import json
import sys
import urllib.parse

QUESTIONS = {
    "read": lambda text: urllib.parse.parse_qsl(text, keep_blank_values=True, strict_parsing=True),
    "write": lambda pairs: urllib.parse.urlencode([tuple(pair) for pair in pairs]),
    "unquote": urllib.parse.unquote,
    "quote": lambda text: urllib.parse.quote(text, safe=""),
    "http": lambda seconds: email.utils.formatdate(seconds, usegmt=True),
    "http_parse": lambda text: email.utils.parsedate_to_datetime(text).timestamp(),
}

for line in sys.stdin:
    question, value = json.loads(line)
    print(json.dumps(QUESTIONS[question](value)))
