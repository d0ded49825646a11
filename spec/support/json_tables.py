# SPDX-License-Identifier: MIT
"""Reads values, a line each, in front of which stands what they are, and writes each in three lines, as Python's json does:
compact, indented (as a text of JSON), with sorted keys. Of what an object was decoded from: first its keys, in their order,
then what is there now: known ones stay where they were, others come behind them, sorted. For spec/unit/json_tables_spec.lua."""
import json
import sys


def value(words):
    word = next(words)
    kind, rest = word[0], word[1:]
    if kind == "s":
        return bytes.fromhex(rest).decode()
    if kind == "n":
        number = float(rest)
        return int(number) if number == int(number) and abs(number) <= 2 ** 53 else number
    if kind == "b":
        return rest == "true"
    if kind == "[":
        return [value(words) for _ in range(int(rest))]
    order = [value(words) for _ in range(int(next(words)))]
    members = {}
    for _ in range(int(rest)):
        key = value(words)
        members[key] = value(words)
    known = [key for key in order if key in members]
    return {key: members[key] for key in known + sorted(set(members) - set(known))}


for line in sys.stdin:
    v = value(iter(line.split()))
    print(json.dumps(v, ensure_ascii=False, separators=(",", ":")))
    print(json.dumps(json.dumps(v, ensure_ascii=False, indent=2)))
    print(json.dumps(v, ensure_ascii=False, separators=(",", ":"), sort_keys=True))
