#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The shape of XML (core/xml/xml.h) made by Python's own parser, for specs to compare with.

Reads a JSON list of XML texts from standard input and prints the JSON list of their shapes.
Namespaces are dropped altogether: documents in which they tell names apart are not for this.
"""
import json
import sys
import xml.etree.ElementTree as ElementTree

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


def local(name):
    return name.rpartition("}")[2]


def texts_of(element):
    pieces = [element.text or ""] + [child.tail or "" for child in element]
    if len(element) == 0:
        return "".join(pieces)
    return "".join(piece for piece in pieces if piece.strip(" \t\r\n"))


def shape_of(element):
    if element.get(XSI + "nil") in ("true", "1"):
        return None
    shape = {"@" + local(name): value for name, value in element.items()
             if not name.startswith(XSI)}
    text = texts_of(element)
    if not shape and len(element) == 0:
        return text
    if text:
        shape["#text"] = text
    for child in element:
        name, value = local(child.tag), shape_of(child)
        if name not in shape:
            shape[name] = [value]
        else:
            shape[name].append(value)
    return {name: value[0] if isinstance(value, list) and len(value) == 1 else value
            for name, value in shape.items()}


def document(text):
    root = ElementTree.fromstring(text)
    return {local(root.tag): shape_of(root)}


json.dump([document(text) for text in json.load(sys.stdin)], sys.stdout)
