#!/usr/bin/env -S python3 -B
"""Makes two machines for one create, as when a create that timed out was repeated."""
import broken

broken.run(
    (
        "        save(nodes + [node])",
        '        save(nodes + [node] + [{**node, "handle": at} for at in free[1:2]])',
    )
)
