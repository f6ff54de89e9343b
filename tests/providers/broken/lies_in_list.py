#!/usr/bin/env -S python3 -B
"""Leaves the last node out of its list."""
import broken

broken.run(('if node["tag"] == ask["tag"]]', 'if node["tag"] == ask["tag"]][:-1]'))
