#!/usr/bin/env bash
# demo.sh [--keep]: the main job end to end, with the real programs on loopback. A Region sets up its
# programme and funds; four associations, one of them on two laptops, record micro-projects while
# offline; they send all at once; the bank statement is reconciled; a commune gets its summary.
# --keep leaves the server running and says how to talk to it.
set -euo pipefail
cd "$(dirname "$0")/../.."

here=$PWD
bin=$here/build/release
input=$here/tests/end_to_end/demo
work=$(mktemp -d "${TMPDIR:-/tmp}/pic-demo.XXXXXX")
keep=false
[ "${1:-}" = --keep ] && keep=true
server_pid=

cleanup() {
    if $keep; then return; fi
    [ -z "$server_pid" ] || kill "$server_pid" 2>/dev/null || true
    [ -z "$server_pid" ] || wait "$server_pid" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT

title() { printf '\n\033[1m── %s\033[0m\n' "$*"; }
show() { printf '\033[2m$ %s\033[0m\n' "$*"; }

# region ARGUMENT...: the central team; laptop NAME ARGUMENT...: a volunteer. Both say what they type.
region() { "$bin/server/pic-server" --dossier "$work/region" --non-interactif "$@"; }
laptop() {
    local name=$1
    shift
    "$bin/agent/pic" --dossier "$work/$name" --non-interactif --phrase-fichier "$work/phrase" "$@"
}
# new NAME ARGUMENT...: records, and gives the number of what was recorded.
new() {
    if [ "$1" = region ]; then
        region --quiet --plain "${@:2}" | tail -n 1
    else
        laptop "$1" --quiet --plain "${@:2}" | tail -n 1
    fi
}
french_date() { printf '%s/%s/%s' "${1:8:2}" "${1:5:2}" "${1:0:4}"; }

# --- the Region ------------------------------------------------------------------------------------

set_up_region() {
    title "La Région : serveur, programme, fonds et financeurs"
    local port=$((20000 + RANDOM % 20000))
    while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
    show pic-server init
    region init --nom "Région (démonstration)" --adresse "tcp://127.0.0.1:$port" \
        --autorite-sortie "$work/autorite-a-garder-hors-ligne.cle"
    (exec "$bin/server/pic-server" --dossier "$work/region" serve --ecoute "tcp://127.0.0.1:$port") \
        >"$work/serve.out" 2>"$work/serve.log" &
    server_pid=$!
    region --quiet programme ajouter --nom "ITI MEL 2021-2027" --fonds-europeen FEDER --cci 2021FR16FFPR010 \
        --code-iti ITI-MEL --enveloppe "37 000 000" --taux-maximum 60 --eligible-du 01/01/2021 --eligible-au 31/12/2029 >/dev/null
    region --quiet organisme ajouter --nature region --nom "Région Hauts-de-France" --siret 20005374200017 >/dev/null
    local commune insee
    while IFS=';' read -r commune insee; do
        region --quiet organisme ajouter --nature commune --nom "Ville de $commune" --commune "$insee" >/dev/null
    done <<<"Lens;62498
Méricourt;62570
Croix;59163
Sin-le-Noble;59569"
    fund "Grande Résidence, Lens" 62498 "PIC Lens 2026" "QN06225M QN06224M QN06218M QN06258M" "Ville de Lens" 70 20000
    fund "ADCM, Méricourt" 62570 "PIC Méricourt 2026" "QN06245M" "Ville de Méricourt" 70 20000
    fund "Saint-Pierre Citoyen, Croix" 59163 "PIC Croix 2026" "QN05980M" "Ville de Croix" 50 12000
    fund "LAPAGE, Cœur d'Ostrevent" 59569 "PIC Ostrevent 2026" "QN05908M QN05934M QN05920M QN05921M" "Ville de Sin-le-Noble" 70 24000
    region part liste
}

# fund ASSOCIATION INSEE NAME TERRITORIES COMMUNE RATE AMOUNT: a fund, its two shares, a first transfer.
fund() {
    region --quiet organisme ajouter --nature association --nom "$1" --commune "$2" >/dev/null
    region --quiet fonds ajouter --nom "$3" --cadre pic --annee 2026 --gestionnaire "$1" \
        --programme "ITI MEL 2021-2027" --territoires "$4" --reglement "règlement du 10/10/2024" >/dev/null
    local part
    part=$(new region part ajouter --fonds "$3" --financeur "Région Hauts-de-France" --role principal \
        --taux "$6" --montant "$(($7 * $6 / 100))")
    region --quiet part ajouter --fonds "$3" --financeur "$5" --role cofinanceur \
        --taux "$((100 - $6))" --montant "$(($7 * (100 - $6) / 100))" >/dev/null
    region --quiet versement ajouter --part "$part" --montant "$(($7 * $6 / 200))" --date 15/01/2026 \
        --reference "MANDAT-$2" >/dev/null
}

# enrol NAME ASSOCIATION ROLE PERSON: an invitation file, as if on a USB key, and a laptop.
enrol() {
    region --quiet association inviter "$2" --role "$3" --fichier "$work/$1.picx" >/dev/null
    laptop "$1" --quiet init --invitation "$work/$1.picx" --nom "$4" --oui >/dev/null
    echo "  $4 : $2 ($3)"
}

enrol_laptops() {
    title "Cinq ordinateurs reçoivent leur invitation sur une clé USB"
    printf 'quatre mots bien choisis\n' >"$work/phrase"
    enrol lens1 "Grande Résidence, Lens" tresorerie "Samira B."
    enrol lens2 "Grande Résidence, Lens" saisie "Jean-Luc M."
    enrol mericourt "ADCM, Méricourt" tresorerie "Fatima K."
    enrol croix "Saint-Pierre Citoyen, Croix" tresorerie "Paul D."
    enrol ostrevent "LAPAGE, Cœur d'Ostrevent" tresorerie "Nadège L."
}

# --- the associations, offline -----------------------------------------------------------------------

# Which laptop and fund a project of the input belongs to, by its district.
carrier() {
    case "$1" in
    QN06224M | QN06225M | QN06218M | QN06258M) echo "lens1;PIC Lens 2026" ;;
    QN06245M) echo "mericourt;PIC Méricourt 2026" ;;
    QN05980M) echo "croix;PIC Croix 2026" ;;
    *) echo "ostrevent;PIC Ostrevent 2026" ;;
    esac
}

receipt_file() { # SUPPLIER NUMBER AMOUNT -> path of a scanned receipt
    local path="$work/recu-$2.txt"
    printf '%s\nFacture %s du 12/03/2026\nTotal TTC : %s EUR\n' "$1" "$2" "$3" >"$path"
    echo "$path"
}

# The money of a decided project: advance, expense with its receipt, head-count, report, then balance.
follow_money() {
    local name=$1 project=$2 number=$3 date=$4 granted=$5 advance=$6 justified=$7 balance=$8
    local expense
    laptop "$name" --quiet paiement ajouter --projet "$project" --nature avance --montant "$advance" \
        --date "$(french_date "$date")" --moyen virement --reference "PIC-$number-A" >/dev/null
    laptop "$name" --quiet depense ajouter --projet "$project" --fournisseur "Fournisseur $number" \
        --facture "F-2026-$number" --date-facture "$(french_date "$date")" --paye-le "$(french_date "$date")" \
        --moyen carte --montant "$justified" --categorie petites-fournitures \
        --justificatif "$(receipt_file "Fournisseur $number" "$number" "$justified")" >/dev/null
    laptop "$name" --quiet public ajouter --projet "$project" --moment realise \
        --grille "F/26-45/oui=12 H/26-45/oui=9 F/65+/oui=7 H/65+/non=3" >/dev/null
    laptop "$name" --quiet bilan ajouter --projet "$project" --recu-le 15/09/2026 --issue realise \
        --fait "L'action a eu lieu comme prévu." --benevoles 6 >/dev/null
    local kind=solde
    [ "${balance:0:1}" = - ] && kind=reversement
    laptop "$name" --quiet paiement ajouter --projet "$project" --nature "$kind" --montant "${balance#-}" \
        --date 30/09/2026 --moyen virement --reference "PIC-$number-S" >/dev/null
}

record_project() {
    local number=$1 line=$2 name fund project committee
    IFS=';' read -r _ project_title holder_kind holder _ _ territory theme date asked granted _ _ advance justified balance _ <<<"$line"
    IFS=';' read -r name fund <<<"$(carrier "$territory")"
    local options=(--fonds "$fund" --titre "$project_title" --territoires "$territory" --theme-principal "$theme" --statut depose)
    [ -z "$holder_kind" ] || options+=(--nature-porteur "$holder_kind" --nom-porteur "$holder")
    [ -z "$date" ] || options+=(--debut "$(french_date "$date")" --fin "$(french_date "$date")")
    [ -z "$asked" ] || options+=(--demande "$asked")
    project=$(new "$name" projet ajouter "${options[@]}")
    printf '  %-7s %8s  %s\n' "$project" "${asked:--}" "$project_title"
    [ -n "$granted" ] || return 0
    committee=$(new "$name" comite ajouter --fonds "$fund" --date 10/02/2026 --presents 11 --votants 9 --quorum oui)
    if [ "$granted" = 0.00 ]; then
        laptop "$name" --quiet decision ajouter --projet "$project" --comite "$committee" --issue refuse \
            --motif "transport déjà accordé cette année" --voix-pour 2 --voix-contre 7 >/dev/null
        return 0
    fi
    local outcome=accorde
    [ "$granted" = "$asked" ] || outcome=accorde-en-partie
    laptop "$name" --quiet decision ajouter --projet "$project" --comite "$committee" --issue "$outcome" \
        --montant "$granted" --voix-pour 8 --abstentions 1 >/dev/null
    follow_money "$name" "$project" "$number" "$date" "$granted" "$advance" "$justified" "$balance"
}

record_offline() {
    title "Sans Internet : projets, décisions, paiements, dépenses et justificatifs"
    local number=100 line
    while IFS= read -r line; do
        number=$((number + 1))
        record_project "$number" "$line"
    done < <(tail -n +2 "$input/micro_projects.csv")
    # The same invoice in two associations, photographed once in each.
    local name project
    for name in mericourt ostrevent; do
        project=$(laptop "$name" --quiet --plain projet liste | tail -n 1 | cut -f1)
        laptop "$name" --quiet depense ajouter --projet "$project" --fournisseur "Sono Location" --siren 732829320 \
            --facture SL-778 --date-facture 02/05/2026 --montant 90,00 --categorie location \
            --justificatif "$(receipt_file "Sono Location" SL-778 90,00)" >/dev/null
    done
    show "pic statut        (ordinateur de Samira, à Lens)"
    laptop lens1 statut || true
}

# --- sending -----------------------------------------------------------------------------------------

sync_all() {
    title "Internet revient : tous envoient en même temps"
    local name pids=()
    for name in "$@"; do
        (laptop "$name" --quiet sync >"$work/$name.sync" 2>&1 || true) &
        pids+=($!)
    done
    wait "${pids[@]}"
    for name in "$@"; do
        printf '  %-10s %s\n' "$name" "$(laptop "$name" statut 2>/dev/null | head -n 1)"
    done
}

conflict() {
    title "Deux ordinateurs de Lens ont changé le même montant, sans se voir"
    local project
    laptop lens2 --quiet sync >/dev/null 2>&1 || true
    project=$(laptop lens1 --quiet --plain projet liste | grep "Repas de rue" | cut -f1)
    laptop lens1 --quiet projet modifier "$project" --demande 900,00 --statut realise >/dev/null || true
    laptop lens1 --quiet projet modifier "$project" --demande 880,00 >/dev/null
    laptop lens2 --quiet projet modifier "$project" --demande 950,00 >/dev/null
    sync_all lens1 lens2
    laptop lens1 --quiet sync >/dev/null 2>&1 || true
    show pic conflit liste
    laptop lens1 conflit liste || true
    show "pic conflit trancher $project --champ demande --valeur 900,00"
    laptop lens1 conflit trancher "$project" --champ demande --valeur 900,00 || true
    laptop lens1 --quiet sync >/dev/null 2>&1 || true
}

# --- the Region again --------------------------------------------------------------------------------

reconcile() {
    title "Le relevé de banque, et ce qu'il prouve"
    show pic-server releve importer
    region releve importer "$input/releve-2026.csv" --oui
    show pic-server rapprocher
    region rapprocher
}

summary() {
    title "La synthèse de la Ville de Lens"
    region synthese generer --collectivite "Ville de Lens" --periode 2026 --dossier-sortie "$work/synthese"
    title "La Ville de Lens la reçoit sur son propre ordinateur, et la vérifie"
    enrol mairie "Ville de Lens" collectivite "Chantal V."
    laptop mairie --quiet sync
    local number
    number=$(laptop mairie --quiet --plain synthese liste | tail -n 1 | cut -f1)
    show "pic synthese voir $number"
    laptop mairie synthese voir "$number"
    show "pic synthese enregistrer $number synthese-recue"
    laptop mairie synthese enregistrer "$number" "$work/synthese-recue"
    diff -r "$work/synthese" "$work/synthese-recue" && ls -l "$work/synthese-recue"
}

consolidate() {
    title "La vue consolidée"
    show "pic-server vue --par programme"
    region vue --par programme
    show "pic-server vue --par fonds"
    region vue --par fonds
    show "pic-server vue --par financeur"
    region vue --par financeur
    title "Les alertes"
    region alertes || true
    title "Tout se vérifie depuis les journaux signés"
    show "pic-server verifier --tout"
    region verifier --tout
}

began=$SECONDS
set_up_region
enrol_laptops
record_offline
sync_all lens1 lens2 mericourt croix ostrevent
conflict
reconcile
summary
consolidate
title "Fini en $((SECONDS - began)) s"
if $keep; then
    echo "Le serveur tourne (processus $server_pid), tout est dans $work."
    echo "  $bin/server/pic-server --dossier $work/region vue --par qpv"
    echo "  $bin/agent/pic --dossier $work/lens1 --phrase-fichier $work/phrase statut"
    trap - EXIT
fi
