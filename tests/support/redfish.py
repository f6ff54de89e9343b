#!/usr/bin/env python3
"""A BMC with Redfish for tests: answers as a service of DMTF's mock-ups does, over TLS, with
sessions, entity tags, tasks and error messages.
Usage: redfish.py FOLDER PLUG [--systems A,B] [--basic]
FOLDER has cert.pem, key.pem and password; the port is written to FOLDER/port, a line for each request
("METHOD PATH STATUS") to FOLDER/log. FOLDER/faults (JSON) is read at each request:
  busy: N        the next N requests get 503        slow: SECONDS    before each answer
  tasks: true    resets are tasks                   task_fails: true they end badly
  moving: N      the next N changes meet a new ETag action_info: true  kinds of reset are elsewhere
  no_soft: true  no GracefulShutdown                stuck: true      a ForceOff does nothing
  no_system: true  a GracefulShutdown is refused
PLUG get prints on or off; PLUG on, off or soft switches (soft: the system may end by itself)."""
import base64
import json
import os
import ssl
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ROOT = "/redfish/v1"
SESSIONS = ROOT + "/SessionService/Sessions"
MOST_SESSIONS = 3
MOST_FAILURES = 3  # then the account is locked

folder, plug = sys.argv[1:3]
basic = "--basic" in sys.argv
systems = ["1"]
if "--systems" in sys.argv:
    systems = sys.argv[sys.argv.index("--systems") + 1].split(",")
password = open(folder + "/password").read().strip()
lock = threading.Lock()
state = {"failures": 0, "tag": 1, "tokens": {}, "sessions": 0, "target": "None", "tasks": {}}
used = {}  # fault -> how often it came


def faults():
    try:
        with open(folder + "/faults") as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def spend(fault):
    """Whether a fault that is to come N times comes once more."""
    wanted = faults().get(fault, 0)
    if wanted == 0:
        used.pop(fault, None)
    if used.get(fault, 0) >= wanted:
        return False
    used[fault] = used.get(fault, 0) + 1
    return True


def ask_plug(word):
    return subprocess.run([plug, word], capture_output=True, text=True, check=True).stdout.strip()


def problem(name, text, resolution="None"):
    info = {"MessageId": "Base.1.8." + name, "Message": text, "Severity": "Critical",
            "Resolution": resolution}
    return {"error": {"code": "Base.1.8.GeneralError",
                      "message": "A general error has occurred. See ExtendedInfo.",
                      "@Message.ExtendedInfo": [info]}}


def link(path):
    return {"@odata.id": ROOT + path}


def resets():
    kinds = ["On", "ForceOff", "ForceRestart", "GracefulShutdown", "PushPowerButton"]
    if faults().get("no_soft"):
        kinds.remove("GracefulShutdown")
    return kinds


def system(name):
    action = {"target": f"{ROOT}/Systems/{name}/Actions/ComputerSystem.Reset"}
    if faults().get("action_info"):
        action["@Redfish.ActionInfo"] = f"{ROOT}/Systems/{name}/ResetActionInfo"
    else:
        action["ResetType@Redfish.AllowableValues"] = resets()
    return {"@odata.id": f"{ROOT}/Systems/{name}", "Id": name, "Name": "System",
            "@odata.type": "#ComputerSystem.v1_13_0.ComputerSystem",
            "PowerState": ask_plug("get").capitalize(),
            "Boot": {"BootSourceOverrideTarget": state["target"],
                     "BootSourceOverrideTarget@Redfish.AllowableValues": ["None", "Pxe", "Hdd"]},
            "Actions": {"#ComputerSystem.Reset": action}}


class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=None, **headers):
        with open(folder + "/log", "a") as log:
            log.write(f"{self.command} {self.path} {status}\n")
        text = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("OData-Version", "4.0")
        if status != 204:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if status != 204:
            self.wfile.write(text)

    def allowed(self):
        if self.path == ROOT + "/" or (self.command, self.path) == ("POST", SESSIONS):
            return True
        if basic:
            wanted = base64.b64encode(("muster:" + password).encode()).decode()
            return self.headers.get("Authorization") == "Basic " + wanted
        return self.headers.get("X-Auth-Token") in state["tokens"]

    def handle_one(self):
        length = int(self.headers.get("Content-Length") or 0)
        try:
            body = json.loads(self.rfile.read(length)) if length else {}
        except ValueError:
            return self.answer(400, problem("MalformedJSON", "The request body is no JSON."))
        time.sleep(faults().get("slow", 0))
        with lock:
            if spend("busy"):
                return self.answer(503, problem("ServiceTemporarilyUnavailable", "Busy."),
                                   Retry_After="1")
            if not self.allowed():
                return self.answer(401, problem("NoValidSession", "There is no valid session."))
            if self.command == "GET":
                return self.read()
            return self.change(body)

    do_GET = do_POST = do_PATCH = do_DELETE = handle_one

    def read(self):
        parts = self.path[len(ROOT):].strip("/").split("/")
        if self.path == ROOT + "/":
            root = {"@odata.id": ROOT + "/", "RedfishVersion": "1.6.0", "Systems": link("/Systems")}
            if not basic:
                root["SessionService"] = link("/SessionService")
                root["Links"] = {"Sessions": {"@odata.id": SESSIONS}}
            return self.answer(200, root)
        if parts == ["Systems"]:
            return self.answer(200, {"Members": [link("/Systems/" + name) for name in systems],
                                     "Members@odata.count": len(systems)})
        if parts[0] == "Systems" and len(parts) == 2 and parts[1] in systems:
            return self.answer(200, system(parts[1]), ETag=f'W/"{state["tag"]}"')
        if parts[0] == "Systems" and parts[2:] == ["ResetActionInfo"]:
            return self.answer(200, {"Id": "ResetActionInfo", "Parameters": [
                {"Name": "ResetType", "Required": True, "AllowableValues": resets()}]})
        if parts[:2] == ["TaskService", "TaskMonitors"] and parts[2] in state["tasks"]:
            return self.read_task(parts[2])
        return self.answer(404, problem("ResourceMissingAtURI", f"There is nothing at {self.path}."))

    def read_task(self, number):
        state["tasks"][number] += 1
        if state["tasks"][number] < 3:
            return self.answer(202, {"Id": number, "TaskState": "Running"})
        if faults().get("task_fails"):
            return self.answer(200, {"Id": number, "TaskState": "Exception", "Messages": [
                {"Message": "The power supply has failed."}]})
        del state["tasks"][number]
        return self.answer(200, {"Id": number, "TaskState": "Completed", "TaskStatus": "OK"})

    def change(self, body):
        if self.path == SESSIONS:
            return self.log_in(body)
        if self.command == "DELETE" and self.path.startswith(SESSIONS + "/"):
            gone = [t for t, path in state["tokens"].items() if path == self.path]
            for token in gone:
                del state["tokens"][token]
            return self.answer(204 if gone else 404)
        if self.command == "PATCH":
            return self.patch(body)
        if self.path.endswith("/Actions/ComputerSystem.Reset"):
            return self.reset(body)
        return self.answer(405, problem("OperationNotAllowed", "That is not allowed."))

    def log_in(self, body):
        if state["failures"] >= MOST_FAILURES:
            return self.answer(401, problem("AccountLocked", "The account is locked."))
        if body.get("UserName") != "muster" or body.get("Password") != password:
            state["failures"] += 1
            return self.answer(401, problem("LoginFailed", "The user or the password is wrong."))
        if len(state["tokens"]) >= MOST_SESSIONS:
            return self.answer(503, problem(
                "SessionLimitExceeded", "There are as many sessions as there can be.",
                "End another session first."))
        state["sessions"] += 1
        token, path = os.urandom(16).hex(), f"{SESSIONS}/{state['sessions']}"
        state["tokens"][token] = path
        where = f"https://{self.headers['Host']}{path}"
        return self.answer(201, {"@odata.id": path, "UserName": "muster"}, X_Auth_Token=token,
                           Location=where)

    def patch(self, body):
        if self.headers.get("If-Match") is None:
            return self.answer(428, problem("PreconditionRequired", "An If-Match is needed."))
        if spend("moving"):
            state["tag"] += 1
        if self.headers["If-Match"] != f'W/"{state["tag"]}"':
            return self.answer(412, problem("PreconditionFailed", "The ETag is another one."))
        boot = body.get("Boot", {})
        if boot.get("BootSourceOverrideEnabled") != "Once":
            return self.answer(400, problem("PropertyMissing", "How often is not said."))
        state["target"] = boot["BootSourceOverrideTarget"]
        state["tag"] += 1
        return self.answer(200, system(systems[0]))

    def reset(self, body):
        kind = body.get("ResetType")
        if kind not in resets():
            return self.answer(400, problem("ActionParameterNotSupported", f"There is no {kind}."))
        if kind == "GracefulShutdown" and faults().get("no_system"):
            return self.answer(409, problem("ResourceInUse", "No system is running."))
        word = {"On": "on", "ForceOff": "off", "GracefulShutdown": "soft"}.get(kind)
        if word and not (word == "off" and faults().get("stuck")):
            ask_plug(word)
        if not faults().get("tasks") and not faults().get("task_fails"):
            return self.answer(204)
        number = str(len(used) + state["sessions"])
        state["tasks"][number] = 0
        path = f"{ROOT}/TaskService/TaskMonitors/{number}"
        return self.answer(202, {"Id": number, "TaskState": "New"}, Location=path)


server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
server.daemon_threads = True
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(folder + "/cert.pem", folder + "/key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
with open(folder + "/port.part", "w") as port:
    port.write(str(server.server_address[1]))
os.rename(folder + "/port.part", folder + "/port")
server.serve_forever()
