#!/usr/bin/python3
"""kill.py PIC PIC_SERVER [--points N] [--seed N]: kill -9 at random moments, on either side.

Two laptops of one association record, import tables, attach photos and synchronise; the central
team records; the server receives and projects. Each point kills one of them, which then goes on
from what is on its disk. In the end every entry whose number was printed is everywhere, once.
"""
import itertools
import os
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import stage as s

POINTS, POINTS_BETWEEN_CHECKS, TABLE_ROWS = 200, 50, 4
RECORD, IMPORT, ATTACH, SYNC, OFFICE, SERVE = "record import attach sync office serve".split()
TURNS = (RECORD, SYNC, IMPORT, SERVE, SYNC, OFFICE, SERVE, ATTACH)


class Book:
    """What was tried, and what was promised by a printed number."""

    def __init__(self) -> None:
        self.tried: set[str] = set()
        self.promised: dict[str, str | None] = {} # title -> number, None where it was not told
        self.tables: list[list[str]] = []
        self.lock = threading.Lock()

    def title(self, who: str, kind: str) -> str:
        with self.lock:
            name = f"{kind} {len(self.tried)} de {who}"
            self.tried.add(name)
        return name


class Play:
    def __init__(self, stage: s.Stage, arguments: list[str]):
        self.random = s.generator(arguments)
        self.stage = stage
        self.server = stage.open()
        self.projects, self.offices, self.documents = Book(), Book(), Book()
        self.laptops = [s.Laptop(stage, name).enrol() for name in ("bureau", "portable")]
        self.kills: Counter[str] = Counter()
        self.lasts: dict[str, float] = {} # seconds that an undisturbed run takes
        self.server.serve()

    # One thing that is done; with kill_after, it may be killed meanwhile.

    def record(self, laptop: s.Laptop, kill_after: float | None = None) -> s.Done:
        title = self.projects.title(laptop.folder.name, "projet")
        done = laptop.run("--json", "projet", "ajouter", "--fonds", s.FUND, "--titre", title,
                          kill_after=kill_after)
        return self.keep(self.projects, title, done)

    def office(self, _: s.Laptop, kill_after: float | None = None) -> s.Done:
        name = self.offices.title("la Région", "organisme")
        done = self.server.run("--json", "organisme", "ajouter", "--nature", "association",
                               "--nom", name, kill_after=kill_after)
        return self.keep(self.offices, name, done)

    @staticmethod
    def keep(book: Book, title: str, done: s.Done) -> s.Done:
        if done.out.endswith("}\n"):
            book.promised[title] = done.json()["numero"]
        if not done.killed:
            done.ended(0)
        return done

    def import_table(self, laptop: s.Laptop, kill_after: float | None = None) -> s.Done:
        titles = [self.projects.title(laptop.folder.name, "ligne") for _ in range(TABLE_ROWS)]
        table = self.stage.base / f"{laptop.folder.name}.csv"
        table.write_text("Titre;Fonds\n" + "".join(f"{t};{s.FUND}\n" for t in titles))
        done = laptop.run("importer", table, "--entite", "projet", "--oui", kill_after=kill_after)
        self.projects.tables.append(titles)
        if not done.killed:
            done.ended(0)
            self.projects.promised.update({t: None for t in titles})
        return done

    def attach(self, laptop: s.Laptop, kill_after: float | None = None) -> s.Done:
        name = self.documents.title(laptop.folder.name, "photo")
        photo = self.stage.base / name
        photo.write_bytes(os.urandom(self.random.randrange(1000, 60000)))
        about = laptop.rows("projet")[0]["numero"]
        done = laptop.run("--json", "justificatif", "joindre", photo, "--objet", about,
                          kill_after=kill_after)
        photo.unlink()
        return self.keep(self.documents, name, done)

    def sync(self, laptop: s.Laptop, kill_after: float | None = None) -> s.Done:
        done = laptop.run("sync", kill_after=kill_after)
        s.check(f"sync: {done.code} {done.err}", done.killed or done.code in (0, 3, 14))
        return done

    def act(self, kind: str) -> Any:
        return {RECORD: self.record, IMPORT: self.import_table, ATTACH: self.attach,
                SYNC: self.sync, OFFICE: self.office}[kind]

    # Points.

    def measure(self) -> None:
        for kind in (RECORD, IMPORT, ATTACH, OFFICE, SYNC):
            began = time.monotonic()
            self.act(kind)(self.laptops[0])
            self.lasts[kind] = time.monotonic() - began
        self.lasts[SERVE] = self.lasts[SYNC]

    def one_round(self, kind: str) -> None:
        """Both laptops are at work and two processes are killed, where they have not ended yet."""
        after = self.random.uniform(0, 1.1 * self.lasts[kind])
        victim = self.random.randrange(2)
        if kind in (SYNC, SERVE):
            self.record(self.laptops[victim]) # so that there is something to send
        after_beside = self.random.uniform(0, 1.1 * self.lasts[SYNC])
        with ThreadPoolExecutor(1) as pool:
            beside = pool.submit(self.beside, self.laptops[1 - victim], after_beside)
            if kind == SERVE:
                timer = threading.Timer(after, self.server.kill)
                timer.start()
                self.sync(self.laptops[victim])
                timer.join()
                self.kills[kind] += 1
            else:
                self.kills[kind] += self.act(kind)(self.laptops[victim], after).killed
            self.kills[SYNC] += beside.result()
        if not self.server.lives():
            self.server.serve()

    def beside(self, laptop: s.Laptop, after: float) -> bool:
        self.record(laptop)
        return self.sync(laptop, after).killed

    def kill(self, points: int) -> None:
        checks = 0
        for kind in itertools.cycle(TURNS):
            if self.kills.total() >= points:
                return
            self.one_round(kind)
            if self.kills.total() // POINTS_BETWEEN_CHECKS > checks:
                checks += 1
                self.server.verify()

    # Afterwards.

    def once(self, where: str, book: Book, rows: dict[str, list[str]]) -> None:
        """rows: the numbers under each title."""
        for title, number in book.promised.items():
            found = rows.get(title, [])
            s.equal(f"{where}: how often « {title} » is there", len(found), 1)
            s.check(f"{where}: {title} is {found}, not {number}", number in (None, found[0]))
        for title, found in rows.items():
            s.equal(f"{where}: how often « {title} » is there", len(found), 1)
        for table in book.tables:
            there = sum(title in rows for title in table)
            s.check(f"{where}: {there} lines of a table", there in (0, len(table)))

    def check(self) -> None:
        for laptop in self.laptops * 2:
            laptop.sync_until_quiet()
        seen = []
        for program in (self.server, *self.laptops):
            where = program.folder.name
            self.once(where, self.projects, by_title(program.rows("projet"), "titre", self.projects))
            self.once(where, self.offices, by_title(program.rows("organisme"), "nom", self.offices))
            seen.append(sorted(row["numero"] for row in program.rows("projet")))
        s.check("all have the same projects", seen[0] == seen[1] == seen[2])
        self.once("bureau", self.documents, by_title(
            self.laptops[0].ok("--json", "justificatif", "liste").json(), "nom", self.documents))
        for laptop in self.laptops:
            said = laptop.ok("statut").out
            s.check(said, said.startswith("Tout est reçu par la Région"))
        self.server.verify()
        there = len(seen[0])
        print(f"{self.kills.total()} kills {dict(self.kills)}; {len(self.projects.promised)} projects, "
              f"{len(self.offices.promised)} organisations and {len(self.documents.promised)} photos "
              f"promised; {there} projects of {len(self.projects.tried)} tried are everywhere, once")


def by_title(rows: list[dict[str, Any]], key: str, book: Book) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for row in rows:
        if row[key] in book.tried:
            out.setdefault(row[key], []).append(row["numero"])
    return out


def test(stage: s.Stage, arguments: list[str]) -> None:
    play = Play(stage, arguments)
    play.measure()
    play.kill(int(arguments[arguments.index("--points") + 1]) if "--points" in arguments else POINTS)
    play.check()


if __name__ == "__main__":
    s.main(test)
