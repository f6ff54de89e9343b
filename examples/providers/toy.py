#!/usr/bin/env python3
"""A provider for muster: nodes are addresses of a list, remembered in a JSON file."""
import fcntl, json, os, sys

def answer(**members):
    print(json.dumps({"muster": 2, **members}))
    sys.exit(0)

try:
    ask = json.load(sys.stdin)
    version, call, own = ask["muster"], ask["call"], ask["provider"]["hints"]
except (ValueError, TypeError, KeyError):
    answer(error="this is no request")
if version != 2:
    answer(error=f"version {version} of the protocol is not known here")

lock = open(own["file"] + ".lock", "w")  # muster makes many calls at once
fcntl.flock(lock, fcntl.LOCK_EX)
kept = os.path.exists(own["file"])
nodes = json.load(open(own["file"])) if kept else []

def save(nodes):  # the old file or the new one, whenever we are killed
    with open(own["file"] + ".new", "w") as new:
        json.dump(nodes, new)
    os.replace(own["file"] + ".new", own["file"])

unknown = sorted(set(ask.get("hints", {})) - {"file", "addresses", "identity"})
if call == "validate":
    answer(mistakes=[f"there is no hint '{name}'" for name in unknown])
elif call == "create" and unknown:
    answer(error=f"there is no hint '{unknown[0]}'")
elif call == "create":
    want = {key: ask["node"][key] for key in ("token", "name", "tag")}
    node = next((node for node in nodes if node["token"] == want["token"]), None)
    if node is None:
        taken = [f"{node['address']}:{node['port']}" for node in nodes]
        free = [at for at in own["addresses"] if at not in taken]
        if not free:
            answer(error="all addresses are in use", hint="destroy nodes, or add addresses")
        host, port = free[0].rsplit(":", 1)
        node = {**want, "handle": free[0] + "/" + want["token"], "address": host, "port": int(port)}
        save(nodes + [node])
    answer(node={**node, "identity": own.get("identity")})
elif call == "destroy":
    save([node for node in nodes if node["handle"] != ask["handle"]])
    answer()
elif call == "list":
    answer(nodes=[node for node in nodes if node["tag"] == ask["tag"]])
elif call == "presence":
    mine = [node["handle"] for node in nodes if node["token"] == ask["token"]]
    if mine:
        answer(presence="there", handles=mine)
    answer(presence="gone" if kept or not ask["handle"] else "unsure", why="its file is missing")
elif call == "hello":
    answer(wipes=True)
answer(error=f"'{call}' is not known here")
