#!/usr/bin/python3
"""receipt.py PIC PIC_SERVER: a receipt on paper, from the first entry to a town hall without Internet.

Every form that people hold (the file, the page, the lines of the page, the text of its code) verifies on a
computer that has nothing else; one flipped bit does not; what the journal lost is told by the server.
"""
import hashlib
import html
import re
import shutil
import sqlite3
import subprocess
from pathlib import Path

import qr_reader
import stage as s

ENTRIES = 14
HOSTILE = "Ass. <b>\"Léo\" & Cie</b> <script>alert(1)</script>"
QUIET = 4


def side_and_modules(page: str) -> list[list[int]]:
    """The modules that the page draws, without the quiet zone."""
    box = re.search(r'viewBox="0 0 (\d+) (\d+)"', page)
    assert box is not None
    side = int(box.group(1)) - 2 * QUIET
    modules = [[0] * side for _ in range(side)]
    for x, y, run in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", page):
        for i in range(int(run)):
            modules[int(y) - QUIET][int(x) - QUIET + i] = 1
    return modules


def drawn_in(text: str) -> list[list[int]]:
    """The same, out of half blocks."""
    lines = [line for line in text.splitlines() if line and set(line) <= set(" ▀▄█")]
    side = len(lines[0]) - 2 * QUIET
    rows: list[list[int]] = []
    for line in lines:
        rows += [[int(c in "▀█") for c in line], [int(c in "▄█") for c in line]]
    return [row[QUIET:QUIET + side] for row in rows[QUIET:QUIET + side]]


def lines_of(text: str) -> str:
    return "".join(line + "\n" for line in text.splitlines() if re.match(r"\d+: ", line))


def base32(content: bytes) -> str:
    digits = (len(content) * 8 + 4) // 5
    number = int.from_bytes(content, "big") << (digits * 5 - len(content) * 8)
    return "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[number >> 5 * i & 31]
                   for i in reversed(range(digits)))


def digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=32).digest()


def grouped(content: bytes, number: int) -> str:
    check = base32(digest(b"pic/1 line" + bytes([number]) + content)[:5])[:4]
    return "-".join([*re.findall("..?.?.?", base32(content)), check])


def as_specified(forms: dict[str, bytes], receipt: bytes, key: dict[str, str]) -> None:
    """Every form, made here from the words of SPEC.md alone."""
    s.equal("code", forms["code"].decode(),
            "PICA:" + base32(receipt + digest(b"pic/1 code" + receipt)[:5]))
    parts = [receipt[i:i + 20] for i in range(0, len(receipt), 20)]
    s.equal("lines", forms["lines"].decode(),
            "".join(f"{i}: {grouped(part, i)}\n" for i, part in enumerate(parts, 1)))
    file = forms["file"]
    identity = file[5:37]
    s.equal("file", (file[:5], file[-32:], receipt in file), (b"PICA\1", digest(file[:-32]), True))
    s.equal("key", key["cle"], grouped(identity, 0))
    s.equal("fingerprint", key["empreinte"].replace("-", ""), base32(digest(identity)[:10]))


def signed(laptop: s.Laptop) -> bytes:
    """The latest receipt, as the server signed it."""
    db = sqlite3.connect(f"file:{laptop.folder / 'pic.db'}?mode=ro", uri=True)
    try:
        return db.execute("SELECT bytes FROM proof ORDER BY time_ms DESC, number DESC").fetchone()[0]
    finally:
        db.close()


class TownHall(s.Program):
    """A computer with the program, and nothing else."""

    def __init__(self, stage: s.Stage, key: str):
        super().__init__(stage, stage.pic, stage.base / "mairie")
        self.key = key

    def verify(self, content: bytes, *words: str) -> s.Done:
        path = self.stage.base / "recu"
        path.write_bytes(content)
        return self.run("accuse", "verifier", path, *(words or ("--cle", self.key)))


def print_all(stage: s.Stage, laptop: s.Laptop) -> dict[str, bytes]:
    """The latest receipt in each form, checked for what a person reads."""
    file, page = stage.base / "accuse.pica", stage.base / "accuse.html"
    laptop.ok("accuse", "voir", "--fichier", file)
    laptop.ok("accuse", "imprimer", "--fichier", page)
    text = laptop.ok("accuse", "imprimer", "--texte").out
    paper = page.read_text()
    laptop.run("accuse", "imprimer", "--fichier", page).ended(2)  # nothing is ever replaced
    s.equal("the page after that", page.read_text(), paper)
    code = qr_reader.read(side_and_modules(paper))
    s.equal("the code in the terminal", drawn_in(text), side_and_modules(paper))
    s.equal("lines of the page and of the terminal", lines_of(paper), lines_of(text))
    for word in ("Accusé de réception n° 2026-", s.ASSOCIATION, "(heure du serveur)", "À l'ordinateur",
                 f"saisies 1 à {ENTRIES} ({ENTRIES})", "1 reçu, 0 manquant",
                 f"{ENTRIES} saisies, aucune manquante ; 1 document",
                 "Cet accusé prouve ce qui a été reçu et quand. Il ne vaut pas accord de paiement."):
        s.check(f"« {word} » is not in the terminal: {text}", word in text)
        s.check(f"« {word} » is not on the page", word in html.unescape(paper))
    s.check("the page asks for something outside", not re.search(r"(src|href)=|url\(|@import", paper))
    return {"file": file.read_bytes(), "page": page.read_bytes(), "text": text.encode(),
            "lines": lines_of(text).encode(), "code": code.encode()}


def verify_all(stage: s.Stage, hall: TownHall, forms: dict[str, bytes]) -> None:
    answers = []
    for name, content in forms.items():
        done = hall.verify(content, "--json", "--cle", hall.key).ended(0)
        answer = done.json()
        s.equal(f"{name}: entries and documents", (answer["saisies"], answer["documents"]), (ENTRIES, 1))
        answers.append((answer["accuse"], answer["empreinte_saisies"], answer["empreinte"]))
        said = hall.verify(content).ended(0)
        s.check(f"what {name} proves: {said.err}",
                f"{ENTRIES} saisies et 1 document de l'ordinateur n° 2, de la première à la dernière, "
                "sans trou" in said.err and "Il ne vaut pas accord de paiement" in said.err)
        s.equal(f"{name} at the server", stage.server.ok(
            "--json", "verifier-accuse", stage.base / "recu").json()["journal"], True)
    s.equal("what the forms say", len(set(answers)), 1)
    # Without a key a file says which one to compare; a text has none.
    said = hall.run("accuse", "verifier", stage.base / "accuse.pica").ended(0)
    s.check(said.err, "comparez son empreinte" in said.err and answers[0][2] in said.err)
    s.check("--cle is not asked for", "--cle" in hall.verify(forms["lines"], "--plain").ended(2).err)


def typed(stage: s.Stage, hall: TownHall, laptop: s.Laptop, lines: str) -> None:
    """From the keyboard, as people copy, and with a slip in each line."""
    command = [*hall.command, "accuse", "verifier", "-", "--cle", hall.key.lower().replace("-", " ")]
    careless = "\r\n".join(line.split(": ")[1].lower().replace("0", "o").replace("-", " ")
                           for line in lines.splitlines())
    done = subprocess.run(command, input=careless.encode(), capture_output=True, check=False,
                          env=stage.environment, timeout=s.PATIENCE)
    s.equal(f"typed: {done.stderr.decode()}", done.returncode, 0)
    rows = lines.splitlines()
    for i, row in enumerate(rows):
        slip = row[:-1] + ("7" if row[-1] != "7" else "8")
        wrong = hall.verify("\n".join([*rows[:i], slip, *rows[i + 1:]]).encode()).ended(13)
        s.check(wrong.err, "P-08" in wrong.err and f"ligne {i + 1}." in wrong.err)
    # The laptop itself needs no key: it pinned the server's.
    (stage.base / "recu").write_text(lines)
    laptop.ok("accuse", "verifier", stage.base / "recu")
    wrong_key = ("0" if hall.key[0] != "0" else "1") + hall.key[1:]
    hall.run("accuse", "verifier", stage.base / "recu", "--cle", wrong_key).ended(2)


def flipped(hall: TownHall, forms: dict[str, bytes]) -> None:
    """One bit of every third byte; the unit tests flip them all."""
    tried = 0
    for name in ("file", "code", "lines"):
        content = forms[name]
        for at in range(0, len(content), 3):
            bit = 1 << at % 8
            if name == "lines" and bit == 0x20 and chr(content[at]).isalpha():
                continue  # a small letter means the same
            hall.verify(content[:at] + bytes([content[at] ^ bit]) + content[at + 1:]).ended(13)
            tried += 1
    print(f"{tried} flipped bits, all refused with 13")


def lost(stage: s.Stage, folder: Path, receipt: Path) -> None:
    """A server put back from before the receipt says so, and does not call the receipt false."""
    server = s.Program(stage, stage.pic_server, folder)
    done = server.run("--json", "verifier-accuse", receipt).ended(3)
    s.equal("held by an older journal", done.json()["journal"], False)
    s.check(done.err, "Le journal ne tient plus" in done.err)


def hostile(stage: s.Stage) -> None:
    """A name is a text, whatever it looks like."""
    stage.add_association(HOSTILE, "Autre fonds", "QN06245M")
    laptop = s.Laptop(stage, "autre")
    laptop.enrol(HOSTILE)
    laptop.new("projet", "ajouter", "--fonds", "Autre fonds", "--titre", "Fête")
    laptop.sync_until_quiet()
    page = stage.base / "autre.html"
    laptop.ok("accuse", "imprimer", "--fichier", page)
    paper = page.read_text()
    s.check("a name became a tag", "<script" not in paper and "<b>" not in paper)
    s.check("the name is not on the page", HOSTILE in html.unescape(paper))


def test(stage: s.Stage, _: list[str]) -> None:
    server = stage.open()
    server.serve()
    before = stage.base / "avant"
    shutil.copytree(server.folder, before)
    key = server.ok("--json", "cle-publique").json()
    s.equal("words of a fingerprint", len(key["mots"].split()), 10)
    laptop = s.Laptop(stage, "Samira B.").enrol()
    laptop.run("accuse", "imprimer").ended(1)  # nothing was sent yet
    project = laptop.project("Thé dansant")
    for i in range(ENTRIES - 2):
        laptop.project(f"Repas de rue {i}")
    photo = stage.base / "photo.jpg"
    photo.write_bytes(b"\xff\xd8" + bytes(range(256)) * 8)
    laptop.ok("justificatif", "joindre", photo, "--objet", project, "--nature", "photo")
    laptop.sync_until_quiet()
    hall = TownHall(stage, key["cle"])
    forms = print_all(stage, laptop)
    s.check("the server's key is not on the page", key["cle"] in forms["page"].decode()
            and key["mots"] in forms["page"].decode() and key["empreinte"] in forms["text"].decode())
    as_specified(forms, signed(laptop), key)
    verify_all(stage, hall, forms)
    typed(stage, hall, laptop, forms["lines"].decode())
    flipped(hall, forms)
    lost(stage, before, stage.base / "accuse.pica")
    hostile(stage)


if __name__ == "__main__":
    s.main(test)
