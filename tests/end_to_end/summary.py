#!/usr/bin/python3
"""summary.py PIC PIC_SERVER: what a commune is told of its money, from the server's journal to files
that its own laptop writes: byte for byte those that were signed, its own only, checked before use.
"""
from pathlib import Path

import stage as s

COMMUNE, OTHER = "Ville de Méricourt", "Ville de Lens"


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def set_up(stage: s.Stage) -> s.Server:
    server = stage.open()
    for name, insee in ((COMMUNE, "62570"), (OTHER, "62498")):
        server.ok("organisme", "ajouter", "--nature", "commune", "--nom", name,
                  "--commune", insee)
    server.ok("organisme", "ajouter", "--nature", "region", "--nom", "Région d'essai")
    for funder, rate, amount in ((COMMUNE, "30", "3000"), ("Région d'essai", "70", "7000")):
        server.ok("part", "ajouter", "--fonds", s.FUND, "--financeur", funder, "--taux", rate,
                  "--montant", amount)
    server.serve()
    return server


def spend(stage: s.Stage) -> None:
    laptop = s.Laptop(stage, "association").enrol()
    project = laptop.project("Jardin partagé", "--demande", "400")
    laptop.ok("decision", "ajouter", "--projet", project, "--issue", "accorde", "--montant", "400")
    laptop.ok("paiement", "ajouter", "--projet", project, "--nature", "avance", "--montant", "200",
              "--date", "12/03/2026")
    laptop.ok("sync")


def damage(laptop: s.Laptop) -> None:
    """One byte of every document that the laptop holds."""
    for path in (laptop.folder / "documents").rglob("*"):
        if path.is_file():
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 1
            path.chmod(0o600)
            path.write_bytes(content)


def test(stage: s.Stage, _: list[str]) -> None:
    server = set_up(stage)
    spend(stage)
    signed = stage.base / "signes"
    server.ok("synthese", "generer", "--collectivite", COMMUNE, "--periode", "2026",
              "--dossier-sortie", signed)
    commune = s.Laptop(stage, "commune").enrol(COMMUNE, "collectivite")
    other = s.Laptop(stage, "autre").enrol(OTHER, "collectivite")
    commune.ok("sync")
    other.ok("sync")

    (row,) = commune.rows("synthese")
    s.equal("the number of its row is not that of its release",
            (row["numero"].startswith("1-"), row["parution"]), (True, 1))
    s.equal("the other one's", other.rows("synthese"), [])
    other.run("synthese", "voir", row["numero"]).ended(1)
    s.equal("nor its document", files(other.folder / "documents"), {})

    shown = commune.ok("--json", "synthese", "voir", row["numero"]).json()
    s.equal("five figures", [shown[key] for key in ("enveloppe", "accorde", "paye", "justifie",
                                                    "reste")],
            ["3000.00", "120.00", "60.00", "0.00", "2880.00"])
    s.equal("whose", shown["destinataire"], COMMUNE)
    s.equal("checked", shown["signature"], "vérifiée")

    folder = stage.base / "recus"
    commune.ok("synthese", "enregistrer", row["numero"], folder)
    s.check("a page to print", "synthese.html" in files(folder))
    s.equal("byte for byte what was signed", files(folder), files(signed))
    again = commune.run("synthese", "enregistrer", row["numero"], folder).ended(2)
    s.check(f"nothing is replaced: {again.err}", "D-27" in again.err)

    damage(commune)
    refused = commune.run("synthese", "voir", row["numero"]).ended(13)
    s.equal(f"what was altered is not shown: {refused.err}", refused.out, "")
    commune.run("synthese", "enregistrer", row["numero"], stage.base / "abimes").ended(13)
    s.check("nor written", not (stage.base / "abimes").exists())


if __name__ == "__main__":
    s.main(test)
