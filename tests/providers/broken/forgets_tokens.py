#!/usr/bin/env -S python3 -B
"""Does not know a token again: each create makes a node."""
import broken

broken.run(('if node["token"] == want["token"]), None)', "if False), None)"))
