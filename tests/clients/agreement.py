"""Sends generated messages to protovalidate and to the services, and compares the verdicts.

For each request type of a unary method, messages are generated from the descriptors: fields
are left out, or set to values at and beyond the bounds of their rules. A message that
protovalidate rejects must be rejected by the service as FIELD_INVALID; one that it accepts
must not be, but for the rules that aren't in the contracts: those of all texts, and those
that depend on records, on the clock or on a longer computation (SERVER_ONLY).

Usage: agreement.py STUBS PORTS TOKEN COUNT [METHOD...]
  STUBS   folder with the Python stubs of the archive
  PORTS   SERVICE=PORT,..., e.g. organization=7401,tickets=7402
  TOKEN   a token that may call every method
  COUNT   messages for each request type
"""

import importlib
import pathlib
import random
import sys

stubs, ports, token, count, *wanted = sys.argv[1:]
sys.path.insert(0, stubs)

import grpc
import protovalidate
from buf.validate import validate_pb2
from google.protobuf import message_factory
from google.protobuf.descriptor import FieldDescriptor as F
from google.rpc import error_details_pb2, status_pb2

# Rules that a client can't check: what they need is said in proto/errors.md.
SERVER_ONLY = {
    "STRING_NUL", "STRING_VISIBLE",
    "AREA_CODE_IN_PARENT", "AREA_DISTRICT_CODE", "AREA_TREE", "BOOKING_HORIZON",
    "DATE_NOT_IN_FUTURE", "FEED_KIND", "FEED_TOKEN", "FIGURE_KEY", "GEOJSON", "PAGE_TOKEN",
    "REFERENCE", "REFERENCE_KIND", "TICKET_POINT_IN_REACH", "TIME_NOT_IN_FUTURE", "TIMESTAMP",
}
rules_of = validate_pb2.field
dice = random.Random(20261130)


def import_stubs():
    for file in sorted(pathlib.Path(stubs, "wangge").rglob("*_pb2.py")):
        importlib.import_module(".".join(file.relative_to(stubs).with_suffix("").parts))


def text_for(rules):
    """A text around the bounds of its rules."""
    string = rules.string
    if string.uuid:
        return dice.choice(["0190163d-8694-739b-aea5-966c26f8ad91", "x", "0190163d8694739baea5966c26f8ad91"])
    if string.pattern:
        return dice.choice(["320402", "320402003005", "0301", "a", "stations", "12345678", "Ä", "1" * 33, "320402\n"])
    longest = string.max_len or 20
    length = dice.choice([0, 1, min(5, longest), longest, longest + 1])
    return dice.choice(["a", "午", "👨"]) * length


def number_for(rules, kind):
    numbers = getattr(rules, kind)
    bounds = [0, 1, -1, 2]
    for name in ("gte", "lte", "gt", "lt"):
        if numbers.HasField(name):
            bound = getattr(numbers, name)
            bounds += [bound - 1, bound, bound + 1]
    low, high = (-(2**31), 2**31 - 1) if kind == "int32" else (-(2**63), 2**63 - 1)
    return max(low, min(high, dice.choice(bounds)))


def fill(message, depth=0):
    for field in message.DESCRIPTOR.fields:
        rules = field.GetOptions().Extensions[rules_of]
        # Mostly set, so that deeper rules are reached.
        if dice.random() < 0.2:
            continue
        if field.is_repeated:
            limit = rules.repeated.max_items or 3
            several = dice.choice([0, 1, 2, limit + 1 if limit < 60 else 2])
            for _ in range(several):
                if field.type == F.TYPE_MESSAGE:
                    fill(getattr(message, field.name).add(), depth + 1)
                else:
                    getattr(message, field.name).append(value(field, rules.repeated.items, message))
        elif field.type == F.TYPE_MESSAGE:
            inner = getattr(message, field.name)
            inner.SetInParent()
            if field.message_type.full_name == "google.protobuf.FieldMask":
                allowed = list(rules.field_mask.__getattribute__("in")) + ["nonsense"]
                inner.paths.extend(dice.sample(allowed, dice.randint(0, len(allowed) - (dice.random() < 0.8))))
            elif field.message_type.full_name == "google.protobuf.Timestamp":
                inner.seconds = dice.choice([1656000000, 1656003600, 1656090000, 1656000000 + 90000])
            elif depth < 4:
                fill(inner, depth + 1)
        else:
            setattr(message, field.name, value(field, rules, message))
    return message


def value(field, rules, message):
    if field.type == F.TYPE_STRING:
        return text_for(rules)
    if field.type == F.TYPE_BYTES:
        return b"a" * dice.choice([0, 1, (rules.bytes.max_len or 8) + 1])
    if field.type == F.TYPE_BOOL:
        return dice.random() < 0.5
    if field.type == F.TYPE_ENUM:
        return dice.choice([v.number for v in field.enum_type.values] * 3 + [99])
    if field.type == F.TYPE_DOUBLE:
        return dice.choice([0.0, 119.97, 31.78, 181.0, float("nan")])
    if field.message_type is None and field.containing_type.full_name == "wangge.types.v1.Date":
        return {"year": dice.choice([2022, 2024, 1899, 2023]), "month": dice.choice([2, 4, 12, 13]),
                "day": dice.choice([1, 28, 29, 30, 31, 32])}[field.name]
    return number_for(rules, "int32" if field.type == F.TYPE_INT32 else "int64")


def verdict(error):
    """The rules of the fields that the service rejects; empty if it accepts the request."""
    packed = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin")
    if packed is None:
        return None
    for detail in status_pb2.Status.FromString(packed).details:
        bad = error_details_pb2.BadRequest()
        if detail.Unpack(bad) and error.code() == grpc.StatusCode.INVALID_ARGUMENT:
            return {violation.reason for violation in bad.field_violations}
    return set()


def compare(channel, method, kind):
    call = channel.unary_unary(
        f"/{method.containing_service.full_name}/{method.name}",
        request_serializer=kind.SerializeToString,
        response_deserializer=lambda data: data,
    )
    accepted = 0
    for _ in range(int(count)):
        message = fill(kind())
        client = {violation.proto.rule_id for violation in protovalidate.collect_violations(message)}
        try:
            call(message, metadata=[("authorization", f"Bearer {token}")], timeout=20)
            server = set()
        except grpc.RpcError as error:
            server = verdict(error)
            if server is None:
                raise
        if client and not server:
            return f"only the client rejects it, for {client}: {message}"
        if not client and server - SERVER_ONLY:
            return f"only the service rejects it, for {server}: {message}"
        accepted += not client
    return accepted


def main():
    import_stubs()
    addresses = dict(pair.split("=") for pair in ports.split(","))
    differ, types = 0, 0
    for area, port in addresses.items():
        channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        package = f"wangge.{area}.v1"
        for file in sorted(pathlib.Path(stubs, "wangge", area, "v1").glob("*_service_pb2.py")):
            module = sys.modules[".".join(file.relative_to(stubs).with_suffix("").parts)]
            for service in module.DESCRIPTOR.services_by_name.values():
                for method in service.methods:
                    if method.client_streaming or method.server_streaming:
                        continue
                    if wanted and method.name not in wanted:
                        continue
                    kind = message_factory.GetMessageClass(method.input_type)
                    result = compare(channel, method, kind)
                    types += 1
                    if isinstance(result, str):
                        differ += 1
                        print(f"{method.full_name}: {result}", flush=True)
    print(f"{types} request types, {differ} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
