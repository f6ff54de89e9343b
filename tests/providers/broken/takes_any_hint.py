#!/usr/bin/env -S python3 -B
"""Makes nodes of hints that it does not know."""
import broken

broken.run(('- {"file", "addresses", "identity"})', '- set(ask.get("hints", {})))'))
