#!/bin/bash
# agent.sh PIC FAKE_REGION: an association's first day, typed as a volunteer would, against a server
# on a socket. TAP lines; anything else on stdout is a comment.
set -u
pic=$1
region=$2
work=$(mktemp -d)
export XDG_DATA_HOME=$work/data XDG_RUNTIME_DIR=$work/run TZ=Europe/Paris
mkdir -m 700 "$work/run"
count=0
failed=0

check() { # check WHAT COMMAND…: the command must succeed
    count=$((count + 1))
    if "${@:2}"; then echo "ok $count - $1"; else echo "not ok $count - $1"; failed=1; fi
}
ends() { # ends CODE COMMAND…: the command must end with this code
    "${@:2}" >"$work/out" 2>"$work/err"
    local code=$?
    [ "$code" = "$1" ] || { sed 's/^/# /' "$work/out" "$work/err"; echo "# code $code"; false; }
}
says() { grep -qF -- "$1" "$work/out" "$work/err"; }
run() { ends 0 "$pic" "$@"; }

coproc SERVER { exec "$region" "$work/adcm.picx"; }
read -r url <&"${SERVER[0]}"
trap 'rm -rf "$work"' EXIT
echo "un cheval bleu dans la mer" >"$work/phrase"
echo "une autre phrase que la bonne" >"$work/fausse"

check "welcome without a store" run
check "the welcome says how to begin" says "pic init --invitation"
check "status without a store" ends 10 "$pic" statut
head -c 300 "$work/adcm.picx" >"$work/coupe.picx"
check "a cut invitation is refused" ends 15 "$pic" init --invitation "$work/coupe.picx" \
    --nom S --oui --phrase-fichier "$work/phrase"
check "and leaves no store" ends 10 "$pic" statut
check "nor any file of one" [ ! -e "$XDG_DATA_HOME/pic/pic.db" ]
check "enrolment from a file" run init --invitation "$work/adcm.picx" --nom "Samira B." --oui \
    --phrase-fichier "$work/phrase"
check "a store is never written over" ends 2 "$pic" init --invitation "$work/adcm.picx" \
    --nom "Samira B." --oui --phrase-fichier "$work/phrase"
check "reference data is there" run fonds liste
check "the fund by name" says "PIC Méricourt 2026"
check "a project" run projet ajouter --fonds "PIC Méricourt 2026" --titre "Jardin partagé" \
    --demande "850,00"
check "an ambiguous amount is refused" ends 2 "$pic" depense ajouter --projet 1 \
    --fournisseur Dupont --date-facture 12/03/2026 --montant 1.234
check "with its two readings" says "1 234"
check "an expense" run depense nouveau --projet "Jardin partagé" --fournisseur Dupont \
    --date-facture 12/03/2026 --montant 45,90
check "reversed and corrected at once" run depense contrepasser 2 --motif "mal recopié" \
    --montant 54,90
check "only the right one is listed" run depense liste --json
check "at its amount" says '54.90'
check "status counts what waits" run statut --json
check "four entries" says '"saisies_en_attente":4'
check "first contact" run sync
check "all is received" run statut
check "with a receipt" says "Tout est reçu par la Région (accusé n°"
check "an idle exchange" run sync
head -c 150000 /dev/urandom >"$work/facture.jpg"
check "a document" run justificatif joindre "$work/facture.jpg" --depense 2
check "waits" run statut
check "in the banner" says "1 document"
check "is carried" run sync
check "and received" run statut
check "as a whole" says "Tout est reçu"
check "lock" run verrouiller
check "locked, nobody to ask" ends 11 "$pic" sync --non-interactif
check "a wrong passphrase" ends 12 "$pic" sync --phrase-fichier "$work/fausse"
check "recording needs none" run projet modifier 1 --lieu "place de la République"
check "the right one" run sync --phrase-fichier "$work/phrase"
check "export of a receipt" run accuse voir --fichier "$work/recu.pica"
check "verified without a store" run accuse verifier "$work/recu.pica" --dossier "$work/nulle-part"
printf '\x01' | dd of="$work/recu.pica" bs=1 seek=60 conv=notrunc status=none
check "one byte changed" ends 13 "$pic" accuse verifier "$work/recu.pica"
printf 'Titre;Fonds;Montant demandé\nUn;PIC Méricourt 2026;10,00\nDeux;PIC Méricourt 2026;1.234\n' \
    >"$work/projets.csv"
check "a table with a mistake" ends 2 "$pic" importer "$work/projets.csv" --entite projet --oui
check "is told by line" says "3"
check "nothing is half imported" run projet liste --csv
check "one project still" [ "$(wc -l <"$work/out")" = 2 ]
sed -i 's/1\.234/20,00/' "$work/projets.csv"
check "dry run" run importer "$work/projets.csv" --entite projet --essai
check "import" run importer "$work/projets.csv" --entite projet --oui
check "three projects" run projet liste --csv
check "in the list" [ "$(wc -l <"$work/out")" = 4 ]
check "history" run historique 1
check "tells the change" says "place de la République"
check "history by name" run historique "Jardin partagé"
check "districts by name" run qpv chercher maroc meri
check "themes" run theme liste
check "queue" run attente
check "the queue is sent" run sync
exec {SERVER[1]}>&-
wait "$SERVER_PID"
check "no server: nothing is lost" ends 14 "$pic" sync
echo "1..$count"
exit $failed
