# SPDX-License-Identifier: MIT
"""What Python makes of texts, numbers, patterns, times and hashes, for spec/unit/core_*_spec.lua.

usage: core_oracle.py SECTION; prints one JSON array a line: [function of core, arguments, result].
A result of {"raises": true} is an exception here. The cases are the same in each run.
"""
import datetime
import hashlib
import hmac
import json
import math
import random
import re
import struct
import sys
import unicodedata
import uuid
import zoneinfo

MAPPINGS = {"upper": str.upper, "lower": str.lower, "title": str.title, "capitalize": str.capitalize,
            "swapcase": str.swapcase, "casefold": str.casefold}
CLASSES = ["alpha", "decimal", "digit", "numeric", "alnum", "space", "lower", "upper", "title",
           "printable", "identifier", "ascii"]


def emit(function, arguments, result):
    print(json.dumps([function, arguments, result], ensure_ascii=False))


def result_of(run):
    try:
        return run()
    except (ArithmeticError, ValueError, re.error, IndexError):
        return {"raises": True}


# -- all of Unicode

def code_points():
    """All, but for surrogates and for planes of which each character is like the other."""
    for c in range(0x110000):
        if not 0xD800 <= c < 0xE000 and not 0x33000 <= c < 0xE0000 and not 0xE1000 <= c < 0x10FF00:
            yield c


def ranges_of(test):
    """Where it holds, as [first, last] pairs of code points."""
    found = []
    for c in code_points():
        if not test(chr(c)):
            continue
        if found and found[-1][1] == c - 1:
            found[-1][1] = c
        else:
            found.append([c, c])
    return found


def changed_by(run):
    """Characters that become something else, as {character: what}."""
    every = (chr(c) for c in code_points())
    return {c: run(c) for c in every if run(c) != c}


def characters(_):
    emit("unicode", [], unicodedata.unidata_version)
    for name, run in MAPPINGS.items():
        emit("mapping", [name], changed_by(run))
    emit("mapping", ["title behind a letter"], changed_by(lambda c: ("a" + c).title()[1:]))
    for name in CLASSES:
        emit("class", [name], ranges_of(getattr(str, "is" + name)))


WORDS = ["", "a", "Hello World", "they're bill's", "ΑΣ ΑΣΑ Σ ΑΣ. ΑΣ'Σ", "ßtraße", "ǆ ǅ", "İI ıi",
         "x͏Σ͏", "ŉ ﬁ", "123abc", "日本語", "a\u00adΣ", "Σ\u00ad", "TITLE Case", "é̄É", "ⅷⅧ", "²½一"]


def words(rng):
    alphabet = "aAbBßΣσςİıǅéÉ'.- \u0301\u00ad1日😀"
    texts = WORDS + ["".join(rng.choices(alphabet, k=rng.randint(1, 12))) for _ in range(1500)]
    for text in texts:
        for name, run in MAPPINGS.items():
            emit("text." + name, [text], run(text))
        for name in CLASSES:
            emit("text.is", [text, name], getattr(text, "is" + name)())
        emit("text.length", [text], len(text))
        if text:
            emit("text.chars", [text], list(text))
        i, j = sorted((rng.randint(1, len(text) + 1), rng.randint(1, len(text) + 1)))
        emit("text.sub", [text, i, j], text[i - 1:j])
        needle = text[i - 1:j] if rng.random() < 0.5 else rng.choice(alphabet)
        at = text.find(needle, i - 1, j)
        emit("text.find", [text, needle, i, j], at + 1 if at >= 0 else None)


# -- numbers

def doubles(rng):
    yield from (0.5, 1.5, 2.5, 2.675, 0.125, 25.0, -15.0, 9.5, 995.0, 15e20, 5e-324, 1e15, 1e16, 9.1e15, 1e22,
                1e23, 0.1, 1e-5, 0.0001, -0.0, 99999.5, 1.7976931348623157e308, 2.2250738585072014e-308)
    yield from (math.ldexp(1, e) for e in range(-1074, 1024, 3))
    for _ in range(3000):
        yield struct.unpack("<d", struct.pack("<Q", rng.getrandbits(64)))[0]
        yield rng.randint(-10**9, 10**9) / 10**rng.randint(0, 9)
        yield rng.randint(-10**6, 10**6) * 5 / 10**rng.randint(0, 7)


def numbers(rng):
    for n in doubles(rng):
        if not math.isfinite(n):
            continue
        digits, precision = rng.choice([0, 1, 2, 3, 10, 17, -1, -2, -5, -20, -300]), rng.choice([0, 1, 6, 17, 30])
        letter = rng.choice("eEfFgG")
        emit("number_text", [n], repr(n))
        emit("format_double", [n, precision, letter], f"%.{precision}{letter}" % n)
        emit("round", [n, digits], result_of(lambda: round(n, digits)))


DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def in_base(n, base):
    text = ""
    while True:
        text = DIGITS[abs(n) % base] + text
        n = (abs(n) // base) * (-1 if n < 0 else 1)
        if n == 0:
            return text


def integers(rng):
    operations = {"add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b,
                  "floordiv": lambda a, b: a // b, "mod": lambda a, b: a % b}
    for _ in range(2000):
        a, b = (rng.choice([-1, 1]) * rng.randint(0, 10**rng.choice([1, 3, 15, 18, 19, 20, 40, 400]))
                for _ in range(2))
        for name, run in operations.items():
            x = result_of(lambda: str(run(a, b)))
            emit("integer." + name, [str(a), str(b)], x if isinstance(x, str) else None)
        emit("integer.compare", [str(a), str(b)], (a > b) - (a < b))
        small, exponent = rng.choice([0, 1, -1, 2, -2, 10, a % 1000 - 500]), rng.randint(0, 300)
        emit("integer.pow", [str(small), str(exponent)], str(small ** exponent))
        base = rng.randint(2, 36)
        text = ("-" if a < 0 else "") + in_base(a, base)
        emit("integer.format", [str(a), base], text)
        emit("integer.parse", [rng.choice([text, text.upper()]), base], str(int(text, base)))
    for text, base in [(" 0x_ff ", 16), ("0b101", 0), ("0O17", 0), ("007", 0), ("000", 0), ("0_0", 0), ("0x", 16),
                       ("1__0", 10), ("_1", 10), ("1_", 10), ("1_000", 10), ("٣٤", 10), ("+5", 10), ("- 5", 10),
                       ("", 10), ("zz", 36), ("1.5", 10), ("\u300012\t", 10), ("--5", 10), ("b", 16), ("0b", 16)]:
        x = result_of(lambda: str(int(text, base)))
        emit("integer.parse", [text, base], x if isinstance(x, str) else None)


# -- patterns

PATTERNS = ["a", "x*", "(a)|(b)", r"\d+", r"\w+", r"(?P<n>\w)(\d)?", "^", "$", r"\b", "[aé]+", "(a*)(b*)", "ß", ".",
            "(?=a)", "a??", r"(\w+)\s(\w+)", "[^a-z]+", r"(.)\1", r"\s*", "(?i:A)b", "", "a|", r"\u00e9", r"\n",
            "a{2,}", "(?<=a)b", "b$", "(", "[z-a]", "a**"]
REPLACEMENTS = ["", "-", r"\1", r"[\g<0>]", r"<\g<1>>", r"\\", r"\n\t", r"\g<n>", r"\2\1", r"\x", r"\9", r"\012",
                r"\101", r"\400", r"\.", r"\g<a", r"\g", r"\g<>", r"a\b", r"\0", r"\18", "é\\1", "\\"]
SUBJECTS = ["", "a", "abxd", "aab baa", "aé12 ßx", "hello world foo", "xxaxx\nbb\n", "ab12ab\n", "ééééa",
            "AaBb 日本語 12٣"]


def groups_of(match):
    return [match.group(0)] + [g if g is not None else False for g in match.groups()] if match else None


def patterns(rng):
    for pattern in PATTERNS:
        for text in SUBJECTS:
            letters = rng.choice(["", "i", "m", "s", "im"])
            flags = sum(getattr(re, letter.upper()) for letter in letters)
            emit("regex.match", [text, pattern, letters, False],
                 result_of(lambda: groups_of(re.search(pattern, text, flags))))
            emit("regex.match", [text, pattern, letters, True],
                 result_of(lambda: groups_of(re.match(pattern, text, flags))))
            for replacement in REPLACEMENTS:
                count = rng.choice([0, 0, 1, 2])
                emit("regex.replace", [text, pattern, replacement, count, letters],
                     result_of(lambda: re.sub(pattern, replacement, text, count, flags)))


# -- times

FORMAT = ("%a|%A|%b|%B|%d|%e|%f|%F|%H|%I|%j|%m|%M|%p|%S|%T|%u|%U|%V|%w|%W|%y|%Y|%G|%g|%z|%Z|%%|%c|%x|%X|"
          "%D|%R|%r|%C|%k|%l|%P|%h|%-d|%-m|%-H|%-I|%n%t")
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
ZONES = ["Europe/Berlin", "Europe/Dublin", "Europe/Moscow", "America/New_York", "America/St_Johns", "America/Sao_Paulo",
         "America/Nuuk", "Africa/Casablanca", "Africa/Monrovia", "Asia/Kolkata", "Asia/Tehran", "Asia/Gaza",
         "Asia/Pyongyang", "Australia/Lord_Howe", "Australia/Sydney", "Pacific/Apia", "Pacific/Chatham",
         "Antarctica/Troll", "Etc/GMT+5", "EST5EDT", "GMT", "UTC"]


def changes_near(zone, rng):
    """Instants around the changes of a zone, found by walking through the years."""
    step, seconds = 86400 * 7, -2208988800
    before = None
    while seconds < 4102444800:
        offset = (EPOCH + datetime.timedelta(seconds=seconds)).astimezone(zone).utcoffset()
        if before is not None and offset != before and rng.random() < 0.2:
            low, high = seconds - step, seconds
            while high - low > 1:
                middle = (low + high) // 2
                at = (EPOCH + datetime.timedelta(seconds=middle)).astimezone(zone).utcoffset()
                low, high = (middle, high) if at == before else (low, middle)
            yield from (low, high)
        before = offset
        seconds += step


def times(rng):
    for name in ZONES:
        zone = zoneinfo.ZoneInfo(name)
        instants = [rng.randint(-30000000000, 250000000000) for _ in range(60)]
        instants += [rng.randint(-3000000000, 8000000000) for _ in range(60)]
        for seconds in instants + list(changes_near(zone, rng)):
            micros = rng.choice([0, 0, 500000, 125000])
            at = (EPOCH + datetime.timedelta(seconds=seconds, microseconds=micros)).astimezone(zone)
            emit("time.format", [seconds + micros / 1e6, FORMAT, name], at.strftime(FORMAT))
    for text in ["2024-01-31", "20240131", "2024-01-31T10", "2024-01-31T10:11", "2024-01-31T10:11:12",
                 "2024-01-31 10:11:12.5", "20240131T101112Z", "2024-01-31T10:11:12.123456+01:00",
                 "2024-01-31T10:11:12-0530", "2024-01-31T10:11:12+05", "2024-02-30", "2023-02-29", "2024-02-29",
                 "1900-02-29", "2024-13-01", "2024-01-31T24:00", "2024-01-31T10:60", "x", "", "2024-01-31Tz",
                 "2024-1-31", "2024-01-31T10:11:12.", "0001-01-01", "0000-01-01", "9999-12-31T23:59:59Z",
                 "2024-01-31T10:11:12Z ", "2024-0131", "202401-31", "1969-12-31T23:59:59.25", "2024-01-31T10:11:12,5",
                 "2024-01-31T10:1112", "2024-01-31T1011:12", "2024-01-31T10:11:12+24:00"]:
        emit("time.parse", [text], seconds_of(text))


def seconds_of(text):
    try:
        at = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=datetime.timezone.utc)).timestamp()


# -- hashes; bytes as hexadecimal

def hashes(rng):
    for size in [0, 1, 3, 55, 56, 64, 111, 128, 1000]:
        data = "".join(rng.choices("abcdefgh ", k=size))
        key = "".join(rng.choices("klmno", k=rng.choice([0, 5, 64, 200])))
        for name in ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_224", "sha3_256", "sha3_384",
                     "sha3_512"]:
            emit("hash", [name, data], hashlib.new(name, data.encode()).hexdigest())
            emit("hmac", [name, key, data], hmac.new(key.encode(), data.encode(), name).hexdigest())
        for name, space in [("dns", uuid.NAMESPACE_DNS), ("url", uuid.NAMESPACE_URL), ("oid", uuid.NAMESPACE_OID),
                            ("x500", uuid.NAMESPACE_X500)]:
            emit("uuid_of", [name, data], str(uuid.uuid5(space, data)))
            emit("uuid_of", [str(space).upper(), data], str(uuid.uuid5(space, data)))


sys.stdout.reconfigure(encoding="utf-8")
globals()[sys.argv[1]](random.Random(3))
