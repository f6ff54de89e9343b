#!/usr/bin/env python3
"""A web server for tests of HTTP clients, with what servers do: slow, silent, busy, breaking off.
Usage: web_server.py FOLDER [--tls] [--client-ca FILE] [--unix PATH]
FOLDER has cert.pem and key.pem for --tls; the port is written to FOLDER/port, a line for each request
("METHOD PATH") to FOLDER/log.
  /echo                 what was asked, as JSON          /status/N?HEADER=VALUE  that status, and header
  /redirect?to=URL      302                              /silent                 no answer
  /drip                 a byte now and then, without end /reset                  the connection is reset
  /half                 half of a body                   /garbage                what is no HTTP
  /swallow              the connection is closed, no answer
  /zeros/N              a body of so many zero bytes     /together/N   answered when N are being asked
  /flaky/N/PATH         the first N times 503, then PATH /file/TEXT    TEXT, by ranges
  /cut/N/TEXT           like /file; what begins at 0 breaks off after N bytes"""
import json
import os
import socket
import socketserver
import ssl
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

folder = sys.argv[1]


def option(name):
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else None


lock = threading.Condition()
seen = {}  # path -> how often


class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def address_string(self):
        return "client"

    def handle(self):
        try:
            super().handle()
        except OSError:
            pass

    def body(self, status, content, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def serve(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.asked = self.rfile.read(length).decode()
        with lock:
            with open(folder + "/log", "a") as log:
                log.write(f"{self.command} {self.path}\n")
            seen[self.path] = seen.get(self.path, 0) + 1
            lock.notify_all()
        self.go(self.path)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = serve

    def go(self, path):
        url = urlsplit(path)
        query = dict(parse_qsl(url.query))
        parts = [unquote(part) for part in url.path.strip("/").split("/")]
        getattr(self, "on_" + parts[0])(parts[1:], query)

    def on_echo(self, *_):
        what = {"method": self.command, "path": self.path, "body": self.asked,
                "headers": {name.lower(): value for name, value in self.headers.items()},
                "from": str(self.client_address)}
        self.body(200, json.dumps(what).encode(), [("X-Two", "a"), ("X-Two", "b")])

    def on_status(self, parts, query):
        self.body(int(parts[0]), b"because", query.items())

    def on_redirect(self, _, query):
        self.body(302, b"elsewhere", [("Location", query["to"]), ("X-On-The-Way", "yes")])

    def on_silent(self, *_):
        self.connection.recv(1)  # until the client has gone

    def on_drip(self, *_):
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        while True:
            self.wfile.write(b".")
            time.sleep(0.05)

    def on_reset(self, *_):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def on_swallow(self, *_):
        self.close_connection = True

    def on_half(self, *_):
        self.send_response(200)
        self.send_header("Content-Length", "10")
        self.end_headers()
        self.wfile.write(b"12345")
        self.close_connection = True

    def on_garbage(self, *_):
        self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        self.close_connection = True

    def on_zeros(self, parts, _):
        self.body(200, bytes(int(parts[0])))

    def on_together(self, parts, _):
        with lock:
            lock.wait_for(lambda: seen[self.path] >= int(parts[0]))
        self.body(200, b"together")

    def on_flaky(self, parts, _):
        if seen[self.path] <= int(parts[0]):
            return self.body(503, b"busy", [("Retry-After", "0")])
        return self.go("/" + "/".join(parts[1:]))

    def on_file(self, parts, _):
        self.file(parts[0].encode(), None)

    def on_cut(self, parts, _):
        self.file(parts[1].encode(), int(parts[0]))

    def file(self, content, cut):
        wanted = self.headers.get("Range")
        if wanted is None:
            self.send_response(200)
            begin = 0
        else:
            begin = int(wanted[len("bytes="):].split("-")[0])
            if begin >= len(content):
                return self.body(416, b"", [("Content-Range", f"bytes */{len(content)}")])
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        if cut is not None and begin == 0:
            self.wfile.write(content[:cut])
            self.close_connection = True
        else:
            self.wfile.write(content[begin:])


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


if option("--unix"):
    server = UnixServer(option("--unix"), Service)
else:
    ThreadingHTTPServer.request_queue_size = 100
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    server.daemon_threads = True
if "--tls" in sys.argv:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder + "/cert.pem", folder + "/key.pem")
    if option("--client-ca"):
        context.load_verify_locations(option("--client-ca"))
        context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
if not option("--unix"):
    with open(folder + "/port.part", "w") as port:
        port.write(str(server.server_address[1]))
    os.rename(folder + "/port.part", folder + "/port")
server.serve_forever()
