"""A client of the exchange protocol, written from protocol/SPEC.md alone.

It shares nothing with the programs: what it and they agree on is what the document says. Sections
below are those of the document. Needs python3-cryptography.
"""
import hashlib
import hmac
import os
import socket
import struct
import time
import unicodedata
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Iterable

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ROOT = Path(__file__).resolve().parents[2]
SERVER = 1
EVERYBODY = 0
DEVICE_MAX = 2**23 - 1
SEQUENCE_MAX = 2**40 - 1
FRAME_MAX = 65535
REQUEST_MAX = 65438
REPLY_MAX = 65486
SEGMENT_MAX = 60000
FEED_MAX = 64000
PART_MAX = 60000
DOCUMENT_MAX = 33554432
RECORD_MAX = 256
POSITIVE_MAX = 2**63 - 1


class Malformed(Exception):
    """The bytes are not what the document describes."""


class Distrust(Exception):
    """The bytes are well formed, and what they claim cannot be verified."""


def need(condition: Any, what: str) -> None:
    if not condition:
        raise Malformed(what)


# 1. Conventions

def varint(n: int) -> bytes:
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def zigzag(n: int) -> bytes:
    return varint(2 * n if n >= 0 else -2 * n - 1)


def span(data: bytes) -> bytes:
    return varint(len(data)) + data


def text(value: str) -> bytes:
    return span(value.encode())


def dot(device: int, sequence: int) -> int:
    return device << 40 | sequence


def signed(n: int) -> int:
    """n modulo 2^64 as a signed number."""
    n &= 2**64 - 1
    return n - 2**64 if n >> 63 else n


def mark(segment_hash: bytes) -> bytes:
    return segment_hash[:8]


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Reader:
    """Takes bytes from the front; everything that does not fit is Malformed."""

    def __init__(self, data: bytes):
        self.data = data
        self.at = 0

    def left(self) -> int:
        return len(self.data) - self.at

    def take(self, size: int) -> bytes:
        need(size <= self.left(), "cut short")
        self.at += size
        return self.data[self.at - size:self.at]

    def u8(self) -> int:
        return self.take(1)[0]

    def u64(self) -> int:
        return struct.unpack("<Q", self.take(8))[0]

    def varint(self, maximum: int = 2**64 - 1) -> int:
        n = 0
        for i in range(10):
            byte = self.u8()
            n |= (byte & 0x7F) << 7 * i
            if byte < 0x80:
                need(byte or i == 0, "not the shortest form")
                need(n <= maximum, "number above its limit")
                return n
        raise Malformed("number of more than 10 bytes")

    def zigzag(self, maximum: int = 2**63) -> int:
        n = self.varint()
        n = n >> 1 if n % 2 == 0 else -(n >> 1) - 1
        need(abs(n) <= maximum, "number above its limit")
        return n

    def span(self, maximum: int) -> bytes:
        return self.take(self.varint(maximum))

    def text(self, maximum: int) -> str:
        value = utf8(self.span(maximum))
        need(unicodedata.is_normalized("NFC", value), "text is not in normal form C")
        need(not any(forbidden(c) for c in value), "text with a forbidden character")
        return value

    def end(self) -> None:
        need(self.left() == 0, "bytes left over")


def utf8(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Malformed("not UTF-8") from error


def forbidden(character: str) -> bool:
    if unicodedata.category(character) == "Cc":
        return character not in "\n\t"
    return "\u202a" <= character <= "\u202e" or "\u2066" <= character <= "\u2069"


def feed(items: Iterable[tuple[int, bytes]]) -> bytes:
    """The (position delta, segment) pairs as they travel."""
    items = list(items)
    return varint(len(items)) + b"".join(varint(d) + span(s) for d, s in items)


def read_feed(reader: Reader) -> list[tuple[int, bytes]]:
    items = []
    for _ in range(reader.varint(reader.left())):
        delta = reader.varint(POSITIVE_MAX)
        need(delta, "position delta of 0")
        segment = reader.span(SEGMENT_MAX)
        need(segment, "empty segment")
        items.append((delta, segment))
    return items


# 2. Primitives

def H(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=32).digest()


def HK(key: bytes, data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=32, key=key).digest()


def raw(key: Any) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


class SignKey:
    def __init__(self, seed: bytes | None = None):
        self._key = Ed25519PrivateKey.from_private_bytes(seed or os.urandom(32))
        self.public = raw(self._key.public_key())

    def sign(self, label: str, data: bytes) -> bytes:
        return self._key.sign(label.encode() + data)


def signed_by(public: bytes, label: str, data: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, label.encode() + data)
    except (InvalidSignature, ValueError):
        return False
    return True


def verify(public: bytes, label: str, data: bytes, signature: bytes) -> None:
    if not signed_by(public, label, data, signature):
        raise Distrust(f"wrong signature: {label}")


class BoxKey:
    """An X25519 key."""

    def __init__(self, private: bytes | None = None):
        self._key = X25519PrivateKey.from_private_bytes(private or os.urandom(32))
        self.public = raw(self._key.public_key())

    def shared(self, public: bytes) -> bytes:
        try:
            return self._key.exchange(X25519PublicKey.from_public_bytes(public))
        except ValueError as error:
            raise Distrust("all-zero X25519 result") from error


# 3. Frames

REQUEST, REPLY, KEY_WANTED, KEY, STATUS = 1, 2, 3, 4, 5
MAGIC = b"PIC1"


def frame(payload: bytes) -> bytes:
    need(len(payload) <= FRAME_MAX, "frame above its limit")
    return MAGIC + struct.pack("<I", len(payload)) + payload


def read_frame(take: Callable[[int], bytes]) -> bytes:
    """The payload of the frame that `take(size)` gives next."""
    need(take(4) == MAGIC, "something else answers")
    size = struct.unpack("<I", take(4))[0]
    need(size <= FRAME_MAX, "frame above its limit")
    return take(size)


class Connection:
    """A TCP connection to a server."""

    def __init__(self, host: str, port: int, timeout: float = 20):
        self._socket = socket.create_connection((host, port), timeout)

    def send(self, payload: bytes) -> None:
        self.send_raw(frame(payload))

    def send_raw(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self) -> bytes:
        return read_frame(self._take)

    def _take(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self._socket.recv(size - len(data))
            if not more:
                raise ConnectionError("closed by the other side")
            data += more
        return data

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


# 4. Noise

PROTOCOL_NAME = b"Noise_IK_25519_ChaChaPoly_BLAKE2b"
PROLOGUE = b"pic/1"


def H64(data: bytes) -> bytes:
    return hashlib.blake2b(data).digest()


class Noise:
    """One IK handshake, of either side: two messages, and nothing after."""

    def __init__(self, static: BoxKey, responder: bytes, ephemeral: BoxKey | None = None):
        """responder: the static key that both know beforehand."""
        self._s = static
        self._e = ephemeral or BoxKey()
        self._h = self._ck = PROTOCOL_NAME.ljust(64, b"\0")
        self._key: ChaCha20Poly1305 | None = None
        self._nonce = 0
        self._rs = responder
        self._re = b""
        self._mix_hash(PROLOGUE)
        self._mix_hash(responder)

    def _mix_hash(self, data: bytes) -> None:
        self._h = H64(self._h + data)

    def _mix_key(self, secret: bytes) -> None:
        temporary = hmac.digest(self._ck, secret, hashlib.blake2b)
        self._ck = hmac.digest(temporary, b"\x01", hashlib.blake2b)
        key = hmac.digest(temporary, self._ck + b"\x02", hashlib.blake2b)
        self._key = ChaCha20Poly1305(key[:32])
        self._nonce = 0

    def _next_nonce(self) -> bytes:
        self._nonce += 1
        return bytes(4) + struct.pack("<Q", self._nonce - 1)

    def _encrypt(self, plain: bytes) -> bytes:
        sealed = self._key.encrypt(self._next_nonce(), plain, self._h)
        self._mix_hash(sealed)
        return sealed

    def _decrypt(self, sealed: bytes) -> bytes:
        try:
            plain = self._key.decrypt(self._next_nonce(), sealed, self._h)
        except InvalidTag as error:
            raise Distrust("Noise message that does not open") from error
        self._mix_hash(sealed)
        return plain

    def write_request(self, payload: Callable[[bytes], bytes]) -> bytes:
        """Message 1; the payload may depend on the handshake hash just before it."""
        self._mix_hash(self._e.public)
        self._mix_key(self._e.shared(self._rs))
        sealed_static = self._encrypt(self._s.public)
        self._mix_key(self._s.shared(self._rs))
        return self._e.public + sealed_static + self._encrypt(payload(self._h))

    def read_request(self, message: bytes) -> tuple[bytes, bytes, bytes]:
        """The payload of message 1, the handshake hash before it, and who sent it."""
        need(len(message) >= 96, "short Noise message")
        self._re = message[:32]
        self._mix_hash(self._re)
        self._mix_key(self._s.shared(self._re))
        self._rs = self._decrypt(message[32:80])
        self._mix_key(self._s.shared(self._rs))
        before = self._h
        return self._decrypt(message[80:]), before, self._rs

    def write_reply(self, payload: bytes) -> bytes:
        self._mix_hash(self._e.public)
        self._mix_key(self._e.shared(self._re))
        self._mix_key(self._e.shared(self._rs))
        return self._e.public + self._encrypt(payload)

    def read_reply(self, message: bytes) -> bytes:
        need(len(message) >= 48, "short Noise message")
        self._mix_hash(message[:32])
        self._mix_key(self._e.shared(message[:32]))
        self._mix_key(self._s.shared(message[:32]))
        return self._decrypt(message[32:])


# 5. Messages

@dataclass(frozen=True)
class Field:
    name: str
    kind: str
    limit: int


def fields(*rows: tuple[str, str, int]) -> list[Field]:
    return [Field(*row) for row in rows]


ENROL, SYNC, PUT, GET = 1, 2, 3, 4
VERSION = 1
U32 = 2**32 - 1

REQUESTS = {
    ENROL: fields(("invitation", "bytes", 8), ("sign_key", "bytes", 32), ("box_key", "bytes", 32),
                  ("label", "text", 64), ("program", "varint", U32), ("signature", "bytes", 64),
                  ("proof", "bytes", 32)),
    SYNC: fields(("cursor", "varint", POSITIVE_MAX), ("cursor_mark", "bytes", 8),
                 ("page", "varint", 1023), ("flags", "varint", 3),
                 ("head_seq", "varint", SEQUENCE_MAX), ("head_mark", "bytes", 8),
                 ("receipt", "varint", POSITIVE_MAX), ("pending_changes", "varint", U32),
                 ("pending_documents", "varint", U32), ("dictionary", "varint", 65535),
                 ("program", "varint", U32), ("disk", "varint", 63), ("clock", "zigzag", 1048576),
                 ("segment", "span", SEGMENT_MAX)),
    PUT: fields(("hash", "bytes", 32), ("total", "varint", DOCUMENT_MAX),
                ("offset", "varint", DOCUMENT_MAX), ("bytes", "span", PART_MAX)),
    GET: fields(("hash", "bytes", 32), ("offset", "varint", DOCUMENT_MAX),
                ("max", "varint", PART_MAX)),
}
REPLIES = {
    ENROL: fields(("proof", "bytes", 32), ("certificate", "span", RECORD_MAX),
                  ("receipt", "span", RECORD_MAX), ("authority", "bytes", 32),
                  ("server_name", "text", 160), ("organisation_name", "text", 160)),
    SYNC: fields(("flags", "varint", 7), ("head_seq", "varint", SEQUENCE_MAX),
                 ("head_mark", "bytes", 8), ("receipt", "span", RECORD_MAX),
                 ("transport", "span", 144), ("wanted", "hashes", 32),
                 ("skipped", "varint", POSITIVE_MAX), ("feed", "feed", FEED_MAX)),
    PUT: fields(("held", "varint", DOCUMENT_MAX), ("complete", "varint", 1)),
    GET: fields(("total", "varint", DOCUMENT_MAX), ("bytes", "span", PART_MAX)),
}
ABSENT = {"bytes": b"", "span": b"", "text": "", "varint": 0, "zigzag": 0}
OWN_LOG, NO_FEED = 1, 2
MORE, HEAD_TOLD, RESTART = 1, 2, 4


@dataclass
class Message:
    """A request (kind: its type) or a reply (kind: its status, time: the server's)."""
    kind: int
    values: dict[str, Any] = field(default_factory=dict)
    time: int = 0

    def __getattr__(self, name: str) -> Any:
        try:
            return self.values[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def status(self) -> str:
        return STATUS_NAMES[self.kind]

    @property
    def empty(self) -> bool:
        """Whether no field is there."""
        return not any(any(value) if isinstance(value, bytes) else value
                       for value in self.values.values())


def write_field(row: Field, value: Any) -> bytes:
    if row.kind == "feed":
        return feed(value)
    if row.kind == "hashes":
        return varint(len(value)) + b"".join(value)
    return {"bytes": bytes, "span": span, "text": text, "varint": varint,
            "zigzag": zigzag}[row.kind](value)


def read_field(row: Field, reader: Reader) -> Any:
    if row.kind == "bytes":
        value = reader.take(row.limit)
        need(any(value), f"{row.name} is there and zero")
        return value
    if row.kind == "feed":
        start = reader.at
        value = read_feed(reader)
        size = reader.at - start
        need(size <= row.limit or len(value) == 1, "feed above its limit")
    elif row.kind == "hashes":
        value = [reader.take(32) for _ in range(reader.varint(row.limit))]
    else:
        value = {"span": reader.span, "text": reader.text, "varint": reader.varint,
                 "zigzag": reader.zigzag}[row.kind](row.limit)
    need(value, f"{row.name} is there and zero or empty")
    return value


def is_there(row: Field, value: Any) -> bool:
    return any(value) if row.kind == "bytes" else bool(value)


def write_fields(table: list[Field], values: dict[str, Any]) -> bytes:
    unknown = values.keys() - {row.name for row in table}
    need(not unknown, f"no such fields: {unknown}")
    presence, out = 0, b""
    for bit, row in enumerate(table):
        value = values.get(row.name)
        if value is not None and is_there(row, value):
            presence |= 1 << bit
            out += write_field(row, value)
    return varint(presence) + out


def read_fields(table: list[Field], reader: Reader) -> dict[str, Any]:
    presence = reader.varint()
    need(presence >> len(table) == 0, "presence bit beyond the list")
    values = {}
    for bit, row in enumerate(table):
        if presence >> bit & 1:
            values[row.name] = read_field(row, reader)
        else:
            values[row.name] = bytes(row.limit) if row.kind == "bytes" else ABSENT.get(row.kind, [])
    reader.end()
    return values


def write_request(request: Message) -> bytes:
    data = bytes([request.kind]) + varint(VERSION)
    data += write_fields(REQUESTS[request.kind], request.values)
    need(len(data) <= REQUEST_MAX, "request above its limit")
    return data


def read_request(data: bytes) -> Message:
    reader = Reader(data)
    kind = reader.u8()
    need(kind in REQUESTS, "unknown type")
    need(reader.varint() == VERSION, "another version")
    return Message(kind, read_fields(REQUESTS[kind], reader))


def write_reply(kind: int, reply: Message) -> bytes:
    data = bytes([reply.kind]) + varint(reply.time)
    data += write_fields(REPLIES[kind], reply.values)
    need(len(data) <= REPLY_MAX, "reply above its limit")
    return data


def read_reply(kind: int, data: bytes) -> Message:
    """The reply to a request of this type."""
    reader = Reader(data)
    status = reader.u8()
    need(status in STATUS_NAMES, "unknown status")
    server_time = reader.varint(POSITIVE_MAX)
    return Message(status, read_fields(REPLIES[kind], reader), server_time)


# 6. Statuses

STATUS_NAMES = dict(enumerate((
    "ok", "gap", "fork", "clock_ahead", "revoked", "unknown_device", "stale_key",
    "upgrade_required", "too_large", "malformed", "busy", "invitation_unknown",
    "invitation_expired", "invitation_used", "invitation_revoked", "refused", "wrong_hash",
    "not_found")))


# 7. Change

NOTHING, INTEGER, TEXT, BYTES, REFERENCE = range(5)


@dataclass(frozen=True)
class Op:
    field: int
    kind: int
    value: Any = None
    bases: tuple[int, ...] = ()


@dataclass(frozen=True)
class Change:
    dot: int
    ms: int
    counter: int
    entity: int
    id: int
    ops: tuple[Op, ...]

    @property
    def creates(self) -> bool:
        return self.dot == self.id

    @property
    def stamp(self) -> int:
        return self.ms << 16 | self.counter


# 8. Segment

PRESET = (ROOT / "protocol/log/preset_1.bin").read_bytes()
BODY_MAX = 1048576
VALUE_MAX = 16384


@dataclass(frozen=True)
class Segment:
    device: int
    audience: int
    previous: bytes
    dictionary: int
    changes: tuple[Change, ...]
    hash: bytes = b""
    signature: bytes = b""

    @property
    def first(self) -> int:
        return self.changes[0].dot & SEQUENCE_MAX

    @property
    def last(self) -> int:
        return self.changes[-1].dot & SEQUENCE_MAX


def seal(segment: Segment, key: SignKey, compress: bool = True, indexed: bool = False) -> bytes:
    """The bytes of the segment, signed."""
    body = write_body(segment, indexed)
    stored = body
    if compress:
        deflate = zlib.compressobj(9, wbits=-15, zdict=PRESET)
        stored = deflate.compress(body) + deflate.flush()
    signed_part = (b"\x01" + varint(segment.device) + varint(segment.audience)
                   + varint(segment.first) + varint(segment.last - segment.first)
                   + varint(len(segment.changes)) + segment.previous + varint(segment.dictionary)
                   + bytes([compress]) + varint(len(body)) + span(stored))
    return signed_part + key.sign("pic/1 segment", H(signed_part))


def open_segment(data: bytes) -> Segment:
    """The segment, well formed; whether its signature is right is for verify_segment."""
    need(len(data) <= SEGMENT_MAX, "segment above its limit")
    reader = Reader(data)
    need(reader.u8() == 1, "segment of another version")
    device = reader.varint(DEVICE_MAX)
    audience = reader.varint(POSITIVE_MAX)
    first = reader.varint(SEQUENCE_MAX)
    last = first + reader.varint(SEQUENCE_MAX)
    count = reader.varint(65536)
    need(device and first and count and last <= SEQUENCE_MAX, "segment's numbers")
    need(last - first >= count - 1, "more changes than sequences")
    previous = reader.take(32)
    dictionary = reader.varint(65535)
    compression = reader.u8()
    need(compression <= 1, "unknown compression")
    inflated = reader.varint(BODY_MAX)
    body = reader.span(SEGMENT_MAX)
    segment_hash = H(data[:reader.at])
    signature = reader.take(64)
    reader.end()
    if compression:
        body = inflate(body, inflated)
    need(len(body) == inflated, "body of another size")
    changes = read_body(body, device, first, count)
    need(changes[-1].dot == dot(device, last), "last sequence")
    return Segment(device, audience, previous, dictionary, changes, segment_hash, signature)


def verify_segment(segment: Segment, public: bytes) -> None:
    verify(public, "pic/1 segment", segment.hash, segment.signature)


def inflate(data: bytes, size: int) -> bytes:
    stream = zlib.decompressobj(wbits=-15, zdict=PRESET)
    try:
        body = stream.decompress(data, size + 1)
    except zlib.error as error:
        raise Malformed("damaged deflate stream") from error
    need(stream.eof and not stream.unused_data, "deflate stream does not end with the body")
    return body


# 8.1 Body

def write_ints(values: list[int]) -> bytes:
    if not values:
        return b""
    smallest = min(values)
    width = ((max(values) - smallest).bit_length() + 7) // 8
    entries = [(v - smallest).to_bytes(width, "big") for v in values]
    planes = b"".join(bytes(entry[i] for entry in entries) for i in range(width))
    return bytes([width]) + zigzag(smallest) + planes


def read_ints(reader: Reader, count: int) -> list[int]:
    if count == 0:
        return []
    width = reader.u8()
    need(width <= 8, "width above 8")
    smallest = reader.zigzag()
    planes = [reader.take(count) for _ in range(width)]
    return [signed(smallest + int.from_bytes(bytes(p[i] for p in planes), "big"))
            for i in range(count)]


def write_texts(values: list[str], indexed: bool) -> bytes:
    if not values:
        return b""
    entries = list(dict.fromkeys(values)) if indexed else values
    blob = b"".join(v.encode() + b"\0" for v in entries)
    if not indexed:
        return b"\x00" + span(blob)
    index = {v: i for i, v in enumerate(entries)}
    return b"\x01" + varint(len(entries)) + span(blob) + write_ints([index[v] for v in values])


def read_texts(reader: Reader, count: int) -> list[str]:
    if count == 0:
        return []
    mode = reader.u8()
    need(mode <= 1, "unknown mode of texts")
    entries = reader.varint(BODY_MAX) if mode else count
    blob = reader.span(BODY_MAX)
    need(blob.count(0) == entries, "number of texts")
    need(not blob or blob[-1] == 0, "text without its end")
    texts = [utf8(t) for t in blob.split(b"\0")[:-1]]
    need(all(len(t.encode()) <= VALUE_MAX for t in texts), "text above its limit")
    if not mode:
        return texts
    index = read_ints(reader, count)
    need(all(0 <= i < entries for i in index), "index of a text")
    return [texts[i] for i in index]


Shape = tuple[int, bool, tuple[tuple[int, int], ...]]


def shape_of(change: Change) -> Shape:
    return change.entity, change.creates, tuple((op.field, op.kind) for op in change.ops)


def streams_of(shapes: list[Shape]) -> list[tuple[int, int, int]]:
    """The (entity, field, kind) triples in the order of their first appearance."""
    return list(dict.fromkeys((entity, number, kind) for entity, _, ops in shapes
                              for number, kind in ops))


def write_stream(kind: int, values: list[Any], first: int, indexed: bool) -> bytes:
    if kind == INTEGER:
        return write_ints(values)
    if kind == TEXT:
        return write_texts(values, indexed)
    if kind == BYTES:
        return write_ints([len(v) for v in values]) + b"".join(values)
    if kind == REFERENCE:
        before = [first, *values]
        return write_ints([signed(v - b) for b, v in zip(before, values)])
    return b""


def read_stream(reader: Reader, kind: int, count: int, first: int) -> list[Any]:
    if kind == INTEGER:
        return read_ints(reader, count)
    if kind == TEXT:
        return read_texts(reader, count)
    if kind == BYTES:
        sizes = read_ints(reader, count)
        need(all(0 <= size <= VALUE_MAX for size in sizes), "bytes above their limit")
        return [reader.take(size) for size in sizes]
    if kind == REFERENCE:
        values, value = [], first
        for delta in read_ints(reader, count):
            value = signed(value + delta)
            need(value > 0, "reference that is no entity id")
            values.append(value)
        return values
    return [None] * count


def write_body(segment: Segment, indexed: bool) -> bytes:
    changes = segment.changes
    shapes = list(dict.fromkeys(map(shape_of, changes)))
    out = varint(len(shapes))
    for entity, creates, ops in shapes:
        out += bytes([entity, creates, len(ops)]) + b"".join(map(bytes, ops))
    gaps, milliseconds, counters = [0], [0], [0]
    for before, change in zip(changes, changes[1:]):
        gaps.append(change.dot - before.dot - 1)
        milliseconds.append(change.ms - before.ms)
        counters.append(change.counter - (0 if milliseconds[-1] else before.counter + 1))
    edits = [c for c in changes if not c.creates]
    codes, bases = [], []
    for change in edits:
        for op in change.ops:
            if op.bases == (change.id,):
                codes.append(0)
            else:
                codes.append(len(op.bases) + 1)
                bases += [change.dot - base for base in op.bases]
    out += (write_ints([shapes.index(shape_of(c)) for c in changes]) + varint(changes[0].stamp)
            + write_ints(gaps) + write_ints(milliseconds) + write_ints(counters)
            + write_ints([c.dot - c.id for c in edits]) + write_ints(codes) + write_ints(bases))
    for entity, number, kind in streams_of(shapes):
        values = [op.value for c in changes if c.entity == entity for op in c.ops
                  if (op.field, op.kind) == (number, kind)]
        out += write_stream(kind, values, changes[0].dot, indexed)
    return out


def read_shape(reader: Reader) -> Shape:
    entity, creates, count = reader.u8(), reader.u8(), reader.u8()
    need(entity and creates <= 1 and count <= 64, "shape's numbers")
    ops = tuple((reader.u8(), reader.u8()) for _ in range(count))
    numbers = [number for number, _ in ops]
    need(0 not in numbers and numbers == sorted(set(numbers)), "fields of a shape")
    need(all(kind <= REFERENCE for _, kind in ops), "unknown kind of value")
    return entity, bool(creates), ops


def read_body(body: bytes, device: int, first: int, count: int) -> tuple[Change, ...]:
    reader = Reader(body)
    shapes = [read_shape(reader) for _ in range(reader.varint(1024))]
    which = read_ints(reader, count)
    need(all(0 <= i < len(shapes) for i in which), "index of a shape")
    mine = [shapes[i] for i in which]
    ops = sum(len(shape[2]) for shape in mine)
    need(ops <= min(BODY_MAX, 16 * len(body)), "too many ops")
    stamp = reader.varint(POSITIVE_MAX)
    dots, stamps = read_dots_and_stamps(reader, dot(device, first), stamp, count)
    edits = [i for i in range(count) if not mine[i][1]]
    ids = list(dots)
    for i, distance in zip(edits, read_ints(reader, len(edits))):
        ids[i] = signed(dots[i] - distance)
        need(ids[i] > 0 and distance, "target of a change")
    edited_ops = [(i, op) for i in edits for op in range(len(mine[i][2]))]
    codes = read_ints(reader, len(edited_ops))
    need(all(0 <= code <= 17 for code in codes), "base code")
    distances = iter(read_ints(reader, sum(max(code - 1, 0) for code in codes)))
    bases: dict[tuple[int, int], tuple[int, ...]] = {}
    for (i, op), code in zip(edited_ops, codes):
        told = (signed(dots[i] - next(distances)) for _ in range(code - 1))
        bases[i, op] = tuple(told) if code else (ids[i],)
        need(all(base > 0 for base in bases[i, op]), "base that is no dot")
    values = {}
    triples = streams_of(shapes)
    need(len(triples) <= 1024, "too many streams")
    for entity, number, kind in triples:
        amount = sum(shape[0] == entity and (number, kind) in shape[2] for shape in mine)
        values[entity, number, kind] = iter(read_stream(reader, kind, amount, dots[0]))
    reader.end()
    return tuple(
        Change(dots[i], stamps[i] >> 16, stamps[i] & 0xFFFF, entity, ids[i],
               tuple(Op(number, kind, next(values[entity, number, kind]), bases.get((i, op), ()))
                     for op, (number, kind) in enumerate(told)))
        for i, (entity, _, told) in enumerate(mine))


def read_dots_and_stamps(reader: Reader, first_dot: int, first_stamp: int,
                         count: int) -> tuple[list[int], list[int]]:
    gaps = read_ints(reader, count)
    milliseconds = read_ints(reader, count)
    counters = read_ints(reader, count)
    need(gaps[0] == milliseconds[0] == counters[0] == 0, "first entry of a column is not 0")
    dots, stamps = [first_dot], [first_stamp]
    for gap, ms, counter in zip(gaps[1:], milliseconds[1:], counters[1:]):
        need(gap >= 0, "sequences do not ascend")
        dots.append(dots[-1] + 1 + gap)
        need(dots[-1] >> 40 == first_dot >> 40, "sequence above its limit")
        if ms == 0:
            counter += (stamps[-1] & 0xFFFF) + 1
        need(0 <= counter <= 0xFFFF, "counter of a stamp")
        stamps.append((stamps[-1] >> 16) + ms << 16 | counter)
        need(stamps[-2] < stamps[-1] <= POSITIVE_MAX, "stamps do not ascend")
    return dots, stamps


# 9. Signed records

@dataclass(frozen=True)
class Receipt:
    number: int
    device: int
    seq: int
    head: bytes
    position: int
    time: int
    changes: int
    documents: int
    digest: bytes
    signature: bytes = b""

    def write(self) -> bytes:
        return (b"\x01" + varint(self.number) + varint(self.device) + varint(self.seq) + self.head
                + varint(self.position) + varint(self.time) + varint(self.changes)
                + varint(self.documents) + self.digest + self.signature)


def read_receipt(data: bytes, identity: bytes) -> Receipt:
    reader = Reader(data)
    need(len(data) <= RECORD_MAX and reader.u8() == 1, "receipt's size or version")
    receipt = Receipt(reader.varint(POSITIVE_MAX), reader.varint(DEVICE_MAX),
                      reader.varint(SEQUENCE_MAX), reader.take(32), reader.varint(POSITIVE_MAX),
                      reader.varint(POSITIVE_MAX), reader.varint(POSITIVE_MAX),
                      reader.varint(POSITIVE_MAX), reader.take(32), reader.take(64))
    reader.end()
    need(receipt.device, "receipt of device 0")
    verify(identity, "pic/1 receipt", data[:-64], receipt.signature)
    return receipt


def documents_digest(hashes: Iterable[bytes]) -> bytes:
    digest = bytes(32)
    for document in hashes:
        digest = H(digest + document)
    return digest


@dataclass(frozen=True)
class Certificate:
    device: int
    organisation: int
    role: int
    time: int
    sign_key: bytes
    transport_key: bytes
    box_key: bytes
    signature: bytes = b""

    def write(self) -> bytes:
        return (b"\x01" + varint(self.device) + varint(self.organisation) + varint(self.role)
                + varint(self.time) + self.sign_key + self.transport_key + self.box_key
                + self.signature)


def read_certificate(data: bytes, identity: bytes) -> Certificate:
    reader = Reader(data)
    need(len(data) <= RECORD_MAX and reader.u8() == 1, "certificate's size or version")
    certificate = Certificate(reader.varint(DEVICE_MAX), reader.varint(POSITIVE_MAX),
                              reader.varint(255), reader.varint(POSITIVE_MAX), reader.take(32),
                              reader.take(32), reader.take(32), reader.take(64))
    reader.end()
    need(certificate.device, "certificate of device 0")
    verify(identity, "pic/1 device", data[:-64], certificate.signature)
    return certificate


@dataclass(frozen=True)
class TransportKey:
    key: bytes
    valid_from: int
    valid_to: int
    identity: bytes
    signature: bytes = b""

    def write(self) -> bytes:
        return (self.key + struct.pack("<QQ", self.valid_from, self.valid_to) + self.identity
                + self.signature)


def read_transport_key(data: bytes, identity: bytes | None = None) -> TransportKey:
    """The record, verified under the key that it names, which must be `identity` when given."""
    reader = Reader(data)
    record = TransportKey(reader.take(32), reader.u64(), reader.u64(), reader.take(32),
                          reader.take(64))
    reader.end()
    need(record.valid_from < record.valid_to <= POSITIVE_MAX, "validity of a transport key")
    if identity is not None and record.identity != identity:
        raise Distrust("transport key of another server")
    verify(record.identity, "pic/1 transport key", data[:-64], record.signature)
    return record


# 10. Invitation

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def read_code(typed: str) -> str:
    """The 15 canonical characters of what a person typed."""
    code = typed.upper().translate(str.maketrans("OIL", "011", " -"))
    if len(code) == 18 and code.startswith("P1C"):
        code = code[3:]
    need(len(code) == 15 and all(c in ALPHABET for c in code), "not a code")
    return code


def invitation_id(code: str) -> bytes:
    return H(b"pic/1 invitation id" + code.encode())[:8]


def invitation_secret(code: str) -> bytes:
    return H(b"pic/1 invitation secret" + code.encode())


def control_words(identity: bytes, code: str) -> list[str]:
    section = (ROOT / "protocol/SPEC.md").read_text().split("### 10.1 Code")[1]
    words = section.split("```")[1].replace('"', "").replace(",", " ").split()
    return [words[i] for i in H(b"pic/1 control words" + identity + code.encode())[:4]]


@dataclass(frozen=True)
class Invitation:
    server_name: str
    addresses: tuple[str, ...]
    transport: TransportKey
    authority: bytes
    device: int
    organisation: int
    organisation_name: str
    role: int
    expires: int
    code: str
    feed: tuple[tuple[int, bytes], ...]
    signature: bytes = b""

    def write(self) -> bytes:
        return (b"PICX\x01" + text(self.server_name) + bytes([len(self.addresses)])
                + b"".join(map(text, self.addresses)) + self.transport.write() + self.authority
                + varint(self.device) + varint(self.organisation) + text(self.organisation_name)
                + varint(self.role) + varint(self.expires) + self.code.encode() + feed(self.feed)
                + self.signature)


def read_invitation(data: bytes) -> Invitation:
    need(len(data) <= 8 * 1048576, "invitation above its limit")
    reader = Reader(data)
    need(reader.take(5) == b"PICX\x01", "not an invitation")
    server_name = reader.text(160)
    count = reader.u8()
    need(count <= 8, "too many addresses")
    addresses = tuple(reader.text(255) for _ in range(count))
    transport = read_transport_key(reader.take(144))
    invitation = Invitation(server_name, addresses, transport, reader.take(32),
                            reader.varint(DEVICE_MAX), reader.varint(POSITIVE_MAX),
                            reader.text(160), reader.varint(255), reader.varint(POSITIVE_MAX),
                            utf8(reader.take(15)), tuple(read_feed(reader)), reader.take(64))
    reader.end()
    need(invitation.device and read_code(invitation.code) == invitation.code, "device or code")
    verify(transport.identity, "pic/1 invitation", H(data[:-64]), invitation.signature)
    return invitation


# 11. Enrolment

def enrol_request(code: str, sign_key: SignKey, label: str, program: int, h: bytes,
                  box_key: bytes = b"") -> bytes:
    """The payload of an enrol request, for the handshake whose hash is h."""
    values = {"invitation": invitation_id(code), "sign_key": sign_key.public, "box_key": box_key,
              "label": label, "program": program, "signature": b"\xff" * 64, "proof": b"\xff" * 32}
    unsigned = write_request(Message(ENROL, values))[:-96]
    signature = sign_key.sign("pic/1 enrol", h + unsigned)
    return unsigned + signature + HK(invitation_secret(code), h + unsigned + signature)


def enrol_proof(code: str, h: bytes, identity: bytes) -> bytes:
    return HK(invitation_secret(code), b"pic/1 server" + h + identity)


# 12. Sync, 13. Documents, 14. Recovery

DEVICE_ENTITY = 50
PROGRAM = 1 << 16


class StaleKey(Exception):
    """The server answered with a transport key of its own, newer and verified: ask again."""


class NotDone(Exception):
    """An unencrypted status: as far as anyone knows, nothing was done."""


@dataclass
class Session:
    """What a device keeps of its server, and how it asks."""
    connection: Connection
    transport: TransportKey
    noise_key: BoxKey = field(default_factory=BoxKey)

    def begin(self, request: Message | Callable[[bytes], bytes]) -> Noise:
        """Sends a request; its answer is for finish, in the order of the requests."""
        noise = Noise(self.noise_key, self.transport.key)
        payload = request if callable(request) else lambda _: write_request(request)
        self.connection.send(bytes([REQUEST]) + noise.write_request(payload))
        return noise

    def finish(self, noise: Noise, kind: int) -> Message:
        answer = self.connection.receive()
        need(answer, "empty frame")
        if answer[0] == REPLY:
            return read_reply(kind, noise.read_reply(answer[1:]))
        if answer[0] == KEY:
            self.take_key(answer[1:])
            raise StaleKey
        need(answer[0] == STATUS and len(answer) == 2, "unexpected frame")
        raise NotDone(STATUS_NAMES.get(answer[1], "?"))

    def take_key(self, data: bytes) -> None:
        """Takes a newer transport key up, and refuses any other."""
        record = read_transport_key(data, self.transport.identity)
        if record.valid_from <= self.transport.valid_from:
            raise Distrust("transport key that is not newer")
        self.transport = record

    def ask(self, kind: int, **values: Any) -> Message:
        request = Message(kind, values)
        try:
            return self.finish(self.begin(request), kind)
        except StaleKey:
            return self.finish(self.begin(request), kind)


def ask_key(connection: Connection) -> TransportKey:
    """The server's transport key, verified only under the identity that it names."""
    connection.send(bytes([KEY_WANTED]))
    answer = connection.receive()
    need(answer[:1] == bytes([KEY]), "no key")
    return read_transport_key(answer[1:])


@dataclass
class Agent:
    """A device: its keys, its log, and what it holds of the feed."""
    session: Session
    sign_key: SignKey = field(default_factory=SignKey)
    device: int = 0
    organisation: int = 0
    certificate: Certificate | None = None
    log: list[bytes] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    cursor: int = 0
    cursor_mark: bytes = bytes(8)
    authors: dict[int, bytes] = field(default_factory=dict)
    feed: dict[bytes, Segment] = field(default_factory=dict)
    wanted: list[bytes] = field(default_factory=list)
    last_stamp: int = 0
    last_ms: int = 0

    @property
    def identity(self) -> bytes:
        return self.session.transport.identity

    @property
    def receipt(self) -> Receipt:
        """The latest: by the server's time, then by number, for a restored server counts again."""
        return max(self.receipts, key=lambda r: (r.time, r.number))

    def enrol(self, code: str, label: str = "spec client", device: int = 0) -> Message:
        """Becomes a device; `device` is the number that an invitation file told."""
        seen = {}

        def payload(h: bytes) -> bytes:
            seen["h"] = h
            return enrol_request(code, self.sign_key, label, PROGRAM, h)

        reply = self.session.finish(self.session.begin(payload), ENROL)
        if reply.status != "ok":
            return reply
        if reply.proof != enrol_proof(code, seen["h"], self.identity):
            raise Distrust("proof of the server")
        told = read_certificate(reply.certificate, self.identity)
        if (told.sign_key, told.transport_key) != (self.sign_key.public,
                                                   self.session.noise_key.public):
            raise Distrust("certificate of other keys")
        if device and told.device != device:
            raise Distrust("certificate of another device")
        self.certificate, self.device, self.organisation = told, told.device, told.organisation
        self.take_receipt(reply.receipt)
        return reply

    # Own log

    def head(self) -> tuple[int, bytes]:
        """Last sequence and hash of the own log."""
        if not self.log:
            return 0, bytes(32)
        last = open_segment(self.log[-1])
        return last.last, last.hash

    def stamp(self) -> tuple[int, int]:
        """A stamp after all those before it."""
        self.last_stamp = max(now_ms() << 16, self.last_stamp + 1)
        return self.last_stamp >> 16, self.last_stamp & 0xFFFF

    def change(self, sequence: int, entity: int, ops: Iterable[Op], target: int = 0) -> Change:
        own = dot(self.device, sequence)
        return Change(own, *self.stamp(), entity, target or own, tuple(ops))

    def seal(self, changes: Iterable[Change], previous: bytes | None = None,
             audience: int | None = None, **how: bool) -> bytes:
        return seal(Segment(self.device, self.organisation if audience is None else audience,
                            self.head()[1] if previous is None else previous, 1, tuple(changes)),
                    self.sign_key, **how)

    # Sync

    def sync_values(self, segment: bytes = b"", flags: int = 0, page: int = 0) -> dict[str, Any]:
        """The fields of a sync whose segment, if any, is part of the own log already."""
        upto = open_segment(segment) if segment else None
        seq, head = (upto.last, upto.hash) if upto else self.head()
        return {"cursor": self.cursor, "cursor_mark": self.cursor_mark, "page": page,
                "flags": flags, "head_seq": seq, "head_mark": mark(head),
                "receipt": self.receipt.number, "dictionary": 1, "program": PROGRAM,
                "segment": segment}

    def sync(self, segment: bytes = b"", flags: int = 0) -> Message:
        reply = self.session.ask(SYNC, **self.sync_values(segment, flags))
        self.take_reply(reply, flags)
        return reply

    def push_all(self, segments: list[bytes]) -> list[Message]:
        """Sends up to 8 segments before it reads the first answer."""
        waiting = []
        for segment in segments[:8]:
            flags = 0 if segment is segments[-1] else NO_FEED
            values = self.sync_values(segment, flags)
            waiting.append((self.session.begin(Message(SYNC, values)), flags))
        replies = []
        for noise, flags in waiting:
            replies.append(self.session.finish(noise, SYNC))
            self.take_reply(replies[-1], flags)
        return replies

    def pull_all(self) -> None:
        while self.sync().flags & MORE:
            pass

    def take_reply(self, reply: Message, flags: int = 0) -> None:
        if reply.receipt:
            self.take_receipt(reply.receipt)
        if reply.transport:
            self.session.take_key(reply.transport)
        if flags & NO_FEED:
            need(not (reply.feed or reply.wanted or reply.transport), "told what was not asked")
        else:
            self.wanted = reply.wanted
            self.take_feed(reply.feed, (0 if reply.flags & RESTART else self.cursor)
                           + reply.skipped)

    def take_receipt(self, data: bytes) -> None:
        receipt = read_receipt(data, self.identity)
        if receipt.device != self.device:
            raise Distrust("receipt of another device")
        self.receipts.append(receipt)

    def take_feed(self, items: Iterable[tuple[int, bytes]], start: int) -> None:
        """Verifies each segment, learns the authors that it certifies, and moves the cursor."""
        for delta, data in items:
            start += delta
            segment = open_segment(data)
            if segment.device == SERVER:
                public = self.identity
            elif segment.device in self.authors:
                public = self.authors[segment.device]
            else:
                raise Distrust(f"no certificate of device {segment.device}")
            verify_segment(segment, public)
            self.feed[segment.hash] = segment
            self.learn(segment)
            self.cursor_mark = mark(segment.hash)
        self.cursor = start

    def learn(self, segment: Segment) -> None:
        if segment.device != SERVER:
            return
        for change in segment.changes:
            if change.entity == DEVICE_ENTITY and change.creates:
                told = {op.field: op.value for op in change.ops}
                self.authors[told[2]] = told[6]

    # Documents

    def put(self, data: bytes, part: int = PART_MAX, start: int = 0) -> Message:
        """Sends a document from `start`, and gives the last reply."""
        for offset in range(start, len(data), part):
            reply = self.session.ask(PUT, hash=H(data), total=len(data), offset=offset,
                                     bytes=data[offset:offset + part])
            if reply.status != "ok":
                break
        return reply

    def get(self, name: bytes, part: int = PART_MAX) -> bytes:
        data = b""
        while True:
            reply = self.session.ask(GET, hash=name, offset=len(data), max=part)
            need(reply.status == "ok", reply.status)
            need(len(reply.bytes) <= part and len(data) + len(reply.bytes) <= reply.total,
                 "more bytes than asked for")
            if not reply.bytes:
                break
            data += reply.bytes
        if H(data) != name:
            raise Distrust("document of another hash")
        return data


def enrol_from_file(connection: Connection, data: bytes) -> tuple[Agent, Invitation]:
    """An agent that the invitation file made a device."""
    invitation = read_invitation(data)
    agent = Agent(Session(connection, invitation.transport))
    agent.take_feed(invitation.feed, 0)
    agent.enrol(invitation.code, device=invitation.device)
    return agent, invitation


def enrol_from_code(connection: Connection, typed: str) -> tuple[Agent, list[str]]:
    """An agent that a typed code made a device, and the control words to compare."""
    code = read_code(typed)
    agent = Agent(Session(connection, ask_key(connection)))
    words = control_words(agent.identity, code)
    agent.enrol(code)
    return agent, words
