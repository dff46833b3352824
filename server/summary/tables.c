#include "server/summary/tables.h"

static const struct pic_column total_columns[] = {
    {"chiffre", "Chiffre", PIC_TYPE_TEXT},
    {"periode", "Période", PIC_TYPE_MONEY},
    {"periode_precedente", "Période précédente", PIC_TYPE_MONEY},
    {"evolution", "Évolution", PIC_TYPE_MONEY},
};
static const struct pic_column project_columns[] = {
    {"projet", "Projet", PIC_TYPE_TEXT},
    {"porteur", "Porteur", PIC_TYPE_TEXT},
    {"territoires", "QPV", PIC_TYPE_TEXT},
    {"theme", "Thème", PIC_TYPE_TEXT},
    {"accorde", "Accordé", PIC_TYPE_MONEY},
    {"votre_part", "Votre part", PIC_TYPE_MONEY},
    {"paye", "Payé", PIC_TYPE_MONEY},
    {"justifie", "Justifié", PIC_TYPE_MONEY},
    {"date_comite", "Date du comité", PIC_TYPE_DATE},
};
static const struct pic_column theme_columns[] = {
    {"theme", "Thème", PIC_TYPE_TEXT},      {"projets", "Projets", PIC_TYPE_COUNT},
    {"accorde", "Accordé", PIC_TYPE_MONEY}, {"votre_part", "Votre part", PIC_TYPE_MONEY},
    {"paye", "Payé", PIC_TYPE_MONEY},       {"justifie", "Justifié", PIC_TYPE_MONEY},
};
static const struct pic_column territory_columns[] = {
    {"territoire", "Territoire", PIC_TYPE_TEXT},
    {"projets", "Projets", PIC_TYPE_COUNT},
    {"accorde", "Accordé", PIC_TYPE_MONEY},
    {"votre_part", "Votre part", PIC_TYPE_MONEY},
    {"paye", "Payé", PIC_TYPE_MONEY},
    {"justifie", "Justifié", PIC_TYPE_MONEY},
};
static const struct pic_column late_columns[] = {
    {"projet", "Projet", PIC_TYPE_TEXT},
    {"gestionnaire", "Association gestionnaire", PIC_TYPE_TEXT},
    {"fin", "Fin de l'action", PIC_TYPE_DATE},
    {"attendu_le", "Bilan attendu le", PIC_TYPE_DATE},
};
/* The sixteen columns, in their order. */
static const struct pic_column grant_columns[] = {
    {"nomAttribuant", "nomAttribuant", PIC_TYPE_TEXT},
    {"idAttribuant", "idAttribuant", PIC_TYPE_TEXT},
    {"dateConvention", "dateConvention", PIC_TYPE_DATE},
    {"referenceDecision", "referenceDecision", PIC_TYPE_TEXT},
    {"nomBeneficiaire", "nomBeneficiaire", PIC_TYPE_TEXT},
    {"idBeneficiaire", "idBeneficiaire", PIC_TYPE_TEXT},
    {"rnaBeneficiaire", "rnaBeneficiaire", PIC_TYPE_TEXT},
    {"objet", "objet", PIC_TYPE_TEXT},
    {"montant", "montant", PIC_TYPE_MONEY},
    {"nature", "nature", PIC_TYPE_TEXT},
    {"conditionsVersement", "conditionsVersement", PIC_TYPE_TEXT},
    {"datesPeriodeVersement", "datesPeriodeVersement", PIC_TYPE_TEXT},
    {"idRAE", "idRAE", PIC_TYPE_TEXT},
    {"notificationUE", "notificationUE", PIC_TYPE_TEXT},
    {"pourcentageSubvention", "pourcentageSubvention", PIC_TYPE_TEXT},
    {"dispositifAide", "dispositifAide", PIC_TYPE_TEXT},
};

#define TABLE(columns)                                                                             \
    {                                                                                              \
        columns, sizeof(columns) / sizeof *(columns)                                               \
    }

static const struct {
    const struct pic_column *columns;
    size_t n;
} tables[PIC_SUMMARY_TABLES] = {
    [PIC_SUMMARY_TOTALS] = TABLE(total_columns),
    [PIC_SUMMARY_PROJECTS] = TABLE(project_columns),
    [PIC_SUMMARY_THEMES] = TABLE(theme_columns),
    [PIC_SUMMARY_TERRITORIES] = TABLE(territory_columns),
    [PIC_SUMMARY_LATE] = TABLE(late_columns),
    [PIC_SUMMARY_GRANTS] = TABLE(grant_columns),
};

void pic_summary_table_init(struct pic_sheet *sheet, enum pic_summary_table table)
{
    pic_sheet_init(sheet, tables[table].columns, tables[table].n);
}
