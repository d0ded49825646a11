# SPDX-License-Identifier: MIT
"""What Python makes of operations on values: the oracle of python.lua.

A line in is a JSON list: [operation, operand...]; for the operands see `decode`. A line out is
{"result": repr} or {"error": type of the exception, "message": text}.
"""

import json
import math
import operator
import sys

import jinja2
from jinja2.runtime import markup_join, str_join
from markupsafe import Markup, escape

ENVIRONMENT = jinja2.Environment()
VIEWS = {"keys": dict.keys, "values": dict.values, "items": dict.items}
DECODERS = {
    "int": int,
    "float": float,
    "markup": Markup,
    "tuple": lambda items: tuple(decode(items)),
    "dict": lambda pairs: {decode(key): decode(item) for key, item in pairs},
    "range": lambda ends: range(*ends),
    "view": lambda view: VIEWS[view[0]](decode(view[1])),
    "undefined": lambda name: jinja2.Undefined(name=name),
}


def decode(value):
    """JSON, where an object {kind: text or list} is what JSON lacks."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if isinstance(value, dict):
        ((kind, content),) = value.items()
        return DECODERS[kind](content)
    return value


def circular(kind):
    """A list or dict that contains itself, once more in a tuple."""
    inner = [1] if kind == "list" else {"a": 1}
    if kind == "list":
        inner.append((inner,))
    else:
        inner["b"] = (inner,)
    return repr(inner)


OPERATIONS = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "//": operator.floordiv, "%": operator.mod, "**": operator.pow,
    "==": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "in": lambda item, container: item in container,
    "neg": operator.neg, "pos": operator.pos, "abs": abs, "bool": bool, "str": str, "repr": repr,
    "len": len, "list": list, "int": int, "float": float, "round": round, "trunc": math.trunc,
    "item": ENVIRONMENT.getitem, "attribute": ENVIRONMENT.getattr,
    "missing": lambda v, key: ENVIRONMENT.getitem(v, key)._undefined_message,
    "slice": lambda v, start, stop, step: v[start:stop:step],
    "same key": lambda a, b: b in {a: 1},
    "~": lambda *parts: str_join(parts), "markup ~": lambda *parts: markup_join(parts),
    "escape": escape, "circular": circular,
}


def answer(line):
    name, *operands = json.loads(line)
    try:
        return {"result": repr(OPERATIONS[name](*[decode(operand) for operand in operands]))}
    except Exception as error:  # whatever Python raises is the answer
        return {"error": type(error).__name__, "message": str(error)}


for line in sys.stdin:
    print(json.dumps(answer(line)))
