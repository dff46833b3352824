#!/usr/bin/python3
"""identities.py PIC PIC_SERVER: people are named in sealed boxes only, on the real programs.

The server's whole disk, with every key that lies on it, names nobody; a second laptop reads what the
first one sealed once it was confided the key; one person twice in an operation counts once, and two
operations cannot be linked; the control authority reads a sample, and the journal says so.
"""
import sys
from pathlib import Path

import stage as s

PEOPLE = ("Nadia Benkhedda ; 12/03/1987 ; 06 12 34 56 78", "Ludovic Vanhoutte ; 02/11/1961 ; rue Pasteur",
          "Yamina Ouldkaci ; 30/01/2001 ; yamina@exemple.fr")
HOLDER = "Célestine Delattre ; 07/07/1970 ; 06 99 88 77 66"
SEEDED = ("Benkhedda", "Vanhoutte", "Ouldkaci", "Delattre", "yamina@exemple.fr", "06 12 34 56 78")


def files_below(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def names_nobody(folder: Path) -> None:
    """No seeded name in any file, in any encoding that a program here could have used."""
    for path in files_below(folder):
        content = path.read_bytes()
        for name in SEEDED:
            for form in (name.encode(), name.lower().encode(), name.upper().encode(),
                         name.encode("utf-16-le"), name.encode().hex().encode()):
                s.check(f"{path} says {name}", form not in content)


def keys_of(folder: Path) -> list[bytes]:
    """Every run of 32 bytes of the server's key files: whatever a thief could try as a secret."""
    keys = []
    for name in ("identity.key", "transport.keys", "authority.pub"):
        content = (folder / name).read_bytes()
        keys += [content[at:at + 32] for at in range(len(content) - 31)]
    return keys


def boxes_of(folder: Path) -> list[bytes]:
    import sqlite3
    with sqlite3.connect(f"file:{folder / 'cles.db'}?mode=ro", uri=True) as db:
        return [row[0] for row in db.execute("SELECT bytes FROM box WHERE state = 1")]


def opens_nothing(folder: Path) -> None:
    """Each key of the server against each wrapped key of each box. libsodium through ctypes."""
    import ctypes
    import ctypes.util
    sodium = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
    boxes = boxes_of(folder)
    s.equal("boxes on the server", len(boxes), len(PEOPLE) + 4)
    for secret in keys_of(folder):
        public = ctypes.create_string_buffer(32)
        sodium.crypto_scalarmult_base(public, secret)
        for box in boxes:
            for reader in range(box[1]):
                wrapped = box[2 + 80 * reader:82 + 80 * reader]
                out = ctypes.create_string_buffer(32)
                opened = sodium.crypto_box_seal_open(out, wrapped, ctypes.c_ulonglong(80), public,
                                                     secret) == 0
                s.check("a key of the server opens a box", not opened)


def tokens(server: s.Server) -> dict[str, str]:
    return {row["numero"]: server.ok("--json", "participant", "voir", row["numero"]).json()["jeton"]
            for row in server.rows("participant")}


def identity(laptop: s.Laptop, number: str) -> str:
    return laptop.ok("--json", "identite", "voir", number).json()[0]["identite"]


def test(stage: s.Stage, _: list[str]) -> None:
    server = stage.open()
    server.serve()
    first = s.Laptop(stage, "bureau").enrol()
    refused = first.run("projet", "ajouter", "--fonds", s.FUND, "--titre", "X", "--nom-porteur",
                        "Mme Célestine Delattre").ended(2)
    s.check(f"a name where everybody reads: {refused.err}", "G-04" in refused.err)
    one, two = first.project("Jardin partagé", "--personne", HOLDER), first.project("Repas de rue")
    numbers = [first.new("participant", "ajouter", "--objet", one, "--identite", person,
                         "--tranche-age", "26-29") for person in PEOPLE]
    twice = first.new("participant", "ajouter", "--objet", one, "--identite",
                      "BENKHEDDA Nadia ; 12/3/1987")
    first.sync_until_quiet()

    # The same person under the same operation, however typed; not the same under another one.
    elsewhere = first.new("participant", "ajouter", "--objet", two, "--identite", PEOPLE[0])
    first.sync_until_quiet()
    found = tokens(server)
    s.check("a person has no token", all(found.values()))
    s.equal("the same person", found[twice], found[numbers[0]])
    s.equal("persons of the first project",
            len({found[n] for n in [*numbers, twice]}), len(PEOPLE))
    count = {row["objet"]: row for row in server.ok("--json", "participant", "compter").json()}
    s.equal("entries, persons", (count[one]["saisies"], count[one]["personnes"]), (4, 3))
    s.check("two operations can be linked", found[elsewhere] not in
            {found[n] for n in [*numbers, twice]})
    first.ok("participant", "annuler", elsewhere, "--motif", "essai")
    first.sync_until_quiet()

    # A second laptop: unreadable for now, then confided, then read.
    second = s.Laptop(stage, "accueil").enrol()
    second.sync_until_quiet()
    s.check("illisible", "G-02" in second.run("identite", "voir", numbers[0]).ended(11).err)
    told = first.run("sync")
    s.check(f"the first laptop is not told: {told.err}", "pic confier" in told.err)
    waiting = first.ok("--json", "confier").json()
    other = second.ok("--json", "confier").json()
    device = str(waiting[1]["ordinateur"])
    s.equal("the words on both sides", waiting[1]["mots"], other[0]["mots"])
    first.run("confier", device).ended(2)  # nobody there to compare the words
    first.ok("confier", device, "--oui")
    first.sync_until_quiet()
    second.sync_until_quiet()
    for number, person in zip(numbers, PEOPLE):
        s.equal("read by the second laptop", identity(second, number), person)
    s.equal("the holder", identity(second, one), HOLDER)
    s.equal("nobody waits any more", len(first.ok("--json", "confier").json()), 1)
    theirs = second.new("participant", "ajouter", "--objet", two, "--identite", PEOPLE[1])
    second.sync_until_quiet()
    first.sync_until_quiet()
    s.equal("read by the first laptop", identity(first, theirs), PEOPLE[1])
    s.equal("counted with the same key by the second laptop", len(tokens(server)[theirs]), 52)
    server.stop()

    # A thief has the whole disk of the server.
    names_nobody(server.folder)
    opens_nothing(server.folder)

    # The control authority reads a sample; the journal says who, and the association sees it.
    opened = server.ok("--json", "controle", "ouvrir", "--autorite", stage.base / "autorite",
                       "--qui", "Contrôle", "--motif", "échantillon 2026", "--graine", "7",
                       "--taille", "3").json()
    again = server.ok("--json", "controle", "ouvrir", "--autorite", stage.base / "autorite",
                      "--qui", "Contrôle", "--motif", "échantillon 2026", "--graine", "7",
                      "--taille", "3").json()
    s.equal("the same seed", again, opened)
    s.equal("the sample", len(opened), 3)
    s.check("a name", all(row["identite"] in (*PEOPLE, HOLDER, "BENKHEDDA Nadia ; 12/3/1987")
                          for row in opened))
    s.equal("readings noted", len(server.rows("consultation")), 6)
    names_nobody(server.folder)
    server.run("controle", "ouvrir", "--autorite", stage.base / "phrase", "--qui", "X", "--motif",
               "Y").ended(13)
    s.equal("a wrong key reads nothing and notes nothing", len(server.rows("consultation")), 6)
    server.verify()
    server.serve()
    first.sync_until_quiet()
    s.equal("the association sees who read", len(first.rows("consultation")), 6)
    print("ok")


if __name__ == "__main__":
    s.main(test)
    sys.exit(0)
