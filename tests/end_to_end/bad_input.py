#!/usr/bin/python3
"""bad_input.py PIC PIC_SERVER: what people, files, disks and networks do wrong, on the real programs.

Each mistake ends with its exit code and its stable code; what was recorded before it is still
there, as it was, and what comes after it is recorded and received.
"""
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable

import clocks
import stage as s

EXPENSE = ("depense", "ajouter", "--fournisseur", "Dupont", "--date-facture", "12/03/2026")
OTHER, OTHER_FUND = "Grande Résidence, Lens", "PIC Lens 2026"
MEGABYTE = 1 << 20


class Scene:
    """One server, one treasurer's laptop with a project and an expense; and how many checks passed."""

    def __init__(self, stage: s.Stage):
        self.stage = stage
        self.server = stage.open()
        stage.add_association(OTHER, OTHER_FUND, "QN06225M")
        self.server.serve()
        self.laptop = s.Laptop(stage, "bureau").enrol()
        self.project = self.laptop.project("Jardin partagé")
        self.expense = self.laptop.new(*EXPENSE, "--projet", self.project, "--montant", "45,90")
        self.laptop.sync_until_quiet()
        self.checks = 0

    def refused(self, what: str, program: s.Program, code: int, stable: str, *words: Any,
                says: str = "") -> s.Done:
        done = program.run(*words)
        if done.code != code or not re.search(f"^{stable} ", done.err, re.M) or says not in done.err:
            s.fail(f"{what}: ended with {done.code}, not {code}, saying {done.err!r:.500}; "
                   f"expected {stable} {says}")
        s.check(f"{what}: data on stdout with a failure: {done.out!r:.200}", not done.out)
        self.checks += 1
        return done

    def goes_on(self, what: str) -> None:
        """Nothing lost before, nothing blocked behind."""
        before = set(self.laptop.titles())
        title = f"Après : {what}"
        number = self.laptop.project(title)
        self.laptop.sync_until_quiet()
        there = [row["numero"] for row in self.server.rows("projet") if row["titre"] == title]
        s.equal(f"{what}: the next entry on the server", there, [number])
        s.check(f"{what}: a project is gone", before | {title} <= set(self.laptop.titles()))
        s.equal(f"{what}: expenses", [row["numero"] for row in self.laptop.rows("depense")],
                [self.expense])
        self.checks += 1


# What is typed.

def typed(scene: Scene) -> None:
    expense = (*EXPENSE, "--projet", scene.project)
    project = ("projet", "modifier", scene.project)
    organisation = ("organisme", "ajouter", "--nature", "association", "--nom", "Essai")
    pic, server = scene.laptop, scene.server
    statement = Path(__file__).parent / "demo" / "releve-2026.csv"
    table: tuple[tuple[str, s.Program, str, tuple, str], ...] = (
        ("ambiguous amount", pic, "S-01", (*expense, "--montant", "1.234"), "1 234"),
        ("amount in words", pic, "S-10", (*expense, "--montant", "douze"), "45,90"),
        ("three decimals", pic, "S-10", (*expense, "--montant", "1,2345"), ""),
        ("date that does not exist", pic, "S-11",
         (*EXPENSE[:-1], "31/02/2026", "--projet", scene.project, "--montant", "3"), "31/02/2026"),
        ("SIREN", pic, "S-23", (*expense, "--montant", "3", "--siren", "732829321"), "SIREN"),
        ("SIRET of 13 digits", server, "S-05", (*organisation, "--siret", "5720073500017"),
         "05720073500017"),
        ("SIRET", server, "S-22", (*organisation, "--siret", "20005374200018"), "SIRET"),
        ("RNA", server, "S-24", (*organisation, "--rna", "W59"), "RNA"),
        ("INSEE", server, "S-25", (*organisation, "--commune", "6257"), "62570"),
        ("district", pic, "S-26", (*project, "--territoires", "QN99999M"), "QN99999M"),
        ("IBAN", server, "S-27", ("releve", "importer", statement, "--compte",
                                  "FR7612345678901234567890123", "--oui"), "IBAN"),
        ("control byte", pic, "S-12", (*project, "--titre", "a\x01b"), "Titre"),
        ("invalid UTF-8", pic, "S-12", (*project, "--titre", b"a\xffb"), "Titre"),
        ("text above its limit", pic, "S-13", (*project, "--titre", "x" * 100000), "Titre"),
        ("choice", pic, "S-14", (*project, "--statut", "accordé !"), "accordé !"),
        ("percentage", server, "S-18", ("part", "ajouter", "--fonds", s.FUND, "--financeur",
                                        s.ASSOCIATION, "--taux", "170"), "170"),
        ("count", pic, "S-17", (*project, "--public-prevu", "-3"), "-3"),
        ("yes or no", pic, "S-19", (*project, "--droit-commun-impossible", "bof"), "bof"),
        ("missing field", pic, "U-04", ("projet", "ajouter", "--fonds", s.FUND), "--titre"),
        ("field written once", pic, "S-20",
         ("depense", "modifier", scene.expense, "--montant", "3"), "Contrepassez"),
        ("unknown command", pic, "U-02", ("sinc",), "« sync »"),
        ("unknown verb", server, "U-02", ("organisme", "ajoutre"), "« organisme ajouter »"),
        ("unknown option", pic, "U-03", (*expense, "--montan", "3"), "« --montant »"),
        ("unknown option of the server", server, "U-03", ("verifier", "--tou"), "« --tout »"),
        ("option without its value", pic, "U-01", ("projet", "ajouter", "--titre"), "--titre"),
        ("fund of another association", pic, "S-15",
         ("projet", "ajouter", "--fonds", OTHER_FUND, "--titre", "x"), OTHER_FUND),
        ("fund that the laptop cannot know", pic, "S-15",
         ("projet", "ajouter", "--fonds", "9-9", "--titre", "x"), "9-9"),
        ("missing file", pic, "D-28", ("justificatif", "joindre", "/nulle/part", "--objet",
                                       scene.project), "/nulle/part"),
    )
    for what, program, stable, words, says in table:
        scene.refused(what, program, 2, stable, *words, says=says)
    nothing = scene.laptop.status()["saisies_en_attente"]
    s.equal("entries after mistakes", nothing, 0)
    scene.goes_on("fautes de frappe")


def reversals(scene: Scene) -> None:
    number = scene.laptop.new(*EXPENSE, "--projet", scene.project, "--montant", "1,00")
    scene.laptop.ok("depense", "contrepasser", number, "--motif", "en double")
    scene.refused("double reversal", scene.laptop, 2, "S-21", "depense", "contrepasser", number,
                  "--motif", "en double")
    scene.goes_on("double contrepassation")


def roles(scene: Scene) -> None:
    helper = s.Laptop(scene.stage, "saisie").enrol(role="saisie")
    helper.sync_until_quiet()
    done = helper.run("paiement", "ajouter", "--projet", scene.project, "--nature", "avance",
                      "--montant", "10,00", "--date", "12/03/2026")
    s.check(f"payment by a helper: {done.code} {done.err}",
            done.code == 3 and done.err.startswith("Q-01"))
    number = helper.project("Saisi par une bénévole")
    helper.run("sync")
    scene.checks += 1
    s.check("the entry after it is on the server",
            number in [row["numero"] for row in scene.server.rows("projet")])
    s.equal("payments on the server", scene.server.rows("paiement"), [])
    scene.goes_on("rôle")


# Invitations.

def init(laptop: s.Laptop, *words: Any) -> tuple:
    return ("init", *words, "--nom", "X", "--oui")


def invitations(scene: Scene) -> None:
    stage, server = scene.stage, scene.server
    new = s.Laptop(stage, "nouveau")
    path = stage.invite(s.ASSOCIATION, "tresorerie")
    data = path.read_bytes()
    for what, changed in (("cut", data[:len(data) // 2]), ("empty", b""), ("longer", data + b"\0"),
                          *((f"bit {at} flipped", data[:at] + bytes([data[at] ^ 4]) + data[at + 1:])
                            for at in range(5, len(data), len(data) // 9))):
        bad = stage.base / "abimee.picx"
        bad.write_bytes(changed)
        done = new.run(*init(new, "--invitation", bad))
        s.check(f"invitation {what}: {done.code} {done.err}",
                (done.code, done.err[:4]) in ((15, "I-03"), (18, "P-06"), (13, "P-03")))
        s.check("no store is left behind", not (new.folder / "pic.db").exists())
        scene.checks += 1

    def told(*words: str) -> dict[str, Any]:
        return server.ok("--json", "association", "inviter", s.ASSOCIATION, "--role", "saisie",
                         "--fichier", stage.base / f"{time.monotonic_ns()}.picx", *words).json()

    address = ("--serveur", f"tcp://127.0.0.1:{server.port}")
    once = told()
    s.Laptop(stage, "premier").ok(*init(new, "--code", once["code"], *address))
    scene.refused("used code", new, 15, "I-05", *init(new, "--code", once["code"], *address))
    revoked = told()
    server.ok("agent", "desactiver", str(revoked["appareil"]))
    scene.refused("revoked code", new, 15, "I-06", *init(new, "--code", revoked["code"], *address))
    late = s.Laptop(stage, "tard")
    if clocks.libraries():
        clocks.wrong(late, "2027-12-01 10:00:00")
        scene.refused("expired file", late, 15, "I-04", *init(late, "--invitation", path))
    scene.refused("code with a slip", new, 15, "I-03",
                  *init(new, "--code", "PIC-AAAAA-AAAAA-AAAAA", *address))
    scene.refused("weak passphrase", s.Laptop(stage, "faible"), 2, "I-09",
                  *init(new, "--invitation", path, "--phrase-fichier", weak(stage)))
    scene.refused("not enrolled", new, 10, "I-01", "statut")
    new.ok(*init(new, "--invitation", path))
    scene.refused("enrolled twice", new, 2, "I-02", *init(new, "--invitation", path))
    twin = s.Laptop(stage, "jumeau")
    new.ok("sync")
    twin.ok(*init(twin, "--invitation", path))
    scene.refused("used file", twin, 15, "I-05", "sync")
    scene.goes_on("invitations")


def weak(stage: s.Stage) -> Path:
    path = stage.base / "faible.txt"
    path.write_text("toto\n")
    return path


def passphrase(scene: Scene) -> None:
    wrong = scene.stage.base / "fausse"
    wrong.write_text("une autre phrase que la bonne\n")
    scene.laptop.ok("verrouiller")
    scene.refused("wrong passphrase", scene.laptop, 12, "I-08", "sync", "--phrase-fichier", wrong)
    scene.goes_on("phrase de passe")


# Stores.

def damaged(what: str, scene: Scene, program: s.Program, code: int, stable: str, file: str,
            change: Callable[[Path], None], *commands: tuple[str, ...]) -> None:
    """A copy of a store of which one file was changed: refused, and the file untouched."""
    copy = scene.stage.base / "copie"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(program.folder, copy)
    change(copy / file)
    before = (copy / file).read_bytes()
    other = s.Program(scene.stage, program.command[0], copy, *program.command[4:])
    for command in commands:
        scene.refused(f"{what}, {command[0]}", other, code, stable, *command)
        s.equal(f"{what}: bytes", (copy / file).read_bytes() == before, True)


def make_newer(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 9999")
    db.close()


def stores(scene: Scene) -> None:
    agent = (("statut",), ("projet", "ajouter", "--fonds", s.FUND, "--titre", "x"), ("sync",))
    server = (("organisme", "liste"), ("verifier", "--tout"), ("serve",),
              ("organisme", "ajouter", "--nature", "association", "--nom", "x"))
    scene.server.stop()
    try:
        change_stores(scene, agent, server)
    finally:
        scene.server.serve()
    scene.goes_on("fichiers de données")


def change_stores(scene: Scene, agent: tuple, server: tuple) -> None:
    damaged("newer pic.db", scene, scene.laptop, 18, "D-24", "pic.db", make_newer, *agent)
    damaged("newer journal.db", scene, scene.server, 18, "D-24", "journal.db", make_newer, *server)

    def overwrite(path: Path) -> None:
        path.write_bytes(b"Ceci n'est pas une base.\n" * 400)

    damaged("pic.db of text", scene, scene.laptop, 13, "D-23", "pic.db", overwrite, *agent)
    damaged("journal.db of text", scene, scene.server, 13, "D-23", "journal.db", overwrite,
            *server)


def two_writers(scene: Scene) -> None:
    """D-22 says since when, and which process; a second server does not even begin."""
    scene.refused("two servers", scene.server, 17, "D-22", "serve", "--ecoute",
                  "tcp://127.0.0.1:0")
    held = scene.laptop.folder / "pic.verrou"
    holder = scene.stage.child(sys.executable, "-c", f"""
import fcntl, os, sys, time
file = open({str(held)!r}, "r+")
fcntl.flock(file, fcntl.LOCK_EX)
file.truncate(0)
file.write(f"{{os.getpid()}} {{int(time.time() * 1000)}}\\n")
file.flush()
print("held", flush=True)
time.sleep(60)
""")
    assert holder.stdout is not None
    s.equal("the store is held", holder.stdout.readline(), "held\n")
    done = scene.refused("two writers", scene.laptop, 17, "D-22", "projet", "ajouter", "--fonds",
                         s.FUND, "--titre", "x", says=f"processus {holder.pid}")
    s.check(f"since when: {done.err}", re.search(r"ouverte à \d+ h \d\d", done.err))
    scene.laptop.ok("projet", "liste")
    holder.kill()
    holder.wait()
    scene.goes_on("deux fenêtres")


# Tables.

def tables(scene: Scene) -> None:
    table = scene.stage.base / "table.csv"
    head = "Titre;Fonds;Montant demandé\n"
    good = f"Bon;{s.FUND};10,00\n"
    for what, stable, text, says in (
            ("amount in line 3", "F-01", head + good + f"Deux;{s.FUND};1.234\n", "3"),
            ("unknown column", "F-02", head.replace("Titre", "Titres") + good, "Titre"),
            ("quote left open", "F-01", head + good + '"Deux;x;1\n', "guillemet"),
            ("invalid UTF-8 and no other encoding", "F-01",
             (head + good).encode() + b"a\x00b;x;1\n", ""),
            ("text of 10 MB", "F-01", head + good + f"{'x' * 10 * MEGABYTE};{s.FUND};1\n", "3"),
            ("unknown fund", "F-01", head + good + "Deux;Autre;1\n", "3")):
        table.write_bytes(text if isinstance(text, bytes) else text.encode())
        done = scene.laptop.run("importer", table, "--entite", "projet", "--oui")
        s.check(f"{what}: {done.code} {done.err}", done.code == 2 and stable in done.err and
                says in done.err)
        scene.checks += 1
    s.check("nothing is half imported", "Bon" not in scene.laptop.titles())
    scene.goes_on("tableaux")


# Networks.

class Recorder(threading.Thread):
    """A line between one laptop and the server that keeps what the laptop says."""

    def __init__(self, port: int):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.target = port
        self.said: list[bytearray] = []
        self.start()

    def run(self) -> None:
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(("127.0.0.1", self.target))
            self.said.append(bytearray())
            for source, sink, kept in ((client, server, self.said[-1]), (server, client, None)):
                threading.Thread(target=self.carry, args=(source, sink, kept), daemon=True).start()

    @staticmethod
    def carry(source: socket.socket, sink: socket.socket, kept: bytearray | None) -> None:
        try:
            while data := source.recv(65536):
                if kept is not None:
                    kept += data
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def say(port: int, data: bytes) -> None:
    """Says anything to the server, and hears it out."""
    with socket.create_connection(("127.0.0.1", port), timeout=2) as line:
        try:
            line.sendall(data)
            line.shutdown(socket.SHUT_WR)
            while line.recv(65536):
                pass
        except OSError:
            pass


def network(scene: Scene) -> None:
    """Frames of every wrong kind; spec_client_test.py has what needs the keys of a device."""
    server = scene.server
    line = Recorder(server.port)
    code = server.ok("--json", "association", "inviter", s.ASSOCIATION, "--role", "saisie",
                     "--fichier", scene.stage.base / "ligne.picx").json()["code"]
    laptop = s.Laptop(scene.stage, "ligne")
    laptop.ok(*init(laptop, "--code", code, "--serveur", f"tcp://127.0.0.1:{line.port}"))
    number = laptop.project("Entendu en chemin")
    laptop.sync_until_quiet()
    before = server.rows("projet")
    s.check("the entry is there", number in [row["numero"] for row in before])
    s.check("the line has kept what was said", len(line.said) >= 2 and all(line.said))
    heard = [bytes(said) for said in line.said]
    wrong = [*heard, *heard, heard[-1][:len(heard[-1]) // 2], b"", b"PIC1", b"GET / HTTP/1.1\r\n\r\n",
             b"PIC1\xff\xff\xff\xff", b"PIC1\x00\x00\x01\x00", os.urandom(MEGABYTE)]
    flipped = bytearray(heard[-1])
    for at in range(0, len(flipped), max(1, len(flipped) // 40)):
        flipped[at] ^= 0x10
        wrong.append(bytes(flipped))
        flipped[at] ^= 0x10
    for data in wrong:
        say(server.port, data)
        s.check("the server lives", server.lives())
        scene.checks += 1
    s.equal("projects after all that", server.rows("projet"), before)
    server.verify()
    scene.goes_on("trames")


# Retirement.

def retirement(scene: Scene) -> None:
    lost = s.Laptop(scene.stage, "perdu").enrol()
    lost.sync_until_quiet()
    numbers = [lost.project(f"Avant de savoir {i}") for i in range(3)]
    device = numbers[0].split("-")[0]
    scene.server.ok("agent", "desactiver", device, "--motif", "volé")
    done = lost.run("sync")
    s.check(f"retired device: {done.code} {done.err}", done.code == 15 and "E-05" in done.err)
    s.equal("its entries are kept", lost.status()["saisies_en_attente"], 3)
    s.equal("and read", [row["numero"] for row in lost.rows("projet")
                         if row["numero"].startswith(f"{device}-")], numbers)
    s.check("and not received", not set(numbers) & {row["numero"] for row in
                                                    scene.server.rows("projet")})
    scene.checks += 1
    scene.goes_on("appareil désactivé")


# Disks.

class SmallDisk:
    """A file system of a few hundred kB in memory; None where we may not mount one."""

    def __init__(self, folder: Path, kilobytes: int):
        self.folder = folder
        folder.mkdir()
        self.there = os.geteuid() == 0 and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", folder],
            capture_output=True, check=False).returncode == 0

    def __enter__(self) -> "SmallDisk":
        return self

    def __exit__(self, *_: object) -> None:
        if self.there:
            subprocess.run(["umount", "-l", self.folder], check=False)

    def fill(self) -> Path:
        path = self.folder / "photos de vacances"
        with path.open("wb", buffering=0) as file:
            for size in (65536, 4096):
                try:
                    while True:
                        file.write(b"\xff" * size)
                except OSError:
                    pass
        return path


def fill_and_free(scene: Scene, what: str, disk: SmallDisk, program: s.Program,
                  words: Callable[[int], tuple], listed: Callable[[], set[str]]) -> None:
    told = {program.new(*words(0))}
    ballast = disk.fill()
    refused = 0
    for i in range(1, 200):
        done = program.run("--json", *words(i))
        if done.code == 0:
            told.add(done.json()["numero"])
            continue
        s.check(f"{what}: {done.code} {done.err}", done.code == 16 and "D-20" in done.err)
        refused += 1
        if refused == 3:
            break
    s.equal(f"{what}: refusals", refused, 3)
    ballast.unlink()
    s.check(f"{what}: an entry that was told is gone", told <= listed())
    told.add(program.new(*words(1000)))
    s.equal(f"{what}: entries", listed(), told)
    scene.checks += 1


def full_disks(scene: Scene) -> None:
    with SmallDisk(scene.stage.base / "disque", 4096) as disk:
        if not disk.there:
            print("# no small file system may be mounted here: full disks are not tried")
            return
        laptop = s.Laptop(scene.stage, "plein")
        laptop.command[2] = str(disk.folder / "pic")
        laptop.folder = disk.folder / "pic"
        laptop.enrol()

        def projects() -> set[str]:
            device = laptop_device(laptop)
            return {r["numero"] for r in laptop.rows("projet") if r["numero"].startswith(device)}

        fill_and_free(scene, "full disk of a laptop", disk, laptop,
                      lambda i: ("projet", "ajouter", "--fonds", s.FUND, "--titre", f"Plein {i}",
                                 "--resume", "r" * 3000), projects)
        laptop.sync_until_quiet()
    with SmallDisk(scene.stage.base / "disque-region", 6144) as disk:
        scene.server.stop()
        copy = disk.folder / "region"
        shutil.copytree(scene.server.folder, copy)
        server = s.Program(scene.stage, scene.server.command[0], copy)
        before = {r["numero"] for r in server.ok("--json", "organisme", "liste").json()}

        def organisations() -> set[str]:
            rows = server.ok("--json", "organisme", "liste", "--limite", "1000").json()
            return {row["numero"] for row in rows} - before

        fill_and_free(scene, "full disk of the server", disk, server,
                      lambda i: ("organisme", "ajouter", "--nature", "association", "--nom",
                                 f"Organisme {i}", "--adresse", "a" * 500), organisations)
        server.ok("verifier", "--tout")
        scene.server.serve()
    scene.goes_on("disque plein")


def laptop_device(laptop: s.Laptop) -> str:
    return next(row["numero"].split("-")[0] + "-" for row in laptop.rows("projet")
                if row["titre"].startswith("Plein"))


SCENES = (typed, reversals, roles, invitations, passphrase, stores, two_writers, tables, network,
          retirement, full_disks)


def test(stage: s.Stage, arguments: list[str]) -> None:
    scene = Scene(stage)
    failed = []
    for act in SCENES:
        if arguments and act.__name__ not in arguments:
            continue
        try:
            act(scene)
            print(f"ok - {act.__name__}")
        except AssertionError as failure:
            failed.append(act.__name__)
            print(f"not ok - {act.__name__}: {failure}")
    scene.server.verify()
    print(f"{scene.checks} checks")
    s.equal("acts that failed", failed, [])


if __name__ == "__main__":
    s.main(test)
