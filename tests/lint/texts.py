#!/usr/bin/env python3
"""Writes the shell of templates and roles into a folder as checkers can read it: without the tags of
mustache. Usage: texts.py FOLDER"""
import pathlib
import re
import sys

import yaml

SHELL = {"command": ("run", "unless", "only_if"), "wait": ("until",)}


def plain(text):
    """What a text is when every section is kept once and every value is x."""
    text = re.sub(r"(?m)^ *(\{\{[#^/!][^}]*\}\} *)+\n", "", text)
    text = re.sub(r"\{\{[#^/!][^}]*\}\}", "", text)
    return re.sub(r"\{\{\{?[^}]*\}?\}\}", "x", text)


def pieces(role):
    for part in ("tasks", "handlers", "settled", "undo"):
        for number, task in enumerate(role.get(part) or []):
            for kind, names in SHELL.items():
                for name in names:
                    text = (task.get(kind) or {}).get(name)
                    if text:
                        yield f"{part}-{number}-{name}", text.rstrip("\n") + "\n"


def main():
    folder = pathlib.Path(sys.argv[1])
    for file in sorted(pathlib.Path("templates").glob("*/*.sh")):
        (folder / f"template-{file.parent.name}-{file.name}").write_text(plain(file.read_text()))
    for file in sorted(pathlib.Path("roles").glob("*/role.yaml")):
        for name, text in pieces(yaml.safe_load(file.read_text())):
            head = "# shellcheck shell=dash\n"
            (folder / f"role-{file.parent.name}-{name}.sh").write_text(head + plain(text))


main()
