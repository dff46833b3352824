#!/usr/bin/python3
"""central.py PIC PIC_SERVER: what the central team reads and decides, on the real programs.

People read names, programs read numbers; a table of a bank needs its options once; one line of the
bank proves several payments, and is undone whole; a computer that is being retired while the power
goes is retired or is not, never half.
"""
import shutil

import stage as s

OTHER = "PIC Lens 2026"
COLUMNS = "date=Jour, montant=Somme, libelle=Texte"
CAMT = """<Document><BkToCstmrStmt><Stmt><Acct><Id><IBAN>FR7630004012340001012345676</IBAN></Id></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">10.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>
<Dt><Dt>2026-07-01</Dt></Dt></Bal><Ntry><Amt Ccy="EUR">1.50</Amt><CdtDbtInd>DBIT</CdtDbtInd>
<Sts>BOOK</Sts><BookgDt><Dt>2026-07-02</Dt></BookgDt><AddtlNtryInf>FRAIS</AddtlNtryInf></Ntry></Stmt>
</BkToCstmrStmt></Document>"""


def says(what: str, text: str, *words: str) -> None:
    for word in words:
        s.check(f"{what}: no {word!r} in {text!r:.900}", word in text)


def people_read_names(server: s.Server) -> None:
    share = server.new("part", "ajouter", "--fonds", s.FUND, "--financeur", "Ville", "--role", "principal",
                       "--taux", "100", "--montant", "5 000")
    server.ok("versement", "ajouter", "--part", share, "--montant", "700,00", "--date", "15/01/2026",
              "--reference", "MANDAT-62498")
    says("fonds liste", server.ok("fonds", "liste").out, s.ASSOCIATION)
    says("part liste", server.ok("part", "liste").out, s.FUND, "Ville")
    says("versement liste", server.ok("versement", "liste").out, f"{s.FUND} · Ville")
    says("part voir", server.ok("part", "voir", share).out, f"{s.FUND} (n° 1-")
    s.check("programs read numbers", server.rows("part")[0]["fonds"].startswith("1-"))
    says("vue --par tout", server.ok("vue", "--par", "tout").out, "      Ensemble ")
    s.equal("vue --par tout has no other row", len(server.ok("vue", "--par", "tout").out.splitlines()), 2)


def computers_say_how_they_are(server: s.Server) -> None:
    out = server.ok("agent", "liste").out
    says("agent liste", out, s.ASSOCIATION, "bureau", "Saisie et trésorerie", "actif", "aujourd'hui")
    row = server.ok("--json", "agent", "liste").json()[0]
    s.equal("silence", row["silence_jours"], 0)


def sentences_help(server: s.Server) -> None:
    for code, word, words in (
            ("S-15", "(Fonds)", ("vue", "--fonds", "Inconnu")),
            ("S-30", "2026T3", ("synthese", "generer", "--collectivite", "Ville", "--periode", "T3")),
            ("F-07", "rapprocher --essai", ("rapprocher", "confirmer", "1-1", "1-2")),
    ):
        done = server.run(*words)
        s.equal(f"{words}", done.code, 2)
        if code != "F-07":
            says(str(words), done.err, code, word)


def verified_says_what_was_done(server: s.Server) -> None:
    short = server.ok("--json", "verifier").json()
    s.equal("verifier", sorted(short), ["accuses", "saisies", "segments"])
    says("verifier", server.ok("verifier").err, "verifier --tout")
    s.check("verifier --tout", server.ok("--json", "verifier", "--tout").json()["tables"] > 20)


def bank_tables_are_remembered(stage: s.Stage, server: s.Server) -> None:
    first, second, camt = (stage.base / name for name in ("juin.csv", "juillet.csv", "camt.xml"))
    first.write_text("Jour;Somme;Texte\n16/06/2026;-600,00;VIR GROUPE\n")
    second.write_text("Jour;Somme;Texte\n02/07/2026;-3,00;FRAIS\n")
    camt.write_text(CAMT)
    done = server.run("releve", "importer", first, "--oui", "--compte", "00012")
    s.equal("headings that say nothing", done.code, 2)
    says("headings that say nothing", done.err, "F-03", "--colonnes")
    server.ok("releve", "importer", first, "--oui", "--compte", "00012", "--colonnes", COLUMNS,
              "--solde-initial", "1000", "--fonds", s.FUND)
    written = server.ok("--json", "releve", "importer", second, "--oui").json()[0]
    s.equal("the second table", (written["compte"], written["nouvelles"]), ("00012", 1))
    tried = server.ok("--json", "releve", "importer", camt, "--essai").json()[0]
    s.equal("camt.053", (tried["solde_initial"], tried["mouvements"]), ("10.00", 1))


def one_line_proves_two_payments(server: s.Server, payments: list[str]) -> None:
    proposed = server.ok("--json", "rapprocher", "--essai").json()
    sums = [row for row in proposed if " + " in (row["objet"] or "")]
    s.equal("the sum is proposed", len(sums), 1)
    s.equal("its entries", sorted(sums[0]["objet"].split(" + ")), sorted(payments))
    line = sums[0]["ligne"]
    s.equal("nothing is posted", server.ok("--json", "rapprochement", "liste").json(), [])
    refused = server.run("rapprocher", "confirmer", line, payments[0])
    s.equal("one payment alone is not the sum", refused.code, 2)
    done = server.ok("rapprocher", "confirmer", line, *payments, "--qui", "Nadia R.")
    says("who confirms", done.err, "Nadia R.", "aujourd'hui")
    s.equal("matched", server.ok("--json", "vue", "--par", "tout").json()[0]["rapproche"], "600.00")
    again = server.run("rapprocher", "confirmer", line, payments[0])
    says("matched once", again.err, "F-06")
    says("who undoes", server.ok("rapprocher", "defaire", line, "--motif", "erreur", "--qui", "Paul").err,
         "Paul")
    s.equal("undone", server.ok("--json", "vue", "--par", "tout").json()[0]["rapproche"], "0.00")


def reversals_are_in_the_history(server: s.Server) -> None:
    transfer = server.rows("versement")[0]["numero"]
    server.ok("versement", "contrepasser", transfer, "--motif", "saisi deux fois")
    fields = [row["champ"] for row in server.ok("--json", "historique", transfer).json()]
    s.check("the reason of the reversal", "Contrepassation : Motif" in fields)


def retired_or_not(stage: s.Stage, server: s.Server) -> None:
    """kill -9 at any moment of a retirement: the registry and the certificates agree, each time."""
    server.stop()
    clean = stage.base / "avant"
    shutil.copytree(server.folder, clean)
    seen = set()
    for turn in range(12):
        shutil.rmtree(server.folder)
        shutil.copytree(clean, server.folder)
        server.run("agent", "desactiver", "2", "--motif", "volé", kill_after=0.01 + 0.03 * turn)
        server.ok("verifier", "--tout")
        retired = server.ok("--json", "agent", "liste").json()[0]["desactive"]
        row = server.ok("--json", "appareil", "liste", "--tout").json()[0]
        s.equal("the device says the same", bool(row["retire"]), retired)
        seen.add(retired)
    s.check("the first is killed before", False in seen)


def test(stage: s.Stage, _: list[str]) -> None:
    server = stage.open()
    server.ok("organisme", "ajouter", "--nature", "commune", "--nom", "Ville", "--commune", "62570")
    server.serve()
    laptop = s.Laptop(stage, "bureau").enrol()
    project = laptop.project("Jardin partagé", "--nature-porteur", "collectif", "--nom-porteur", "Amis")
    payments = [laptop.new("paiement", "ajouter", "--projet", project, "--nature", nature, "--montant",
                           amount, "--date", "15/06/2026", "--moyen", "virement")
                for nature, amount in (("avance", "480,00"), ("solde", "120,00"))]
    laptop.sync_until_quiet()
    people_read_names(server)
    computers_say_how_they_are(server)
    sentences_help(server)
    verified_says_what_was_done(server)
    bank_tables_are_remembered(stage, server)
    one_line_proves_two_payments(server, payments)
    reversals_are_in_the_history(server)
    retired_or_not(stage, server)
    print("names, computers, sentences, tables, sums, reversals, a retirement in the dark: all as said")


if __name__ == "__main__":
    s.main(test)
