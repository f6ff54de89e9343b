#!/usr/bin/env -S python3 -B
"""Says of whatever it is asked that it is gone."""
import broken

broken.run(('    if mine:\n', '    if False:\n'))
