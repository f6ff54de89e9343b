#!/usr/bin/env -S python3 -B
"""Kills muster (-9) at random instants of apply, change and destroy of nodes that cloud.py makes, and holds
what that has against the state's record each time. Usage: cloud_kills.py MUSTER WORK INSTANTS SEED"""
import json
import os
import random
import sqlite3
import subprocess
import sys

muster, work, instants, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
random.seed(seed)
counts = {"instants": 0, "leaks": 0, "lost": 0, "failures": 0}
log = open(f"{work}/runs.log", "a")


def machines():
    path = f"{work}/cloud.nodes"
    return json.load(open(path)) if os.path.exists(path) else []


def record():
    path = os.environ["MUSTER_STATE"] + "/muster.db"
    if not os.path.exists(path):
        return []
    with sqlite3.connect(path) as db:
        return db.execute("SELECT name, token, handle, state FROM nodes").fetchall()


def complain(kind, what, why):
    counts[kind] += 1
    print(f"FAIL cloud: {what}: {why}", flush=True)


def compare(what):
    known = record()
    tokens = {token for _, token, _, _ in known}
    handles = {machine["handle"] for machine in machines()}
    for machine in machines():
        if machine["token"] not in tokens:
            complain("leaks", what, f"nobody knows of {machine['handle']} ({machine['name']})")
    for name, _, handle, state in known:
        if state == "ready" and handle not in handles:
            complain("lost", what, f"there is no {name} ({handle})")


def start(arguments):
    command = [muster, "--roles", f"{work}/mine", *arguments]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def carry_out(arguments, kills):
    """Runs the command to its end, after it was killed so often."""
    what = arguments[0]
    for _ in range(kills):
        run = start(arguments)
        after = random.uniform(0, 4)
        try:
            run.wait(after)
        except subprocess.TimeoutExpired:
            run.kill()
            run.wait()
            counts["instants"] += 1
        what += f", killed after {after:.2f} s"
        compare(what)
    run = start(arguments)
    if run.wait() != 0:
        complain("failures", what, f"run again, it ends with {run.returncode}")
    compare(what)


def expect_whole(count):
    ready = [name for name, _, _, state in record() if state == "ready"]
    if len(ready) != count:
        complain("failures", "apply", f"{ready} are ready, not {count} nodes")


before = 0
while counts["instants"] < instants:
    cycle = random.randint(1, 2)
    carry_out(["apply", f"{work}/few.json", "--yes"], cycle)
    expect_whole(2)
    handles = sorted(handle for _, _, handle, _ in record())
    carry_out(["apply", f"{work}/more.json", "--yes"], cycle)
    expect_whole(3)
    if not set(handles) <= {handle for _, _, handle, _ in record()}:
        complain("lost", "apply of a change", "a node was made anew")
    carry_out(["apply", f"{work}/few.json", "--yes"], 1)
    expect_whole(2)
    carry_out(["destroy", "cloud", "--yes"], cycle)
    if machines() or record():
        complain("leaks", "destroy", f"left: {machines()}, on record: {record()}")
    if counts["instants"] // 10 > before:
        before = counts["instants"] // 10
        print(f"cloud: {counts['instants']} instants so far", file=sys.stderr, flush=True)
print(f"instants tried {counts['instants']}, leaks {counts['leaks']}, lost {counts['lost']}", flush=True)
sys.exit(1 if counts["leaks"] + counts["lost"] + counts["failures"] else 0)
