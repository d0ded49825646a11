# SPDX-License-Identifier: MIT
"""What Python makes of a method, of % and of format(): the oracle of python_values.lua.

A line in is a JSON list: [operation, subject, arguments, keyword arguments]. A line out is
{"result": repr, "subject": repr behind it} or {"error": text}.
"""

import json
import sys

from markupsafe import Markup


def decode(value):
    """JSON with {"tuple": [...]}, {"markup": text} and {"number": text} for what JSON lacks."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if list(value) == ["tuple"]:
        return tuple(decode(value["tuple"]))
    if list(value) == ["markup"]:
        return Markup(value["markup"])
    if list(value) == ["number"]:
        return float(value["number"])
    return {key: decode(item) for key, item in value.items()}


def run(operation, subject, args, kwargs):
    if operation == "%":
        return subject % args[0]
    if operation == "format()":
        return format(subject, *args)
    return getattr(subject, operation)(*args, **kwargs)


def answer(line):
    operation, subject, args, kwargs = json.loads(line)
    subject, args, kwargs = decode(subject), decode(args), decode(kwargs)
    try:
        result = repr(run(operation, subject, args, kwargs))
        return {"result": result, "subject": repr(subject)}
    except Exception as error:  # whatever Python raises is the answer
        return {"error": str(error)}


for line in sys.stdin:
    print(json.dumps(answer(line)))
