#!/usr/bin/env -S python3 -B
"""Shows everybody's nodes in its list, whatever the tag."""
import broken

broken.run((' if node["tag"] == ask["tag"]]', "]"))
