"""Makes a broken provider of examples/providers/toy.py: the same program with one piece replaced."""
import os
import sys

TOY = os.path.join(os.path.dirname(__file__), "../../../examples/providers/toy.py")


def run(*replacements):
    text = open(TOY).read()
    for old, new in replacements:
        if text.count(old) != 1:
            sys.exit(f"toy.py has changed: it has '{old}' {text.count(old)} times")
        text = text.replace(old, new)
    exec(compile(text, TOY, "exec"), {"__name__": "__main__"})
