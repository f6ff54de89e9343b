#!/usr/bin/env -S python3 -B
"""Notes what it made only when the machine is up: when it is ended meanwhile, nobody knows of it."""
import broken

broken.run(
    (
        "        save(nodes + [node])",
        "        save(nodes + [{**node, 'token': '', 'tag': ''}])\n"
        "        import time; time.sleep(0.6)\n"
        "        save(nodes + [node])",
    )
)
