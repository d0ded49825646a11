#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What python3-jinja2 makes of templates, for the specs of our parser.

Lines of JSON in, each {"template": TEXT}, {"expression": TEXT} or {"tokens": TEXT}; lines of JSON
out, each {"tree": NODE}, {"tokens": [{"kind": KIND, "value": TEXT, "line": N}, ...]} or
{"error": MESSAGE, "line": N}. The kinds of nodes and tokens, and the shapes of nodes, are those of
lua/perilune/template; a field without value is left out.
"""

import json
import sys

import jinja2
from jinja2 import nodes
from jinja2.lexer import reverse_operators
from jinja2.parser import Parser

ENVIRONMENT = jinja2.Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])
OPERATORS = {"eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">=", "in": "in",
             "notin": "not in"}
DELIMITERS = {"variable_begin": "{{", "variable_end": "}}", "block_begin": "{%",
              "block_end": "%}", "integer": "int"}
# Nested calls here and in Jinja: about a dozen for each pair of brackets.
sys.setrecursionlimit(20000)


def constant(value):
    if value is None:
        return {"kind": "Const", "type": "none"}
    if isinstance(value, bool):
        return {"kind": "Const", "type": "bool", "value": value}
    if isinstance(value, str):
        return {"kind": "Const", "type": "string", "value": value}
    return {"kind": "Const", "type": type(value).__name__, "value": repr(value)}


def imported(name):
    name, alias = name if isinstance(name, tuple) else (name, name)
    return {"name": name, "alias": alias}


def dump(node):
    """A node, a list of them or a plain value of a field."""
    if isinstance(node, list):
        return [dump(item) for item in node]
    if not isinstance(node, nodes.Node):
        return node
    if isinstance(node, nodes.Const):
        return constant(node.value)
    if isinstance(node, nodes.Operand):
        return {"op": OPERATORS[node.op], "expr": dump(node.expr)}
    if isinstance(node, (nodes.Pair, nodes.Keyword)):
        key = dump(node.key)
        return {"key": key, "value": dump(node.value)}
    if isinstance(node, nodes.Scope):
        modifier = node.body[0]
        return {"kind": "Autoescape", "value": dump(modifier.options[0].value),
                "body": dump(modifier.body)}
    tree = {"kind": type(node).__name__}
    for name, value in node.iter_fields(exclude=("ctx",)):
        if isinstance(node, nodes.FromImport) and name == "names":
            tree[name] = [imported(item) for item in value]
        elif value is not None:
            tree[name] = dump(value)
    return tree


def parse(case):
    if "template" in case:
        return ENVIRONMENT.parse(case["template"])
    # As between "{{" and "}}": also a tuple without brackets.
    parser = Parser(ENVIRONMENT, case["expression"], state="variable")
    tree = parser.parse_tuple()
    if not parser.stream.eos:
        parser.fail("chunk after expression")
    return tree


def dump_token(token):
    if token.type in reverse_operators:
        return {"kind": reverse_operators[token.type], "line": token.lineno}
    kind = DELIMITERS.get(token.type, token.type)
    if kind in ("{{", "}}", "{%", "%}"):
        return {"kind": kind, "line": token.lineno}
    value = token.value if isinstance(token.value, str) else repr(token.value)
    return {"kind": kind, "value": value, "line": token.lineno}


def answer(case):
    try:
        if "tokens" in case:
            tokens = ENVIRONMENT.lexer.tokenize(case["tokens"])
            return {"tokens": [dump_token(token) for token in tokens]}
        return {"tree": dump(parse(case))}
    except jinja2.TemplateSyntaxError as error:
        return {"error": error.message, "line": error.lineno}
    # Some mistakes Jinja does not catch itself, such as a tag in a required block.
    except Exception as error:  # pylint: disable=broad-except
        return {"error": f"{type(error).__name__}: {error}"}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))))
