#!/usr/bin/python3
"""rescue.py PIC PIC_SERVER: a laptop is destroyed; its recovery sheet and a new invitation bring all back.

What had a receipt is there again, entry by entry, document by document, sums equal; names are read;
the lost laptop is refused. A wrong line is named; the sheet of another association is refused and
leaves nothing behind. The sheet is retyped at a terminal, as people do.
"""
import html
import re
import shutil
import stat
import sys
from pathlib import Path

import stage as s
from theft import Asked

PERSON = "Nadia Benkhedda ; 12/03/1987 ; 06 12 34 56 78"
OTHER, OTHER_FUND = "Les Voisins, Lens", "PIC Lens 2026"
TICKET = bytes(range(256)) * 900
LINE = re.compile(r"^ *([1-4])   ((?:[0-9A-Z]{4} ){3}[0-9A-Z]{4})$", re.M)


def lines_of(sheet: str) -> dict[str, str]:
    found = dict(LINE.findall(sheet))
    s.equal("lines of the key", sorted(found), ["1", "2", "3", "4"])
    return found


def faked(laptop: s.Laptop, days: int) -> dict:
    """pic statut in some days, with libfaketime; {} where there is none."""
    library = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), None)
    if library is None:
        return {}
    laptop.environment = {"LD_PRELOAD": str(library), "FAKETIME": f"+{days}d",
                          "ASAN_OPTIONS": "verify_asan_link_order=0"}
    done = laptop.run("statut", "--json")
    laptop.environment = {}
    return done.json() if done.code in (0, 3, 20) else {}


def printed(stage: s.Stage, laptop: s.Laptop) -> Path:
    """The sheet as a page and as a text: the same key; the file is its owner's alone."""
    page, text = stage.base / "fiche.html", stage.base / "fiche.txt"
    laptop.ok("secours", "imprimer", page)
    laptop.ok("secours", "imprimer", "--texte", text)
    for path in (page, text):
        s.equal("who reads the sheet", stat.S_IMODE(path.stat().st_mode), 0o600)
    laptop.run("secours", "imprimer", page).ended(2)  # never written over
    said = html.unescape(re.sub(r"<[^>]+>", "\n", page.read_text()))
    s.equal("the same key on both", lines_of(said), lines_of(text.read_text()))
    s.check("two pages", page.read_text().count("<section>") == 2 and "\f" in text.read_text())
    for word in (s.ASSOCIATION, "Région d'essai", "Mots du serveur", "pic secours restaurer"):
        s.check(f"{word} is on the sheet", word in said and word in text.read_text())
    s.equal("on the screen", lines_of(laptop.ok("secours", "imprimer", "--texte").out),
            lines_of(said))
    return text


def rehearsed(stage: s.Stage, laptop: s.Laptop, sheet: Path) -> None:
    lines = lines_of(sheet.read_text())
    later = faked(laptop, 8)
    s.check(f"no task after a week: {later}", later.get("fiche_a_verifier", True))
    s.check("a task on the first day", not laptop.status()["fiche_a_verifier"])
    for number, line in lines.items():
        bad = stage.base / f"fiche fausse {number}"
        wrong = line[:-1] + ("7" if line[-1] != "7" else "8")
        bad.write_text(sheet.read_text().replace(line, wrong))
        done = laptop.run("secours", "verifier", "--fiche", bad).ended(2)
        s.check(f"line {number} is not named: {done.err}", f"ligne {number} " in done.err)
    swapped = stage.base / "fiche mêlée"
    swapped.write_text(f"1 {lines['2']}\n2 {lines['1']}\n3 {lines['3']}\n4 {lines['4']}\n")
    s.check("swapped lines", "ligne 1 " in laptop.run("secours", "verifier", "--fiche",
                                                      swapped).ended(2).err)
    s.equal("nothing noted", laptop.status()["fiche_verifiee"], None)
    asked = Asked(stage, laptop.folder, "secours", "verifier")
    asked.answer("Ligne 1", lines["1"].lower().replace("0", "o").replace("1", "l"))
    asked.answer("Ligne 2", lines["3"])
    asked.answer("Ligne 2", lines["2"].replace(" ", "-"))
    asked.answer("Ligne 3", lines["3"])
    asked.answer("Ligne 4", lines["4"])
    s.equal(f"a rehearsal at a terminal: {asked.said}", asked.end(), 0)
    s.check("the day is noted", laptop.status()["fiche_verifiee"])
    s.check("the task is done", not faked(laptop, 8).get("fiche_a_verifier", False))


def facts(program: s.Program) -> dict:
    """What was acknowledged, as a person would compare it."""
    projects = {r["numero"]: r["titre"] for r in program.rows("projet")}
    expenses = {r["numero"]: r["montant"] for r in program.rows("depense")}
    return {"projects": projects, "expenses": expenses,
            "people": sorted(r["numero"] for r in program.rows("participant"))}


def other_association(stage: s.Stage, server: s.Server, sheet: Path) -> None:
    """A sheet opens nothing elsewhere, and an invitation that it was tried with can still be used."""
    server.ok("organisme", "ajouter", "--nature", "association", "--nom", OTHER)
    server.ok("fonds", "ajouter", "--nom", OTHER_FUND, "--cadre", "pic", "--annee", "2026",
              "--gestionnaire", OTHER, "--territoires", "QN06245M")
    neighbour = s.Laptop(stage, "voisins").enrol(OTHER)
    neighbour.sync_until_quiet()
    done = neighbour.run("secours", "verifier", "--fiche", sheet).ended(15)
    s.check(f"refused: {done.err}", "I-12" in done.err)
    neighbour.run("secours", "restaurer", "--oui", "--fiche", sheet).ended(15)
    newcomer = s.Laptop(stage, "voisins-2")
    invitation = stage.invite(OTHER, "tresorerie")
    words = ("secours", "restaurer", "--invitation", invitation, "--nom", "Inès", "--oui", "--fiche")
    done = newcomer.run(*words, sheet).ended(15)
    s.check(f"refused: {done.err}", "I-12" in done.err)
    newcomer.run("statut").ended(10)
    own = stage.base / "fiche des voisins.txt"
    neighbour.ok("secours", "imprimer", "--texte", own)
    newcomer.ok(*words, own)


def test(stage: s.Stage, _: list[str]) -> None:
    server = stage.open()
    server.serve()
    laptop = s.Laptop(stage, "bureau").enrol()
    (stage.base / "ticket.jpg").write_bytes(TICKET)
    project = laptop.project("Jardin partagé", "--personne", PERSON)
    for cents in range(12):
        expense = laptop.new("depense", "ajouter", "--projet", project, "--fournisseur", "Dupont",
                             "--date-facture", "12/03/2026", "--montant", f"{cents + 3},1{cents % 10}")
    piece = laptop.new("justificatif", "joindre", stage.base / "ticket.jpg", "--depense", expense)
    person = laptop.new("participant", "ajouter", "--objet", project, "--identite", PERSON)
    laptop.sync_until_quiet()
    before = facts(laptop)
    s.equal("what was entered", len(before["expenses"]), 12)
    sheet = printed(stage, laptop)
    rehearsed(stage, laptop, sheet)
    laptop.project("Jamais envoyé")  # has no receipt: lost with the disk

    # The laptop burns. Whoever has a copy of its disk is refused from now on.
    stolen = stage.base / "disque volé"
    shutil.copytree(laptop.folder, stolen)
    shutil.rmtree(laptop.folder)
    lost = server.ok("--json", "agent", "liste").json()[0]["numero"]
    server.ok("agent", "desactiver", str(lost), "--motif", "incendie")
    thief = s.Laptop(stage, "disque volé")
    s.check("the lost laptop", "E-05" in thief.run("sync").ended(15).err)

    # Without the Region nothing is lost but time: the same command goes on later.
    server.stop()
    new = s.Laptop(stage, "neuf")
    server.ok("association", "inviter", s.ASSOCIATION, "--role", "tresorerie", "--fichier",
              stage.base / "retour.picx")
    words = ("secours", "restaurer", "--invitation", stage.base / "retour.picx", "--nom", "Samira",
             "--oui", "--fiche", sheet)
    wrong = stage.base / "fiche fausse 3"
    s.check("a wrong line makes nothing", "ligne 3 " in new.run(
        "secours", "restaurer", "--invitation", stage.base / "retour.picx", "--nom", "Samira",
        "--oui", "--fiche", wrong).ended(2).err and not new.folder.exists())
    s.check("told to go on later", "pic secours restaurer" in new.run(*words).ended(14).err)
    server.serve()
    new.run(*words).ended(2)  # enrolled already
    back = new.ok("secours", "restaurer", "--oui", "--fiche", sheet)
    s.check(f"said: {back.err}", s.ASSOCIATION in back.err)
    new.sync_until_quiet()
    s.equal("everything acknowledged", facts(new), before)
    s.equal("the name", new.ok("--json", "identite", "voir", project).json()[0]["identite"], PERSON)
    s.equal("the person", new.ok("--json", "identite", "voir", person).json()[0]["identite"], PERSON)
    new.ok("justificatif", "voir", piece, "--fichier", stage.base / "ticket-revenu.jpg")
    s.equal("the receipt", (stage.base / "ticket-revenu.jpg").read_bytes(), TICKET)
    s.equal("the server's", {r["numero"]: r["montant"] for r in server.rows("depense")},
            before["expenses"])
    new.ok("secours", "restaurer", "--oui", "--fiche", sheet)  # twice is once
    s.equal("keys confided", len(new.rows("cle-confiee")), 1)

    # The new laptop goes on where the old one stopped, and prints the same key.
    new.project("Après l'incendie")
    new.sync_until_quiet()
    s.equal("the key is the association's",
            lines_of(new.ok("secours", "imprimer", "--texte").out), lines_of(sheet.read_text()))
    other_association(stage, server, sheet)
    server.verify()
    print("ok")


if __name__ == "__main__":
    s.main(test)
    sys.exit(0)
