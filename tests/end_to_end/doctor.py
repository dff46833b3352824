#!/usr/bin/python3
"""doctor.py PIC PIC_SERVER: the diagnosis of a laptop and of a server, on the real programs.

What goes wrong on a laptop is made to go wrong: no network, a captive portal, a mute port, another
server, a clock that went back, a damaged file, a lost document, a taken lease, a full disk. Each
time the laptop names it, and the letters it gives say the same lines at the Region. The support file
is searched for everything that was typed and for every key.
"""
import fcntl
import json
import re
import shutil
import socket
import sqlite3
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import stage as s
import theft

GOOD, TO_SEE, BAD = "bon", "a voir", "mauvais"
LIBRARIES = "/usr/lib/*/faketime/libfaketime.so.1"
NAMES = ["Zoraida", "Quetzalcoatl", "Bricolagerie", "Xylophonie", "98761", "987,61", "Pompidour"]


def lines_of(report: dict) -> dict[str, dict]:
    return {line["sujet"]: line for line in report["lignes"]}


def examine(server: s.Server, laptop: s.Laptop, code: int) -> dict[str, dict]:
    """The lines of a laptop, which its letters bring to the Region exactly."""
    done = laptop.run("--json", "doctor").ended(code)
    report = done.json()
    s.check(report["diagnostic"], re.fullmatch(r"([0-9A-Z]{4}-){5}[0-9A-Z]{4}",
                                               report["diagnostic"]))
    heard = server.ok("--json", "diagnostic", report["diagnostic"].lower()).json()
    s.equal("what the Region hears", heard["lignes"], report["lignes"])
    for line in report["lignes"]:
        s.equal(f"an action, or good: {line}", line["action"] is None, line["verdict"] == GOOD)
    return lines_of(report)


def says(lines: dict[str, dict], subject: str, verdict: str, code: str | None = None) -> None:
    s.check(f"{subject} is not looked at: {list(lines)}", subject in lines)
    got = lines[subject]
    s.equal(f"{subject}: {got}", (got["verdict"], got["code"]), (verdict, code))


def healthy(server: s.Server, laptop: s.Laptop) -> None:
    """Of a laptop whose server answers."""
    lines = examine(server, laptop, 0)
    s.equal("all good", {line["verdict"] for line in lines.values()}, {GOOD})
    for subject in ("disque", "donnees", "saisies", "accuses", "tableaux", "documents", "horloge",
                    "reseau", "contact", "version", "fenetre", "envoi"):
        says(lines, subject, GOOD)


def misheard(server: s.Server, laptop: s.Laptop) -> None:
    code = laptop.run("--json", "doctor").json()["diagnostic"]
    wrong = "7" if code[5] != "7" else "8"  # the fifth letter
    done = server.run("diagnostic", code[:5] + wrong + code[6:]).ended(2)
    s.check(done.err, "U-08" in done.err and "lettre n° 5" in done.err and
            f"« {wrong} »" in done.err and f"« {code[5]} »" in done.err)
    server.ok("diagnostic", *code.split("-"))
    server.run("diagnostic", code[:-1]).ended(2)
    server.run("diagnostic", "bonjour").ended(2)


class Portal(BaseHTTPRequestHandler):
    """What a hotel's Wi-Fi answers to everything."""

    def handle_one_request(self) -> None:
        self.connection.recv(4096)
        self.connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://portail.exemple/\r\n"
                                b"Content-Length: 0\r\nConnection: close\r\n\r\n")
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


def networks(stage: s.Stage, server: s.Server, laptop: s.Laptop) -> None:
    """Another thing stands, each time, where the server stood."""
    server.stop()
    says(examine(server, laptop, 3), "reseau", TO_SEE, "E-01")
    portal = HTTPServer(("127.0.0.1", server.port), Portal)
    threading.Thread(target=portal.serve_forever, daemon=True).start()
    says(examine(server, laptop, 3), "reseau", TO_SEE, "E-02")
    laptop.run("sync").ended(14)
    portal.shutdown()
    portal.server_close()
    with socket.create_server(("127.0.0.1", server.port)):  # accepts, and says nothing
        says(examine(server, laptop, 3), "reseau", TO_SEE, "E-12")
    impostor = s.Stage(stage.pic, stage.pic_server)
    with impostor:
        impostor.open()
        impostor.server.port = server.port
        impostor.server.serve()
        says(examine(server, laptop, 3), "reseau", BAD, "F-08")
    server.serve()


def clocks(server: s.Server, laptop: s.Laptop) -> None:
    libraries = sorted(str(path) for path in Path("/").glob(LIBRARIES[1:]))
    if not libraries:
        print("libfaketime is not installed: clocks are left out")
        return
    laptop.environment = {"LD_PRELOAD": libraries[0], "FAKETIME": "-3d",
                          "ASAN_OPTIONS": "verify_asan_link_order=0"}
    line = examine(server, laptop, 3)["horloge"]
    s.equal("a clock that went back", (line["verdict"], line["code"]), (TO_SEE, "E-04"))
    s.check(line["phrase"], "retarde" in line["phrase"] and "d'au moins" in line["phrase"] and
            ("2 jours" in line["phrase"] or "3 jours" in line["phrase"]))
    laptop.run("sync")  # compares both clocks, for good
    line = examine(server, laptop, 3)["horloge"]
    s.check(line["phrase"], "retarde d'environ 3 jours" in line["phrase"] or
            "retarde d'environ 2 jours" in line["phrase"])
    laptop.environment = {}
    laptop.run("sync")
    healthy(server, laptop)


def copy_of(stage: s.Stage, laptop: s.Laptop, name: str) -> s.Laptop:
    again = s.Laptop(stage, name)
    shutil.copytree(laptop.folder, again.folder)
    return again


def spoil(laptop: s.Laptop, sql: str) -> None:
    db = sqlite3.connect(laptop.folder / "pic.db")
    db.execute("PRAGMA ignore_check_constraints = 1")
    changed = db.execute(sql).rowcount
    db.commit()
    db.close()
    s.check(f"nothing to spoil: {sql}", changed > 0)


def damages(stage: s.Stage, server: s.Server, laptop: s.Laptop) -> None:
    flip = "CAST(substr({0}, 1, length({0}) - 9) || x'00' || substr({0}, length({0}) - 7) AS BLOB)"
    cases = {
        "saisies": ("UPDATE segment SET bytes = " + flip.format("bytes") + " WHERE position ="
                    " (SELECT max(position) FROM segment)", "P-04"),
        "accuses": ("UPDATE proof SET bytes = " + flip.format("bytes"), "P-03"),
        "tableaux": ("UPDATE project SET title = 'autre chose'", "P-05"),
    }
    for subject, (sql, code) in cases.items():
        broken = copy_of(stage, laptop, f"abime-{subject}")
        spoil(broken, sql)
        says(examine(server, broken, 13), subject, BAD, code)
    broken = copy_of(stage, laptop, "abime-fichier")
    with (broken.folder / "pic.db").open("r+b") as file:
        file.write(b"not a database at all")
    lines = examine(server, broken, 13)
    says(lines, "donnees", BAD, "D-23")
    broken = copy_of(stage, laptop, "abime-documents")
    shutil.rmtree(broken.folder / "documents")
    lines = examine(server, broken, 13)
    says(lines, "documents", BAD, "D-21")
    s.check(lines["documents"]["phrase"], re.search(r"\d+ documents?\b", lines["documents"]["phrase"]))


def lease(server: s.Server, laptop: s.Laptop) -> None:
    with (laptop.folder / "pic.verrou").open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        says(examine(server, laptop, 3), "fenetre", TO_SEE, "D-22")
    says(examine(server, laptop, 0), "fenetre", GOOD)


def full_disk(stage: s.Stage, server: s.Server, laptop: s.Laptop) -> None:
    """On a disk of its own, where a namespace of mounts can be had."""
    small = stage.base / "petit"
    small.mkdir()
    report = stage.base / "plein.json"
    script = (f"mount -t tmpfs -o size=8m tmpfs {small} && cp -r {laptop.folder} {small}/p && "
              f"(cat /dev/zero > {small}/zero; true) && "
              f"exec {stage.pic} --dossier {small}/p --json doctor > {report}")
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script], capture_output=True,
                          env=stage.environment, timeout=s.PATIENCE, text=True, check=False)
    if not report.exists() or report.stat().st_size == 0:
        print("no namespace of mounts here: the full disk is left out")
        return
    s.check(done.stderr, "Sanitizer" not in done.stderr)
    got = json.loads(report.read_text())
    line = lines_of(got)["disque"]
    s.check(f"a full disk: {line}", line["verdict"] == BAD and line["code"] in ("D-20", "D-25"))
    s.equal("the Region hears it", server.ok("--json", "diagnostic",
                                             got["diagnostic"]).json()["lignes"], got["lignes"])


def support(stage: s.Stage, laptop: s.Laptop) -> None:
    path = stage.base / "support.txt"
    laptop.run("doctor", "--dossier-support", path).ended(0)
    text = path.read_bytes()
    for words in (b"pic = ", b"reseau = bon", b"project = 2", b"pic.db = ", b"[dernieres erreurs]",
                  b"E-02", b"complet = OK"):
        s.check(f"{words!r} is missing in {text.decode()}", words in text)
    port = str(stage.server.port).encode()
    needles = [name.encode() for name in NAMES]
    needles += [s.ASSOCIATION.encode(), "Méricourt".encode(), s.FUND.encode(), b"tcp://",
                b"127.0.0.1", port, laptop.folder.name.encode(), str(stage.base).encode(),
                s.PASSPHRASE.encode(), socket.gethostname().encode()]
    for key in theft.secrets_of(laptop, s.PASSPHRASE):
        needles += [key, key.hex().encode(), key.hex().upper().encode()]
    for needle in needles:
        s.check(f"the support file holds {needle!r}", needle not in text)
    db = sqlite3.connect(f"file:{laptop.folder / 'pic.db'}?mode=ro", uri=True)
    for table, column in (("device", "signing_key"), ("proof", "bytes"), ("segment", "bytes")):
        for (value,) in db.execute(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL"):
            s.check(f"the support file holds {table}.{column}", value not in text and
                    value[:16].hex().encode() not in text)
    db.close()
    laptop.run("doctor", "--dossier-support", path).ended(2)  # never replaced
    s.equal("the file that was there", path.read_bytes(), text)
    print(f"support file: {len(text)} bytes, {len(needles)} seeded words and keys, 0 found")


def centre(stage: s.Stage, server: s.Server) -> None:
    server.environment = {"PIC_SERVER_ECOUTE": f"tcp://127.0.0.1:{server.port}",
                          "PIC_SERVER_ESPACE_MINIMAL_MO": "1"}
    lines = lines_of(server.run("--json", "doctor").ended(3).json())
    for subject in ("dossier", "disque", "cles", "journal", "tableaux", "horloge", "ecoute"):
        says(lines, subject, GOOD)
    says(lines, "sauvegarde", BAD)
    says(lines, "essai", TO_SEE)
    server.ok("sauvegarder", "--vers", stage.base / "copies")
    server.ok("restaurer-essai", "--de", stage.base / "copies")
    lines = lines_of(server.run("--json", "doctor").ended(0).json())
    s.equal("a server in good health", {line["verdict"] for line in lines.values()}, {GOOD})
    (server.folder / "transport.keys").chmod(0o640)
    says(lines_of(server.run("--json", "doctor").ended(3).json()), "cles", BAD)
    (server.folder / "transport.keys").chmod(0o600)
    server.environment["PIC_SERVER_ESPACE_MINIMAL_MO"] = "900000000"
    says(lines_of(server.run("--json", "doctor").ended(3).json()), "disque", BAD, "D-20")
    server.environment["PIC_SERVER_ESPACE_MINIMAL_MO"] = "1"
    server.stop()
    says(lines_of(server.run("--json", "doctor").ended(3).json()), "ecoute", TO_SEE, "E-01")
    done = s.Program(stage, stage.pic_server, stage.base / "rien").run("doctor").ended(3)
    s.check(done.out, "mauvais  Dossier" in done.out)


def test(stage: s.Stage, _: list[str]) -> None:
    server = stage.open()
    server.serve()
    laptop = s.Laptop(stage, "Pompidour").enrol()
    says(examine(server, laptop, 3), "horloge", TO_SEE)  # no contact yet
    says(examine(server, s.Laptop(stage, "vide"), 3), "donnees", TO_SEE, "I-01")
    laptop.project("Bricolagerie de Zoraida")
    project = laptop.project("Xylophonie")
    laptop.new("depense", "ajouter", "--projet", project, "--fournisseur", "Quetzalcoatl SARL",
               "--montant", "987,61", "--categorie", "petites-fournitures",
               "--date-facture", "12/03/2026")
    picture = stage.base / "Pompidour.jpg"
    picture.write_bytes(b"Zoraida " * 500)
    laptop.ok("justificatif", "joindre", picture, "--objet", project)
    waiting = examine(server, laptop, 3)
    s.check(waiting["envoi"]["phrase"], "saisies et 1 document" in waiting["envoi"]["phrase"])
    laptop.sync_until_quiet()
    healthy(server, laptop)
    misheard(server, laptop)
    lease(server, laptop)
    networks(stage, server, laptop)
    clocks(server, laptop)
    support(stage, laptop)
    damages(stage, server, laptop)
    full_disk(stage, server, laptop)
    centre(stage, server)
    print("every fault is named by the laptop, and heard the same at the Region")


if __name__ == "__main__":
    s.main(test)
