"""Calls the services through Envoy: JSON, gRPC-Web and gRPC, over TLS.

check.py runs `wangge up` on free ports without any setting for browsers, and Envoy with the
configuration of deploy/web, in which only addresses, ports and files are replaced.
"""

import http.client
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import ExitStack
from pathlib import Path

import grpc
import yaml
from google.protobuf.descriptor_pb2 import FileDescriptorSet

ROOT = Path(__file__).resolve().parents[2]
WANGGE = os.environ["WANGGE_BIN"]
ENVOY = Path(sys.executable).with_name("envoy")
PAGES = "https://pages.example"  # the origin in the configuration
AREA, CATEGORY = "320402", "0105"


class Proxy:
    """The running services with Envoy before them."""

    def __init__(self, stack, scratch):
        self.scratch = scratch
        self.data = scratch / "data"
        self.contracts = scratch / "contracts.binpb"
        with self.contracts.open("wb") as file:
            subprocess.run([WANGGE, "contracts", "descriptors"], stdout=file, check=True)
        self.services = self._start_services(stack)
        self.port = free_port()
        self._make_certificate()
        config = scratch / "envoy.json"
        config.write_text(json.dumps(self._config()))
        subprocess.run([ENVOY, "--mode", "validate", "-c", config, "-l", "warn"], check=True)
        envoy = start(stack, [ENVOY, "-c", config, "-l", "warn", "--use-dynamic-base-id"], scratch / "envoy.log")
        until(lambda: accepts(self.port) or None, envoy)
        self.tls = ssl.create_default_context(cafile=scratch / "tls.crt")

    def _start_services(self, stack):
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("WANGGE_", "OTEL_"))}
        command = [WANGGE, "up", "--first-port", "0", "--data-dir", self.data]
        log = self.scratch / "wangge.log"
        up = start(stack, command, log, env=environment)
        until(lambda: "\nready after" in log.read_text() or None, up)
        lines = (line.split() for line in log.read_text().splitlines())
        return {words[0]: words[1].removeprefix("http://") for words in lines
                if len(words) > 1 and words[1].startswith("http://")}

    def _make_certificate(self):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", self.scratch / "tls.key",
             "-out", self.scratch / "tls.crt"], check=True, capture_output=True)

    def _config(self):
        text = (ROOT / "deploy/web/envoy.yaml").read_text()
        config = yaml.safe_load(text.replace("/etc/envoy/", f"{self.scratch}/"))
        (listener,) = config["static_resources"]["listeners"]
        listener["address"]["socket_address"] |= {"address": "127.0.0.1", "port_value": self.port}
        for cluster in config["static_resources"]["clusters"]:
            (endpoints,) = cluster["load_assignment"]["endpoints"]
            (endpoint,) = endpoints["lb_endpoints"]
            address = endpoint["endpoint"]["address"]["socket_address"]
            assert address["address"] == cluster["name"], cluster["name"]
            host, _, port = self.services[cluster["name"]].partition(":")
            address |= {"address": host, "port_value": int(port)}
        return config

    def transcoded(self):
        """The services that the configuration offers as JSON."""
        (listener,) = self._config()["static_resources"]["listeners"]
        (chain,) = listener["filter_chains"]
        for http_filter in chain["filters"][0]["typed_config"]["http_filters"]:
            if http_filter["name"] == "envoy.filters.http.grpc_json_transcoder":
                return http_filter["typed_config"]["services"]
        return []

    def token(self, *claims):
        command = [WANGGE, "token", "--data-dir", self.data, *claims]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def send(self, method, path, body=None, headers=()):
        connection = http.client.HTTPSConnection("localhost", self.port, context=self.tls, timeout=60)
        connection.request(method, path, body, dict(headers))
        return connection.getresponse()

    def json(self, path, request, token=None, headers=()):
        sent = {"content-type": "application/json", **dict(headers)}
        if token:
            sent["authorization"] = f"Bearer {token}"
        answer = self.send("POST", path, json.dumps(request), sent)
        return answer.status, json.loads(answer.read() or b"null")


def start(stack, command, log, **options):
    """Starts a process that ends with the check, and writes what it says to a file."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=stack.enter_context(log.open("w")), **options)
    process.log = log
    stack.callback(process.wait)
    stack.callback(process.terminate)
    return process


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(ask, process=None):
    """Asks again until there is an answer, or the process that should give it has ended."""
    while (answer := ask()) is None:
        if process and process.poll() is not None:
            sys.exit(f"{process.args[0]} ended:\n{process.log.read_text()}")
        time.sleep(0.1)
    return answer


def check(what, holds, seen=""):
    print(f"{'ok   ' if holds else 'FAIL '} {what}")
    if not holds:
        sys.exit(f"      {seen}")


def details(error, kind):
    return [detail for detail in error["details"] if detail["@type"].endswith(f"/google.rpc.{kind}")]


def every_service_is_offered(proxy):
    contracts = FileDescriptorSet.FromString(proxy.contracts.read_bytes())
    ours = sorted(f"{file.package}.{service.name}" for file in contracts.file for service in file.service
                  if file.package.startswith("wangge."))
    check("JSON is offered for every service of the contracts", sorted(proxy.transcoded()) == ours, ours)


def json_calls(proxy):
    """Makes an area, a category and a ticket of JSON; answers with the ticket and a token."""
    admin = proxy.token("--role", "admin", "--area", "")
    status, area = proxy.json("/wangge.organization.v1.AreaService/CreateArea", {
        "request_id": str(uuid.uuid4()),
        "area": {"code": AREA, "kind": "AREA_KIND_DISTRICT", "name": "天宁区",
                 "start_date": {"year": 2020, "month": 1, "day": 1}},
    }, admin)
    check("a record is created of JSON", (status, area.get("code")) == (200, AREA), area)
    status, category = proxy.json("/wangge.tickets.v1.CategoryService/CreateCategory", {
        "request_id": str(uuid.uuid4()),
        "category": {"code": CATEGORY, "name": "外墙剥落",
                     "handling_limit": {"kind": "LIMIT_KIND_CALENDAR_DAYS", "amount": 10}},
    }, admin)
    check("another service is reached by its path", status == 200, category)

    system = proxy.token("--role", "system", "--area", "")
    request = {
        "request_id": str(uuid.uuid4()),
        "ticket": {"source": "TICKET_SOURCE_RESIDENT", "category_code": CATEGORY, "title": "外墙剥落",
                   "area_code": AREA},
    }

    def created():
        # Until tickets has read of the area.
        status, answer = proxy.json("/wangge.tickets.v1.TicketService/CreateTicket", request, system)
        return answer if status == 200 else None

    ticket = until(created)
    check("names are those of the contracts", ticket["area_code"] == AREA, ticket)
    status, got = proxy.json("/wangge.tickets.v1.TicketService/GetTicket", {"id": ticket["id"]}, system)
    check("and read again", (status, got) == (200, ticket), got)
    return ticket, system


def json_errors(proxy, system):
    get = "/wangge.tickets.v1.TicketService/GetTicket"
    status, error = proxy.json(get, {"id": str(uuid.uuid4())}, system)
    reasons = [detail["reason"] for detail in details(error, "ErrorInfo")]
    check("an error is a google.rpc.Status with its details", (status, reasons) == (404, ["RECORD_NOT_FOUND"]), error)
    status, error = proxy.json(get, {"id": "x"}, system)
    fields = [violation["field"] for detail in details(error, "BadRequest") for violation in detail["field_violations"]]
    check("a bad field is named", (status, fields) == (400, ["id"]), error)
    status, error = proxy.json(get, {"id": "x"})
    reasons = [detail["reason"] for detail in details(error, "ErrorInfo")]
    check("a call without a token is refused", (status, reasons) == (401, ["TOKEN_MISSING"]), error)
    answer = proxy.send("POST", "/wangge.tickets.v1.TicketService/Nothing", "{}", {"content-type": "application/json"})
    check("a method that does not exist is not found", answer.status == 404, answer.status)


def json_stream(proxy, ticket, system):
    headers = {"content-type": "application/json", "authorization": f"Bearer {system}"}
    body = json.dumps({"follow": True})
    path = "/wangge.events.v1.FeedService/Subscribe"
    stream = proxy.send("POST", path, body, {**headers, "wangge-service": "tickets"})
    ids = set()
    while ticket["id"] not in ids:
        # A line each, while the stream stays open.
        message = json.loads(stream.readline())
        ids |= {event["record_id"] for event in message.get("events", ())}
    check("a stream is JSON, one object a line", stream.status == 200, stream.status)
    stream.close()
    answer = proxy.send("POST", path, body, headers)
    check("a feed of no service is not found", answer.status == 404, answer.status)


def grpc_web(proxy, ticket, system):
    message = b"\x0a" + bytes([len(ticket["id"])]) + ticket["id"].encode()
    headers = {"content-type": "application/grpc-web+proto", "x-grpc-web": "1", "origin": PAGES,
               "authorization": f"Bearer {system}"}
    path = "/wangge.tickets.v1.TicketService/GetTicket"
    answer = proxy.send("POST", path, struct.pack(">BI", 0, len(message)) + message, headers)
    body = answer.read()
    flag, length = struct.unpack_from(">BI", body)
    trailers = body[5 + length:]
    check("gRPC-Web: a message, then the status",
          flag == 0 and ticket["id"].encode() in body[5:5 + length]
          and trailers[0] == 0x80 and b"grpc-status:0" in trailers.replace(b" ", b""), body)
    check("with the header that lets the page read it",
          answer.headers["access-control-allow-origin"] == PAGES, answer.headers.items())
    asks = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    allowed = proxy.send("OPTIONS", path, headers={"origin": PAGES, **asks}).headers
    check("a page of the origin named may call", allowed["access-control-allow-origin"] == PAGES, allowed.items())
    refused = proxy.send("OPTIONS", path, headers={"origin": "https://other.example", **asks}).headers
    check("a page of another may not", "access-control-allow-origin" not in refused, refused.items())


def grpc_calls(proxy, ticket, system):
    certificate = grpc.ssl_channel_credentials((proxy.scratch / "tls.crt").read_bytes())
    with grpc.secure_channel(f"localhost:{proxy.port}", certificate) as channel:
        call = channel.unary_unary("/wangge.tickets.v1.TicketService/GetTicket")
        message = b"\x0a" + bytes([len(ticket["id"])]) + ticket["id"].encode()
        got = call(message, metadata=[("authorization", f"Bearer {system}")], timeout=60)
        check("gRPC passes as it is", ticket["id"].encode() in got, got)


def main():
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        # PostgreSQL's own account has to reach its folder.
        scratch.chmod(0o755)
        proxy = Proxy(stack, scratch)
        every_service_is_offered(proxy)
        ticket, system = json_calls(proxy)
        json_errors(proxy, system)
        json_stream(proxy, ticket, system)
        grpc_web(proxy, ticket, system)
        grpc_calls(proxy, ticket, system)


main()
