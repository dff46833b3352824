#!/usr/bin/python3
"""backup.py PIC PIC_SERVER [--kills N] [--seed N]: copies of a server that serves, and what they
are worth.

Made while laptops synchronise, killed at random moments, on a disk that is full, with one bit
flipped anywhere; restored when laptops hold more than the copy; made and rehearsed every day by the
service itself.
"""
import os
import random
import shutil
import subprocess
import threading
import time
from pathlib import Path

import stage as s

KILLS, PHOTO_SIZE, FLIPS_A_FILE = 30, 30000, 3
DAMAGED, FULL, RESERVES = 13, 16, 3


class Play:
    def __init__(self, stage: s.Stage, arguments: list[str]):
        self.random = s.generator(arguments)
        self.kills = int(arguments[arguments.index("--kills") + 1]) if "--kills" in arguments \
            else KILLS
        self.stage = stage
        self.server = stage.open()
        self.store = stage.base / "sauvegardes"
        self.server.serve()
        self.laptops = [s.Laptop(stage, name).enrol() for name in ("bureau", "portable")]
        self.titles: dict[str, str] = {}
        self.turn = 0

    def work(self, laptop: s.Laptop, photos: int = 0) -> None:
        self.turn += 1
        title = f"Projet {self.turn} de {laptop.folder.name}"
        self.titles[title] = laptop.project(title)
        for i in range(photos):
            photo = self.stage.base / f"photo-{self.turn}-{i}.jpg"
            photo.write_bytes(self.random.randbytes(PHOTO_SIZE))
            laptop.ok("justificatif", "joindre", photo, "--objet", self.titles[title])

    def sync_all(self) -> None:
        for laptop in self.laptops * 2:
            laptop.sync_until_quiet()

    def check_totals(self, what: str) -> None:
        for program in (self.server, *self.laptops):
            rows = program.rows("projet")
            s.equal(f"{what}: projects of {program.folder.name}",
                    sorted((r["titre"], r["numero"]) for r in rows), sorted(self.titles.items()))
        self.server.verify()

    def copies(self, prefix: str = "pic-") -> list[Path]:
        return sorted(p for p in self.store.glob(f"{prefix}*"))

    def backup(self) -> Path:
        row = self.server.ok("--json", "sauvegarder", "--vers", str(self.store)).json()
        return Path(row["sauvegarde"])


def online(play: Play) -> None:
    """Copies made amid the traffic are each of one moment: they restore and verify."""
    ending = threading.Event()
    failures: list[BaseException] = []

    def traffic(laptop: s.Laptop) -> None:
        try:
            while not ending.is_set():
                play.work(laptop, 1)
                laptop.run("sync")
        except BaseException as failure:  # pylint: disable=broad-exception-caught
            failures.append(failure)

    threads = [threading.Thread(target=traffic, args=(laptop,)) for laptop in play.laptops]
    for thread in threads:
        thread.start()
    made = []
    for _ in range(4):
        made.append(play.backup())
        play.server.ok("restaurer-essai", "--de", str(play.store))
    ending.set()
    for thread in threads:
        thread.join()
    s.equal("failures of the traffic", failures, [])
    s.equal("each copy has its keys", [p.name[4:] for p in play.copies()],
            [p.name[5:] for p in play.copies("cles-")])
    s.check("no key lies with the data", not list(made[-1].glob("*.key*")))
    play.sync_all()
    play.check_totals("after copies amid traffic")
    print(f"# {len(made)} copies made while {len(play.titles)} projects were being sent, "
          f"each restored and verified")


def older_copy(play: Play) -> None:
    """What came after the copy comes back from the laptops: same totals, nothing twice."""
    play.work(play.laptops[0], 1)
    play.sync_all()
    copy = play.backup()
    for laptop in play.laptops:
        for _ in range(3):
            play.work(laptop, 1)
        laptop.sync_until_quiet()
    play.sync_all()
    lost = len(play.titles)
    play.server.kill()
    folder = play.server.folder
    folder.rename(folder.with_name("region-perdue"))
    play.server.ok("restaurer", copy, "--dans", folder)
    there = {r["titre"] for r in play.server.rows("projet")}
    s.check("the copy is older", len(there) < lost)
    play.server.run("restaurer", copy, "--dans", folder).ended(2)
    play.server.serve()
    for laptop in play.laptops:
        play.work(laptop)
    play.sync_all()
    play.sync_all()
    play.check_totals("after an older copy was restored")
    shutil.rmtree(folder.with_name("region-perdue"))
    print(f"# restored with {len(there)} projects of {lost}: {len(play.titles)} are everywhere, once")


def killed(play: Play) -> None:
    began = time.monotonic()
    play.backup()
    lasts = time.monotonic() - began
    killed_n = 0
    for _ in range(play.kills):
        done = play.server.run("sauvegarder", "--vers", str(play.store),
                               kill_after=play.random.uniform(0, 1.6 * lasts))
        killed_n += done.killed
        for copy in (*play.copies(), *play.copies("cles-")):
            s.check(f"{copy} is half of one", (copy / "manifest").is_file())
    into = play.stage.base / "essai"
    for copy in play.copies():
        play.server.ok("restaurer", copy, "--dans", into)
        shutil.rmtree(into)
    play.backup()
    s.equal("what killed ones left", list(play.store.glob(".partiel*")), [])
    s.check("it was killed", killed_n > play.kills // 4)
    print(f"# {killed_n} copies killed of {play.kills}; each of {len(play.copies())} left is whole")


def flipped(play: Play) -> None:
    """One bit of any file of a copy: seen, named, and nothing is restored."""
    copy, into = play.backup(), play.stage.base / "essai"
    keys = copy.with_name("cles-" + copy.name[4:])
    files = [p for folder in (copy, keys) for p in sorted(folder.rglob("*")) if p.is_file()]
    flips = 0
    for path in files:
        size = path.stat().st_size
        for at in {0, size - 1, *(play.random.randrange(size) for _ in range(FLIPS_A_FILE))}:
            with path.open("r+b") as file:
                file.seek(at)
                byte = file.read(1)[0]
                file.seek(at)
                file.write(bytes([byte ^ (1 << play.random.randrange(8))]))
                file.flush()
                done = play.server.run("restaurer", copy, "--dans", into)
                file.seek(at)
                file.write(bytes([byte]))
            s.check(f"{path} at {at}: {done.code} {done.err}",
                    done.code in (DAMAGED, 18) and not into.exists())
            flips += 1
    play.server.ok("restaurer", copy, "--dans", into)
    shutil.rmtree(into)
    print(f"# {flips} flipped bits in {len(files)} files of a copy: {flips} found, nothing restored")


def self_healing(play: Play) -> None:
    """A shared document that went bad in the copy before is taken from the server again."""
    copy = play.backup()
    document = next(p for p in (copy / "documents").rglob("*") if p.is_file())
    good = document.read_bytes()
    document.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    play.server.run("restaurer-essai", "--de", str(play.store)).ended(DAMAGED)
    play.backup()
    play.server.ok("restaurer-essai", "--de", str(play.store))
    held = next(p for p in (play.server.folder / "documents").rglob("*") if p.is_file())
    kept = held.read_bytes()
    held.unlink()
    shutil.rmtree(play.store)
    play.server.run("sauvegarder", "--vers", str(play.store)).ended(RESERVES)
    held.write_bytes(kept)


def rotated(play: Play) -> None:
    play.server.environment["PIC_SERVER_SAUVEGARDE_GARDE"] = "1j"
    play.backup()
    last = play.backup()
    del play.server.environment["PIC_SERVER_SAUVEGARDE_GARDE"]
    s.equal("kept", play.copies(), [last])
    s.equal("keys kept", len(play.copies("cles-")), 1)


def full_disk(play: Play) -> None:
    disk = play.stage.base / "petit"
    disk.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", disk],
                                           capture_output=True, check=False).returncode != 0:
        print("# no small file system may be mounted here: a full disk is not tried")
        return
    try:
        done = play.server.run("sauvegarder", "--vers", str(disk))
        s.check(f"full disk: {done.code} {done.err}", done.code == FULL and "D-20" in done.err)
        s.equal("copies of data on a full disk", list(disk.glob("pic-*")), [])
    finally:
        subprocess.run(["umount", "-l", disk], check=False)


def every_day(play: Play) -> None:
    """The service does it by itself; asked for nothing more that day."""
    play.server.stop()
    shutil.rmtree(play.store)
    shutil.rmtree(play.server.folder / "jalons")
    play.server.environment["PIC_SERVER_SAUVEGARDE_DOSSIER"] = str(play.store)
    play.server.serve()
    mark = play.server.folder / "jalons" / "restauration-essai"
    end = time.monotonic() + s.PATIENCE
    while not mark.exists() and time.monotonic() < end:
        time.sleep(0.05)
    s.check("a rehearsal by the service", mark.exists())
    age = time.time() - int(mark.read_text()) / 1000
    s.equal("copies", len(play.copies()), 1)
    play.work(play.laptops[0])
    play.sync_all()
    play.server.stop()
    del play.server.environment["PIC_SERVER_SAUVEGARDE_DOSSIER"]
    said = play.server.errors.read_text()
    s.check(said, '"ev":"sauvegarde"' in said and '"ev":"restauration_essai"' in said)
    play.server.serve()
    print(f"# the service made a copy and rehearsed it; the proof is {age:.1f} s old")


ACTS = (online, older_copy, killed, flipped, self_healing, rotated, full_disk, every_day)


def test(stage: s.Stage, arguments: list[str]) -> None:
    play = Play(stage, arguments)
    for act in ACTS:
        act(play)
        print(f"ok - {act.__name__}")
    play.sync_all()
    play.check_totals("in the end")


if __name__ == "__main__":
    s.main(test)
