#!/usr/bin/python3
"""clocks.py PIC PIC_SERVER: laptops that believe it is 2009, and 2041.

Ends with 77 (skipped) where libfaketime is not installed.
"""
import sqlite3
import time
from pathlib import Path

import stage as s

SKIPPED = 77
LIBRARIES = "/usr/lib/*/faketime/libfaketime.so.1"
BELIEVE = {"ancien": "2009-03-01 10:00:00", "futur": "2041-03-01 10:00:00"}
ENTRIES, AHEAD_MAX_MS, STAMP_SHIFT = 5, 5 * 60 * 1000, 16


def libraries() -> list[str]:
    return sorted(str(path) for path in Path("/").glob(LIBRARIES[1:]))


def wrong(laptop: s.Laptop, date: str) -> None:
    """From now on this laptop's programs start at that date."""
    laptop.environment = {"LD_PRELOAD": libraries()[0], "FAKETIME": f"@{date}",
                          "ASAN_OPTIONS": "verify_asan_link_order=0"}


def stamps(path: Path, table: str) -> list[int]:
    """Milliseconds since 1970 of the stamps of a table's rows."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return [row[0] >> STAMP_SHIFT for row in db.execute(f"SELECT stamp FROM {table}")]
    finally:
        db.close()


def round_of_work(laptops: list[s.Laptop], turn: int) -> dict[str, list[str]]:
    numbers: dict[str, list[str]] = {}
    for laptop in laptops:
        name = laptop.folder.name
        numbers[name] = [laptop.project(f"{name} {turn}-{i}") for i in range(ENTRIES)]
        for _ in range(3):
            done = laptop.run("sync")
            s.check(f"{name}: sync ends with {done.code}: {done.err}", done.code in (0, 20))
        s.equal(f"{name}: entries left", laptop.status()["saisies_en_attente"], 0)
    return numbers


def warned(laptop: s.Laptop, words: str) -> None:
    said = laptop.run("statut").out
    s.equal(f"{laptop.folder.name}: how often « {words} » is said in:\n{said}",
            said.count(f"L'horloge de cet ordinateur {words}"), 1)


def test(stage: s.Stage, _: list[str]) -> None:
    if not libraries():
        print("skipped: libfaketime is not installed")
        raise SystemExit(SKIPPED)
    server = stage.open()
    server.serve()
    laptops = [s.Laptop(stage, name).enrol() for name in ("juste", *BELIEVE)]
    right, old, new = laptops
    for laptop in (old, new):
        wrong(laptop, BELIEVE[laptop.folder.name])
    numbers: dict[str, list[str]] = {}
    for turn in range(2):
        for name, made in round_of_work(laptops, turn).items():
            numbers.setdefault(name, []).extend(made)
    for laptop in laptops:
        laptop.run("sync")
    everything = sorted(number for made in numbers.values() for number in made)
    for program in (server, *laptops):
        rows = program.rows("projet")
        s.equal(f"{program.folder.name}: projects", sorted(r["numero"] for r in rows), everything)
    warned(old, "retarde de")
    warned(new, "avance de")
    s.equal("the right clock is warned", right.run("statut").out.count("L'horloge"), 0)
    order(stage, laptops, right, old)
    server.verify()
    print(f"{len(everything)} entries of 2009, of today and of 2041 are everywhere, none from the future")


def order(stage: s.Stage, laptops: list[s.Laptop], right: s.Laptop, old: s.Laptop) -> None:
    """What is known when something is written comes before it, whatever the clocks say."""
    now = int(time.time() * 1000)
    for file in (stage.server.folder / "state.db", *(l.folder / "pic.db" for l in laptops)):
        found = stamps(file, "project")
        s.check(f"{file}: no stamps", found)
        s.check(f"{file}: a stamp of the future", max(found) <= now + AHEAD_MAX_MS)
    number = right.project("Qui écrit en dernier ?")
    right.ok("sync")
    old.run("sync")
    old.ok("projet", "modifier", number, "--titre", "L'ordinateur de 2009, qui avait lu l'autre")
    old.run("sync")
    right.run("sync")
    for laptop in laptops:
        laptop.run("sync")
    for program in (stage.server, *laptops):
        titles = {row["numero"]: row["titre"] for row in program.rows("projet")}
        s.equal(f"{program.folder.name}: who wrote last", titles[number],
                "L'ordinateur de 2009, qui avait lu l'autre")


if __name__ == "__main__":
    s.main(test)
