#!/usr/bin/python3
"""aside.py PIC PIC_SERVER: the server and one laptop are put back from older copies, and the laptop
writes something else in the place of what its colleague had received: the colleague takes what the
server holds, keeps what gave way, and shows it."""
import shutil

import stage as s

GAVE_WAY, CAME = "Goûter des voisins", "Atelier vélo"


def copy(program: s.Program, to: str) -> None:
    shutil.copytree(program.folder, program.folder.with_name(to))


def put_back(program: s.Program, copied: str) -> None:
    shutil.rmtree(program.folder)
    program.folder.with_name(copied).rename(program.folder)


def test(stage: s.Stage, _: list[str]) -> None:
    server = stage.open()
    server.serve()
    author = s.Laptop(stage, "bureau").enrol()
    colleague = s.Laptop(stage, "local").enrol()
    for laptop in (author, colleague):
        laptop.project(f"Avant, {laptop.folder.name}")
        laptop.sync_until_quiet()
    author.sync_until_quiet()
    server.stop()
    copy(server, "serveur-copie")
    copy(author, "bureau-copie")
    server.serve()

    author.project(GAVE_WAY)
    author.sync_until_quiet()
    colleague.sync_until_quiet()
    s.check("received", GAVE_WAY in colleague.titles())
    s.equal("nothing aside", colleague.status()["mises_de_cote"], 0)

    server.stop()
    put_back(server, "serveur-copie")
    put_back(author, "bureau-copie")
    server.serve()
    author.project(CAME)
    author.sync_until_quiet()
    colleague.sync_until_quiet()
    for program in (author, colleague):
        s.check(f"{program.folder.name} has what came", CAME in program.titles())
        s.check(f"{program.folder.name} has what gave way", GAVE_WAY not in program.titles())

    s.equal("aside at the colleague's", colleague.status()["mises_de_cote"], 1)
    s.equal("aside at the author's", author.status()["mises_de_cote"], 0)
    said = colleague.run("statut").out
    s.check(f"said: {said}", "Mis de côté : 1 saisie" in said)
    rows = [r for r in colleague.run("attente", "--json").json() if r["nom"] == GAVE_WAY]
    s.equal("shown once", len(rows), 1)
    s.check(f"why and when: {rows}", "Mis de côté" in rows[0]["pourquoi"])
    print(said)
    print(colleague.run("attente").out)
    server.verify()
    print("ok - what gave way is kept and shown")


if __name__ == "__main__":
    s.main(test)
