# SPDX-License-Identifier: MIT
"""Random templates for jinja_random_spec.lua: jinja_random.py SEED COUNT prints a JSON job a line.

Most are right, some raise: which, python3-jinja2 decides. Only what ends soon and prints the same
at any time is made: no addresses of objects, no huge powers.
"""

import json
import random
import sys

CONTEXT = {
    "i": 7,
    "neg": -3,
    "zero": 0,
    "f": 2.5,
    "whole": 4.0,
    "big": 123456789012345678901234567890,
    "s": "Hello Wörld",
    "t": "a,b,,c",
    "e": "",
    "html": "<b>\"x\" & 'y'</b>",
    "none_": None,
    "yes": True,
    "no": False,
    "l": [3, 1, 2],
    "names": ["bob", "Al", "cy", "al"],
    "mixed": [1, "a", None, True, 2.5, [1]],
    "el": [],
    "d": {"a": 1, "b": "two", "c": [1, 2], "n": None},
    "users": [{"n": "Bob", "a": 30}, {"n": "al", "a": 25}, {"n": "Cy", "a": 30}],
}

NUMBERS = ["0", "1", "2", "3", "-1", "7", "10", "1.5", "2.0", "0.1", "1e3", "i", "neg", "f", "whole", "zero", "big"]
STRINGS = ["'a'", "'Ab c'", '"x,y"', "'é😀'", "''", "'%s'", "s", "t", "e", "html", "'12'", "'3.7'", "' pad '"]
LISTS = ["l", "names", "mixed", "el", "[1, 2, 3]", "['x', 'y']", "(1, 'b')", "range(4)", "users", "[]", "[[1, 2], [3, 4]]"]
OTHERS = ["none_", "yes", "no", "none", "true", "d", "{}", "{'k': 1}", "missing", "d.a", "d['b']", "d.zz", "users[0].n",
          "l[0]", "l[-1]", "s[1]", "mixed[5]", "users[0]"]

ARITHMETIC = ["+", "-", "*", "/", "//", "%"]
COMPARISONS = ["==", "!=", "<", "<=", ">", ">=", "in", "not in"]

# By kind of the value that they are for: a fifth of them get something else.
FILTERS = {
    "string": [
        "upper", "lower", "title", "capitalize", "trim", "string", "list", "list|reverse|join", "e", "escape", "safe",
        "forceescape", "tojson", "replace('a', 'Z')", "center(15)", "truncate(5)", "truncate(6, true, '..', 0)",
        "wordwrap(6)", "indent", "striptags", "urlencode", "trim('a ')", "default('D', true)", "replace('l', '<', 1)",
    ],
    "number": [
        "abs", "round", "round(1)", "int", "float", "int(9)", "round(0, 'floor')", "round(1, 'ceil')", "default('D')",
        "d(0)", "default('D', true)", "round(-1)",
    ],
    "list": [
        "list", "sort", "reverse|list", "unique|list", "sort(reverse=true)", "batch(2)|list", "batch(2, 0)|list",
        "slice(2)|list", "map('string')|list", "select|list", "reject|list", "select('number')|list",
        "rejectattr('a')|list", "map('default', 'q')|list", "map(attribute='n')|list", "map('upper')|list",
        "sort(attribute='n')|list", "selectattr('a', 'gt', 26)|list", "select('string')|list",
    ],
    "to_string": ["join", "join(', ')", "map('upper')|join('/')", "string", "tojson", "tojson(2)", "join('<')|e"],
    "to_number": ["length", "count", "sum", "groupby('a')|length", "sum('a')", "wordcount", "min", "max", "first", "last"],
    "any": ["string", "e", "default(1)", "tojson", "filesizeformat", "format(1)", "xmlattr", "items|list", "dictsort"],
}
ANY_FILTER = [name for names in FILTERS.values() for name in names]

TESTS = [
    "defined", "undefined", "none", "number", "integer", "float", "string", "mapping", "sequence", "iterable",
    "boolean", "true", "false", "odd", "even", "lower", "upper", "escaped", "callable", "divisibleby 3", "eq 1",
    "ne 'a'", "lt 5", "ge 2", "in [1, 'a', none]", "sameas none", "divisibleby(2)", "gt 0", "le 'b'",
]

STRING_METHODS = [
    "upper()", "lower()", "strip()", "replace('l', 'L')", "replace('', '-', 2)", "title()", "capitalize()", "swapcase()",
    "center(9, '*')", "zfill(6)", "join(['p', 'q'])", "format(1, x='y')", "rjust(8)", "strip('aH')", "casefold()",
    "ljust(7)", "removeprefix('a')",
]
LIST_METHODS = ["split()", "split(',')", "split(',', 1)", "rsplit('a')", "splitlines()", "partition(',')", "rsplit(none, 1)"]
NUMBER_METHODS = [
    "find('o')", "count('l')", "startswith('H')", "endswith(('d', 'c'))", "isdigit()", "isalpha()", "isupper()",
    "rfind('l')", "istitle()",
]
DICT_METHODS = ["keys()|list", "values()|list", "items()|list", "get('a')", "get('zz', 5)", "copy()", "pop('a')"]
METHODS = STRING_METHODS + LIST_METHODS + NUMBER_METHODS + DICT_METHODS + ["index('a')", "append(1)"]

SLICES = ["[0]", "[-1]", "[1:]", "[:2]", "[::-1]", "[1:3]", "[::2]", "['a']", "[-2:]", "[9]", "[:-1]", "['n']", ".a", ".n", ".0"]

SPECIFICATIONS = ["%s", "%r", "%5s|", "%-6s|", "%d", "%05d", "%.2f", "%x", "%+d", "%e", "%g", "%.3s", "%%"]
FIELDS = ["{}", "{!r}", "{:>8}", "{:.2f}", "{:05d}", "{:,}", "{:x}", "{:^9}|", "{:e}", "{:g}", "{:%}", "{0}"]


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.names = []
        self.macros = []
        self.loops = 0

    def pick(self, items):
        return self.random.choice(items)

    def chance(self, probability):
        return self.random.random() < probability

    # -- expressions

    def atom(self):
        if self.names and self.chance(0.25):
            return self.pick(self.names)
        if self.loops and self.chance(0.1):
            return "loop." + self.pick(["index", "index0", "first", "last", "length", "revindex", "depth", "previtem"])
        return self.pick(self.pick([NUMBERS, NUMBERS, STRINGS, STRINGS, LISTS, OTHERS]))

    def of(self, depth, atoms, shapes):
        """An expression of one kind; now and then of any."""
        if self.chance(0.05):
            return self.expression(depth)
        if depth <= 0:
            return self.pick(atoms)
        return self.pick(shapes)(self, depth - 1)

    def expression(self, depth):
        if depth <= 0:
            return self.atom()
        return self.pick([self.number, self.string, self.list_, self.boolean, self.anything])(depth)

    def anything(self, depth):
        return self.pick(self.ANY)(self, depth - 1)

    def number(self, depth):
        return self.of(depth, NUMBERS, self.NUMBER)

    def string(self, depth):
        return self.of(depth, STRINGS, self.STRING)

    def list_(self, depth):
        return self.of(depth, LISTS, self.LIST)

    def boolean(self, depth):
        return self.of(depth, ["true", "false", "yes", "no", "none"], self.BOOLEAN)

    def arithmetic(self, depth):
        return f"({self.number(depth)} {self.pick(ARITHMETIC)} {self.number(depth)})"

    def wild_arithmetic(self, depth):
        return f"({self.expression(depth)} {self.pick(ARITHMETIC)} {self.expression(depth)})"

    def loose_arithmetic(self, _):
        """Without brackets, so that precedence counts."""
        text = self.pick(NUMBERS)
        for _ in range(self.random.randint(1, 3)):
            text += f" {self.pick(ARITHMETIC)} {self.pick(NUMBERS)}"
        return f"({text})"

    def power(self, _):
        """Not of negative numbers: with a fractional exponent they would be complex."""
        base = self.pick([number for number in NUMBERS if number not in ("-1", "neg")])
        return f"({base} ** {self.pick(['0', '1', '2', '3', '-1', '0.5', 'zero'])})"

    def comparison(self, depth):
        kind = self.pick([self.number, self.number, self.string, self.string, self.list_, self.expression])
        text = f"{kind(depth)} {self.pick(COMPARISONS[:6])} {kind(depth)}"
        if self.chance(0.2):
            text += f" {self.pick(COMPARISONS[:6])} {kind(depth)}"
        return f"({text})"

    def membership(self, depth):
        if self.chance(0.4):
            return f"({self.string(depth)} {self.pick(COMPARISONS[6:])} {self.string(depth)})"
        return f"({self.expression(depth)} {self.pick(COMPARISONS[6:])} {self.list_(depth)})"

    def logic(self, depth):
        return f"({self.expression(depth)} {self.pick(['and', 'or'])} {self.expression(depth)})"

    def not_(self, depth):
        return f"(not {self.expression(depth)})"

    def sign(self, depth):
        return f"({self.pick('-+')}{self.number(depth)})"

    def concat(self, depth):
        return f"({self.expression(depth)} ~ {self.expression(depth)})"

    def joined(self, depth):
        return f"({self.string(depth)} + {self.string(depth)})"

    def repeated(self, depth):
        return f"({self.pick([self.string, self.list_])(depth)} * {self.pick(['0', '2', '-1', 'yes'])})"

    def both(self, depth):
        return f"({self.pick(LISTS[:7])} + {self.pick(LISTS[:6])})"

    def conditional(self, depth):
        otherwise = f" else {self.expression(depth)}" if self.chance(0.8) else ""
        return f"({self.expression(depth)} if {self.boolean(depth)}{otherwise})"

    def number_filter(self, depth):
        return f"({self.number(depth)})|{self.pick(FILTERS['number'])}"

    def string_filter(self, depth):
        return f"({self.string(depth)})|{self.pick(FILTERS['string'])}"

    def list_filter(self, depth):
        return f"({self.list_(depth)})|{self.pick(FILTERS['list'])}"

    def list_to_string(self, depth):
        return f"({self.list_(depth)})|{self.pick(FILTERS['to_string'])}"

    def list_to_number(self, depth):
        return f"({self.list_(depth)})|{self.pick(FILTERS['to_number'])}"

    def parsed(self, depth):
        return f"({self.string(depth)})|{self.pick(['int', 'float', 'length', 'wordcount', 'int(9)', 'float(1.5)'])}"

    def any_filter(self, depth):
        return f"({self.expression(depth)})|{self.pick(ANY_FILTER)}"

    def tested(self, depth):
        return f"({self.expression(depth)} is {self.pick(['', 'not '])}{self.pick(TESTS)})"

    def string_method(self, depth):
        return f"({self.string(depth)}).{self.pick(STRING_METHODS)}"

    def list_method(self, depth):
        return f"({self.string(depth)}).{self.pick(LIST_METHODS)}"

    def number_method(self, depth):
        return f"({self.string(depth)}).{self.pick(NUMBER_METHODS)}"

    def dict_method(self, _):
        return f"{self.pick(['d', 'd', 'users[0]'])}.{self.pick(DICT_METHODS)}"

    def any_method(self, depth):
        return f"({self.expression(depth)}).{self.pick(METHODS)}"

    def subscript(self, depth):
        # The filter with a name keeps jinja2 from folding constants, which makes undefined of errors.
        inner = self.pick([self.string, self.list_, self.expression])(depth)
        return f"(({inner})|default(missing)){self.pick(SLICES)}"

    def slice_of_list(self, depth):
        return f"(({self.list_(depth)})|default(missing)){self.pick(['[1:]', '[:2]', '[::-1]', '[1:3]', '[::2]', '[-2:]', '[:-1]'])}"

    def literal(self, depth):
        items = ", ".join(self.expression(depth) for _ in range(self.random.randint(0, 3)))
        return f"[{items}]"

    def dict_literal(self, depth):
        return f"{{'k': {self.expression(depth)}, {self.pick(NUMBERS)}: {self.expression(depth)}}}"

    def formatted(self, depth):
        kind = self.pick([self.number, self.number, self.string, self.expression])
        if self.chance(0.5):
            return f"('{self.pick(SPECIFICATIONS)}' % ({kind(depth)},))"
        return f"'{self.pick(FIELDS)}'.format({kind(depth)})"

    NUMBER = [arithmetic, arithmetic, loose_arithmetic, power, sign, number_filter, number_filter, list_to_number,
              parsed, number_method]
    STRING = [concat, concat, joined, repeated, string_filter, string_filter, string_filter, list_to_string,
              string_method, string_method, formatted]
    LIST = [list_filter, list_filter, list_filter, list_method, slice_of_list, literal, both]
    BOOLEAN = [comparison, comparison, membership, logic, not_, tested, tested]
    ANY = [wild_arithmetic, conditional, conditional, logic, any_filter, any_method, dict_method, subscript, subscript,
           dict_literal, formatted]

    # -- statements

    def tag(self, text):
        """A tag with or without marks of whitespace control."""
        left = self.pick(["", "", "", "-", "+"])
        right = self.pick(["", "", "", "-"])
        return f"{{%{left} {text} {right}%}}"

    def text(self):
        return self.pick(["", " ", "\n", "  \n  ", "text", "é\n", " a b ", "{ ", "}", "#", "{# note #}", "{#- note -#}"])

    def output(self):
        left, right = self.pick(["", "", "", "-"]), self.pick(["", "", "", "-"])
        return f"{{{{{left} {self.expression(self.random.randint(0, 3))} {right}}}}}"

    def body(self, depth):
        parts = [self.text()]
        for _ in range(self.random.randint(1, 3)):
            parts += [self.statement(depth), self.text()]
        return "".join(parts)

    def statement(self, depth):
        if depth == 0 or self.chance(0.4):
            return self.output()
        return self.pick(self.STATEMENTS)(self, depth - 1)

    def if_(self, depth):
        text = self.tag(f"if {self.expression(2)}") + self.body(depth)
        if self.chance(0.3):
            text += self.tag(f"elif {self.expression(1)}") + self.body(depth)
        if self.chance(0.5):
            text += self.tag("else") + self.body(depth)
        return text + self.tag("endif")

    def for_(self, depth):
        name = self.pick(["x", "y", "i"])
        over = self.pick(LISTS[:-1] + ["d", "s", "missing", "names|sort", "l + [9]"])
        condition = f" if {self.pick([name, name + ' != 1', name + ' is defined'])}" if self.chance(0.2) else ""
        known, self.names = self.names, self.names + [name]
        self.loops += 1
        text = self.tag(f"for {name} in {over}{condition}") + self.body(depth)
        if self.chance(0.1):
            text += self.tag("if loop.index == 2") + self.tag(self.pick(["break", "continue"])) + self.tag("endif")
            text += self.output()
        self.loops -= 1
        self.names = known
        if self.chance(0.3):
            text += self.tag("else") + self.body(depth)
        return text + self.tag("endfor")

    def pairs(self, depth):
        known, self.names = self.names, self.names + ["k", "v"]
        over = self.pick(["d.items()", "d|dictsort", "[[1, 2], [3, 4]]", "users|groupby('a')"])
        text = self.tag(f"for k, v in {over}") + "{{ k }}" + self.output() + self.tag("endfor")
        self.names = known
        return text

    def set_(self, depth):
        name = self.pick(["p", "q", "i", "s"])
        kind = self.random.random()
        if kind < 0.6:
            text = self.tag(f"set {name} = {self.expression(2)}")
        elif kind < 0.8:
            text = self.tag(f"set {name}") + self.body(depth) + self.tag("endset")
        else:
            text = self.tag(f"set {name} | upper | trim") + self.body(depth) + self.tag("endset")
        self.names = self.names + [name]
        return text

    def with_(self, depth):
        known, self.names = self.names, self.names + ["w"]
        text = self.tag(f"with w = {self.expression(1)}, i = 1") + self.body(depth) + self.tag("endwith")
        self.names = known
        return text

    def filter_(self, depth):
        name = self.pick(["upper", "trim", "replace('a', 'b')", "escape", "title|lower", "length|string"])
        return self.tag(f"filter {name}") + self.body(depth) + self.tag("endfilter")

    def macro(self, depth):
        name = f"m{len(self.macros)}"
        known, self.names = self.names, self.names + ["a", "b"]
        loops, self.loops = self.loops, 0
        text = self.tag(f"macro {name}(a, b={self.pick(NUMBERS)})") + self.body(depth) + self.tag("endmacro")
        self.names, self.loops = known, loops
        self.macros.append(name)
        calls = [f"{name}({self.expression(1)})", f"{name}(b={self.expression(1)})", f"{name}(1, {self.expression(1)})"]
        return text + "{{ " + self.pick(calls) + " }}"

    def call(self, depth):
        return ("{% macro c(n) %}<{{ caller(n) }}>{% endmacro %}" + self.tag(f"call(u) c({self.expression(1)})")
                + self.body(depth) + "{{ u }}" + self.tag("endcall"))

    def namespace(self, _):
        return ("{% set ns = namespace(n=0) %}{% for x in " + self.pick(LISTS[:4]) + " %}{% set ns.n = ns.n + "
                + self.pick(["1", "loop.index", "x"]) + " %}{% endfor %}{{ ns.n }}")

    def autoescape(self, depth):
        return self.tag("autoescape true") + self.body(depth) + self.tag("endautoescape")

    STATEMENTS = [if_, if_, for_, for_, for_, pairs, set_, set_, set_, with_, filter_, macro, call, namespace, autoescape]

    def template(self):
        self.names, self.macros, self.loops = [], [], 0
        if self.chance(0.5):
            return " ".join(self.output() for _ in range(2))
        return self.body(3)


def main():
    generator = Generator(int(sys.argv[1]))
    for _ in range(int(sys.argv[2])):
        print(json.dumps({"template": generator.template(), "context": CONTEXT}))


main()
