#!/usr/bin/env -S python3 -B
"""A provider of kind exec that is as slow and forgetful as a cloud: it answers late, makes two machines
for one create now and then, and its list lacks what is new. What it made is in a JSON file."""
import fcntl
import json
import os
import random
import sys
import time


def answer(**members):
    print(json.dumps({"muster": 2, **members}))
    sys.exit(0)


ask = json.load(sys.stdin)
call, own = ask["call"], ask["provider"]["hints"]
if ask["muster"] != 2:
    answer(error=f"version {ask['muster']} of the protocol is not known here")
time.sleep(random.uniform(0, own["late"]))
lock = open(own["file"] + ".lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX)
nodes = json.load(open(own["file"])) if os.path.exists(own["file"]) else []


def save(nodes):
    with open(own["file"] + ".new", "w") as new:
        json.dump(nodes, new)
    os.replace(own["file"] + ".new", own["file"])


def late(**members):  # the others need not wait for this answer
    fcntl.flock(lock, fcntl.LOCK_UN)
    time.sleep(random.uniform(0, own["late"]))
    answer(**members)


def make(want):
    taken = [f"{node['address']}:{node['port']}" for node in nodes]
    at = next((at for at in own["addresses"] if at not in taken), None)
    if at is None:
        answer(error="all addresses are in use")
    host, port = at.rsplit(":", 1)
    # A destroy of a killed muster may still be under way, or be tried again: no handle comes twice.
    node = {**want, "handle": f"{at}/{time.time_ns()}", "address": host, "port": int(port)}
    nodes.append({**node, "shown": time.time() + random.uniform(0, own["lag"])})
    return node


if call == "hello":
    answer(wipes=True)
elif call == "validate":
    answer(mistakes=[])
elif call == "create":
    want = {key: ask["node"][key] for key in ("token", "name", "tag")}
    node = next((node for node in nodes if node["token"] == want["token"]), None)
    if node is None:
        node = make(want)
        if random.random() < own["twice"]:
            make(want)
        save(nodes)
    late(node={**node, "identity": own["identity"]})
elif call == "destroy":
    save([node for node in nodes if node["handle"] != ask["handle"]])
    late()
elif call == "list":
    now = time.time()
    late(nodes=[node for node in nodes if node["tag"] == ask["tag"] and node["shown"] < now])
elif call == "presence":
    mine = [node["handle"] for node in nodes if node["token"] == ask["token"]]
    is_there = ask["handle"] in mine if ask["handle"] else mine
    answer(presence="there" if is_there else "gone", handles=mine)
answer(error=f"'{call}' is not known here")
