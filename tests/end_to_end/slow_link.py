#!/usr/bin/python3
"""slow_link.py PIC PIC_SERVER FAULTNET [--long]: a line of 5 kbit/s that is cut every 20 s.

One laptop sends 60 entries and two photos of 40 kB. By default the line is ten times as fast and
cut ten times as often, so that as many bytes pass between two cuts; --long is the true line. Each
contact must bring something more to the server, entries go before photos, and nothing is lost.
"""
import os

import stage as s

RATE, CUT_MS = 625, 20000 # bytes a second, milliseconds
ENTRIES, SUMMARY_SIZE, PHOTOS, PHOTO_SIZE, CONTACTS_MAX = 60, 1000, 2, 40000, 40


def held_by(server: s.Server) -> int:
    """Bytes of documents on the server, complete or not."""
    folder = server.folder / "documents"
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())


def contact(stage: s.Stage, laptop: s.Laptop, line: list[str], number: int) -> str:
    """One exchange, on a line whose first cut comes a whole period after it began."""
    net = stage.child(*line, "--seed", str(number))
    assert net.stdout is not None
    s.check("faultnet says its port", net.stdout.readline().startswith("port="))
    done = laptop.run("sync")
    net.terminate()
    counts = net.communicate(timeout=s.PATIENCE)[0].strip()
    s.check(f"sync: {done.code} {done.err}", done.code in (0, 14))
    s.check("an interrupted exchange says that nothing is lost",
            done.code == 0 or "Rien n'est perdu" in done.err or "rien n'est perdu" in done.err)
    return counts


def fill(stage: s.Stage, laptop: s.Laptop) -> dict[str, str]:
    numbers = {f"Projet n° {i} au bord du canal": "" for i in range(ENTRIES)}
    for title in numbers:
        numbers[title] = laptop.project(title, "--resume", os.urandom(SUMMARY_SIZE // 2).hex())
    for i in range(PHOTOS):
        photo = stage.base / f"photo-{i}.jpg"
        photo.write_bytes(os.urandom(PHOTO_SIZE))
        laptop.ok("justificatif", "joindre", photo, "--objet", next(iter(numbers.values())))
    return numbers


def test(stage: s.Stage, arguments: list[str]) -> None:
    scale = 1 if "--long" in arguments else 10
    s.PATIENCE = 600
    line_port = s.free_port()
    server = stage.open(line_port)
    server.serve()
    laptop = s.Laptop(stage, "lent").enrol()
    numbers = fill(stage, laptop)
    line = [arguments[0], str(line_port), str(server.port), "--rate", str(RATE * scale),
            "--cut-every-ms", str(CUT_MS // scale)]
    before, began = (0, 0), laptop.status()["saisies_en_attente"]
    contacts = 0
    while laptop.status()["etat"] != "recu":
        contacts += 1
        counts = contact(stage, laptop, line, contacts)
        waiting = laptop.status()
        now = (began - waiting["saisies_en_attente"], held_by(server))
        print(f"contact {contacts}: {now[0]} entries, {now[1]} bytes of photos; {counts}")
        s.check("no photo goes before an entry", waiting["saisies_en_attente"] == 0 or now[1] == 0)
        s.check("each contact brings something more",
                (now[0] > before[0] and now[1] >= before[1]) or now[1] > before[1] or
                waiting["etat"] == "recu")
        s.check("it comes to an end", contacts < CONTACTS_MAX)
        before = now
    s.check("the line was cut", contacts > 2)
    s.equal("bytes of photos on the server", held_by(server), PHOTOS * PHOTO_SIZE)
    for program in (server, laptop):
        s.equal(f"projects of {program.folder.name}",
                sorted((row["titre"], row["numero"]) for row in program.rows("projet")),
                sorted(numbers.items()))
    server.verify()


if __name__ == "__main__":
    s.main(test)
