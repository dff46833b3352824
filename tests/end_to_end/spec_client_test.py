#!/usr/bin/python3
"""Talks to the real server with a client written from protocol/SPEC.md alone.

usage: spec_client_test.py PIC_SERVER

Ends with 77 (skipped) where python3-cryptography is not installed.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

try:
    import cryptography  # noqa: F401
except ImportError:
    print("skipped: python3-cryptography is not installed")
    sys.exit(77)

import spec_client as c

PROJECT, DOCUMENT = 20, 30
MINUTE = 60 * 1000


class Server:
    """The program under test, its folder, and its command line."""

    def __init__(self, program: str, folder: Path):
        self._program = program
        self._folder = folder
        self._process: subprocess.Popen | None = None
        self.port = 0
        (folder / "phrase").write_text("une phrase de passe pour les essais\n")
        self.run("init", "--nom", "Région d'essai", "--adresse", "tcp://127.0.0.1:7420",
                 "--autorite-sortie", str(folder / "autorite"))

    def _common(self) -> list[str]:
        return ["--dossier", str(self._folder / "serveur"),
                "--phrase-fichier", str(self._folder / "phrase"), "--non-interactif"]

    def run(self, *words: str) -> dict[str, Any]:
        done = subprocess.run([self._program, *words, *self._common(), "--json"],
                              capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise AssertionError(f"{words}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout) if done.stdout.startswith("{") else {}

    def add(self, *words: str) -> int:
        """The dot of a new record."""
        device, sequence = self.run(*words)["numero"].split("-")
        return c.dot(int(device), int(sequence))

    def invite(self, organisation: int) -> tuple[dict[str, Any], bytes]:
        """What the program told, and the invitation file."""
        path = self._folder / f"{time.monotonic_ns()}.picx"
        told = self.run("association", "inviter", f"1-{organisation & c.SEQUENCE_MAX}",
                        "--role", "saisie", "--fichier", str(path))
        return told, path.read_bytes()

    def start(self) -> None:
        port_file = self._folder / "port"
        port_file.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [self._program, "serve", *self._common(), "--ecoute", "tcp://127.0.0.1:0",
             "--port-fichier", str(port_file)],
            stdout=subprocess.DEVNULL, stderr=(self._folder / "events").open("a"))
        for _ in range(600):
            if port_file.exists() and port_file.read_text().strip():
                self.port = int(port_file.read_text())
                return
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError(f"no server: {(self._folder / 'events').read_text()}")

    def stop(self) -> int:
        """The exit status; 0 for a server that was never started."""
        if self._process is None:
            return 0
        self._process.terminate()
        return self._process.wait(60)

    def copy(self, source: str, target: str) -> None:
        """Of the server's data, while it is stopped."""
        shutil.rmtree(self._folder / target, ignore_errors=True)
        shutil.copytree(self._folder / source, self._folder / target)

    def connect(self) -> c.Connection:
        return c.Connection("127.0.0.1", self.port)


def equal(what: str, got: object, expected: object) -> None:
    if got != expected:
        raise AssertionError(f"{what}: got {got!r:.400}, expected {expected!r:.400}")


def status(what: str, reply: c.Message, expected: str) -> c.Message:
    equal(f"status of {what}", reply.status, expected)
    if abs(reply.time - c.now_ms()) > MINUTE:
        raise AssertionError(f"server's time in the reply to {what}: {reply.time}")
    return reply


def nothing_but(what: str, reply: c.Message, expected: str) -> None:
    status(what, reply, expected)
    equal(f"fields of the reply to {what}", reply.empty, True)


def refuses(what: str, error: type[Exception], act: Any) -> None:
    try:
        act()
    except error:
        return
    raise AssertionError(f"{what} was taken")


def covered(agent: c.Agent, sequence: int, head: bytes, changes: int) -> None:
    """The latest receipt, whose signature the client verified, covers this head."""
    receipt = agent.receipt
    equal("receipt", (receipt.seq, receipt.head, receipt.changes), (sequence, head, changes))


class Fixture:
    """Two organisations, a fund, and a laptop of each."""

    def __init__(self, server: Server):
        self.server = server
        add = ("organisme", "ajouter", "--nature", "association", "--nom")
        self.first = server.add(*add, "ADCM Méricourt")
        self.second = server.add(*add, "Les voisins")
        self.fund = server.add("fonds", "ajouter", "--nom", "PIC Méricourt 2026", "--cadre", "pic",
                               "--annee", "2026", "--gestionnaire", f"1-{self.first & 0xFFFF}")
        server.start()

    def laptop(self, organisation: int) -> c.Agent:
        agent, _ = c.enrol_from_file(self.server.connect(), self.server.invite(organisation)[1])
        agent.pull_all()
        return agent

    def project(self, agent: c.Agent, sequence: int, title: str = "Jardin partagé") -> c.Change:
        return agent.change(sequence, PROJECT, [
            c.Op(2, c.REFERENCE, self.fund), c.Op(3, c.TEXT, title), c.Op(5, c.TEXT, "habitants"),
            c.Op(16, c.INTEGER, 62000)])


def push(agent: c.Agent, changes: list[c.Change], **how: bool) -> bytes:
    """Seals the changes, sends them, and checks that the receipt covers them."""
    segment = agent.seal(changes, **how)
    agent.log.append(segment)
    before = agent.receipt.changes
    status("push", agent.sync(segment), "ok")
    covered(agent, *agent.head(), before + len(changes))
    return segment


def enrolment(f: Fixture) -> None:
    told, data = f.server.invite(f.first)
    agent, invitation = c.enrol_from_file(f.server.connect(), data)
    equal("code", c.read_code(told["code"]), invitation.code)
    equal("words", " ".join(c.control_words(agent.identity, invitation.code)), told["mots"])
    equal("names", (invitation.server_name, invitation.organisation_name),
          ("Région d'essai", "ADCM Méricourt"))
    equal("device", (agent.device, told["appareil"]), (invitation.device,) * 2)
    equal("organisation", (agent.organisation, invitation.organisation), (f.first,) * 2)
    equal("role", (agent.certificate.role, invitation.role), (1, 1))
    equal("empty receipt", (agent.receipt.number, agent.receipt.seq, agent.receipt.head),
          (0, 0, bytes(32)))
    funds = [ch for s in agent.feed.values() for ch in s.changes if ch.entity == 4]
    equal("fund in the invitation", [ch.id for ch in funds], [f.fund])

    certificate = agent.certificate
    status("the same enrolment", agent.enrol(invitation.code), "ok")
    equal("same certificate", agent.certificate, certificate)
    thief = c.Agent(c.Session(agent.session.connection, invitation.transport))
    nothing_but("enrolment with other keys", thief.enrol(invitation.code), "invitation_used")
    nothing_but("unknown code", thief.enrol("0" * 15), "invitation_unknown")
    nothing_but("sync of a stranger", stranger_sync(thief), "unknown_device")

    told, data = f.server.invite(f.first)
    code = c.read_code(told["code"])
    nothing_but("wrong proof", enrol_wrongly(thief, code, slice(-1, None)), "invitation_unknown")
    by_code, words = c.enrol_from_code(f.server.connect(), told["code"].lower())
    equal("words by phone", " ".join(words), told["mots"])
    equal("device by code", by_code.device, told["appareil"])
    by_code.pull_all()
    equal("certified in the feed", by_code.authors[by_code.device], by_code.sign_key.public)


def stranger_sync(agent: c.Agent) -> c.Message:
    return agent.session.ask(c.SYNC, program=c.PROGRAM, head_seq=3, head_mark=b"12345678")


def enrol_wrongly(agent: c.Agent, code: str, where: slice) -> c.Message:
    """An enrolment some of whose bytes are altered after the proof was made."""
    def payload(h: bytes) -> bytes:
        data = bytearray(c.enrol_request(code, agent.sign_key, "voleur", c.PROGRAM, h))
        data[where] = bytes(b ^ 1 for b in data[where])
        return bytes(data)

    return agent.session.finish(agent.session.begin(payload), c.ENROL)


def push_and_pull(f: Fixture) -> None:
    agent, colleague, other = f.laptop(f.first), f.laptop(f.first), f.laptop(f.second)
    agent.pull_all()
    created = f.project(agent, 1)
    first = push(agent, [created, f.project(agent, 2, "Repas de rue")])
    edit = agent.change(3, PROJECT, [c.Op(3, c.TEXT, "Jardin", (created.dot,))], created.dot)
    push(agent, [edit], indexed=True)
    push(agent, [f.project(agent, 4)], compress=False)

    receipt = agent.receipt
    for segment in (first, *agent.log):
        status("a segment again", agent.sync(segment), "ok")
        equal("receipt as before", replace(agent.receipt, number=0, time=0, signature=b""),
              replace(receipt, number=0, time=0, signature=b""))
    equal("idle reply", status("idle sync", agent.sync(), "ok").empty, True)
    said = {**agent.sync_values(), "pending_changes": 3, "pending_documents": 1, "disk": 18,
            "clock": -5}
    equal("reply to all fields", status("all fields", agent.session.ask(c.SYNC, **said),
                                        "ok").empty, True)

    colleague.pull_all()
    pulled = [s for s in colleague.feed.values() if s.device == agent.device]
    equal("colleague's feed", [s.hash for s in pulled],
          [c.open_segment(s).hash for s in agent.log])
    equal("edit as pulled", pulled[1].changes, (edit,))
    other.pull_all()
    equal("other organisation's feed", {s.audience for s in other.feed.values()}, {0, f.second})

    for pages in (0, 1):
        page = colleague.session.ask(c.SYNC, **colleague.sync_values(page=pages))
        equal(f"page {pages} after the end", page.feed, [])
    own = c.Agent(colleague.session, device=agent.device, authors=colleague.authors)
    own.session = replace(agent.session, connection=f.server.connect())
    reply = own.session.ask(c.SYNC, flags=c.OWN_LOG, program=c.PROGRAM)
    own.take_receipt(reply.receipt)
    own.take_reply(reply)
    equal("own log", [s.hash for s in own.feed.values() if s.device == agent.device],
          [c.open_segment(s).hash for s in agent.log])
    equal("head told to a device without its log", (reply.flags & c.HEAD_TOLD, reply.head_seq,
                                                    reply.head_mark),
          (c.HEAD_TOLD, 4, c.mark(agent.head()[1])))
    lost = {**agent.sync_values(), "cursor_mark": b"12345678"}
    reply = status("sync with another mark", agent.session.ask(c.SYNC, **lost), "ok")
    equal("restart", (reply.flags & c.RESTART, reply.skipped), (c.RESTART, 0))
    beyond = {**agent.sync_values(), "cursor": 1 << 40}
    reply = status("cursor beyond the journal", agent.session.ask(c.SYNC, **beyond), "ok")
    equal("restart again", (reply.flags & c.RESTART, reply.skipped), (c.RESTART, 0))
    before = set(agent.feed)
    agent.take_reply(reply)
    equal("feed again", set(agent.feed), before)


def pages(f: Fixture) -> None:
    """Three pages asked for at once, and joined."""
    agent, colleague = f.laptop(f.first), f.laptop(f.first)
    colleague.pull_all()
    for n in range(1, 5):
        noise = [c.Op(field, c.BYTES, os.urandom(12000)) for field in (30, 31, 32, 33)]
        push(agent, [agent.change(n, PROJECT, noise)])
    asked = [colleague.session.begin(c.Message(c.SYNC, colleague.sync_values(page=page)))
             for page in range(4)]
    cursor, starts = colleague.cursor, []
    for noise in asked:
        reply = status("page", colleague.session.finish(noise, c.SYNC), "ok")
        starts.append(cursor + reply.skipped)
        equal("start of a page", starts[-1], colleague.cursor)
        colleague.take_feed(reply.feed, starts[-1])
    equal("no page after the last", (reply.flags & c.MORE, len(set(starts))), (0, 4))
    equal("pulled by pages", [s.hash for s in colleague.feed.values() if s.device == agent.device],
          [c.open_segment(s).hash for s in agent.log])


def pipelining(f: Fixture) -> None:
    agent = f.laptop(f.first)
    for n in range(1, 9):
        agent.log.append(agent.seal([f.project(agent, n)]))
    replies = agent.push_all(agent.log)
    equal("eight at once", [r.status for r in replies], ["ok"] * 8)
    covered(agent, *agent.head(), 8)
    replies = agent.push_all(agent.log)
    equal("the same eight again", [r.status for r in replies], ["ok"] * 8)
    covered(agent, *agent.head(), 8)

    for n in range(9, 12):
        agent.log.append(agent.seal([f.project(agent, n)]))
    replies = agent.push_all(agent.log[9:])
    equal("behind a hole", [r.status for r in replies], ["gap", "gap"])
    equal("head told", (replies[0].flags & c.HEAD_TOLD, replies[0].head_seq, replies[0].head_mark),
          (c.HEAD_TOLD, 8, c.mark(c.open_segment(agent.log[7]).hash)))
    replies = agent.push_all(agent.log[8:])
    equal("from the head told", [r.status for r in replies], ["ok"] * 3)
    covered(agent, *agent.head(), 11)


def forks(f: Fixture) -> None:
    agent = f.laptop(f.first)
    push(agent, [f.project(agent, 1)])
    push(agent, [f.project(agent, 2)])
    truth = agent.head()
    first = c.open_segment(agent.log[0])
    twin = agent.seal([f.project(agent, 2, "Autre")], previous=first.hash)
    reply = status("another segment 2", agent.sync(twin), "fork")
    equal("head told", (reply.flags & c.HEAD_TOLD, reply.head_seq, reply.head_mark),
          (c.HEAD_TOLD, 2, c.mark(truth[1])))
    orphan = agent.seal([f.project(agent, 3)], previous=bytes([9]) * 32)
    status("a segment after another", agent.sync(orphan), "fork")
    values = {**agent.sync_values(), "head_mark": b"12345678"}
    reply = status("another mark, no segment", agent.session.ask(c.SYNC, **values), "fork")
    equal("head told again", (reply.head_seq, reply.head_mark), (2, c.mark(truth[1])))
    agent.log.append(agent.seal([f.project(agent, 3)]))
    values = {**agent.sync_values(agent.log[-1]), "head_mark": b"12345678"}
    status("another mark than its segment's", agent.session.ask(c.SYNC, **values), "fork")
    status("the same with its mark", agent.sync(agent.log[-1]), "ok")
    covered(agent, *agent.head(), 3)


def refusals(f: Fixture) -> None:
    agent, colleague = f.laptop(f.first), f.laptop(f.first)
    push(agent, [f.project(agent, 1)])
    held = agent.head()

    def answered(what: str, segment: bytes, *expected: str) -> None:
        """The server says one of these, and its copy of the log has not moved."""
        values = {**agent.sync_values(), "segment": segment, "head_seq": 2,
                  "head_mark": b"12345678"}
        reply = agent.session.ask(c.SYNC, **values)
        if reply.status not in expected:
            raise AssertionError(f"status of {what}: {reply.status}, expected {expected}")
        equal(f"head after {what}", (reply.flags & c.HEAD_TOLD, reply.head_seq, reply.head_mark),
              (c.HEAD_TOLD, 1, c.mark(held[1])))

    def change(**other: Any) -> c.Change:
        return replace(f.project(agent, 2), **other)

    answered("other organisation's audience", agent.seal([change()], audience=f.second), "refused")
    answered("everybody's audience", agent.seal([change()], audience=c.EVERYBODY), "refused")
    answered("colleague's segment", colleague.seal([f.project(colleague, 1)]), "refused")
    good = agent.seal([change()])
    answered("altered signature", good[:-1] + bytes([good[-1] ^ 1]), "refused")
    answered("altered body", good[:-70] + bytes([good[-70] ^ 1]) + good[-69:], "refused")
    ahead = c.now_ms() + 10 * MINUTE
    answered("stamp ahead", agent.seal([change(ms=ahead)]), "clock_ahead")
    answered("cut segment", good[:-1], "malformed")
    answered("segment with a byte more", good + b"\0", "malformed")
    answered("another version of segments", b"\x02" + good[1:], "upgrade_required")
    hole = [change(), f.project(agent, 4)]
    answered("sequences with a hole", agent.seal(hole), "malformed")
    nul = change(ops=(c.Op(3, c.TEXT, "a\0b"),))
    answered("text with NUL", agent.seal([nul]), "malformed")
    unknown = change(ops=(c.Op(3, 5),))
    answered("unknown kind of value", agent.seal([unknown]), "malformed")
    ceiling = ("malformed", "too_large")
    long_text = change(ops=(c.Op(3, c.TEXT, "a" * 16385),))
    answered("text above its limit", agent.seal([long_text]), *ceiling)
    bases = tuple(c.dot(9, n) for n in range(1, 18))
    edit = agent.change(2, PROJECT, [c.Op(3, c.TEXT, "a", bases)], c.dot(agent.device, 1))
    answered("more than 16 bases", agent.seal([edit]), *ceiling)
    many = change(ops=tuple(c.Op(number, c.NOTHING) for number in range(1, 66)))
    answered("more than 64 ops", agent.seal([many]), *ceiling)
    text = c.Op(3, c.TEXT, "a" * 16000)
    huge = [replace(f.project(agent, n), ops=(text,)) for n in range(2, 80)]
    answered("body above its limit", agent.seal(huge), *ceiling)
    agent.log.append(agent.seal([change(ms=c.now_ms() + 4 * MINUTE)]))
    status("stamp within 5 minutes", agent.sync(agent.log[-1]), "ok")
    covered(agent, *agent.head(), 2)


def malformed_requests(f: Fixture) -> None:
    agent = f.laptop(f.first)
    session = agent.session

    def raw(what: str, data: bytes, kind: int, expected: str) -> None:
        nothing_but(what, session.finish(session.begin(lambda _: data), kind), expected)

    idle = c.write_request(c.Message(c.SYNC, agent.sync_values()))
    raw("byte left over", idle + b"\0", c.SYNC, "malformed")
    raw("cut request", idle[:-1], c.SYNC, "malformed")
    raw("long number", bytes([c.SYNC, 0x81, 0x00, 0]), c.SYNC, "malformed")
    raw("field there and zero", bytes([c.SYNC, 1, 1, 0]), c.SYNC, "malformed")
    raw("bit beyond the list", bytes([c.GET, 1, 8]), c.GET, "malformed")
    raw("another version", bytes([c.SYNC, 2, 0]), c.SYNC, "upgrade_required")
    raw("unknown type", bytes([9, 1, 0]), c.SYNC, "malformed")
    raw("empty request", b"", c.SYNC, "malformed")

    connection = session.connection
    for what, payload in (("no kind", b""), ("unknown kind", b"\x09"), ("a reply", b"\x02"),
                          ("key wanted with more", b"\x03\x00"),
                          ("short message", bytes([1] * 96))):
        connection.send(payload)
        equal(what, c.STATUS_NAMES[connection.receive()[1]], "malformed")
    connection.send(bytes([1] * 97))
    equal("message that does not open", connection.receive()[:1], bytes([c.KEY]))
    status("sync after all that", agent.sync(), "ok")

    with f.server.connect() as other:
        other.send_raw(b"GET / HTTP/1.1\r\n\r\n")
        refuses("something else than frames", ConnectionError, other.receive)
    with f.server.connect() as other:
        other.send_raw(b"PIC1\x00\x00\x01\x00")
        refuses("frame above its limit", ConnectionError, other.receive)


def verified(f: Fixture) -> None:
    """The program finds nothing wrong with what it was sent."""
    equal("server's end", f.server.stop(), 0)
    f.server.run("verifier")


def stale_key(f: Fixture) -> None:
    agent = f.laptop(f.first)
    current = agent.session.transport
    old = replace(current, key=c.BoxKey().public, valid_from=current.valid_from - 1)
    agent.session.transport = old
    status("sync under a stale key", agent.sync(), "ok")
    equal("key taken up", agent.session.transport, current)
    agent.session.transport = replace(old, valid_from=current.valid_from)
    refuses("key that is not newer", c.Distrust, agent.sync)
    agent.session.transport = replace(old, identity=c.SignKey().public)
    refuses("key of another server", c.Distrust, agent.sync)


def documents(f: Fixture) -> None:
    agent, colleague, other = f.laptop(f.first), f.laptop(f.first), f.laptop(f.second)
    small, large = b"une photo", os.urandom(3 * c.PART_MAX + 17)
    push(agent, [f.project(agent, 1)])

    def ask(who: c.Agent, kind: int, **values: Any) -> c.Message:
        return who.session.ask(kind, hash=c.H(large), **values)

    nothing_but("document that nobody waits for", agent.put(small), "refused")
    attached = [agent.change(n, DOCUMENT, [c.Op(2, c.REFERENCE, c.dot(agent.device, 1)),
                                           c.Op(3, c.BYTES, c.H(data))])
                for n, data in ((2, small), (3, large))]
    push(agent, attached)
    equal("wanted", set(agent.wanted), {c.H(small), c.H(large)})
    colleague.pull_all()
    equal("wanted of another device", colleague.wanted, [])

    total = len(large)
    nothing_but("ask for what is held", ask(agent, c.PUT, total=total), "ok")
    nothing_but("no total", ask(agent, c.PUT), "malformed")
    nothing_but("part beyond the total",
                ask(agent, c.PUT, total=total, offset=total, bytes=b"x"), "malformed")
    part = large[:1000]
    reply = status("first part", ask(agent, c.PUT, total=total, bytes=part), "ok")
    equal("held", (reply.held, reply.complete), (1000, 0))
    reply = ask(agent, c.PUT, total=total, offset=2000, bytes=large[2000:3000])
    equal("part after a hole", (reply.status, reply.held), ("gap", 1000))
    reply = status("part again", ask(agent, c.PUT, total=total, bytes=part), "ok")
    equal("held still", reply.held, 1000)
    nothing_but("document in parts, too early", ask(agent, c.GET, max=10), "not_found")
    reply = status("the rest", agent.put(large, start=1000), "ok")
    equal("whole", (reply.held, reply.complete), (total, 1))
    reply = status("whole again", agent.put(large), "ok")
    equal("whole still", (reply.held, reply.complete), (total, 1))
    damaged = {"hash": c.H(small), "total": len(small), "bytes": b"une phote"}
    nothing_but("damaged document", agent.session.ask(c.PUT, **damaged), "wrong_hash")
    equal("small document", agent.put(small, part=4).complete, 1)

    status("sync after documents", agent.sync(), "ok")
    equal("nothing wanted", agent.wanted, [])
    equal("documents of the receipt", (agent.receipt.documents, agent.receipt.digest),
          (2, c.documents_digest([c.H(large), c.H(small)])))

    equal("document fetched", agent.get(c.H(large)), large)
    equal("document of a colleague", colleague.get(c.H(large), part=7777), large)
    reply = status("at the end", ask(agent, c.GET, offset=total, max=1), "ok")
    equal("the end", (reply.total, reply.bytes), (total, b""))
    nothing_but("no maximum", ask(agent, c.GET), "malformed")
    nothing_but("document of another organisation", ask(other, c.GET, max=10), "not_found")
    unknown = agent.session.ask(c.GET, hash=c.H(b"?"), max=10)
    nothing_but("unknown document", unknown, "not_found")


def restart(f: Fixture) -> None:
    """Another process over the same folder holds the same, and says the same."""
    agent = f.laptop(f.first)
    push(agent, [f.project(agent, 1)])
    receipt = agent.receipt
    equal("server's end", f.server.stop(), 0)
    f.server.start()
    agent.session.connection = f.server.connect()
    status("segment again", agent.sync(agent.log[0]), "ok")
    equal("same receipt", replace(agent.receipt, number=0, time=0, signature=b""),
          replace(receipt, number=0, time=0, signature=b""))
    push(agent, [f.project(agent, 2)])


def restored(f: Fixture) -> None:
    """The server goes back to an older copy of its folder, and the laptop mends it."""
    agent = f.laptop(f.first)
    push(agent, [f.project(agent, 1)])
    agent.pull_all()
    equal("server's end", f.server.stop(), 0)
    f.server.copy("serveur", "copie")
    f.server.start()
    agent.session.connection = f.server.connect()
    for n in range(2, 6):
        push(agent, [f.project(agent, n)])
    f.laptop(f.first)
    agent.pull_all()
    held = agent.receipt
    equal("server's end", f.server.stop(), 0)
    f.server.copy("copie", "serveur")
    f.server.start()
    agent.session.connection = f.server.connect()

    reply = agent.session.ask(c.SYNC, **agent.sync_values())
    status("sync with a restored server", reply, "ok")
    equal("head told", (reply.flags & c.HEAD_TOLD, reply.head_seq, reply.head_mark),
          (c.HEAD_TOLD, 1, c.mark(c.open_segment(agent.log[0]).hash)))
    equal("restart", reply.flags & c.RESTART, c.RESTART)
    agent.take_reply(reply)
    now = agent.receipts[-1]
    equal("receipt of the server as it is now", (now.seq, now.number < held.number), (1, True))
    replies = agent.push_all(agent.log[1:])
    equal("what was lost", [r.status for r in replies], ["ok"] * 4)
    covered(agent, *agent.head(), 5)


def retirement(f: Fixture) -> None:
    agent = f.laptop(f.first)
    photo = b"une photo en retard"
    push(agent, [f.project(agent, 1)])
    push(agent, [agent.change(2, DOCUMENT, [c.Op(2, c.REFERENCE, c.dot(agent.device, 1)),
                                            c.Op(3, c.BYTES, c.H(photo))])])
    held = agent.head()
    f.server.run("agent", "desactiver", str(agent.device), "--motif", "volé")
    values = {**agent.sync_values(), "receipt": 0}
    reply = status("sync of a retired device", agent.session.ask(c.SYNC, **values), "revoked")
    equal("feed of a retired device", reply.feed, [])
    agent.take_receipt(reply.receipt)
    covered(agent, *held, 2)
    agent.log.append(agent.seal([f.project(agent, 3)]))
    status("push of a retired device", agent.sync(agent.log[-1]), "revoked")
    covered(agent, *held, 2)
    equal("late document", agent.put(photo).complete, 1)
    status("sync after it", agent.sync(), "revoked")
    covered(agent, *held, 2)
    equal("documents of a retired device", agent.receipt.documents, 1)
    nothing_but("get of a retired device",
                agent.session.ask(c.GET, hash=c.H(photo), max=10), "revoked")
    nothing_but("put of what nobody waits for", agent.put(b"autre"), "refused")
    colleague = f.laptop(f.first)
    told = {op.field: op.value for s in colleague.feed.values() for ch in s.changes
            if ch.entity == c.DEVICE_ENTITY and not ch.creates for op in ch.ops}
    equal("retired in the feed", told, {1: "volé", 9: 1, 10: 2})


TOPICS = (enrolment, push_and_pull, pages, pipelining, forks, refusals, malformed_requests,
          stale_key, documents, restart, restored, retirement, verified)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(sys.argv[1], Path(folder))
        try:
            f = Fixture(server)
            failed = 0
            for topic in TOPICS:
                try:
                    topic(f)
                except (AssertionError, c.Malformed, c.Distrust, c.NotDone) as error:
                    print(f"{topic.__name__}: {error}")
                    failed += 1
            equal("server's end", server.stop(), 0)
        finally:
            server.stop()
        print(f"{len(TOPICS)} topics, {failed} failed")
        sys.exit(failed != 0)


if __name__ == "__main__":
    main()
