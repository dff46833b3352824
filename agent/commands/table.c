#include "agent/commands/commands.h"
#include "schema/face/program.h"

static const struct pic_option init_options[] = {
    {"invitation", "FICHIER", "Fichier d'invitation remis par la Région (sans Internet)", NULL, 0},
    {"code", "CODE", "Code d'invitation, par exemple PIC-7KQ2M-4XDTR-9WNPA", NULL, 0},
    {"serveur", "ADRESSE", "Adresse du serveur, avec --code : tcp://pic.exemple.fr:7443", NULL, 0},
    {"nom", "NOM", "Votre prénom et nom, visibles dans l'historique", NULL, 0},
    {"oui", NULL, "Les mots de contrôle ont été comparés : ce sont les mêmes", NULL, 0},
    {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option ui_options[] = {
    {"port", "N", "Port à utiliser ; sans lui, celui de la dernière fois ou un autre", NULL, 0},
    {"sans-navigateur", NULL, "Affiche l'adresse sans ouvrir le navigateur", NULL, 0},
    {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option send_options[] = {
    {"saisies-seules", NULL, "N'envoie pas les documents", NULL, 0}, {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option list_options[] = {
    {"tri", "CHAMP", "Trie selon ce champ ; un tiret devant inverse l'ordre", NULL, 0},
    {"tout", NULL, "Montre aussi ce qui est annulé ou contrepassé", NULL, 0},
    {"complet", NULL, "Montre toutes les colonnes", NULL, 0},
    {"csv", NULL, "Écrit un tableau pour un tableur", NULL, 0},
    {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option csv_options[] = {
    {"csv", NULL, "Écrit un tableau pour un tableur", NULL, 0}, {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option cancel_options[] = {
    {"motif", "TEXTE", "Pourquoi", NULL, 0},
    {"retablir", NULL, "Revient sur une annulation", NULL, 0},
    {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option reverse_options[] = {
    {"motif", "TEXTE", "Pourquoi", NULL, PIC_OPTION_REQUIRED}, {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option grid_options[] = {
    {"moment", "MOMENT", "Prévu avant l'action, réalisé après", "prevu realise", 0},
    {"date", "JJ/MM/AAAA", "Jour compté ; sans date, tout le projet", NULL, 0},
    {"total-genre", "N", "Total par genre, additionné sur le papier", NULL, 0},
    {"total-age", "N", "Total par âge, additionné sur le papier", NULL, 0},
    {"total-residence", "N", "Total selon le lieu d'habitation, additionné sur le papier", NULL, 0},
    {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option import_options[] = {
    {"entite", "NOM", "Ce que le tableau contient, par exemple projet ou depense", NULL,
     PIC_OPTION_REQUIRED},
    {"essai", NULL, "Vérifie tout sans rien enregistrer", NULL, 0},
    {"oui", NULL, "Enregistre sans demander", NULL, 0},
    {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option attach_options[] = {
    {"depense", "NUMÉRO", "Dépense que la pièce prouve", NULL, 0},
    {"objet", "NUMÉRO", "Toute autre saisie que la pièce accompagne", NULL, 0},
    {"nature", "CODE", "Nature de la pièce, par exemple facture ou photo", NULL, 0},
    {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option file_options[] = {
    {"fichier", "FICHIER", "Où l'écrire ; ne remplace jamais un fichier", NULL, 0},
    {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option save_options[] = {{"fichier", "FICHIER",
                                                  "Où l'écrire ; ne remplace jamais un fichier",
                                                  NULL, PIC_OPTION_REQUIRED},
                                                 {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option decide_options[] = {
    {"champ", "CHAMP", "Champ à trancher", NULL, PIC_OPTION_REQUIRED},
    {"garder", "LETTRE", "Valeur à garder, comme dans la liste : A, B…", NULL, 0},
    {"valeur", "TEXTE", "Une autre valeur", NULL, 0},
    {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option history_options[] = {
    {"champ", "CHAMP", "Ce champ seulement", NULL, 0}, {NULL, NULL, NULL, NULL, 0}};

static const struct pic_command commands[] = {
    PIC_PROGRAM_COMMANDS,
    {.path = "init",
     .summary = "Relie cet ordinateur à une association, avec une invitation",
     .options = init_options,
     .run = pic_command_init,
     .flags = PIC_COMMAND_NO_STORE},
    {.path = "ui",
     .summary = "Ouvre les pages de saisie dans le navigateur, sans Internet",
     .options = ui_options,
     .run = pic_command_ui},
    {.path = "statut",
     .summary = "Dit ce qui est reçu, ce qui reste à envoyer, ce qui vous attend",
     .run = pic_command_status},
    {.path = "sync", .summary = "Envoie et reçoit", .run = pic_command_sync},
    {.path = "envoyer",
     .summary = "Envoie les saisies, puis les documents",
     .options = send_options,
     .run = pic_command_send},
    {.path = "recevoir", .summary = "Reçoit ce qui est nouveau", .run = pic_command_receive},
    {.path = "verrouiller",
     .summary = "Oublie les clés jusqu'à la prochaine phrase de passe",
     .run = pic_command_lock,
     .flags = PIC_COMMAND_NO_STORE},
    {.path = "public grille",
     .usage = "PROJET CASE…",
     .summary = "Compte le public d'un projet, sans noms",
     .detail = "Une case s'écrit genre/âge/habite=nombre, par exemple F/26-45/oui=12.",
     .options = grid_options,
     .run = pic_command_grid,
     .arg_min = 2,
     .arg_max = PIC_CALL_ARGS_MAX},
    {.path = "theme liste",
     .summary = "Montre les thèmes et leurs codes",
     .options = csv_options,
     .run = pic_command_themes,
     .flags = PIC_COMMAND_NO_STORE},
    {.path = "attente",
     .summary = "Montre la file d'attente, et pourquoi chaque chose attend",
     .run = pic_command_waiting},
    {.path = "importer",
     .usage = "FICHIER",
     .summary = "Enregistre les lignes d'un tableau, toutes ou aucune",
     .options = import_options,
     .run = pic_command_import,
     .arg_min = 1,
     .arg_max = 1},
    {.path = "justificatif joindre",
     .usage = "FICHIER",
     .summary = "Joint une photo ou un fichier à une dépense ou à autre chose",
     .options = attach_options,
     .run = pic_command_attach,
     .arg_min = 1,
     .arg_max = 1},
    {.path = "justificatif liste",
     .summary = "Montre les pièces jointes",
     .options = list_options,
     .run = pic_command_documents},
    {.path = "justificatif voir",
     .usage = "NUMÉRO",
     .summary = "Montre une pièce jointe, ou la copie dans un fichier",
     .options = file_options,
     .run = pic_command_document,
     .arg_min = 1,
     .arg_max = 1},
    {.path = "synthese enregistrer",
     .usage = "NUMÉRO",
     .summary = "Copie dans un fichier le document d'une synthèse, vérifié",
     .options = save_options,
     .run = pic_command_save_summary,
     .arg_min = 1,
     .arg_max = 1},
    {.path = "conflit liste",
     .summary = "Montre les champs qui ont reçu plusieurs valeurs en même temps",
     .run = pic_command_conflicts},
    {.path = "conflit trancher",
     .usage = "NUMÉRO",
     .summary = "Choisit la valeur d'un champ ; l'autre reste dans l'historique",
     .options = decide_options,
     .run = pic_command_decide,
     .arg_min = 1,
     .arg_max = 1},
    {.path = "historique",
     .usage = "NUMÉRO",
     .summary = "Dit qui a écrit quoi, quand, avant et après, avec l'accusé",
     .options = history_options,
     .run = pic_command_history,
     .arg_min = 1,
     .arg_max = 1},
    {.path = "accuse liste",
     .summary = "Montre les accusés de réception",
     .run = pic_command_receipts},
    {.path = "accuse voir",
     .usage = "[NUMÉRO]",
     .summary = "Montre un accusé, le dernier par défaut, ou l'écrit dans un fichier",
     .options = file_options,
     .run = pic_command_receipt,
     .arg_max = 1},
    {.path = "accuse verifier",
     .usage = "FICHIER",
     .summary = "Vérifie un accusé, sans Internet et sans autre fichier",
     .run = pic_command_verify,
     .arg_min = 1,
     .arg_max = 1,
     .flags = PIC_COMMAND_NO_STORE},
    {.path = "qpv chercher",
     .usage = "TEXTE…",
     .summary = "Trouve les quartiers prioritaires d'une commune ou d'un nom",
     .run = pic_command_territory,
     .arg_min = 1,
     .arg_max = PIC_CALL_ARGS_MAX,
     .flags = PIC_COMMAND_NO_STORE},
};

static const struct pic_command verbs[] = {
    {.path = "ajouter",
     .alias = "nouveau",
     .summary = "Enregistre : {1}",
     .run = pic_command_add,
     .fields = PIC_FIELDS_CREATE,
     .flags = PIC_COMMAND_WRITES},
    {.path = "liste",
     .summary = "Montre la liste : {1}",
     .options = list_options,
     .run = pic_command_list,
     .fields = PIC_FIELDS_FILTER},
    {.path = "voir",
     .usage = "NUMÉRO",
     .summary = "Montre en entier : {1}",
     .run = pic_command_show,
     .arg_min = 1,
     .arg_max = 1},
    {.path = "modifier",
     .usage = "NUMÉRO",
     .summary = "Modifie : {1}",
     .run = pic_command_change,
     .fields = PIC_FIELDS_CHANGE,
     .arg_min = 1,
     .arg_max = 1,
     .flags = PIC_COMMAND_WRITES},
    {.path = "annuler",
     .usage = "NUMÉRO",
     .summary = "Annule, avec un motif : {1}",
     .options = cancel_options,
     .run = pic_command_cancel,
     .arg_min = 1,
     .arg_max = 1,
     .flags = PIC_COMMAND_WRITES | PIC_COMMAND_NO_REVERSE},
    {.path = "contrepasser",
     .usage = "NUMÉRO",
     .summary = "Contrepasse, et enregistre la correction si des champs sont donnés : {1}",
     .options = reverse_options,
     .run = pic_command_reverse,
     .fields = PIC_FIELDS_REPLACE,
     .arg_min = 1,
     .arg_max = 1,
     .flags = PIC_COMMAND_WRITES | PIC_COMMAND_REVERSES},
};

const struct pic_program pic_agent_program = {
    .name = "pic",
    .title = "Micro-projets des quartiers : saisir sans Internet, transmettre à la Région",
    .version = "0.1.0",
    .roles = PIC_ROLE_ASSOCIATION,
    .commands = commands,
    .command_n = sizeof commands / sizeof *commands,
    .verbs = verbs,
    .verb_n = sizeof verbs / sizeof *verbs,
    .home = pic_command_home,
};
