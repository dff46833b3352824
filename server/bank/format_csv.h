/* format_csv: the table that a bank's web site or a spreadsheet gives. Columns are found by their
 * headings, whatever their order: a date, and an amount or a debit and a credit; label, value date,
 * reference, counterparty, running balance and account where there are any. What stands above the
 * headings may name the account and a balance ("Solde au 30/06/2026"). Oldest or latest first.
 *
 * A table whose headings say nothing is read with columns that a person names, as
 * "date=Jour, montant=Somme, libelle=Texte": out->columns. What is named so is taken for that and
 * nothing else; the rest is found by its heading. out->headings receives the headings found. */
#ifndef PIC_BANK_FORMAT_CSV_H
#define PIC_BANK_FORMAT_CSV_H

#include "server/bank/statement.h"

bool pic_bank_csv_recognises(struct pic_span file);
/* See struct pic_format. */
PIC_MUST_USE int pic_bank_csv_read(struct pic_span file, const char *account,
                                   struct pic_statements *out, struct pic_err *err);

#endif
