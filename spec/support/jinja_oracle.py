# SPDX-License-Identifier: MIT
"""Renders with python3-jinja2 what `perilune render --batch` renders: same lines in, same lines out."""

import json
import sys

from jinja2 import DictLoader, Environment


def render(job):
    environment = Environment(
        extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"],
        loader=DictLoader(job.get("templates", {})),
    )
    return environment.from_string(job["template"]).render(job.get("context", {}))


def answer(line):
    job = json.loads(line)
    try:
        return {"ok": True, "output": render(job)}
    except Exception as error:  # whatever it raises, the template has failed
        return {"ok": False, "error": f"{type(error).__name__}: {error}"}


for line in sys.stdin:
    print(json.dumps(answer(line)), flush=True)
