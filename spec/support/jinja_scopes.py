# SPDX-License-Identifier: MIT
"""Random templates about which variable a name is: `python3 jinja_scopes.py SEED COUNT`.

A line each: {"template", "context", "templates"}. A few names are set and read in everything that
has a scope of its own, in any order.
"""

import json
import random
import sys

NAMES = ["a", "b", "c"]
CONTEXT = {"a": "A", "c": [1, 2]}
MAX_DEPTH = 4


class Scopes:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def name(self):
        return self.random.choice(NAMES)

    def value(self):
        return self.random.choice([
            str(self.random.randrange(9)), f"'{self.random.choice('xyz')}'", self.name(),
            f"{self.name()} ~ {self.name()}", f"({self.name()} or 'n')", f"[{self.name()}, 7]",
            f"{self.name()} if {self.name()} else 0",
        ])

    def show(self):
        return self.random.choice([
            f"{{{{ {self.name()} }}}}", f"<{{{{ {self.value()} }}}}>",
            f"{{{{ {self.name()} is defined }}}}",
        ])

    def body(self, depth):
        count = self.random.randrange(1, 4)
        return "".join(self.statement(depth + 1) for _ in range(count))

    def statement(self, depth):
        if depth > MAX_DEPTH or self.random.random() < 0.35:
            return self.show() if self.random.random() < 0.6 else self.set()
        return self.random.choice([
            self.if_, self.for_, self.with_, self.macro, self.call, self.filter, self.set_block,
            self.namespace, self.include, self.recursive, self.imported, self.jump,
        ])(depth)

    def set(self):
        if self.random.random() < 0.2:
            first, second = self.random.sample(NAMES, 2)
            return f"{{% set {first}, {second} = {self.value()}, {self.value()} %}}"
        return f"{{% set {self.name()} = {self.value()} %}}"

    def if_(self, depth):
        text = f"{{% if {self.value()} %}}{self.body(depth)}"
        for _ in range(self.random.randrange(2)):
            text += f"{{% elif {self.value()} %}}{self.body(depth)}"
        if self.random.random() < 0.6:
            text += f"{{% else %}}{self.body(depth)}"
        return text + "{% endif %}"

    def items(self):
        return self.random.choice(["[1, 2]", "[]", "c", "[3, 0, 4]", "range(2)", "'pq'"])

    def for_(self, depth):
        target = self.random.choice([self.name(), self.name(), "i"])
        test = self.random.choice(["", "", f" if {self.name()}", " if i != 3" if target == "i" else ""])
        shown = self.random.choice(["", "{{ loop.index }}", "{{ loop.last }}{{ loop.cycle(a, b) }}"])
        text = f"{{% for {target} in {self.items()}{test} %}}{shown}{self.body(depth)}"
        if self.random.random() < 0.4:
            text += f"{{% else %}}{self.body(depth)}"
        return text + "{% endfor %}"

    def recursive(self, depth):
        return (f"{{% for {self.name()} in [1, [2]] recursive %}}{self.body(depth)}"
                f"{{{{ loop.depth }}}}{{{{ loop([5]) if loop.depth < 3 }}}}{{% endfor %}}")

    def jump(self, depth):
        kind = self.random.choice(["break", "continue"])
        return (f"{{% for i in [1, 2, 3] %}}{self.body(depth)}{{% if i == 2 %}}{{% {kind} %}}"
                f"{{% endif %}}{self.show()}{{% else %}}{self.show()}{{% endfor %}}")

    def with_(self, depth):
        first, second = self.random.sample(NAMES, 2)
        return (f"{{% with {first} = {self.value()}, {second} = {self.value()} %}}"
                f"{self.body(depth)}{{% endwith %}}")

    def macro(self, depth):
        parameter = self.random.choice(["", "a", f"b={self.value()}", "c, a=c"])
        arguments = self.random.choice(["", "1", "a", "b=2", "1, 2, 3"])
        if "b=" in arguments and "b=" not in parameter:
            arguments = ""
        if "," in arguments and "," not in parameter:
            arguments = "1" if parameter else ""
        if arguments and not parameter:
            arguments = ""
        if arguments.count(",") == 2:
            arguments = "1, 2"
        return (f"{{% macro m({parameter}) %}}{self.body(depth)}{{% endmacro %}}"
                f"{self.statement(depth + 1)}{{{{ m({arguments}) }}}}")

    def call(self, depth):
        parameter = self.random.choice(["", "(a)", "(b, c=1)"])
        argument = self.random.choice(["1", self.name()]) if parameter else ""
        return (f"{{% macro k() %}}{self.body(depth)}{{{{ caller({argument}) }}}}{{% endmacro %}}"
                f"{{% call{parameter} k() %}}{self.body(depth)}{{% endcall %}}")

    def filter(self, depth):
        return f"{{% filter replace('x', a) %}}{self.body(depth)}{{% endfilter %}}"

    def set_block(self, depth):
        return f"{{% set {self.name()} %}}{self.body(depth)}{{% endset %}}"

    def namespace(self, depth):
        return (f"{{% set n = namespace(v={self.value()}) %}}{{% for i in [1, 2] %}}"
                f"{{% set n.v = n.v ~ i %}}{self.body(depth)}{{% endfor %}}{{{{ n.v }}}}")

    def include(self, _):
        # Without context Jinja itself fails wherever the text is not printed at once.
        return "{% include 'part' %}"

    def imported(self, depth):
        kind = self.random.choice(["", " with context"])
        return self.random.choice([
            f"{{% import 'lib' as l{kind} %}}{{{{ l.f(b) }}}}{{{{ l.a }}}}{self.show()}",
            f"{{% from 'lib' import f, a as {self.name()}{kind} %}}{{{{ f(1) }}}}",
        ])

    def block(self, name):
        scoped = self.random.choice(["", " scoped"])
        return f"{{% block {name}{scoped} %}}{self.body(2)}{{% endblock %}}"

    def child(self):
        parts = ["{% extends 'base' %}"]
        for name in ["one", "two"]:
            if self.random.random() < 0.7:
                inside = self.random.choice(["{{ super() }}", ""]) + self.body(2)
                parts.append(f"{{% block {name} %}}{inside}{{% endblock %}}")
            parts.append(self.random.choice(["", self.set(), self.show()]))
        return "".join(parts)

    def case(self):
        templates = {
            "part": "[" + self.body(3) + "]",
            "lib": self.set() + "{% macro f(x) %}" + self.body(3) + "{{ x }}{% endmacro %}",
            "base": self.body(3) + self.block("one") + "{% for i in [1, 2] %}" + self.block("two")
                    + "{% endfor %}" + self.show(),
        }
        # What a part includes or imports would be itself.
        for name in ["part", "lib"]:
            while "include" in templates[name] or "import" in templates[name]:
                templates[name] = (self.set() + "{% macro f(x) %}" + self.body(3) + "{% endmacro %}"
                                   if name == "lib" else "[" + self.body(3) + "]")
        template = self.child() if self.random.random() < 0.3 else self.body(0) + self.body(0)
        return {"template": template, "context": CONTEXT, "templates": templates}


def main():
    scopes = Scopes(int(sys.argv[1]))
    for _ in range(int(sys.argv[2])):
        print(json.dumps(scopes.case()))


main()
