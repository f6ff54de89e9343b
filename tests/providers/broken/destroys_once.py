#!/usr/bin/env -S python3 -B
"""Takes it for a failure when a node is gone already."""
import broken

broken.run(
    (
        '    save([node for node in nodes if node["handle"] != ask["handle"]])',
        '    if not any(node["handle"] == ask["handle"] for node in nodes):\n'
        '        answer(error="there is no such node")\n'
        '    save([node for node in nodes if node["handle"] != ask["handle"]])',
    )
)
