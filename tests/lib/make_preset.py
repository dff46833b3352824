#!/usr/bin/env python3
"""Makes protocol/log/preset_1.bin, the bytes that deflate may refer to before a segment's own.

Run once: the result is frozen, since segments of compression id 1 can only be read with these very
bytes. Better bytes are a new id and a new file. Most useful last: deflate reaches back from the end.
"""
import csv
import re
import sys

WORDS = """
aide au aux avec bilan car cars ce ces cette chez comme comité commune commerce court courts dans de des deux
du elle elles en ensemble entre est et été eux fait faire femmes hommes il ils la le les leur leurs lien
liens lieu mais mise nos notre nous on ou où par parents pas personnes plus pour quartier quartiers que qui
sa sans se ses son sont sous sur tous tout toute toutes un une vers vie ville vivre
janvier février mars avril mai juin juillet août septembre octobre novembre décembre lundi mardi mercredi
jeudi vendredi samedi dimanche semaine journée après-midi soirée matin week-end vacances été hiver automne
printemps noël rentrée
accompagnement achat achats activité activités adultes aînés alimentation ambiance animation animations
apprentissage après-midi art artiste artistes arts association associations atelier ateliers autour
bénévole bénévoles bibliothèque bien-être boissons boulangerie bricolage broderie budget café carnaval centre
centre social chorale ciné cinéma cirque citoyen citoyenne citoyenneté collectif collectif d'habitants
collège collégiens compost concert conte contes convivial convivialité costumes courses couture créatif
création cuisine culture culturel danse découverte décoration déchets défilé débat développement durable
dessin échange échanges échange de savoirs école écoles écologie éducation égalité emploi enfant enfants
entraide environnement énergie équipe espace exposition familial famille familles femmes ferme festival
fête fête de quartier fête des voisins film fleurs fleurissement football formation fournitures fresque
fruits gestes goûter graines graffiti grands-parents groupe habitant habitante habitantes habitants hip-hop
histoire impression inclusion initiation initiative insertion intergénérationnel internet isolement jardin
jardin partagé jardinage jardinerie jeu jeune jeunes jeunesse jeux jouets lecture légumes librairie lien
social local location loisirs lutte contre l'isolement maison maison de quartier mamans marche marché
matériel mémoire mer musée musiciens musique nature naturel nettoyage nouveau numérique objets ordinateur
outils papier parc parentalité partage partagé participation partenaires patrimoine pêche peinture petit
petit déjeuner petites fournitures photo photographie photos pique-nique place plage plantation plantations
poésie pied porteurs préparation prévention printemps projet projets propreté public quiz randonnée
recyclage récup réemploi rencontre rencontres réparation repas repas de rue repas partagé résidence
restauration rue salle salle des fêtes santé savoir-faire savoirs sécurité sécurité routière semis seniors
service services sensibilisation solidaire solidarité solidarités son sono sonorisation sortie sorties
spectacle sport sportif sportive sportives sports stage stand stands tables tarifs théâtre thé dansant
tournoi transition transport transports travail tri troc vacances végétalisation vélo vélos visite vivre
ensemble voisin voisinage voisins volontaires voyage
Association Atelier Ateliers Collectif d'habitants Comité Conseil citoyen Cité Centre social Espace Fête Jardin Journée Les
Amis Maison Maison de quartier Place Projet Repas Résidence Rue Salle Sortie Supermarché Carrefour Auchan Lidl
Leclerc Décathlon Boulangerie Imprimerie Jardinerie Location Librairie Transports Lens Roubaix Tourcoing Lille Douai
Arras Croix Méricourt Aniche Anzin Valenciennes Maubeuge Dunkerque Amiens Creil Beauvais Hénin-Beaumont Liévin
facture ticket de caisse F-2026- 2026-00 IMG_20 .jpg .pdf image/jpeg application/pdf
"""

# What most records choose, last: a match near the end costs the fewest bits.
FREQUENT = ["virement", "cheque", "especes", "carte", "accorde-en-partie", "accorde", "avance", "solde",
            "facture", "recu", "instruit", "en-cours", "termine", "association", "collectif",
            "O24-1", "O24-2", "O24-3", "O24-4"]

KIND = {"TEXT": 2, "CODE": 2, "SET": 2, "MONEY": 1, "RATE": 1, "COUNT": 1, "DATE": 1, "BOOL": 1, "REF": 4}
ASSOCIATION = range(20, 33)  # entities that laptops write


def shapes(dictionary):
    """The shape of a creating change of each entity, with all its fields; then with the required ones."""
    for block in re.findall(r"^ENTITY\((.*?)^END\(\)", dictionary, re.S | re.M):
        number = int(re.match(r"\w+,\s*(\d+)", block).group(1))
        if number not in ASSOCIATION:
            continue
        fields = [(int(f[0]), KIND.get(f[1], 3), "PIC_REQUIRED" in f[2]) for f in re.findall(
            r'^FIELD\((\d+),\s*"\w+",\s*"[\w-]+",\s*(\w+),(.*?)"\)$', block, re.S | re.M)]
        for chosen in (fields, [f for f in fields if f[2]]):
            pairs = b"".join(bytes((f[0], f[1])) for f in chosen)
            yield bytes((1, number, 1, len(chosen))) + pairs + b"\x00\x00"


def main():
    root = sys.argv[1]
    dictionary = open(f"{root}/schema/dictionary/dictionary.def", encoding="utf-8").read()
    codes = [row["code"] for row in csv.DictReader(
        (line for line in open(f"{root}/schema/dictionary/nomenclatures.csv", encoding="utf-8")
         if not line.startswith("#")), delimiter=";")]
    territories = [row["code_qp"] for row in csv.DictReader(
        open(f"{root}/schema/dictionary/qpv_hdf_2024.csv", encoding="utf-8"), delimiter=";")]
    out = b"\x00".join(code.encode() for code in codes) + b"\x00"
    out += b"\x00".join(code.encode() for code in territories) + b"\x00"
    out += " ".join(WORDS.split()).encode()
    for code in FREQUENT:  # the plain text column of one value: mode, length, text, NUL
        out += bytes((0, len(code) + 1)) + code.encode() + b"\x00"
    out += b"".join(shapes(dictionary))
    with open(f"{root}/protocol/log/preset_1.bin", "wb") as f:
        f.write(out)
    print(len(out), "bytes")


main()
