# SPDX-License-Identifier: MIT
"""What Python's json, as strict as it gets, makes of documents: of each line of hexadecimal numbers "-" or the document in one
form that stands for its value. Names that are there twice and names of numbers that JSON does not have are refused. For
spec/unit/json_cases_spec.lua."""
import json
import sys


def refuse(x):
    raise ValueError(x)


def pairs(list):
    if len(dict(list)) != len(list):
        raise ValueError("twice")
    return dict(list)


for line in sys.stdin:
    try:
        text = bytes.fromhex(line).decode("utf-8", "strict")
        value = json.loads(text, parse_constant=refuse, object_pairs_hook=pairs)
        print(json.dumps(value))
    except (ValueError, RecursionError):
        print("-")
