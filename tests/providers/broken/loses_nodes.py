#!/usr/bin/env -S python3 -B
"""Takes no lock: of two creates at once it forgets one."""
import broken

broken.run(("fcntl.flock(lock, fcntl.LOCK_EX)", "pass"))
