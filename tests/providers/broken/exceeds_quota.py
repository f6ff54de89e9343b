#!/usr/bin/env -S python3 -B
"""Gives an address to a second node when all are in use."""
import broken

broken.run(
    (
        '            answer(error="all addresses are in use", hint="destroy nodes, or add addresses")',
        '            free = ["192.0.2.250:22"]',
    )
)
