#!/usr/bin/python3
"""courier.py PIC PIC_SERVER: exchange by USB key, from the enrolment on, and mixed with the network."""
import os
import shutil
import sqlite3
from pathlib import Path

import stage as s

ENTRIES = 5
REPLAYS = 5


def receipts(laptop: s.Laptop) -> list[str]:
    """The receipts as the server signed them."""
    db = sqlite3.connect(f"file:{laptop.folder / 'pic.db'}?mode=ro", uri=True)
    try:
        return [row[0].hex() for row in db.execute("SELECT bytes FROM proof ORDER BY time_ms, number")]
    finally:
        db.close()


def digest(server: s.Server) -> tuple[str, int]:
    """What the server's state says, and how many segments made it."""
    server.rows("projet")  # brings the state level with the journal
    found = server.ok("--json", "verifier", "--tout").json()
    return found["empreinte"], found["segments"]


def deposit(laptop: s.Laptop, key: Path, *words: str) -> Path:
    done = laptop.ok("--json", "courrier", "deposer", key, *words).json()
    path = Path(done["fichier"])
    s.check(f"{path} is not on the key", path.parent == key and path.is_file())
    return path


def answer(server: s.Server, key: Path) -> None:
    server.ok("courrier", "relever", key)
    server.ok("courrier", "deposer", key)


def collect(laptop: s.Laptop, key: Path, *codes: int) -> s.Done:
    done = laptop.run("courrier", "relever", key)
    s.check(f"relever ends with {done.code}: {done.err}", done.code in (codes or (0,)))
    return done


def photo(laptop: s.Laptop, project: str, size: int, name: str) -> str:
    path = laptop.folder.parent / name
    path.write_bytes(os.urandom(size))
    laptop.ok("justificatif", "joindre", path, "--objet", project, "--nature", "photo")
    return name


def secret_free(path: Path, words: list[str]) -> None:
    """A stolen key reveals nothing that was typed."""
    content = path.read_bytes()
    for word in words:
        s.equal(f"« {word} » in {path.name}", content.find(word.encode()), -1)


def enrolment(stage: s.Stage, key: Path) -> s.Laptop:
    laptop = s.Laptop(stage, "bureau").enrol()
    titles = [f"Repas de rue {i}" for i in range(ENTRIES)]
    first = [laptop.project(title) for title in titles][0]
    photo(laptop, first, 150_000, "grande.jpg")
    photo(laptop, first, 900, "petite.jpg")
    path = deposit(laptop, key)
    s.check(f"name {path.name}", path.name.startswith("pic-ADCM-MERICOURT-") and path.suffix == ".pico")
    secret_free(path, [*titles, "bureau", "Méricourt", "petite.jpg"])
    s.equal("drafts left", [p.name for p in key.glob("*.partiel")], [])
    answer(stage.server, key)
    reply = path.with_suffix(".picr")
    s.check(f"no {reply.name}", reply.is_file())
    secret_free(reply, titles)
    collect(laptop, key)
    status = laptop.status()
    s.equal("after one journey", (status["etat"], status["saisies_en_attente"],
                                  status["documents_en_attente"]), ("recu", 0, 0))
    s.equal("files left on the key", list(key.iterdir()), [])
    s.equal("projects at the Region", len(stage.server.rows("projet")), ENTRIES)
    stage.server.verify()
    return laptop


def cut(stage: s.Stage, laptop: s.Laptop, key: Path) -> None:
    """A file is used as far as it goes, on either side, wherever it is cut."""
    taken = []
    for part in (0.15, 0.5, 0.9):
        number = laptop.project(f"Coupé à {part}")
        photo(laptop, number, 200_000, "coupe.jpg")
        path = deposit(laptop, key)
        whole = path.read_bytes()
        path.write_bytes(whole[:int(len(whole) * part)])
        rows = stage.server.ok("--json", "courrier", "relever", key).json()
        s.equal("said to be whole", [row["entier"] for row in rows], [False])
        taken.append(rows[0]["demandes"])
        stage.server.ok("courrier", "deposer", key)
        collect(laptop, key, 0, 3)
        s.equal("entries left", laptop.status()["saisies_en_attente"], 0)
    s.check(f"a longer piece says no more: {taken}", taken == sorted(taken) and taken[0] < taken[2])
    laptop.project("Réponse coupée")
    path = deposit(laptop, key)
    answer(stage.server, key)
    reply = path.with_suffix(".picr")
    whole = reply.read_bytes()
    reply.write_bytes(whole[:len(whole) // 3])
    said = collect(laptop, key)
    s.check(said.err, "incomplet" in said.err)
    reply.write_bytes(whole)
    collect(laptop, key)
    for damage in (0, 5, 60, len(whole) // 2):
        bad = bytearray(whole)
        bad[damage] ^= 1
        (key / "abimee.picr").write_bytes(bad)
        laptop.run("courrier", "relever", key)
        (key / "abimee.picr").unlink(missing_ok=True)
    for left in key.iterdir():
        left.unlink()
    while laptop.status()["etat"] != "recu":
        deposit(laptop, key)
        answer(stage.server, key)
        collect(laptop, key)


def foreign(stage: s.Stage, laptop: s.Laptop, key: Path) -> None:
    """Files of another laptop, of another server, of nobody."""
    other = s.Laptop(stage, "autre").enrol()
    other.project("Pas d'ici")
    mine = deposit(other, key)
    answer(stage.server, key)
    said = collect(laptop, key, 15)
    s.check(said.err, "F-09" in said.err and "Rien n'a été pris" in said.err)
    before = laptop.status()
    collect(other, key)
    s.equal("what the other took changes nothing here", laptop.status(), before)
    s.check("the other's file is still there", not mine.exists())
    with s.Stage(stage.pic, stage.pic_server) as elsewhere:
        elsewhere.open()
        laptop.project("Chez qui ?")
        path = deposit(laptop, key)
        done = elsewhere.server.run("courrier", "relever", key).ended(15)
        s.check(done.err, "F-08" in done.err)
        stranger = s.Laptop(elsewhere, "ailleurs").enrol()
        away = elsewhere.base / "cle"
        away.mkdir()
        deposit(stranger, away)
        answer(elsewhere.server, away)
        shutil.copy(next(away.glob("*.picr")), key / "x.picr")
        said = collect(laptop, key, 15)
        s.check(said.err, "F-08" in said.err)
        (key / "x.picr").unlink()
    answer(stage.server, key)
    collect(laptop, key)
    s.check("still on the key", not path.exists())


def budget(stage: s.Stage, laptop: s.Laptop, key: Path) -> None:
    number = laptop.project("Beaucoup de photos")
    for i, size in enumerate((10_000, 300_000, 700_000)):
        photo(laptop, number, size, f"photo{i}.jpg")
    done = laptop.ok("--json", "courrier", "deposer", key, "--budget", "400K").json()
    s.equal("documents that fit", (done["documents"], done["restants"]), (2, 1))
    s.check(f"{done['octets']} bytes", done["octets"] < 450_000)
    laptop.run("courrier", "deposer", key, "--budget", "beaucoup").ended(2)
    answer(stage.server, key)
    collect(laptop, key, 0, 3)
    s.equal("left for the next journey", laptop.status()["documents_en_attente"], 1)
    deposit(laptop, key)
    answer(stage.server, key)
    collect(laptop, key)
    s.equal("none left", laptop.status()["documents_en_attente"], 0)


def mixed(stage: s.Stage, laptop: s.Laptop, key: Path) -> int:
    """Each batch by key and by network, several times, in any order: the same state, the same
    receipts."""
    random = s.generator([])
    carried = stage.base / "ancien"
    carried.mkdir()
    replayed = 0
    for turn in range(6):
        for i in range(ENTRIES):
            laptop.project(f"Mêlé {turn}-{i}")
        path = deposit(laptop, key)
        shutil.copy(path, carried / f"{turn}.pico")
        if turn % 2 == 0:
            laptop.ok("sync")
        answer(stage.server, key)
        if turn % 3 != 2:
            collect(laptop, key)
        laptop.ok("sync")
        before = digest(stage.server), receipts(laptop)
        for _ in range(random.randint(1, REPLAYS)):
            old = random.choice(sorted(carried.glob("*.pico")))
            shutil.copy(old, key / f"rejeu-{old.name}")
            answer(stage.server, key)
            collect(laptop, key)
            replayed += 1
        laptop.ok("sync")
        s.equal("after replays", (digest(stage.server), receipts(laptop)), before)
        for left in key.iterdir():
            left.unlink()
    titles = laptop.titles()
    s.equal("duplicates", len(titles), len(set(titles)))
    s.equal("the Region's projects", sorted(row["titre"] for row in stage.server.rows("projet")
                                            if row["titre"].startswith("Mêlé")),
            sorted(title for title in titles if title.startswith("Mêlé")))
    return replayed


def test(stage: s.Stage, _: list[str]) -> None:
    server = stage.open()
    key = stage.base / "cle"
    key.mkdir()
    laptop = enrolment(stage, key)
    cut(stage, laptop, key)
    foreign(stage, laptop, key)
    budget(stage, laptop, key)
    server.serve()
    replayed = mixed(stage, laptop, key)
    server.verify()
    print(f"by key from the enrolment on; {replayed} files replayed between keys and network: "
          f"same state, same {len(receipts(laptop))} receipts")


if __name__ == "__main__":
    s.main(test)
