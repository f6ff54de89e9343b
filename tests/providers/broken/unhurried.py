#!/usr/bin/env -S python3 -B
"""Is not broken: answers a create before its node is whole, as clouds do."""
import broken

broken.run(
    (
        '    answer(node={**node, "identity": own.get("identity")})',
        '    if not node.get("asked"):\n'
        '        save([other for other in nodes if other is not node] + [{**node, "asked": True}])\n'
        '        answer(node={"handle": node["handle"], "complete": False}, boot_seconds=600)\n'
        '    answer(node={**node, "identity": own.get("identity")}, boot_seconds=600)',
    )
)
