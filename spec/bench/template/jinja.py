# SPDX-License-Identifier: MIT
"""The same body by Jinja2, for spec/bench/template/run.lua.

    jinja.py TEMPLATE CONTEXT         prints the body
    jinja.py TEMPLATE CONTEXT COUNT   renders it COUNT times, and prints the microseconds of one
"""
import json
import sys
import time

import jinja2

with open(sys.argv[1], encoding="utf-8") as file:
    render = jinja2.Environment().from_string(file.read()).render
with open(sys.argv[2], encoding="utf-8") as file:
    context = json.load(file)

if len(sys.argv) == 3:
    sys.stdout.write(render(context))
else:
    count = int(sys.argv[3])
    render(context)
    start = time.process_time()
    for _ in range(count):
        render(context)
    print((time.process_time() - start) / count * 1e6)
