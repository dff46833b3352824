#!/usr/bin/python3
"""attack.py PIC PIC_SERVER [--seconds N]: a hostile network, while honest laptops synchronise.

Garbage requests as fast as they can be sent, from the very address of the laptops; a day of traffic
said again; frames of an older protocol; guesses of invitation codes.
"""
import json
import os
import socket
import threading
import time

import bad_input
import stage as s

SECONDS, FLOODERS, FRAMES_AT_ONCE, LAPTOPS, GUESSES = 6, 4, 256, 3, 40


def frame(payload: bytes) -> bytes:
    return b"PIC1" + len(payload).to_bytes(4, "little") + payload


def noise() -> bytes:
    """A frame that looks like a request up to the moment when it is opened."""
    return frame(b"\x01" + os.urandom(150))


class Flood(threading.Thread):
    """Sends garbage without waiting, reads what comes, dials again when it is cut."""

    def __init__(self, port: int, ending: threading.Event):
        super().__init__(daemon=True)
        self.port, self.ending = port, ending
        self.sent = self.cut = self.heard = 0
        self.bunch = b"".join(noise() for _ in range(FRAMES_AT_ONCE))

    def run(self) -> None:
        while not self.ending.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as line:
                    line.setblocking(False)
                    self.pour(line)
            except OSError:
                self.cut += 1

    def pour(self, line: socket.socket) -> None:
        rest = b""
        while not self.ending.is_set():
            rest = rest or self.bunch
            try:
                n = line.send(rest)
                rest = rest[n:]
                self.sent += n / len(self.bunch) * FRAMES_AT_ONCE
            except BlockingIOError:
                time.sleep(0.0005)
            try:
                while got := line.recv(1 << 16):
                    self.heard += len(got)
                raise ConnectionResetError
            except BlockingIOError:
                pass


def count(server: s.Server, name: str) -> int:
    lines = [json.loads(line) for line in server.errors.read_text().splitlines()]
    return [e for e in lines if e["ev"] == "compte"][-1][name]


def flood(stage: s.Stage, laptops: list[s.Laptop], seconds: int) -> None:
    """Twice: with every garbage request answered, and as the service is set."""
    server = stage.server
    for what, limit in (("all answered", "1000000"), ("limited", "20")):
        server.stop()
        server.environment["PIC_SERVER_ECHECS_PAR_ADRESSE"] = limit
        server.serve()
        ending = threading.Event()
        floods = [Flood(server.port, ending) for _ in range(FLOODERS)]
        for thread in floods:
            thread.start()
        began = time.monotonic()
        syncs, slowest = 0, 0.0
        while time.monotonic() - began < seconds or syncs < 2 * LAPTOPS:
            for laptop in laptops:
                laptop.project(f"{what} {syncs}")
                at = time.monotonic()
                done = laptop.run("sync")
                slowest = max(slowest, time.monotonic() - at)
                s.check(f"sync amid a flood: {done.code} {done.err}", done.code == 0)
                syncs += 1
        lasted = time.monotonic() - began
        ending.set()
        for thread in floods:
            thread.join()
        server.stop()
        offered = sum(f.sent for f in floods) / lasted
        answered, cut = count(server, "refusees") / lasted, count(server, "coupees")
        sent = f"{offered:.0f} garbage requests a second sent, " if cut == 0 else ""
        print(f"# {what}: {sent}{answered:.0f} a second answered, "
              f"{cut} connections cut; {syncs} honest syncs, 0 failed, slowest {slowest:.2f} s")
        s.check("limits", (cut > 0) == (limit == "20"))
    server.environment.clear()
    server.serve()


def replay(stage: s.Stage) -> None:
    """What a laptop said in a day, twice again and shuffled: the same state, the same receipts."""
    server = stage.server
    line = bad_input.Recorder(server.port)
    code = server.ok("--json", "association", "inviter", s.ASSOCIATION, "--role", "tresorerie",
                     "--fichier", stage.base / "rejeu.picx").json()["code"]
    laptop = s.Laptop(stage, "rejoue")
    laptop.ok("init", "--code", code, "--serveur", f"tcp://127.0.0.1:{line.port}", "--nom", "r",
              "--oui")
    for i in range(4):
        laptop.project(f"À rejouer {i}")
        laptop.sync_until_quiet()
    time.sleep(1.2) # the state follows

    def digest() -> tuple:
        row = server.ok("--json", "verifier", "--tout").json()
        return row["empreinte"], row["segments"], row["accuses"], row["appareils"]

    before = digest()
    said = [bytes(heard) for heard in line.said]
    for data in said + said[::-1]:
        bad_input.say(server.port, data)
    time.sleep(1.2)
    s.equal("after a day of traffic was said again", digest(), before)
    laptop.sync_until_quiet()
    s.equal("and the laptop goes on", digest()[0], before[0])
    print(f"# {sum(map(len, said))} bytes of {len(said)} connections said twice again: same digest")


def ask(port: int, data: bytes) -> bytes:
    out = b""
    with socket.create_connection(("127.0.0.1", port), timeout=s.PATIENCE) as line:
        try:
            line.sendall(data)
            line.shutdown(socket.SHUT_WR)
            while got := line.recv(65536):
                out += got
        except TimeoutError:
            raise
        except OSError: # cut for what was said, maybe before all of it was
            pass
    return out


def downgrade(stage: s.Stage) -> None:
    """No other protocol is spoken: not an older magic, not the kinds that nobody defined. In clear a
    server says its signed key or a bare status, and nothing else."""
    port = stage.server.port
    for magic in (b"PIC0", b"PIC2", b"pic1", b"\x00\x00\x00\x00"):
        s.equal(f"magic {magic!r}", ask(port, magic + (1).to_bytes(4, "little") + b"\x01"), b"")
    kinds = {kind: ask(port, frame(bytes([kind]) + os.urandom(120)))[8:9] for kind in range(256)}
    s.check(f"kinds of answers: {set(kinds.values())}", set(kinds.values()) <= {b"\x04", b"\x05"})
    print(f"# 4 other magics unanswered, 256 kinds of frames: "
          f"{len(set(kinds.values()))} kinds of answers, both in clear and without data")


def guesses(stage: s.Stage) -> None:
    """Codes that nobody gave: each refused in the same words, and the one that was given works."""
    url = f"tcp://127.0.0.1:{stage.server.port}"
    good = stage.server.ok("--json", "association", "inviter", s.ASSOCIATION, "--role", "saisie",
                           "--fichier", stage.base / "bon.picx").json()["code"]
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    said = set()
    for i in range(GUESSES):
        at = -1 - i % 3
        other = alphabet[(alphabet.index(good[at]) + 1 + i // 3) % 32]
        code = good[:len(good) + at] + other + (good[at + 1:] if at < -1 else "")
        laptop = s.Laptop(stage, f"devine-{i}")
        done = laptop.run("init", "--code", code, "--serveur", url, "--nom", "x", "--oui")
        s.check(f"{code}: {done.code} {done.err}", done.code == 15)
        said.add(done.err.splitlines()[-1])
    s.equal("one answer for all", len(said), 1)
    s.Laptop(stage, "invite").ok("init", "--code", good, "--serveur", url, "--nom", "x", "--oui")
    print(f"# {GUESSES} guesses refused in the same words")


def test(stage: s.Stage, arguments: list[str]) -> None:
    seconds = int(arguments[arguments.index("--seconds") + 1]) if "--seconds" in arguments \
        else SECONDS
    stage.open().serve()
    laptops = [s.Laptop(stage, f"honnete-{i}").enrol() for i in range(LAPTOPS)]
    flood(stage, laptops, seconds)
    for act in (replay, downgrade, guesses):
        act(stage)
        print(f"ok - {act.__name__}")
    for laptop in laptops:
        laptop.sync_until_quiet()
    stage.server.verify()


if __name__ == "__main__":
    s.main(test)
