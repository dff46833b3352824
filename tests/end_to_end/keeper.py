#!/usr/bin/python3
"""keeper.py PIC PIC_SERVER: several people at one laptop, a hand-over, and a laptop that is emptied.

Every replica says who wrote what; after a hand-over the old passphrase opens nothing and what was
entered before still bears the first name; a store is removed only when nothing in it is alone.
"""
import sys

import stage as s
from theft import Asked

NEW = "lampe tortue violon marée"


def writers(program: s.Program, number: str) -> list[str]:
    return [row["qui"] for row in program.ok("--json", "historique", number).json()
            if row["champ"].endswith("Titre")]


def shared(server: s.Server, laptop: s.Laptop, second: s.Laptop) -> str:
    first = laptop.project("Écrit par la première")
    s.equal("who sits", laptop.ok("qui").out.strip(), "bureau")
    laptop.ok("qui", "Jean-Luc M.")
    laptop.run("qui", "Jean-Luc M.").ended(2)
    s.equal("who sits now", laptop.ok("qui").out.strip(), "Jean-Luc M.")
    other = laptop.project("Écrit par Jean-Luc")
    laptop.ok("projet", "modifier", first, "--titre", "Repris par Jean-Luc")
    laptop.sync_until_quiet()
    second.sync_until_quiet()
    s.equal("here", (writers(laptop, first), writers(laptop, other)),
            (["bureau", "Jean-Luc M."], ["Jean-Luc M."]))
    s.equal("on the other laptop", writers(second, other), ["Jean-Luc M."])
    s.check("before anybody said so", "bureau" in writers(second, first)[0])
    s.equal("at the Region", writers(server, other), ["Jean-Luc M."])
    return first


def handed_over(stage: s.Stage, server: s.Server, laptop: s.Laptop, first: str) -> None:
    (stage.base / "new").write_text(NEW + "\n")
    bare = s.Program(stage, stage.pic, laptop.folder)
    words = ("passation", "--nom", "Inès K.", "--nouvelle", stage.base / "new")
    laptop.run(*words).ended(2)  # nobody there to say yes
    s.equal("nothing changed", laptop.ok("qui").out.strip(), "Jean-Luc M.")
    (stage.base / "wrong").write_text("quatre mots mal choisis\n")
    bare.run("--phrase-fichier", stage.base / "wrong", *words, "--oui").ended(12)
    server.stop()
    laptop.project("Pas encore parti")
    done = laptop.ok(*words, "--oui")
    s.check(f"what waits is said: {done.err}", "2 saisies" in done.err)
    s.check(f"the sheet is due again: {done.err}", "pic secours imprimer" in done.err)
    server.serve()
    laptop.run("sync").ended(12)  # the old passphrase
    (stage.base / "phrase").write_text(NEW + "\n")
    laptop.sync_until_quiet()
    after = laptop.project("Écrit par Inès")
    laptop.sync_until_quiet()
    s.equal("each under their name", (writers(laptop, first)[0], writers(laptop, after)),
            ("bureau", ["Inès K."]))
    turns = [(row["nom"], row["passation"]) for row in server.rows("auteur")]
    s.equal("the hand-over is in the log", turns, [("Jean-Luc M.", False), ("Inès K.", True)])
    s.equal("who and when", len(laptop.ok("--json", "historique",
                                          laptop.rows("auteur")[-1]["numero"]).json()), 3)


def emptied(stage: s.Stage, server: s.Server, laptop: s.Laptop, second: s.Laptop) -> None:
    projects = {row["numero"]: row["titre"] for row in server.rows("projet")}
    number = laptop.project("Seulement ici")
    refused = laptop.run("effacer", "--mot", "EFFACER").ended(2)
    s.check(f"not while something waits: {refused.err}", "D-31" in refused.err)
    laptop.run("effacer", "--mot", "EFFACER", "--copie", laptop.folder / "copie").ended(2)
    copy = stage.base / "copie.pics"
    laptop.run("effacer", "--mot", "effacer", "--copie", copy).ended(2)
    s.check("a wrong word erases nothing", number in {r["numero"] for r in laptop.rows("projet")})
    copy.unlink()
    beside = laptop.folder / "à moi.txt"
    beside.write_text("autre chose")
    linked = stage.base / "ailleurs"
    linked.mkdir()
    (linked / "photo").write_text("à garder")
    (laptop.folder / "documents" / "lien").symlink_to(linked)
    laptop.ok("effacer", "--mot", "EFFACER", "--copie", copy)
    s.equal("what is left", [path.name for path in laptop.folder.iterdir()], ["à moi.txt"])
    s.equal("links are not followed", (linked / "photo").read_text(), "à garder")
    laptop.run("statut").ended(10)
    # The copy is whole: it comes back, and what was only there is sent.
    again = s.Laptop(stage, "revenu")
    again.ok("restaurer", copy)
    again.sync_until_quiet()
    s.equal("everything is received", {r["numero"]: r["titre"] for r in server.rows("projet")},
            {**projects, number: "Seulement ici"})
    # Nothing waits on the other one: no copy is needed, at a terminal.
    second.sync_until_quiet()
    asked = Asked(stage, second.folder, "effacer")
    asked.answer("tapez EFFACER", "EFFACER")
    s.equal(f"emptied: {asked.said}", asked.end(), 0)
    s.equal("what is left", list(second.folder.glob("*")), [])
    s.check("the folder too", not second.folder.exists())


def test(stage: s.Stage, _: list[str]) -> None:
    server = stage.open()
    server.serve()
    laptop, second = (s.Laptop(stage, name).enrol() for name in ("bureau", "accueil"))
    first = shared(server, laptop, second)
    handed_over(stage, server, laptop, first)
    emptied(stage, server, laptop, second)
    server.verify()
    print("ok")


if __name__ == "__main__":
    s.main(test)
    sys.exit(0)
