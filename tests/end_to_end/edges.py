#!/usr/bin/python3
"""edges.py PIC PIC_SERVER: what a volunteer meets beside the main road: codes that do not exist, two
things of one name, warnings, corrections, exports, an exchange that must end, a disk without room.
"""
import csv
import json
import os
import subprocess
from pathlib import Path

import stage as s

INVOICE = ("--fournisseur", "Jardinerie Dupont", "--date-facture", "12/03/2026", "--montant",
           "45,90")


def refused(laptop: s.Laptop, code: int, words: str, *command: str) -> None:
    done = laptop.run(*command).ended(code)
    s.check(f"« {words} » is not said by {command}: {done.err}", words in done.err)


def codes(laptop: s.Laptop, project: str) -> None:
    for words, option, value in (
            ("plutôt T17-05", "--theme-principal", "T17-5"),
            ("plutôt T17-05", "--themes", "T17-01 T17-5"),
            ("S-14", "--priorites", "vacances"),
            ("plutôt depose", "--statut", "deposee"),
            ("Vouliez-vous dire", "--territoires", "QN06299M"),
            ("S-25", "--territoires", "99999"),
            ("S-25", "--territoires", "62000"),
            ("S-25", "--territoires", "20001")):
        refused(laptop, 2, words, "projet", "modifier", project, option, value)
    refused(laptop, 2, "plutôt depose", "projet", "liste", "--statut", "deposee")
    for place in ("62570", "75056", "2A004", "97411", "QN06245M", "QP059001", "59324VE01"):
        laptop.ok("projet", "modifier", project, "--territoires", place)
    laptop.ok("projet", "modifier", project, "--theme-principal", "T17-05")
    shown = laptop.ok("projet", "liste").out
    s.check(f"a theme by its name: {shown}", "Valorisation du patrimoine" in shown)
    s.equal("by its code for programs", laptop.rows("projet")[0]["theme-principal"], "T17-05")


def names(laptop: s.Laptop) -> None:
    refused(laptop, 2, "ni un numéro ni un nom connu ici (Fonds)", "projet", "ajouter", "--fonds",
            "PIC Lens 2026", "--titre", "Ailleurs")
    twins = [laptop.project("Fête") for _ in range(2)]
    refused(laptop, 2, "2 saisies portent ce nom", "projet", "voir", "Fête")
    laptop.ok("projet", "annuler", twins[0], "--motif", "saisi deux fois")
    laptop.ok("projet", "annuler", "Fête", "--motif", "saisi deux fois")
    laptop.ok("projet", "annuler", twins[1], "--retablir")
    alone = laptop.project("Fanfare")
    laptop.ok("projet", "annuler", "Fanfare", "--motif", "annulé")
    laptop.ok("projet", "annuler", "Fanfare", "--retablir")
    s.check("back by its name", alone in [row["numero"] for row in laptop.rows("projet")])
    refused(laptop, 2, "(Dépense)", "justificatif", "joindre", "/dev/null", "--depense", "999")


def receipts(stage: s.Stage, laptop: s.Laptop, project: str) -> str:
    ticket = stage.base / "ticket.jpg"
    ticket.write_bytes(b"\xff\xd8 un ticket")
    expense = laptop.new("depense", "ajouter", "--projet", project, *INVOICE, "--justificatif",
                         ticket)
    (piece,) = laptop.rows("justificatif")
    s.equal("the receipt is a piece", (piece["nom"], piece["nature"]), ("ticket.jpg", "facture"))
    committee = laptop.new("comite", "ajouter", "--fonds", s.FUND, "--date", "10/02/2026",
                           "--compte-rendu", ticket)
    s.equal("so are minutes", [row["nature"] for row in laptop.rows("justificatif")],
            ["facture", "compte-rendu"])
    s.check("about their own", committee != expense)
    return expense


def reversals(laptop: s.Laptop, expense: str) -> None:
    laptop.ok("depense", "contrepasser", expense, "--motif", "mal recopié")
    again = laptop.run("depense", "contrepasser", expense, "--motif", "encore").ended(2)
    s.check(f"its number: {again.err}", f"n° {expense}" in again.err)
    s.check(f"where to look: {again.err}", f"historique {expense}" in again.err)
    last = laptop.ok("--json", "historique", expense).json()[-1]
    s.equal("the history tells", (last["champ"], last["apres"]), ("Contrepassation", "mal recopié"))


def warnings(stage: s.Stage, laptop: s.Laptop) -> None:
    project = laptop.project("Jardin", "--statut", "brouillon", "--demande", "900,00")
    laptop.ok("ligne", "ajouter", "--projet", project, "--sens", "charge", "--libelle", "Outils",
              "--prevu", "620")
    income = laptop.run("ligne", "ajouter", "--projet", project, "--sens", "produit", "--libelle",
                        "Fonds", "--prevu", "600").ended(0)
    s.check(f"unbalanced: {income.err}", "S-02" in income.err and "620,00" in income.err)
    s.check("said at the project", "S-02" in laptop.ok("projet", "voir", project).err)
    s.check("and at the budget", "S-02" in laptop.ok("budget", "voir", project).err)
    refused(laptop, 2, "S-02", "projet", "modifier", project, "--statut", "depose")
    laptop.ok("ligne", "modifier", income.out.strip(), "--prevu", "620")
    laptop.ok("projet", "modifier", project, "--statut", "depose")
    s.equal("balanced", laptop.ok("budget", "voir", project).err, "")

    future = laptop.ok("depense", "ajouter", "--projet", project, "--fournisseur", "Sono",
                       "--date-facture", "12/03/2098", "--montant", "10")
    s.check(f"in the future: {future.err}", "S-03" in future.err)
    first = laptop.run("depense", "ajouter", "--projet", project, *INVOICE).ended(0)
    s.check(f"once: {first.err}", "S-07" not in first.err)
    twice = laptop.run("depense", "ajouter", "--projet", project, *INVOICE).ended(0)
    s.check(f"twice: {twice.err}", "S-07" in twice.err and first.out.strip() in twice.err)

    stage.server.ok("regle", "ajouter", "--code", "plafond-action-1", "--valeur", "850,00",
                    "--unite", "euros", "--severite", "bloquer", "--valide-du", "01/01/2020",
                    "--article", "art. 4")
    laptop.run("sync")
    asked = laptop.ok("projet", "modifier", project, "--demande", "901")
    s.check(f"asked: {asked.err}", "S-04" in asked.err and "art. 4" in asked.err)
    granted = laptop.ok("decision", "ajouter", "--projet", project, "--issue", "accorde",
                        "--montant", "860")
    s.check(f"granted: {granted.err}", "S-04" in granted.err and "850,00" in granted.err)


def corrections(stage: s.Stage, laptop: s.Laptop) -> None:
    laptop.run("sync")
    expense = laptop.rows("depense")[0]["numero"]
    stage.server.ok("controle", "ajouter", "--objet", expense, "--nature", "sur-pieces",
                    "--resultat", "a-corriger", "--constat", "justificatif illisible")
    laptop.run("sync").ended(20)
    said = laptop.run("statut").ended(20).out
    s.check(f"what to do: {said}", said.startswith("À corriger : 1") and "pic corriger" in said)
    (item,) = laptop.ok("--json", "corriger").json()
    s.equal("what, and of what", (item["demande"], item["objet"]),
            ("justificatif illisible", f"Dépense {expense}"))
    s.check(f"how: {item}", f"--depense {expense}" in item["faire"])
    refused(laptop, 1, "U-05", "corriger", laptop.rows("projet")[0]["numero"], "--reponse", "non")
    laptop.ok("corriger", expense, "--reponse", "photo refaite")
    s.equal("nothing more", laptop.ok("--json", "corriger").json(), [])
    s.check("nor in the banner", "pic sync" in laptop.ok("statut").out)
    laptop.ok("sync")
    s.equal("the Region reads it", stage.server.ok(
        "--json", "controle", "voir", item["numero"]).json()["reponse"], "photo refaite")


def exchange(stage: s.Stage, laptop: s.Laptop) -> None:
    for i in range(3):
        photo = stage.base / f"photo-{i}.jpg"
        photo.write_bytes(os.urandom(40000))
        laptop.ok("justificatif", "joindre", photo, "--objet", laptop.rows("projet")[0]["numero"])
    for option, value in (("--budget", "vingt"), ("--budget", "20X"), ("--jusqu-a", "25:00"),
                          ("--jusqu-a", "demain")):
        refused(laptop, 2, "S-14", "envoyer", option, value)
    laptop.ok("envoyer", "--saisies-seules")
    left = laptop.status()
    s.equal("entries only", (left["saisies_en_attente"], left["documents_en_attente"]), (0, 3))
    s.check("each in the queue", "photo-1.jpg" in laptop.ok("attente").out)
    laptop.ok("envoyer", "--budget", "30K")
    s.equal("within a budget", laptop.status()["documents_en_attente"], 2)
    laptop.ok("sync", "--budget", "0")
    s.equal("nothing of them", laptop.status()["documents_en_attente"], 2)
    laptop.ok("recevoir")
    laptop.ok("sync", "--jusqu-a", "23:59")
    s.equal("all", laptop.status()["documents_en_attente"], 0)


def exports(stage: s.Stage, laptop: s.Laptop) -> None:
    laptop.project("=1+1", "--lieu", "@ici")
    for form in ("tableur", "reglementaire", "json"):
        laptop.ok("exporter", form, stage.base / form)
        refused(laptop, 2, "D-27", "exporter", form, str(stage.base / form))
    sheet = (stage.base / "tableur" / "projet.csv").read_bytes()
    s.check("a formula is disarmed", b"'=1+1" in sheet and sheet.startswith(b"\xef\xbb\xbf"))
    with (stage.base / "reglementaire" / "projet.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    s.check("exact for programs", "=1+1" in [row["titre"] for row in rows])
    there = json.loads((stage.base / "json" / "projet.json").read_text())
    s.equal("all of them", len(there), len(rows))


def imports(stage: s.Stage, laptop: s.Laptop) -> None:
    table = stage.base / "projets.csv"
    table.write_text(f"Titre;Fonds;Thème principal\nUn;{s.FUND};T17-03\nDeux;{s.FUND};T99\n")
    done = laptop.run("importer", table, "--entite", "projet", "--essai").ended(2)
    s.check(f"the cell: {done.err}", "Ligne 3, colonne « Thème principal »" in done.err)
    s.check(f"the line: {done.err}", "à la ligne 3" in done.err)
    table.write_text(f"Titre;Fonds\nUn;{s.FUND}\n")
    done = laptop.ok("importer", table, "--entite", "projet", "--essai")
    s.check(f"all is well: {done.err}", "Tout se lit" in done.err)


def reading(stage: s.Stage) -> None:
    """A disk without any room, then one that may not be written: what is there can be read."""
    disk = stage.base / "disque plein"
    disk.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4096k", "tmpfs", disk],
        capture_output=True, check=False).returncode == 0
    if not mounted:
        print("# no small file system may be mounted here: full disks are not tried")
        return
    laptop = s.Laptop(stage, "plein")
    laptop.folder = disk / "pic 100%?#"
    laptop.command[2] = str(laptop.folder)
    try:
        laptop.enrol()
        laptop.project("Avant")
        read_full(laptop, disk)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        s.check("read-only", "Avant" in laptop.titles())
        laptop.ok("statut")
        laptop.run("projet", "modifier", "1", "--lieu", "ici").ended(16)
    finally:
        subprocess.run(["umount", "-l", disk], check=False)


def read_full(laptop: s.Laptop, disk: Path) -> None:
    for path in laptop.folder.glob("pic.db-*"):
        s.check("only the log's own files", path.name in ("pic.db-wal", "pic.db-shm"))
        if path.stat().st_size == 0 or path.name == "pic.db-shm":
            path.unlink()
    with (disk / "photos").open("wb", buffering=0) as file:
        for size in (65536, 512):
            try:
                while True:
                    file.write(b"\xff" * size)
            except OSError:
                pass
    s.check("full", "Avant" in laptop.titles())
    laptop.ok("projet", "voir", "Avant")
    laptop.ok("statut")
    laptop.ok("attente")


def test(stage: s.Stage, _: list[str]) -> None:
    stage.open()
    stage.server.serve()
    laptop = s.Laptop(stage, "portable").enrol()
    project = laptop.project("Repas de rue")
    codes(laptop, project)
    names(laptop)
    reversals(laptop, receipts(stage, laptop, project))
    warnings(stage, laptop)
    corrections(stage, laptop)
    exchange(stage, laptop)
    exports(stage, laptop)
    imports(stage, laptop)
    reading(stage)


if __name__ == "__main__":
    s.main(test)
