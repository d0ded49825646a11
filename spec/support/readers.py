# SPDX-License-Identifier: MIT
"""What a receiver reads: each line of standard input is [kind, text, media type] in JSON, each line of the output what Python's
standard library makes of the text, or {"error": ...}.

    json        the value
    xml         [name, attributes, text, children]
    url         {"origin", "segments", "query": [[name, value]...]}
    form        [[name, value]...]
    multipart   [{"name", "filename", "type", "content"}...]
"""
import email.parser
import email.policy
import json
import sys
import urllib.parse
import xml.etree.ElementTree


def unique(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name is there twice")
    return members


def element(node):
    return [node.tag, dict(node.attrib), node.text or "", [element(child) for child in node]]


def fields(text):
    return urllib.parse.parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict") if text else []


def url(text):
    parts = urllib.parse.urlsplit(text)
    segments = [urllib.parse.unquote(part, errors="strict") for part in parts.path.split("/")[1:]]
    return {"origin": parts.scheme + "://" + parts.netloc, "segments": segments, "query": fields(parts.query)}


def part(message):
    content = message.get_payload(decode=True).decode()
    return {
        "name": message.get_param("name", header="content-disposition"), "filename": message.get_filename(),
        "type": message.get("content-type"), "content": content,
    }


def multipart(text, media):
    head = ("Content-Type: %s\r\n\r\n" % media).encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + text.encode())
    if message.defects or not message.is_multipart():
        raise ValueError("no multipart: %s" % message.defects)
    return [part(each) for each in message.get_payload()]


READERS = {
    "json": lambda text, _: json.loads(text, object_pairs_hook=unique),
    "xml": lambda text, _: element(xml.etree.ElementTree.fromstring(text)),
    "url": lambda text, _: url(text),
    "form": lambda text, _: fields(text),
    "multipart": multipart,
}

for line in sys.stdin:
    kind, text, media = json.loads(line)
    try:
        answer = READERS[kind](text, media)
    except Exception as error:
        answer = {"error": "%s: %s" % (type(error).__name__, error)}
    print(json.dumps(answer))
