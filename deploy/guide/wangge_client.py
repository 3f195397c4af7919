"""Calls the platform by reflection: no generated code is needed.

Needs `pip install grpcio grpcio-reflection googleapis-common-protos`.
"""

import os
import random
import threading
import time
import uuid
from datetime import datetime, timedelta, timezone

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import ParseDict
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

AREA = os.environ.get("WANGGE_AREA", "320402003005")
ZONE = timezone(timedelta(hours=8))  # days are those of the community


class Refused(Exception):
    """A refusal: `reason` is a name of wangge.errors.v1.Reason, without its prefix."""

    def __init__(self, method, error):
        self.code, self.reason, self.retry_after = error.code(), "", None
        self.fields, self.preconditions = {}, {}  # path -> what is wrong; guard -> what does not hold
        for key, value in error.trailing_metadata() or ():
            for detail in status_pb2.Status.FromString(value).details if key == "grpc-status-details-bin" else ():
                if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
                    self.reason = error_details_pb2.ErrorInfo.FromString(detail.value).reason
                elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
                    for bad in error_details_pb2.BadRequest.FromString(detail.value).field_violations:
                        self.fields[bad.field] = bad.description
                elif detail.Is(error_details_pb2.PreconditionFailure.DESCRIPTOR):
                    for failed in error_details_pb2.PreconditionFailure.FromString(detail.value).violations:
                        self.preconditions[failed.type] = failed.description
                elif detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR):
                    delay = error_details_pb2.RetryInfo.FromString(detail.value).retry_delay
                    self.retry_after = delay.seconds + delay.nanos / 1e9
        if self.retry_after is None and self.code == grpc.StatusCode.UNAVAILABLE:
            self.retry_after = 0.5  # the service could not be reached at all
        guards = "".join(f" {guard}" for guard in self.preconditions if guard != "STATE")
        super().__init__(f"{method}: {self.reason or self.code.name}{guards} ({error.details()})")


class Platform:
    """The four services, called with one token."""

    def __init__(self, token=None, attempts=4, timeout=10):
        self.token = os.environ["WANGGE_TOKEN"] if token is None else token
        self.attempts, self.timeout = attempts, timeout
        self.services = {}
        self.lock = threading.Lock()  # a descriptor pool takes each file once

    def _method(self, path, service):
        service = service or path.split(".")[1]  # wangge.<service>.v1...
        with self.lock:
            if service not in self.services:
                address = os.environ[f"WANGGE_{service.upper()}_URL"].removeprefix("http://").rstrip("/")
                channel = grpc.insecure_channel(address)
                self.services[service] = channel, DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
            channel, pool = self.services[service]
            name, method = path.split("/")
            found = pool.FindServiceByName(name).methods_by_name[method]
            return channel, GetMessageClass(found.input_type), GetMessageClass(found.output_type)

    def _try(self, path, service, request, open_call):
        """Opens a call, and again with the same request_id while the refusal says that this can help."""
        if "request_id" not in request:
            request = {**request, "request_id": str(uuid.uuid4())}
        for attempt in range(1, self.attempts + 1):
            try:
                channel, input_type, output_type = self._method(path, service)
                fields = dict(request)
                if "request_id" not in input_type.DESCRIPTOR.fields_by_name:  # a read
                    del fields["request_id"]
                return open_call(channel, ParseDict(fields, input_type()), output_type)
            except grpc.RpcError as error:
                refused = Refused(path, error)
                if refused.retry_after is None or attempt == self.attempts:
                    raise refused from None
                time.sleep(refused.retry_after * random.uniform(1, 1.5) * attempt)

    def call(self, path, request=None, service=None):
        """`call("wangge.tickets.v1.TicketService/GetTicket", {"id": ...})` answers with a message."""
        return self._try(path, service, request or {}, lambda channel, message, output: channel.unary_unary(
            "/" + path, type(message).SerializeToString, output.FromString)(
                message, timeout=self.timeout, metadata=[("authorization", "Bearer " + self.token)]))

    def stream(self, path, request=None, service=None, timeout=None):
        """Yields the messages of a server stream; a caller that goes on for ever opens it again after a refusal."""
        messages = self._try(path, service, request or {}, lambda channel, message, output: channel.unary_stream(
            "/" + path, type(message).SerializeToString, output.FromString)(
                message, timeout=timeout, metadata=[("authorization", "Bearer " + self.token)]))
        try:
            yield from messages
        except grpc.RpcError as error:
            raise Refused(path, error) from None
        finally:
            messages.cancel()

    def pages(self, path, request=None):
        """Yields every record of a list, page by page."""
        request = dict(request or {})
        while True:
            page = self.call(path, request)
            records = next(f for f in page.DESCRIPTOR.fields if f.is_repeated)
            yield from getattr(page, records.name)
            if not page.next_page_token:
                return
            request["page_token"] = page.next_page_token


def enum(message, field):
    """The name of an enum field's value, e.g. TICKET_STATE_CLOSED."""
    return message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number[getattr(message, field)].name


def moment(**later):
    """Now, or so much later, as requests take it: `moment(hours=1)`."""
    return (datetime.now(timezone.utc) + timedelta(**later)).isoformat().replace("+00:00", "Z")


def day(**later):
    """Today where the community lies, or so much later, as requests take it."""
    date = datetime.now(ZONE) + timedelta(**later)
    return {"year": date.year, "month": date.month, "day": date.day}
