#!/usr/bin/python3
"""Reads the vectors of the protocol with a client written from protocol/SPEC.md alone.

usage: spec_vectors.py

Ends with 77 (skipped) where python3-cryptography is not installed.
"""
import sys
from dataclasses import replace

try:
    import cryptography  # noqa: F401
except ImportError:
    print("skipped: python3-cryptography is not installed")
    sys.exit(77)

import spec_client as c

NOW = 1795000000000
DAY = 86400 * 1000
CODE = "7KQ2M4XDTR9WNPA"
ORGANISATION = c.dot(1, 9)


def seed(byte: int) -> bytes:
    return bytes([byte]) * 32


IDENTITY = c.SignKey(seed(1))
SERVER_KEY = c.BoxKey(seed(2))
DEVICE_KEY = c.BoxKey(seed(3))
DEVICE_SIGN = c.SignKey(seed(4))
BOX = c.BoxKey(seed(5))
AUTHORITY = c.BoxKey(seed(6))


def vectors(name: str) -> dict[str, bytes]:
    out = {}
    for part in (c.ROOT / "tests/vectors" / name).read_text().split("\n\n"):
        if part.strip():
            title, digits = part.strip().split(":\n")
            out[title] = bytes.fromhex(digits)
    return out


def equal(what: str, got: object, expected: object) -> None:
    if got != expected:
        raise AssertionError(f"{what}: got {got!r:.400}, expected {expected!r:.400}")


def refused(what: str, read: object, *data: object) -> None:
    try:
        read(*data)
    except (c.Malformed, c.Distrust):
        return
    raise AssertionError(f"{what} was taken")


def every_prefix_is_refused(what: str, read: object, data: bytes) -> None:
    for size in range(len(data)):
        refused(f"{what} cut to {size} bytes", read, data[:size])
    refused(f"{what} with a byte more", read, data + b"\0")


def every_flip_is_refused(what: str, read: object, data: bytes) -> None:
    for at in range(len(data)):
        damaged = data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]
        refused(f"{what} altered at {at}", read, damaged)


def numbers() -> None:
    for n, digits in ((0, "00"), (5, "05"), (127, "7f"), (128, "8001"),
                      (2**63 - 1, "ff" * 8 + "7f"), (2**64 - 1, "ff" * 9 + "01")):
        equal(f"varint {n}", c.varint(n).hex(), digits)
        equal(f"varint {n} read", c.Reader(bytes.fromhex(digits)).varint(), n)
    for digits in ("8500", "80", "ff" * 9 + "02", "80" * 9 + "00", "ff" * 10 + "00"):
        refused(f"varint {digits}", lambda d: c.Reader(bytes.fromhex(d)).varint(), digits)
    for n in (0, -1, 1, -2, 2**63 - 1, -2**63):
        equal(f"zigzag {n}", c.Reader(c.zigzag(n)).zigzag(), n)


def transport_key(v: dict[str, bytes]) -> c.TransportKey:
    read = c.read_transport_key(v["transport_key"], IDENTITY.public)
    own = c.TransportKey(SERVER_KEY.public, NOW - 10 * DAY, NOW + 20 * DAY, IDENTITY.public)
    own = replace(own, signature=IDENTITY.sign("pic/1 transport key", own.write()))
    equal("transport key", read, own)
    equal("transport key written", own.write(), v["transport_key"])
    every_prefix_is_refused("transport key", c.read_transport_key, v["transport_key"])
    every_flip_is_refused("transport key", c.read_transport_key, v["transport_key"])
    return read


def certificate(v: dict[str, bytes]) -> None:
    def read(data: bytes) -> c.Certificate:
        return c.read_certificate(data, IDENTITY.public)

    own = c.Certificate(42, ORGANISATION, 3, NOW, DEVICE_SIGN.public, DEVICE_KEY.public, BOX.public)
    own = replace(own, signature=IDENTITY.sign("pic/1 device", own.write()))
    equal("certificate", read(v["certificate"]), own)
    equal("certificate written", own.write(), v["certificate"])
    every_prefix_is_refused("certificate", read, v["certificate"])
    every_flip_is_refused("certificate", read, v["certificate"])


def receipt(v: dict[str, bytes]) -> None:
    def read(data: bytes) -> c.Receipt:
        return c.read_receipt(data, IDENTITY.public)

    own = c.Receipt(1234, 42, 17, seed(0xAA), 5678, NOW, 17, 2, seed(0xBB))
    own = replace(own, signature=IDENTITY.sign("pic/1 receipt", own.write()))
    equal("receipt", read(v["receipt"]), own)
    equal("receipt written", own.write(), v["receipt"])
    every_prefix_is_refused("receipt", read, v["receipt"])
    every_flip_is_refused("receipt", read, v["receipt"])


def invitation(v: dict[str, bytes], key: c.TransportKey) -> None:
    own = c.Invitation("Région d'essai", ("tcp://pic.example:7420", "tcp://192.0.2.7:7420"), key,
                       AUTHORITY.public, 42, ORGANISATION, "ADCM, L'Abricourt", 3, 0, CODE,
                       ((3, b"one"), (5, b"two")))
    read = c.read_invitation(v["invitation"])
    own = replace(own, server_name=read.server_name, organisation_name=read.organisation_name,
                  expires=read.expires, feed=read.feed)
    own = replace(own, signature=IDENTITY.sign("pic/1 invitation", c.H(own.write())))
    equal("invitation", read, own)
    equal("invitation written", own.write(), v["invitation"])
    equal("feed of the invitation", [s for _, s in read.feed], [b"one", b"two"])
    every_prefix_is_refused("invitation", c.read_invitation, v["invitation"])
    every_flip_is_refused("invitation", c.read_invitation, v["invitation"])
    equal("control words", c.control_words(IDENTITY.public, CODE),
          ["buffle", "fenouil", "violon", "fourmi"])
    for typed in ("PIC-7KQ2M-4XDTR-9WNPA", "pic 7kq2m4xdtr9wnpa", "plc7KQ2M-4xdtr 9WNPA", CODE):
        equal(f"code {typed}", c.read_code(typed), CODE)
    for typed in ("", CODE[:-1], CODE + "A", "PIC-7KQ2M-4XDTR-9WNPU", "7KQ2M_4XDTR_9WNPA"):
        refused(f"code {typed}", c.read_code, typed)


def exchange_frames(v: dict[str, bytes], name: str, kind: int) -> bytes:
    """Both frames of an exchange, made and opened; gives the handshake hash."""
    request, reply = v[f"{name}_request"], v[f"{name}_reply"]
    agent = c.Noise(DEVICE_KEY, SERVER_KEY.public, c.BoxKey(seed(7)))
    server = c.Noise(SERVER_KEY, SERVER_KEY.public, c.BoxKey(seed(8)))
    equal(f"{name} request sealed", b"\x01" + agent.write_request(lambda _: request),
          v[f"{name}_request_frame"])
    opened, h, who = server.read_request(v[f"{name}_request_frame"][1:])
    equal(f"{name} request opened", (opened, who), (request, DEVICE_KEY.public))
    equal(f"{name} reply sealed", b"\x02" + server.write_reply(reply), v[f"{name}_reply_frame"])
    equal(f"{name} reply opened", agent.read_reply(v[f"{name}_reply_frame"][1:]), reply)
    return h


def enrol(v: dict[str, bytes]) -> None:
    h = exchange_frames(v, "enrol", c.ENROL)
    read = c.read_request(v["enrol_request"])
    equal("enrol request", c.enrol_request(CODE, DEVICE_SIGN, read.label, read.program, h,
                                           BOX.public), v["enrol_request"])
    reply = c.read_reply(c.ENROL, v["enrol_reply"])
    equal("enrol reply's certificate", reply.certificate, v["certificate"])
    equal("enrol reply's proof", reply.proof, c.enrol_proof(CODE, h, IDENTITY.public))
    equal("enrol reply's authority", reply.authority, AUTHORITY.public)
    empty = c.read_receipt(reply.receipt, IDENTITY.public)
    equal("receipt of an empty log", replace(empty, signature=b""),
          c.Receipt(0, 42, 0, bytes(32), 0, NOW, 0, 0, bytes(32)))


def messages(v: dict[str, bytes]) -> None:
    kinds = {"enrol": c.ENROL, "sync_idle": c.SYNC, "sync_full": c.SYNC, "put": c.PUT, "get": c.GET}
    for name, kind in kinds.items():
        data = v[f"{name}_request"]
        request = c.read_request(data)
        equal(f"{name} request's type", request.kind, kind)
        equal(f"{name} request written", c.write_request(request), data)
        every_prefix_is_refused(f"{name} request", c.read_request, data)
        data = v[f"{name}_reply"]
        reply = c.read_reply(kind, data)
        equal(f"{name} reply's time", reply.time, NOW)
        equal(f"{name} reply written", c.write_reply(kind, reply), data)
        every_prefix_is_refused(f"{name} reply", lambda d, k=kind: c.read_reply(k, d), data)
    full = c.read_reply(c.SYNC, v["sync_full_reply"])
    equal("full reply's status", c.STATUS_NAMES[full.kind], "gap")
    equal("full reply's wanted", full.wanted, [seed(0xC1), seed(0xC2)])
    equal("full reply's feed", [s for _, s in full.feed], [b"one", b"two"])
    refused("field there and zero", c.read_reply, c.PUT, bytes([0, 0, 1, 0]))
    refused("bit beyond the list", c.read_reply, c.PUT, bytes([0, 0, 4]))
    refused("unknown status", c.read_reply, c.PUT, bytes([18, 0, 0]))
    equal("key wanted", v["key_ask_frame"], bytes([c.KEY_WANTED]))
    equal("key", v["key_frame"], bytes([c.KEY]) + v["transport_key"])
    equal("status", v["status_frame"][:1], bytes([c.STATUS]))
    equal("status's name", c.STATUS_NAMES[v["status_frame"][1]], "malformed")


FROZEN = (
    c.Change(c.dot(42, 17), 1773309749000, 0, 20, c.dot(42, 17), (
        c.Op(2, c.REFERENCE, c.dot(1, 12)), c.Op(3, c.TEXT, "Thé dansant des aînés"),
        c.Op(8, c.BYTES, b"\1\2\3"), c.Op(16, c.INTEGER, 62000), c.Op(17, c.NOTHING))),
    c.Change(c.dot(42, 18), 1773309749000, 3, 20, c.dot(42, 18), (
        c.Op(2, c.REFERENCE, c.dot(1, 12)), c.Op(3, c.TEXT, "Repas de rue"),
        c.Op(8, c.BYTES, b""), c.Op(16, c.INTEGER, -1), c.Op(17, c.NOTHING))),
    c.Change(c.dot(42, 19), 1773309761000, 1, 20, c.dot(42, 17), (
        c.Op(3, c.TEXT, "Thé dansant", (c.dot(42, 17),)),
        c.Op(16, c.INTEGER, 60000, (c.dot(42, 17), c.dot(43, 5))))),
)


def unsigned(read: c.Segment) -> c.Segment:
    return replace(read, hash=b"", signature=b"")


def segment(v: dict[str, bytes]) -> None:
    key = c.SignKey(seed(0x22))
    read = c.open_segment(v["segment"])
    equal("segment's hash", read.hash, v["hash"])
    c.verify_segment(read, key.public)
    own = c.Segment(42, ORGANISATION, seed(0x11), 1, FROZEN)
    equal("segment", unsigned(read), own)
    equal("changes of the body", c.read_body(v["body"], 42, 17, 3), FROZEN)
    equal("body written", c.write_body(own, indexed=False), v["body"])
    for how in ((True, False), (True, True), (False, False), (False, True)):
        sealed = c.seal(own, key, *how)
        again = c.open_segment(sealed)
        c.verify_segment(again, key.public)
        equal(f"segment sealed {how}", unsigned(again), own)
    every_prefix_is_refused("segment", c.open_segment, v["segment"])

    def verified(data: bytes) -> None:
        c.verify_segment(c.open_segment(data), key.public)

    every_flip_is_refused("segment", verified, v["segment"])


def all_kinds() -> None:
    """Values and distances at their ends, through both modes of texts."""
    key = c.SignKey(seed(0x22))
    own, other = c.dot(7, 1), c.dot(c.DEVICE_MAX, c.SEQUENCE_MAX)
    bases = tuple(c.dot(8, n) for n in range(1, 17))
    changes = (
        c.Change(own, 5, 0xFFFE, 255, own, (
            c.Op(1, c.INTEGER, -2**63), c.Op(2, c.REFERENCE, other),
            c.Op(3, c.TEXT, "é" * 8192), c.Op(255, c.BYTES, bytes(16384)))),
        c.Change(own + 1, 5, 0xFFFF, 255, own + 1, (
            c.Op(1, c.INTEGER, 2**63 - 1), c.Op(2, c.REFERENCE, 1), c.Op(3, c.TEXT, ""),
            c.Op(255, c.BYTES, b""))),
        c.Change(own + 4, 2**47 - 1, 0xFFFF, 255, other, (
            c.Op(1, c.NOTHING, None, bases), c.Op(2, c.INTEGER, 0),
            c.Op(3, c.TEXT, "", (other,)))),
    )
    for compress in (False, True):
        for indexed in (False, True):
            told = c.Segment(7, c.EVERYBODY, bytes(32), 65535, changes)
            read = c.open_segment(c.seal(told, key, compress, indexed))
            equal("all kinds", unsigned(read), told)


def main() -> None:
    numbers()
    v = vectors("exchange.txt")
    key = transport_key(v)
    certificate(v)
    receipt(v)
    invitation(v, key)
    enrol(v)
    exchange_frames(v, "sync_idle", c.SYNC)
    messages(v)
    frozen = vectors("segment.txt")
    segment(frozen)
    all_kinds()
    print(f"{len(v) + len(frozen)} vectors agree with the document")


if __name__ == "__main__":
    main()
