"""The real programs on loopback, in one temporary folder: a server, its central team, laptops.

What ends with a code is compared with what it should have been; every word that a program said on
stderr is kept, so that a sanitizer in any process, killed ones too, fails the test.
"""
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

PATIENCE = 60
PASSPHRASE = "quatre mots bien choisis"
FUND = "PIC Méricourt 2026"
ASSOCIATION = "ADCM, Méricourt"


def fail(what: str) -> None:
    raise AssertionError(what)


def equal(what: str, got: object, expected: object) -> None:
    if got != expected:
        fail(f"{what}: got {got!r:.600}, expected {expected!r:.600}")


def check(what: str, good: object) -> None:
    if not good:
        fail(what)


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Done:
    """How a command ended. killed: by us, before it could end."""

    def __init__(self, words: tuple, code: int, out: bytes, err: bytes):
        self.words = words
        self.code = code
        self.out = out.decode(errors="replace")
        self.err = err.decode(errors="replace")
        self.killed = code == -signal.SIGKILL
        if "Sanitizer" in self.err or "runtime error" in self.err:
            fail(f"{words}: {self.err}")
        if code < 0 and not self.killed:
            fail(f"{words}: signal {-code}: {self.err}")

    def ended(self, code: int) -> "Done":
        if self.code != code:
            fail(f"{self.words!s:.300} ended with {self.code}, not {code}:\n{self.out}{self.err}")
        return self

    def json(self) -> Any:
        return json.loads(self.out)


class Program:
    """One program on one folder."""

    def __init__(self, stage: "Stage", program: str, folder: Path, *common: str):
        self.stage = stage
        self.folder = folder
        self.command = [program, "--dossier", str(folder), "--non-interactif", *common]
        self.environment: dict[str, str] = {}

    def start(self, *words: Any, **more: Any) -> subprocess.Popen:
        return subprocess.Popen([*self.command, *words], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                env={**self.stage.environment, **self.environment}, **more)

    def run(self, *words: Any, kill_after: float | None = None, **more: Any) -> Done:
        """Runs it; with kill_after, in seconds, kill -9 falls on it then if it still lives."""
        process = self.start(*words, **more)
        timer = None
        if kill_after is not None:
            timer = threading.Timer(kill_after, process.kill)
            timer.start()
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            fail(f"{words!s:.300} does not end")
        if timer is not None:
            timer.cancel()
        return Done(words, process.returncode, out, err)

    def ok(self, *words: Any) -> Done:
        return self.run(*words).ended(0)

    def new(self, *words: Any) -> str:
        """The number of what was recorded."""
        return self.ok("--json", *words).json()["numero"]

    def rows(self, entity: str) -> list[dict[str, Any]]:
        return self.ok("--json", entity, "liste").json()


class Laptop(Program):
    def __init__(self, stage: "Stage", name: str):
        super().__init__(stage, stage.pic, stage.base / name,
                         "--phrase-fichier", str(stage.base / "phrase"))

    def enrol(self, association: str = ASSOCIATION, role: str = "tresorerie") -> "Laptop":
        invitation = self.stage.invite(association, role)
        self.ok("init", "--invitation", invitation, "--nom", self.folder.name, "--oui")
        return self

    def status(self) -> dict[str, Any]:
        done = self.run("statut", "--json")
        check(f"statut ends with {done.code}: {done.err}", done.code in (0, 3, 20))
        return done.json()

    def project(self, title: str, *words: Any) -> str:
        return self.new("projet", "ajouter", "--fonds", FUND, "--titre", title, *words)

    def titles(self) -> list[str]:
        return [row["titre"] for row in self.rows("projet")]

    def sync_until_quiet(self) -> None:
        for _ in range(20):
            before = self.run("--json", "sync")
            check(f"sync: {before.code} {before.err}", before.code in (0, 3, 20))
            if self.status()["etat"] in ("recu", "rien"):
                return
        fail(f"{self.folder.name} never comes to rest: {self.status()}")


class Server(Program):
    def __init__(self, stage: "Stage", address: str, port: int):
        super().__init__(stage, stage.pic_server, stage.base / "region")
        self.port = port
        self.errors = stage.base / "serve.log"
        self.process: subprocess.Popen | None = None
        self.ok("init", "--nom", "Région d'essai", "--adresse", address,
                "--autorite-sortie", stage.base / "autorite")

    def serve(self) -> None:
        port_file = self.stage.base / "port"
        port_file.unlink(missing_ok=True)
        with self.errors.open("ab") as errors:
            self.process = subprocess.Popen(
                [*self.command, "serve", "--ecoute", f"tcp://127.0.0.1:{self.port}",
                 "--port-fichier", str(port_file)],
                stdout=subprocess.DEVNULL, stderr=errors, stdin=subprocess.DEVNULL,
                env={**self.stage.environment, **self.environment})
        end = time.monotonic() + PATIENCE
        while not port_file.exists() and self.process.poll() is None and time.monotonic() < end:
            time.sleep(0.005)
        check(f"no server: {self.errors.read_text()}", port_file.exists())

    def lives(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        check("the server ended by itself", self.lives())
        assert self.process is not None
        self.process.kill()
        self.process.wait(PATIENCE)
        self.process = None

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            equal("a server that is asked to end", self.process.wait(PATIENCE), 0)
            self.process = None
        if self.errors.exists():
            said = self.errors.read_text(errors="replace")
            check(said, "Sanitizer" not in said and "runtime error" not in said)

    def rows(self, entity: str) -> list[dict[str, Any]]:
        return self.ok("--json", entity, "liste", "--limite", "1000000").json()

    def verify(self) -> None:
        self.ok("verifier", "--tout")


class Stage:
    """with Stage(PIC, PIC_SERVER) as stage: everything is stopped and removed at the end."""

    def __init__(self, pic: str, pic_server: str):
        self.pic = str(Path(pic).resolve())
        self.pic_server = str(Path(pic_server).resolve())
        self.base = Path(tempfile.mkdtemp(prefix="pic-stage-"))
        self.environment = {"PATH": os.environ["PATH"], "TZ": "Europe/Paris", "LC_ALL": "C.UTF-8",
                            "HOME": str(self.base)}
        # In memory, as on a laptop: where keys stay for a while if the kernel has no keyring.
        memory = Path("/dev/shm")
        self.runtime = Path(tempfile.mkdtemp(prefix="pic-run-",
                                             dir=memory if memory.is_dir() else self.base))
        self.environment["XDG_RUNTIME_DIR"] = str(self.runtime)
        self._invitations = 0
        self._children: list[subprocess.Popen] = []
        (self.base / "phrase").write_text(PASSPHRASE + "\n")
        self.server: Server

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        server = getattr(self, "server", None)
        for child in self._children:
            if child.poll() is None:
                child.kill()
                child.wait()
        if server is not None and kind is not None and server.lives():
            server.kill()
        elif server is not None:
            server.stop()
        shutil.rmtree(self.runtime, ignore_errors=True)
        shutil.rmtree(self.base, ignore_errors=True)

    def open(self, address_port: int | None = None) -> Server:
        """A server with one association and its fund. address_port: where invitations point to."""
        port = free_port()
        self.server = Server(self, f"tcp://127.0.0.1:{address_port or port}", port)
        self.add_association(ASSOCIATION, FUND, "QN06245M")
        return self.server

    def add_association(self, name: str, fund: str, territory: str) -> None:
        self.server.ok("organisme", "ajouter", "--nature", "association", "--nom", name)
        self.server.ok("fonds", "ajouter", "--nom", fund, "--cadre", "pic", "--annee", "2026",
                       "--gestionnaire", name, "--territoires", territory)

    def invite(self, association: str, role: str, *words: str) -> Path:
        self._invitations += 1
        path = self.base / f"invitation-{self._invitations}.picx"
        self.server.ok("association", "inviter", association, "--role", role, "--fichier", path,
                       *words)
        return path

    def child(self, *words: Any) -> subprocess.Popen:
        """Any other program, that ends with the stage at the latest."""
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        self._children.append(process)
        return process


def seed_of(arguments: list[str]) -> int:
    """--seed N among the arguments, else 1; said, so that a failure can be played again."""
    seed = int(arguments[arguments.index("--seed") + 1]) if "--seed" in arguments else 1
    print(f"seed {seed}")
    return seed


def generator(arguments: list[str]) -> random.Random:
    return random.Random(seed_of(arguments))


def main(test: Any) -> None:
    """Runs a test of (stage, arguments after the two programs)."""
    with Stage(sys.argv[1], sys.argv[2]) as stage:
        test(stage, sys.argv[3:])
