#!/usr/bin/env -S python3 -B
"""Speaks version 1 of the protocol, and has an empty list as long as there is a file."""
import broken

broken.run(
    ('{"muster": 2, **members}', '{"muster": 1, **members}'),
    ("if version != 2:", "if version != 1:"),
    (
        'answer(nodes=[node for node in nodes if node["tag"] == ask["tag"]])',
        'answer(nodes=[node for node in nodes\n'
        '        if node["tag"] == ask["tag"] and not os.path.exists(own["file"] + ".empty")])',
    ),
)
