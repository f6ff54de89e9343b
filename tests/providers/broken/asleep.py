#!/usr/bin/env -S python3 -B
"""Has an empty list as long as there is a file: one that has not caught up yet."""
import broken

broken.run(
    (
        'answer(nodes=[node for node in nodes if node["tag"] == ask["tag"]])',
        'answer(nodes=[node for node in nodes\n'
        '        if node["tag"] == ask["tag"] and not os.path.exists(own["file"] + ".empty")])',
    )
)
