// SPDX-License-Identifier: Apache-2.0
// Files in the manner of those that offices, banks and shops hand out.
#include "text/csv_sniff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static struct csv_sniff sniff(const char *text)
{
    struct csv_sniff found;
    csv_sniff(span_of(text), &found);
    return found;
}

static void assert_layout(const char *text, char delimiter, size_t columns, size_t skip, size_t header_rows)
{
    struct csv_sniff found = sniff(text);
    assert_int_equal(found.delimiter, delimiter);
    assert_int_equal(found.columns, columns);
    assert_int_equal(found.skip, skip);
    assert_int_equal(found.header_rows, header_rows);
    assert_int_equal(csv_sniff_delimiter(span_of(text)), delimiter);
}

static void plain_files_are_found_as_they_are(void **state)
{
    (void)state;
    assert_layout("id,name\n1,Ann\n2,Bob\n", ',', 2, 0, 1);
    assert_layout("id\tname\r\n1\tAnn\r\n2\tBob\r\n", '\t', 2, 0, 1);
    assert_layout("id|name|x\n1|Ann|2\n2|Bob|3\n", '|', 3, 0, 1);
    assert_layout("\xEF\xBB\xBF"
                  "COM;LIBELLE;POP\n01001;L'Abergement;771\n01002;Amb\xC3\xA9rieu;253\n",
        ';', 3, 0, 1);
    assert_layout("name\nAnn\nBob\n", ',', 1, 0, 1);
    assert_layout("a,b\n", ',', 2, 0, 1);
    assert_layout("", ',', 0, 0, 0);
    assert_layout("\n\n", ',', 0, 0, 0);
}

static void a_decimal_comma_is_no_delimiter(void **state)
{
    (void)state;
    assert_layout("Datum;Betrag;Saldo\n01.02.26;-12,34;1,00\n02.02.26;5,00;6,00\n", ';', 3, 0, 1);
    assert_layout("a;b\n1,5;2,5\n3,5;4,5\n", ';', 2, 0, 1);
    assert_layout("name,tags,n\nx,a;b,1\ny,c;d,2\nz,e;f,3\n", ',', 3, 0, 1);
}

static void cells_that_most_rows_leave_out_are_columns(void **state)
{
    (void)state;
    assert_layout("id;name;note\n1;a\n2;b;x\n3;c\n4;d\n5;e\n6;f\n", ';', 3, 0, 1);
    assert_layout("id;name;note\n1;a\n2;b;x\n3;c\n4;d\n5;e;x;y\n6;f\n", ';', 2, 1, 0); // a wider row
    assert_layout("id;name;\n1;a\n2;b;x\n3;c\n4;d\n5;e\n6;f\n", ';', 2, 1, 0);         // no name
}

static void a_sep_line_is_heeded(void **state)
{
    (void)state;
    assert_layout("sep=;\r\na;b\r\n1;2\r\n", ';', 2, 0, 1);
    assert_layout("sep=;\na;b\n1;2\n", ';', 2, 0, 1);
    assert_layout("\"sep=;\"\ra;b\r1;2\r", ';', 2, 0, 1);
    assert_layout("SEP=|\na;b|c;d\n1;5|2;6\n", '|', 2, 0, 1);
}

static void delimiters_and_line_ends_in_quotes_are_text(void **state)
{
    (void)state;
    assert_layout(
        "Name,Notes,Total\n\"#1001\",\"Please\nring; twice, \"\"thanks\"\"\",10.50\n\"#1002\",,3.00\n", ',',
        3, 0, 1);
    assert_layout(
        "Region,Population\n\"Rome, city\",\"2,748,109\"\n\"Milan, city\",\"1,354,196\"\n", ',', 2, 0, 1);
}

static void titles_before_the_header_are_skipped(void **state)
{
    (void)state;
    // The World Bank's: each line ends with a comma.
    assert_layout(
        "\"Data Source\",\"World Development Indicators\",\n\n\"Last Updated Date\",\"2026-01-28\",\n\n"
        "\"Country Name\",\"Country Code\",\"1960\",\"1961\",\"1962\",\n"
        "\"Aruba\",\"ABW\",\"54608\",\"55811\",\"56682\",\n"
        "\"Angola\",\"AGO\",\"\",\"5454933\",\"5531472\",\n",
        ',', 6, 4, 1);
    // Those of spreadsheets have all delimiters.
    assert_layout(
        "Umsatz 2025;;;\nStand: 31.12.2025;;;\n;;;\nMonat;Filiale;Umsatz;Kosten\n01;Bonn;5,00;1,00\n"
        "02;Bonn;6,00;2,00\n",
        ';', 4, 3, 1);
    // A bank's, with more titles than rows.
    assert_layout("Konto;123\nVon;01.01.2026\nBis;31.01.2026\nSaldo;5,00;EUR\n\nTag;Text;Betrag;Saldo;EUR\n"
                  "31.01.2026;a;1,00;5,00;EUR\n30.01.2026;b;2,00;4,00;EUR\n",
        ';', 5, 5, 1);
    // A statistics office's, with notes behind a line.
    assert_layout(
        "Tabelle: 12411-0001\nBev\xF6lkerung: Deutschland, Stichtag;;\n\nStichtag;Bev\xF6lkerung;Anteil\n"
        "31.12.2023;83456045;100,0\n31.12.2024;83577140;-\n__________\n(C)opyright Amt, 2026\n",
        ';', 3, 3, 1);
}

static void a_header_of_several_rows_is_one(void **state)
{
    (void)state;
    struct csv_sniff found =
        sniff("Jahr;Insgesamt;davon\n;1000 EUR;Anzahl\n2023;5,0;7\n2024;6,0;8\n2025;7,0;9\n");
    assert_int_equal(found.header_rows, 2);
    assert_int_equal(found.header_lines, 2);
}

static void a_header_without_the_rows_last_delimiter_is_one(void **state)
{
    (void)state;
    assert_layout("Konto 123\nDatum;Text;Betrag\n01.02.26;Miete;-5,00;\n02.02.26;Lohn;6,00;\n", ';', 4, 1, 1);
}

static void a_file_without_a_header_is_seen(void **state)
{
    (void)state;
    assert_layout(
        "1,\"Goroka\",\"GKA\",\\N,-6.08\n2,\"Madang\",\"MAG\",\\N,-5.20\n3,\"Mount Hagen\",\"HGU\",5,-5.82\n",
        ',', 5, 0, 0);
    assert_layout("2020;Berlin\n2021;Bonn\n2022;Ulm\n", ';', 2, 0, 0);
    assert_layout("Ann,01/02/2026,5\nBob,01/03/2026,6\n", ',', 3, 0, 0);
    // A year above a column is a name.
    assert_layout("geo,2020,2021\nIT,5.5,5.6\nFR,6.5,6.6\n", ',', 3, 0, 1);
    assert_layout("\"Aruba\",\"AW\"\n\"Italy\",\"IT\"\n\"France\",\"FR\"\n\"Spain\",\"ES\"\n", ',', 2, 0, 0);
    assert_layout("state,2020\nAlabama,R+27\nAlaska,R+16\n", ',', 2, 0, 1);
    // Texts alone are taken to have one.
    assert_layout("code,name\nIT,Italy\nFR,France\n", ',', 2, 0, 1);
}

static void a_value_has_a_digit_and_no_words(void **state)
{
    (void)state;
    static const char *const values[] = {"5", "-1.234,56", "01.02.26", "2026-01-02T10:00:00Z", "1e5", "12:30",
        "1 234", "12 \xE2\x82\xAC", "5%", "1'000", "1\u2019000", "1\u2009000"};
    static const char *const texts[] = {"", "-", "abc", "A1", "1a", "T5", "\\N", "EUR 5"};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        assert_true(csv_sniff_is_value(span_of(values[i])));
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_false(csv_sniff_is_value(span_of(texts[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_files_are_found_as_they_are),
        cmocka_unit_test(a_decimal_comma_is_no_delimiter),
        cmocka_unit_test(cells_that_most_rows_leave_out_are_columns),
        cmocka_unit_test(a_sep_line_is_heeded),
        cmocka_unit_test(delimiters_and_line_ends_in_quotes_are_text),
        cmocka_unit_test(titles_before_the_header_are_skipped),
        cmocka_unit_test(a_header_of_several_rows_is_one),
        cmocka_unit_test(a_header_without_the_rows_last_delimiter_is_one),
        cmocka_unit_test(a_file_without_a_header_is_seen),
        cmocka_unit_test(a_value_has_a_digit_and_no_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
