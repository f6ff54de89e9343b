#!/usr/bin/env -S python3 -B
"""Answers whatever it is asked."""
import broken

broken.run(("answer(error=f\"'{call}' is not known here\")", "answer()"))
