#!/usr/bin/python3
"""theft.py PIC PIC_SERVER: a stolen laptop names nobody and opens nothing, on the real programs.

The folder is read byte by byte: database, write-ahead log, documents, temporary files, and the core
that a crash does not leave. What the thief must not find: names of people, receipts, keys, and the
passphrase. Then the owner's commands: locking, changing the passphrase, and the exit codes.
"""
import os
import pty
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import stage as s

PERSON = "Nadia Benkhedda ; 12/03/1987 ; 06 12 34 56 78"
RECEIPT = b"\x89PIC-RECEIPT facture Pepiniere du Nord 345,10 euros " * 4000  # several chunks
NEW_PASSPHRASE = "lampe tortue violon marée"


def everything(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def finds_nothing(folder: Path, needles: list[bytes]) -> None:
    for path, content in everything(folder).items():
        for needle in needles:
            s.check(f"{path.relative_to(folder)} holds {needle[:40]!r}", needle not in content)


def secrets_of(laptop: s.Laptop, passphrase: str) -> list[bytes]:
    """The three secret keys, out of cles.pic with the passphrase: what must be nowhere else."""
    import ctypes
    import ctypes.util
    sodium = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
    vault = (laptop.folder / "cles.pic").read_bytes()
    passes = int.from_bytes(vault[5:9], "little")
    memory = int.from_bytes(vault[9:13], "little") * 1024
    s.check(f"{passes} passes over {memory} bytes", passes >= 5 and memory >= 7 << 20)
    key = ctypes.create_string_buffer(32)
    typed = passphrase.encode()
    s.equal("argon2id", sodium.crypto_pwhash(
        key, ctypes.c_ulonglong(32), typed, ctypes.c_ulonglong(len(typed)), vault[13:29],
        ctypes.c_ulonglong(passes), ctypes.c_size_t(memory), 2), 0)
    out = ctypes.create_string_buffer(len(vault))
    size = ctypes.c_ulonglong()
    s.equal("the vault opens", sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
        out, ctypes.byref(size), None, vault[53:], ctypes.c_ulonglong(len(vault) - 53), vault[:53],
        ctypes.c_ulonglong(53), vault[29:53], key), 0)
    plain = out.raw[:size.value]
    return [plain[1:33], plain[33:65], plain[65:97]]


class Asked:
    """A program at a terminal of its own, that answers what it is asked."""

    def __init__(self, stage: s.Stage, folder: Path, *words: str):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execve(stage.pic, [stage.pic, "--dossier", str(folder), *words], stage.environment)
        self.said = ""

    def answer(self, question: str, text: str) -> None:
        end = time.monotonic() + s.PATIENCE
        while question not in self.said and time.monotonic() < end:
            try:
                self.said += os.read(self.terminal, 4096).decode(errors="replace")
            except OSError:
                break
        s.check(f"never asked {question!r}: {self.said}", question in self.said)
        self.said = self.said.split(question, 1)[1]
        time.sleep(0.1)  # until the echo is off
        os.write(self.terminal, text.encode() + b"\n")

    def end(self) -> int:
        try:
            while chunk := os.read(self.terminal, 4096):
                self.said += chunk.decode(errors="replace")
        except OSError:
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_theft(stage: s.Stage, laptop: s.Laptop) -> None:
    project = laptop.project("Jardin partagé", "--personne", PERSON)
    laptop.new("participant", "ajouter", "--objet", project, "--identite", PERSON)
    (stage.base / "ticket.jpg").write_bytes(RECEIPT)
    expense = laptop.new("depense", "ajouter", "--projet", project, "--fournisseur", "Dupont",
                         "--date-facture", "12/03/2026", "--montant", "345,10",
                         "--justificatif", stage.base / "ticket.jpg")
    piece = laptop.new("justificatif", "joindre", stage.base / "ticket.jpg", "--depense", expense)
    needles = [b"Benkhedda", b"BENKHEDDA", b"06 12 34 56 78", RECEIPT[:24], RECEIPT[1000:1024],
               s.PASSPHRASE.encode(), *secrets_of(laptop, s.PASSPHRASE)]
    for when in ("before it is sent", "after it was sent"):
        stolen = stage.base / f"stolen {when}"
        shutil.copytree(laptop.folder, stolen)
        s.check("nothing was stolen", sum(map(len, everything(stolen).values())) > len(RECEIPT))
        finds_nothing(stolen, needles)
        # The thief's own pic opens nothing either.
        thief = s.Program(stage, stage.pic, stolen)
        thief.run("identite", "voir", project).ended(11)
        thief.run("justificatif", "voir", piece, "--fichier", stage.base / "copy").ended(11)
        (stage.base / "guess").write_text("quatre mots mal choisis\n")
        thief.run("--phrase-fichier", stage.base / "guess", "sync").ended(12)
        laptop.sync_until_quiet()
    held = laptop.ok("justificatif", "voir", piece, "--fichier", stage.base / "back.jpg")
    s.equal(f"the receipt for its owner {held.err}", (stage.base / "back.jpg").read_bytes(), RECEIPT)
    s.equal("the name for its owner", laptop.ok("--json", "identite", "voir", project).json(),
            [{"champ": "Personne responsable", "identite": PERSON}])


def unlimited_cores() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def test_no_core(stage: s.Stage, laptop: s.Laptop) -> None:
    """A program that dies while it holds the keys leaves no core, and nobody may look into it."""
    laptop.ok("verrouiller")
    here = stage.base / "where it dies"
    here.mkdir()
    fifo = stage.base / "fifo"
    os.mkfifo(fifo)
    command = [stage.pic, "--dossier", str(laptop.folder), "--non-interactif", "--phrase-fichier",
               str(fifo), "sync"]
    process = subprocess.Popen(command, env=stage.environment, cwd=here, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, preexec_fn=unlimited_cores)
    with fifo.open("w"):  # it is reading: well past its start
        limits = Path(f"/proc/{process.pid}/limits").read_text()
        s.check(limits, re.search(r"^Max core file size +0 +0 ", limits, re.M))
        said = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        s.check("a secret among the arguments", s.PASSPHRASE.encode() not in said)
        process.send_signal(signal.SIGABRT)
        process.wait(s.PATIENCE)
    s.equal("what it left", list(here.iterdir()), [])


def test_locking(stage: s.Stage, laptop: s.Laptop) -> None:
    bare = s.Program(stage, stage.pic, laptop.folder)
    laptop.ok("sync")
    bare.ok("sync")  # unlocked: nobody is asked
    bare.ok("verrouiller")
    s.check("locked twice", "déjà" in bare.ok("verrouiller").err)
    bare.run("sync").ended(11)
    finds_nothing(stage.runtime, secrets_of(laptop, s.PASSPHRASE))


def test_changing(stage: s.Stage, laptop: s.Laptop) -> None:
    (stage.base / "new").write_text(NEW_PASSPHRASE + "\n")
    (stage.base / "wrong").write_text("quatre mots mal choisis\n")
    bare = s.Program(stage, stage.pic, laptop.folder)
    before = (laptop.folder / "cles.pic").read_bytes()
    keys = secrets_of(laptop, s.PASSPHRASE)
    bare.run("--phrase-fichier", stage.base / "wrong", "phrase", "--nouvelle",
             stage.base / "new").ended(12)
    s.equal("a wrong passphrase changes nothing", (laptop.folder / "cles.pic").read_bytes(), before)
    hard_link = stage.base / "old blocks"
    os.link(laptop.folder / "cles.pic", hard_link)  # still names the blocks that were replaced
    laptop.ok("phrase", "--nouvelle", stage.base / "new")
    s.check("the old key file is left behind", before[53:] not in hard_link.read_bytes())
    hard_link.unlink()
    s.equal("files of keys", [path.name for path in laptop.folder.glob("cles*")], ["cles.pic"])
    laptop.ok("verrouiller")
    laptop.run("sync").ended(12)
    bare.run("--phrase-fichier", stage.base / "new", "sync").ended(0)
    s.equal("the keys under it", secrets_of(laptop, NEW_PASSPHRASE), keys)
    (stage.base / "phrase").write_text(NEW_PASSPHRASE + "\n")


def test_asking(stage: s.Stage) -> None:
    """At a terminal: twice, and again when the two are not the same; never shown."""
    asked = Asked(stage, stage.base / "asked", "init", "--invitation",
                  str(stage.invite(s.ASSOCIATION, "saisie")), "--nom", "Samira", "--oui")
    asked.answer("4 mots ou plus", s.PASSPHRASE)
    asked.answer("encore une fois", "quatre autres mots ici")
    asked.answer("4 mots ou plus", s.PASSPHRASE)
    asked.answer("encore une fois", s.PASSPHRASE)
    s.equal(f"init at a terminal: {asked.said}", asked.end(), 0)
    s.check("the passphrase was shown", s.PASSPHRASE not in asked.said)
    s.Program(stage, stage.pic, stage.base / "asked").ok("verrouiller")


def test(stage: s.Stage, _: list[str]) -> None:
    server = stage.open()
    server.serve()
    laptop = s.Laptop(stage, "bureau").enrol()
    test_theft(stage, laptop)
    test_no_core(stage, laptop)
    test_locking(stage, laptop)
    test_changing(stage, laptop)
    test_asking(stage)
    server.verify()
    print("ok")


if __name__ == "__main__":
    s.main(test)
    sys.exit(0)
