#include "agent/commands/commands.h"
#include "schema/face/attest.h"
#include "schema/face/program.h"

static const struct pic_option init_options[] = {
    {"invitation", "FICHIER", "Fichier d'invitation remis par la Région (sans Internet)", NULL, 0},
    {"code", "CODE", "Code d'invitation, par exemple PIC-7KQ2M-4XDTR-9WNPA", NULL, 0},
    {"serveur", "ADRESSE", "Adresse du serveur, avec --code : tcp://pic.exemple.fr:7443", NULL, 0},
    {"nom", "NOM", "Votre prénom et nom, visibles dans l'historique", NULL, 0},
    {"oui", NULL, "Les mots de contrôle ont été comparés : ce sont les mêmes", NULL, 0},
    {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option sheet_options[] = {
    {"texte", NULL, "En texte plutôt qu'en page à imprimer ; sans FICHIER, à l'écran", NULL, 0},
    {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option rehearse_options[] = {
    {"fiche", "FICHIER", "Lit les quatre lignes dans ce fichier, pour un script", NULL, 0},
    {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option rescue_options[] = {
    {"invitation", "FICHIER", "Nouvelle invitation remise par la Région", NULL, 0},
    {"code", "CODE", "Ou le code de cette invitation", NULL, 0},
    {"serveur", "ADRESSE", "Adresse du serveur, avec --code : tcp://pic.exemple.fr:7443", NULL, 0},
    {"nom", "NOM", "Votre prénom et nom, visibles dans l'historique", NULL, 0},
    {"fiche", "FICHIER", "Lit les quatre lignes dans ce fichier, pour un script", NULL, 0},
    {"oui", NULL, "Les mots ont été comparés : ce sont les mêmes", NULL, 0},
    {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option passphrase_options[] = {
    {"nouvelle", "FICHIER", "Lit la nouvelle phrase dans ce fichier, pour un script", NULL, 0},
    {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option hand_over_options[] = {
    {"nom", "NOM", "Prénom et nom de la personne qui prend la suite", NULL, 0},
    {"nouvelle", "FICHIER", "Lit la nouvelle phrase dans ce fichier, pour un script", NULL, 0},
    {"oui", NULL, "Continue sans demander", NULL, 0},
    {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option remove_options[] = {
    {"copie", "FICHIER", "Fait d'abord une copie scellée, relue et comparée", NULL, 0},
    {"mot", "MOT", "Le mot à taper, pour un script", NULL, 0},
    {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option yes_options[] = {
    {"oui", NULL, "Les mots de contrôle ont été comparés : ce sont les mêmes", NULL, 0},
    {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option erase_options[] = {
    {"motif", "TEXTE", "Pourquoi, par exemple « demande de la personne »", NULL, 0},
    {"oui", NULL, "Efface sans demander", NULL, 0},
    {"echeances", NULL, "Montre les identités dont la durée de garde est échue", NULL, 0},
    {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option ui_options[] = {
    {"port", "N", "Port à utiliser ; sans lui, celui de la dernière fois ou un autre", NULL, 0},
    {"sans-navigateur", NULL, "Affiche l'adresse sans ouvrir le navigateur", NULL, 0},
    {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option send_options[] = {
    {"saisies-seules", NULL, "N'envoie pas les documents", NULL, 0},
    {"budget", "VOLUME", "Documents à envoyer au plus cette fois, par exemple 20M ou 500K", NULL,
     0},
    {"jusqu-a", "HH:MM", "S'arrête à cette heure ; le reste repartira de là", NULL, 0},
    {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option exchange_options[] = {
    {"budget", "VOLUME", "Documents à envoyer au plus cette fois, par exemple 20M ou 500K", NULL,
     0},
    {"jusqu-a", "HH:MM", "S'arrête à cette heure ; le reste repartira de là", NULL, 0},
    {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option correct_options[] = {
    {"reponse", "TEXTE", "Répond à une demande de la Région", NULL, 0},
    {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option deposit_options[] = {
    {"budget", "TAILLE", "Documents à emporter, au plus, par exemple 500M (500M)", NULL, 0},
    {"saisies-seules", NULL, "N'emporte pas les documents", NULL, 0},
    {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option list_options[] = {
    {"tri", "CHAMP", "Trie selon ce champ ; un tiret devant inverse l'ordre", NULL, 0},
    {"tout", NULL, "Montre aussi ce qui est annulé ou contrepassé", NULL, 0},
    {"complet", NULL, "Montre toutes les colonnes", NULL, 0},
    {"csv", NULL, "Écrit un tableau pour un tableur", NULL, 0},
    {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option print_options[] = {
    {"texte", NULL, "Écrit un texte, pour un terminal, au lieu d'une page", NULL, 0},
    {"fichier", "FICHIER", "Écrit dans ce fichier, qui ne doit pas exister", NULL, 0},
    {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option verify_options[] = {PIC_ATTEST_KEY_OPTION,
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

static const struct pic_option restore_options[] = {
    {"remplacer", NULL, "Met de côté, sans l'effacer, ce qui est déjà dans le dossier", NULL, 0},
    {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option decide_options[] = {
    {"champ", "CHAMP", "Champ à trancher", NULL, PIC_OPTION_REQUIRED},
    {"garder", "LETTRE", "Valeur à garder, comme dans la liste : A, B…", NULL, 0},
    {"valeur", "TEXTE", "Une autre valeur", NULL, 0},
    {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option history_options[] = {
    {"champ", "CHAMP", "Ce champ seulement", NULL, 0}, {NULL, NULL, NULL, NULL, 0}};

static const struct pic_option doctor_options[] = {
    {"dossier-support", "FICHIER", "Écrit aussi un fichier pour la Région, sans donnée personnelle",
     NULL, 0},
    {NULL, NULL, NULL, NULL, 0}};

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
    {.path = "doctor",
     .summary = "Examine cet ordinateur : disque, horloge, réseau, données, versions",
     .detail =
         "Chaque ligne est bonne, à voir ou mauvaise, et dit quoi faire. Le code de la fin se "
         "lit au téléphone : la Région y retrouve les mêmes lignes.",
     .options = doctor_options,
     .run = pic_command_doctor,
     .flags = PIC_COMMAND_NO_STORE},
    {.path = "sync",
     .summary = "Envoie et reçoit",
     .options = exchange_options,
     .run = pic_command_sync},
    {.path = "envoyer",
     .summary = "Envoie les saisies, puis les documents",
     .options = send_options,
     .run = pic_command_send},
    {.path = "recevoir", .summary = "Reçoit ce qui est nouveau", .run = pic_command_receive},
    {.path = "courrier deposer",
     .usage = "DOSSIER",
     .summary = "Écrit sur une clé USB ce qui est à envoyer, sans Internet",
     .detail =
         "Le fichier n'est lisible que par le serveur. Portez-le à la Région ; la clé revient "
         "avec la réponse, que « courrier relever » prend.",
     .options = deposit_options,
     .run = pic_command_deposit,
     .arg_min = 1,
     .arg_max = 1},
    {.path = "courrier relever",
     .usage = "DOSSIER",
     .summary = "Prend sur une clé USB les réponses de la Région, sans Internet",
     .run = pic_command_collect,
     .arg_min = 1,
     .arg_max = 1},
    {.path = "verrouiller",
     .summary = "Oublie les clés jusqu'à la prochaine phrase de passe",
     .run = pic_command_lock,
     .flags = PIC_COMMAND_NO_STORE},
    {.path = "phrase",
     .summary = "Change la phrase de passe",
     .detail = "La phrase d'aujourd'hui est demandée d'abord, puis la nouvelle deux fois.",
     .options = passphrase_options,
     .run = pic_command_passphrase},
    {.path = "qui",
     .usage = "[NOM]",
     .summary = "Dit qui est au clavier, ou que c'est quelqu'un d'autre à partir de maintenant",
     .detail =
         "Pour un ordinateur à plusieurs : l'historique montre qui a écrit quoi. Un prénom et "
         "une initiale suffisent.",
     .run = pic_command_who,
     .arg_max = 1},
    {.path = "passation",
     .summary = "Remet l'ordinateur à une autre personne : son nom, sa phrase de passe",
     .detail = "Ce qui reste à envoyer part, ou est annoncé. La passation s'écrit dans "
               "l'historique ; l'ancienne phrase n'ouvre plus rien.",
     .options = hand_over_options,
     .run = pic_command_hand_over},
    {.path = "effacer",
     .summary = "Efface de cet ordinateur tout ce que pic y garde",
     .detail = "Refuse tant que la Région n'a pas tout reçu, sauf avec une copie (--copie).",
     .options = remove_options,
     .run = pic_command_remove},
    {.path = "secours imprimer",
     .usage = "[FICHIER]",
     .summary = "Écrit la fiche de secours : deux pages à imprimer et à mettre sous clé",
     .detail = "La fiche porte la clé de l'association. Imprimez le fichier, puis supprimez-le.",
     .options = sheet_options,
     .run = pic_command_rescue_print,
     .arg_max = 1},
    {.path = "secours verifier",
     .summary = "Fait retaper la fiche de secours, pour savoir qu'elle marche",
     .options = rehearse_options,
     .run = pic_command_rescue_verify},
    {.path = "secours restaurer",
     .summary = "Fait tout revenir sur un nouvel ordinateur : invitation et fiche de secours",
     .detail = "Si le contact avec la Région manque, la même commande sans invitation reprend.",
     .options = rescue_options,
     .run = pic_command_rescue_restore,
     .flags = PIC_COMMAND_NO_STORE},
    {.path = "identite voir",
     .usage = "NUMÉRO",
     .summary = "Ouvre l'identité scellée d'une saisie",
     .run = pic_command_identity,
     .arg_min = 1,
     .arg_max = 1},
    {.path = "confier",
     .usage = "[ORDINATEUR]",
     .summary = "Confie la clé des identités à un autre ordinateur de l'association",
     .detail = "Sans numéro, montre qui attend, et les mots que les deux ordinateurs comparent.",
     .options = yes_options,
     .run = pic_command_confide,
     .arg_max = 1},
    {.path = "participant effacer",
     .usage = "[NUMÉRO]",
     .summary = "Détruit pour toujours l'identité d'une personne ; les comptes restent",
     .options = erase_options,
     .run = pic_command_erase,
     .arg_max = 1},
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
    {.path = "corriger",
     .usage = "[NUMÉRO]",
     .summary = "Montre ce qui est à corriger, et comment ; permet de répondre à la Région",
     .options = correct_options,
     .run = pic_command_correct,
     .arg_max = 1},
    {.path = "budget voir",
     .usage = "PROJET",
     .summary = "Montre le budget d'un projet, et dit s'il est à l'équilibre",
     .run = pic_command_budget,
     .arg_min = 1,
     .arg_max = 1},
    {.path = "exporter tableur",
     .usage = "DOSSIER",
     .summary = "Écrit tout ce qui est enregistré, pour un tableur",
     .run = pic_command_export_tableur,
     .arg_min = 1,
     .arg_max = 1},
    {.path = "exporter reglementaire",
     .usage = "DOSSIER",
     .summary = "Écrit tout en CSV pour un programme : virgules, points et dates ISO",
     .run = pic_command_export_regulatory,
     .arg_min = 1,
     .arg_max = 1},
    {.path = "exporter json",
     .usage = "DOSSIER",
     .summary = "Écrit tout en JSON",
     .run = pic_command_export_json,
     .arg_min = 1,
     .arg_max = 1},
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
    {.path = "synthese voir",
     .usage = "NUMÉRO",
     .summary = "Montre les cinq chiffres d'une synthèse, signature vérifiée",
     .run = pic_command_summary,
     .arg_min = 1,
     .arg_max = 1},
    {.path = "synthese enregistrer",
     .usage = "NUMÉRO DOSSIER",
     .summary = "Écrit les fichiers d'une synthèse dans un dossier, signature vérifiée",
     .detail = "La page synthese.html s'imprime ; les tableaux s'ouvrent dans un tableur ; "
               "synthese.pics est le fichier signé. Rien n'est jamais remplacé.",
     .run = pic_command_save_summary,
     .arg_min = 2,
     .arg_max = 2},
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
    {.path = "accuse imprimer",
     .usage = "[NUMÉRO]",
     .summary = "Écrit un accusé, le dernier par défaut, sur une page à imprimer",
     .detail =
         "La page tient sur une feuille A4 : ce qui a été reçu et quand, un code à lire avec un "
         "téléphone, des lignes à recopier. Sans --fichier, elle porte le nom de l'accusé.",
     .options = print_options,
     .run = pic_command_print_receipt,
     .arg_max = 1},
    {.path = "accuse verifier",
     .usage = "FICHIER",
     .summary = "Vérifie un accusé, sans Internet et sans autre fichier",
     .detail =
         "FICHIER est un accusé enregistré, les lignes recopiées d'un papier, ou le texte de son "
         "code ; « - » lit ce qui est tapé. La clé est celle de --cle, sinon celle du serveur de "
         "cet ordinateur.",
     .options = verify_options,
     .run = pic_command_verify,
     .arg_min = 1,
     .arg_max = 1,
     .flags = PIC_COMMAND_NO_STORE},
    {.path = "sauvegarder",
     .usage = "FICHIER",
     .summary = "Copie tout dans un fichier scellé, relu et comparé",
     .detail = "Le fichier ne s'ouvre qu'avec la phrase de passe du jour de la copie. Gardez-le "
               "ailleurs que l'ordinateur, par exemple sur une clé USB.",
     .run = pic_command_save,
     .arg_min = 1,
     .arg_max = 1},
    {.path = "restaurer",
     .usage = "FICHIER",
     .summary = "Remet en place une copie faite par « sauvegarder »",
     .detail = "Au prochain échange, ce que la Région a reçu depuis la copie revient.",
     .options = restore_options,
     .run = pic_command_restore,
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
    .ended = pic_command_ended,
};
