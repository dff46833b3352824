#!/usr/bin/python3
"""erasure.py PIC PIC_SERVER: a person who is erased is nowhere any more, on the real programs.

Nothing of the box or of its keys is left in any file of the server, of any laptop, in any write-ahead
log, nor in a backup made afterwards; chains, totals and counts are as before; a certificate that the
server signed says which entries named the person. The law can say to keep, and then nothing moves.
"""
import re
import shutil
import sqlite3
import sys
import time
from pathlib import Path

import stage as s

PERSON = "Nadia Benkhedda ; 12/03/1987 ; 06 12 34 56 78"
CORRECTED = "Nadia Benkhedda ; 13/03/1987 ; 06 12 34 56 78"
OTHER = "Ludovic Vanhoutte ; 02/11/1961"
ADDRESS = r"\d+-\d+"


def boxes(server: s.Server) -> dict[bytes, bytes]:
    with sqlite3.connect(f"file:{server.folder / 'cles.db'}?mode=ro", uri=True) as db:
        return dict(db.execute("SELECT hash, bytes FROM box WHERE state = 1").fetchall())


def pieces(box: bytes) -> list[bytes]:
    """The wrapped keys and the box itself: none of them may be left."""
    readers = box[1]
    return [box[2 + 80 * i:82 + 80 * i] for i in range(readers)] + [box[2 + 80 * readers:][:64]]


def nowhere(folder: Path, needles: list[bytes]) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            s.check(f"{path} still holds it", not any(needle in content for needle in needles))


def document_of(laptop: s.Laptop, box: bytes) -> Path:
    name = box.hex()
    return laptop.folder / "documents" / name[:2] / name[2:]


def wait_until(what: str, good) -> None:
    end = time.monotonic() + s.PATIENCE
    while not good() and time.monotonic() < end:
        time.sleep(0.1)
    s.check(what, good())


def check_certificate(path: Path, row: str) -> None:
    """Signed by the server's own key, over all that stands before the signature."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    import hashlib
    text = path.read_text()
    s.check(text, f"Saisie concernée : {row}\n" in text and re.search(f"Saisies : {row}( |\n)", text))
    for name in ("Benkhedda", "Nadia", "1987"):
        s.check(f"the certificate says {name}", name not in text)
    signed, signature = text.split("Signature : ")
    key = re.search("Clé du serveur : (.*)\n", text)
    assert key is not None
    message = (b"pic/1 erasure certificate"
               + hashlib.blake2b(signed.encode(), digest_size=32).digest())
    Ed25519PublicKey.from_public_bytes(base32(key[1])).verify(base32(signature)[:64], message)


def base32(text: str) -> bytes:
    """Crockford's."""
    letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    bits = "".join(f"{letters.index(c):05b}" for c in text.strip() if c != "-")
    return bytes(int(bits[at:at + 8], 2) for at in range(0, len(bits) - 7, 8))


def test(stage: s.Stage, _: list[str]) -> None:
    server = stage.open()
    server.serve()
    first = s.Laptop(stage, "bureau").enrol()
    second = s.Laptop(stage, "accueil").enrol()
    project = first.project("Jardin partagé", "--debut", "01/02/2020", "--fin", "30/06/2020",
                            "--personne", OTHER)
    one = first.new("participant", "ajouter", "--objet", project, "--identite", PERSON)
    two = first.new("participant", "ajouter", "--objet", project, "--identite", OTHER)
    three = first.new("participant", "ajouter", "--objet", project, "--identite", OTHER)
    first.ok("participant", "modifier", one, "--identite", CORRECTED)
    first.sync_until_quiet()
    second.sync_until_quiet()
    all_boxes = boxes(server)
    s.equal("boxes", len(all_boxes), 5)
    by_row = {row["numero"]: bytes.fromhex(
        server.ok("--json", "participant", "voir", row["numero"]).json()["identite"])
        for row in server.rows("participant")}
    counted = len(server.rows("participant"))

    # The calendar: 24 months where nothing says otherwise, by scheme where something does.
    def due() -> set[str]:
        rows = server.ok("--json", "effacer-personne", "--echeances").json()
        s.equal("the same calendar on a laptop",
                first.ok("--json", "participant", "effacer", "--echeances").json(), rows)
        return {row["numero"] for row in rows}
    s.equal("due", due(), {project, one, two, three})
    rule = server.new("duree-garde", "ajouter", "--cadre", "pic", "--mois", "600")
    first.sync_until_quiet()
    s.equal("due in fifty years", due(), set())
    server.ok("duree-garde", "annuler", rule, "--motif", "essai")
    first.sync_until_quiet()
    s.equal("due again", due(), {project, one, two, three})

    # The law can say to keep, here and there.
    hold = server.new("gel", "ajouter", "--objet", project, "--motif", "contrôle européen 2026-14")
    first.sync_until_quiet()
    for program, words in ((server, ("effacer-personne", one)),
                           (first, ("participant", "effacer", one))):
        done = program.run(*words, "--motif", "demande", "--oui").ended(15)
        s.check(done.err, "G-01" in done.err and "contrôle européen 2026-14" in done.err)
    s.equal("nothing moved", boxes(server), all_boxes)
    server.ok("gel", "annuler", hold, "--motif", "contrôle clos")
    first.sync_until_quiet()

    # The server erases one person, whose identity had been corrected: both boxes go.
    backup = stage.base / "backup"
    certificate = stage.base / "certificat.txt"
    server.ok("effacer-personne", one, "--motif", "demande de la personne", "--oui",
              "--certificat", certificate)
    check_certificate(certificate, one)
    server.run("effacer-personne", one, "--motif", "encore", "--oui").ended(1)
    left = boxes(server)
    gone = {hash_: box for hash_, box in all_boxes.items() if hash_ not in left}
    s.equal("boxes destroyed", len(gone), 2)
    s.check("the box of today", by_row[one] in gone)
    needles = [piece for box in gone.values() for piece in pieces(box)]
    nowhere(server.folder, needles)
    shutil.copytree(server.folder, backup)  # as any backup from now on
    nowhere(backup, needles)
    s.check("a laptop had it", document_of(first, by_row[one]).exists())
    first.sync_until_quiet()
    second.sync_until_quiet()
    for laptop in (first, second):
        for hash_ in gone:
            s.check("a laptop keeps it", not document_of(laptop, hash_).exists())
        nowhere(laptop.folder, needles)
        s.check("read after it was erased",
                "G-03" in laptop.run("identite", "voir", one).ended(1).err)
        s.equal("certificates", [row["objet"] for row in laptop.rows("effacement")],
                ["Participant · Jardin partagé"])

    # A laptop erases another: the server and the other laptop follow.
    first.ok("participant", "effacer", two, "--motif", "durée de garde échue", "--oui")
    s.check("its own copy", not document_of(first, by_row[two]).exists())
    first.sync_until_quiet()
    wait_until("the server follows", lambda: by_row[two] not in boxes(server))
    second.sync_until_quiet()
    s.check("the other's copy", not document_of(second, by_row[two]).exists())
    needles += pieces(all_boxes[by_row[two]])
    for folder in (server.folder, first.folder, second.folder):
        nowhere(folder, needles)
    s.equal("due now", due(), {project, three})

    # One who is erased before anything was sent: the server never had the box.
    four = first.new("participant", "ajouter", "--objet", project, "--identite", PERSON)
    first.ok("participant", "effacer", four, "--motif", "erreur de saisie", "--oui")
    first.sync_until_quiet()
    s.equal("nothing came", len(boxes(server)), 2)

    # What is counted and chained is as it was; the others can still be read.
    s.equal("participants counted", len(server.rows("participant")), counted + 1)
    s.equal("the third", first.ok("--json", "identite", "voir", three).json()[0]["identite"], OTHER)
    second.run("identite", "voir", three).ended(11)  # not confided
    server.stop()
    server.verify()
    nowhere(server.folder, needles)
    print("ok")


if __name__ == "__main__":
    s.main(test)
    sys.exit(0)
