#!/usr/bin/python3
"""agent_copy.py PIC PIC_SERVER [--seed N]: a laptop's sealed copies, and the plain ones that an
upgrade makes.

An older copy that is put back heals at its first contact; an altered one is refused and changes
nothing; what is in it cannot be read.
"""
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import stage as s

FLIPS, UPGRADES, KEPT = 40, 5, 3
SECRET_TITLE = "Goûter de Mme Vandenbroucke"


class Play:
    def __init__(self, stage: s.Stage, arguments: list[str]):
        self.random = s.generator(arguments)
        self.stage = stage
        self.server = stage.open()
        self.server.serve()
        self.laptop = s.Laptop(stage, "bureau").enrol()
        self.titles: dict[str, str] = {}

    def work(self, title: str) -> None:
        self.titles[title] = self.laptop.project(title)
        photo = self.stage.base / "photo.jpg"
        photo.write_bytes(self.random.randbytes(90000))
        self.laptop.ok("justificatif", "joindre", photo, "--objet", self.titles[title])

    def copy(self, name: str) -> Path:
        path = self.stage.base / name
        self.laptop.ok("sauvegarder", path)
        s.check("no half of a copy", not path.with_name(name + ".partiel").exists())
        return path

    def check_totals(self, what: str) -> None:
        """What was acknowledged has its number; what was not may have a new one, the same for all."""
        self.laptop.sync_until_quiet()
        here, there = ({r["titre"]: r["numero"] for r in program.rows("projet")}
                       for program in (self.laptop, self.server))
        s.equal(f"{what}: the server's", there, here)
        s.equal(f"{what}: how many", len(self.server.rows("projet")), len(self.titles))
        s.equal(f"{what}: titles", sorted(here), sorted(self.titles))
        self.server.verify()


def sealed(play: Play) -> None:
    play.work(SECRET_TITLE)
    path = play.copy("copie-1")
    content = path.read_bytes()
    for secret in (SECRET_TITLE, s.ASSOCIATION, "SQLite format"):
        s.check(f"{secret} is in the copy", secret.encode() not in content)
    s.equal("its mode", path.stat().st_mode & 0o777, 0o600)
    play.laptop.run("sauvegarder", path).ended(2)
    s.equal("the copy that was there", path.read_bytes(), content)
    print(f"# a copy of {len(content)} bytes")


def heals(play: Play) -> None:
    """A copy from before two syncs and one entry of each kind is put back."""
    play.work("Avant la copie, envoyé")
    play.laptop.sync_until_quiet()
    play.work("Avant la copie, pas encore envoyé")
    old = play.copy("copie-2")
    play.laptop.sync_until_quiet()
    play.work("Après la copie, envoyé")
    play.laptop.sync_until_quiet()
    play.laptop.run("restaurer", old).ended(2)
    s.check("nothing changed", len(play.laptop.titles()) == len(play.titles))
    play.laptop.ok("restaurer", old, "--remplacer")
    s.equal("in the copy", len(play.laptop.titles()), len(play.titles) - 1)
    play.work("Après la remise en place")
    play.check_totals("after a restore")
    aside = list(play.stage.base.glob("bureau.avant-*"))
    s.equal("what was there is kept", len(aside), 1)
    shutil.rmtree(aside[0])
    print(f"# {len(play.titles)} projects, each once, after an older copy was put back")


def refused(play: Play) -> None:
    path = play.copy("copie-3")
    before = play.laptop.status()
    good = path.read_bytes()
    bad = play.stage.base / "alteree"
    places = {0, 4, 5, 20, 30, len(good) - 1, len(good) - 64,
              *(play.random.randrange(len(good)) for _ in range(FLIPS))}
    texts = [good[:at] + bytes([good[at] ^ (1 << play.random.randrange(8))]) + good[at + 1:]
             for at in sorted(places)]
    texts += [good[:at] for at in (0, 1, 100, len(good) // 2, len(good) - 1)] + [good + b"x"]
    for text in texts:
        bad.write_bytes(text)
        done = play.laptop.run("restaurer", bad, "--remplacer")
        s.check(f"{done.code} {done.err}", done.code in (12, 13, 18))
        s.equal("halves", list(play.stage.base.glob("bureau.restaure*")), [])
    wrong = play.stage.base / "autre phrase"
    wrong.write_text("ce ne sont pas les bons mots\n")
    other = s.Laptop(play.stage, "autre")
    other.command[-1] = str(wrong)
    other.run("restaurer", path).ended(12)
    s.check("no folder", not other.folder.exists())
    s.equal("the store", play.laptop.status(), before)
    print(f"# {len(texts)} altered copies refused, the store as before")


def upgraded(play: Play) -> None:
    """A store of another version is copied, then made again; what waits to be sent still waits."""
    play.work("En attente pendant la mise à jour")
    pending = play.laptop.status()["saisies_en_attente"]
    s.check("something is pending", pending > 0)
    copies = play.laptop.folder / "copies"
    for i in range(UPGRADES):
        db = sqlite3.connect(play.laptop.folder / "pic.db")
        db.execute("UPDATE state_version SET version = version + 1")
        db.commit()
        db.close()
        s.equal("pending after an upgrade", play.laptop.status()["saisies_en_attente"], pending)
        s.equal("copies", len(list(copies.iterdir())), min(i + 1, KEPT))
    for copy in copies.iterdir():
        db = sqlite3.connect(f"file:{copy}?mode=ro", uri=True)
        s.equal("a copy's integrity", db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
        s.equal("its pending", db.execute("SELECT count(*) FROM pending").fetchone()[0], pending)
        db.close()
    play.check_totals("after upgrades")
    print(f"# {UPGRADES} upgrades with {pending} entries pending: {pending} pending, {KEPT} copies kept")


def full_disk(play: Play) -> None:
    disk = play.stage.base / "petit"
    disk.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk],
                                           capture_output=True, check=False).returncode != 0:
        print("# no small file system may be mounted here: a full disk is not tried")
        return
    try:
        done = play.laptop.run("sauvegarder", disk / "copie")
        s.check(f"full disk: {done.code} {done.err}", done.code == 16 and "D-20" in done.err)
        s.equal("on the full disk", list(disk.iterdir()), [])
    finally:
        subprocess.run(["umount", "-l", disk], check=False)


def cloned(play: Play) -> None:
    """The same copy in two folders: both go on, and nothing of either is lost or there twice."""
    path = play.copy("copie-4")
    clone = s.Laptop(play.stage, "jumeau")
    clone.ok("restaurer", path)
    first = play.laptop
    for turn in range(2):
        for laptop in (first, clone):
            play.laptop = laptop
            play.titles[f"Jumeaux {turn} {laptop.folder.name}"] = ""
            laptop.project(f"Jumeaux {turn} {laptop.folder.name}")
            laptop.run("sync")
    for laptop in (first, clone) * 2:
        laptop.sync_until_quiet()
    play.laptop = first
    for program in (play.server, first, clone):
        s.equal(f"titles of {program.folder.name}",
                sorted(r["titre"] for r in program.rows("projet")), sorted(play.titles))
    play.server.verify()


ACTS = (sealed, heals, refused, upgraded, full_disk, cloned)


def test(stage: s.Stage, arguments: list[str]) -> None:
    play = Play(stage, arguments)
    for act in ACTS:
        act(play)
        print(f"ok - {act.__name__}")


if __name__ == "__main__":
    s.main(test)
