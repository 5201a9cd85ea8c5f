// SPDX-License-Identifier: Apache-2.0
// The text of the helpers that endpoint files use.
//
// All are single SELECTs, which the planner puts into the statement that uses them; for distance_m that is so
// only with neither FROM nor STRICT, so that some of it is worked out twice, which is still far less than a
// call. It does what sqlite/distance.c does, step by step, so that both give the same double. Numbers that
// are next to nothing are 0 to both, as PostgreSQL refuses a product that is too small for a double. The
// list's items come from an array, as the planner takes one that it does not know to have ten.
#include "store/postgresql/helpers.h"

#include "text/search_words.h"

// Of half an angle in degrees; and the two sides of the triangle that distance_m is made of.
#define RADIANS         "0.017453292519943295::double precision"
#define HALF(of, angle) "pg_catalog." of "((" angle ") * " RADIANS " / 2)"
#define SQUARE(x)       "(" x " * " x ")"
#define ACROSS          "pg_catalog.cos(lat1 * " RADIANS ") * pg_catalog.cos(lat2 * " RADIANS ")"
#define NEAR            SQUARE(HALF("sin", "lat2 - lat1")) " + " ACROSS " * " SQUARE(HALF("sin", "lng2 - lng1"))
#define FAR             SQUARE(HALF("sin", "lat2 + lat1")) " + " ACROSS " * " SQUARE(HALF("cos", "lng2 - lng1"))
#define DISTANCE        "12742000 * pg_catalog.atan2(pg_catalog.sqrt(" NEAR "),\n pg_catalog.sqrt(" FAR "))"

#define TINY           "1e-100::double precision" // degrees
#define OR_ZERO(name)  "CASE WHEN pg_catalog.abs(" name ") < " TINY " THEN 0 ELSE " name " END AS " name
#define POINTS_OR_ZERO OR_ZERO("lat1") ", " OR_ZERO("lng1") ", " OR_ZERO("lat2") ", " OR_ZERO("lng2")
#define SIZE(name)     "pg_catalog.abs(NULLIF(" name ", 0))"
#define SMALLEST       "LEAST(" SIZE("lat1") ", " SIZE("lng1") ", " SIZE("lat2") ", " SIZE("lng2") ", 1)"
#define POINTS                                                                                               \
    "(lat1 double precision, lng1 double precision, lat2 double precision, lng2 double precision)\n"

// A part of a day, with zeros in front; and what is null for days that SQLite has no text for.
#define PADDED(part, digits) "pg_catalog.lpad(CAST(EXTRACT(" part " FROM day) AS text), " digits ", '0')"
#define OF_CALENDAR(text)    "CASE WHEN day BETWEEN DATE '0001-01-01' AND DATE '9999-12-31' THEN " text " END"

#define MONTH OF_CALENDAR(PADDED("year", "4") " || '-' || " PADDED("month", "2"))
#define WEEK  OF_CALENDAR(PADDED("isoyear", "4") " || '-W' || " PADDED("week", "2"))

// Names of the zones' database, in their case. PostgreSQL takes abbreviations, such as PST and CET, and
// rules, such as +05:00, for zones as well, but not behind a colon; and it is not particular about case. So
// the case is looked at here: most names are like Europe/Rome, and these are the others, of which no new ones
// are made. Localtime is like them, too, but it and right/Europe/Rome are files beside the zones. What may be
// none gets two colons, and is an error.
#define ODD_ZONES                                                                                            \
    "Africa/Dar_es_Salaam America/Argentina/ComodRivadavia America/Knox_IN "                                 \
    "America/Port-au-Prince America/Port_of_Spain Antarctica/DumontDUrville "                                \
    "Antarctica/McMurdo Australia/ACT Australia/LHI Australia/NSW Brazil/DeNoronha CET "                     \
    "CST6CDT Chile/EasterIsland EET EST EST5EDT Etc/GMT Etc/GMT+0 Etc/GMT+1 Etc/GMT+10 "                     \
    "Etc/GMT+11 Etc/GMT+12 Etc/GMT+2 Etc/GMT+3 Etc/GMT+4 Etc/GMT+5 Etc/GMT+6 Etc/GMT+7 "                     \
    "Etc/GMT+8 Etc/GMT+9 Etc/GMT-0 Etc/GMT-1 Etc/GMT-10 Etc/GMT-11 Etc/GMT-12 Etc/GMT-13 "                   \
    "Etc/GMT-14 Etc/GMT-2 Etc/GMT-3 Etc/GMT-4 Etc/GMT-5 Etc/GMT-6 Etc/GMT-7 Etc/GMT-8 "                      \
    "Etc/GMT-9 Etc/GMT0 Etc/UCT Etc/UTC Europe/Isle_of_Man GB GB-Eire GMT GMT+0 GMT-0 GMT0 "                 \
    "HST MET MST MST7MDT Mexico/BajaNorte Mexico/BajaSur NZ NZ-CHAT PRC PST8PDT ROC ROK UCT "                \
    "US/Alaska US/Aleutian US/Arizona US/Central US/East-Indiana US/Eastern US/Hawaii "                      \
    "US/Indiana-Starke US/Michigan US/Mountain US/Pacific US/Samoa UTC W-SU WET"
#define IS_ODD(zone, all) "(" zone " = ANY (pg_catalog.string_to_array(" all ", ' ')))"
#define IS_FILE           "(pg_catalog.split_part(zone, '/', 1) = ANY ('{Localtime,Posix,Posixrules,Right}'))"
#define AS_IT_IS          IS_ODD("zone", "'" ODD_ZONES "'")
#define IN_LOWER          IS_ODD("pg_catalog.lower(zone COLLATE \"C\")", "pg_catalog.lower('" ODD_ZONES "')")
#define IS_ZONE                                                                                              \
    "(" AS_IT_IS " OR zone = pg_catalog.initcap(zone COLLATE \"C\")\n AND NOT " IS_FILE                      \
    "\n AND NOT " IN_LOWER ")"
#define ZONE  "CASE WHEN " IS_ZONE "\n THEN ':' || zone ELSE '::' || zone END"
#define LOCAL "pg_catalog.timezone(" ZONE ", at)"

// What clocks show at a moment, as a type; null beside the calendar. The first branch is for nearly all.
#define SHOWN(type)                                                                                                   \
    "    SELECT CASE WHEN at >= TIMESTAMPTZ '0001-01-02 00:00:00+00' AND at < TIMESTAMPTZ '9999-12-31 00:00:00+00'\n" \
    "    THEN CAST(" LOCAL " AS " type ")\n"                                                                          \
    "    WHEN " LOCAL " >= TIMESTAMP '0001-01-01 00:00:00' AND " LOCAL                                                \
    " < TIMESTAMP '10000-01-01 00:00:00'\n"                                                                           \
    "    THEN CAST(" LOCAL " AS " type ") END;\n"

#define DATE_SHOWN SHOWN("date")
#define TIME_SHOWN SHOWN("time")

// The words of a text as search_words.h has them, without marks on letters, and their number in order.
#define SEPARATOR(first, last) "\\\\u" #first "-\\\\u" #last
#define SEPARATORS             "E'[" SEARCH_SEPARATORS(SEPARATOR) "\\\\U0001f000-\\\\U0001faff]+'"
#define MARKS                  "E'[\\\\u0300-\\\\u036f]+'"
#define PLAIN                                                                                                \
    "pg_catalog.lower(pg_catalog.regexp_replace(pg_catalog.normalize(words, 'NFD'), " MARKS ", '', 'g'))"
#define WORDS                                                                                                \
    " FROM (SELECT pg_catalog.left(part, 64) AS word, pg_catalog.row_number() OVER (ORDER BY n) AS place,\n" \
    "         pg_catalog.count(*) OVER () AS total\n"                                                        \
    "        FROM pg_catalog.regexp_split_to_table(" PLAIN ", " SEPARATORS ")\n"                             \
    "        WITH ORDINALITY AS parts (part, n) WHERE part <> '') AS found\n"
#define QUERY(end)                                                                                           \
    "    SELECT coalesce((SELECT pg_catalog.string_agg('''' || word || ''''" end                             \
    ", ' & ' ORDER BY place)" WORDS "        WHERE place <= 100), '')::pg_catalog.tsquery;\n"
#define ALL_WORDS  QUERY("")
#define BEGINNINGS QUERY(" || CASE WHEN place = LEAST(total, 100) THEN ':*' ELSE '' END")

const char pg_helpers[] =
    "CREATE SCHEMA IF NOT EXISTS reckoner;\n"
    "CREATE OR REPLACE FUNCTION reckoner.calendar(date_from date, date_to date) RETURNS TABLE (day date)\n"
    "LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 366 BEGIN ATOMIC\n"
    "    SELECT date_from + n FROM pg_catalog.generate_series(0, date_to - date_from) AS n;\n"
    "END;\n"
    "CREATE OR REPLACE FUNCTION reckoner.list(items text) RETURNS TABLE (value text)\n"
    "LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 10 BEGIN ATOMIC\n"
    "    SELECT item FROM (\n"
    "        SELECT pg_catalog.btrim(part, E' \\t') AS item\n"
    "        FROM pg_catalog.unnest(pg_catalog.string_to_array(items,\n"
    "            CASE WHEN pg_catalog.strpos(items, E'\\x1f') > 0 THEN E'\\x1f' ELSE ',' END)) AS part\n"
    "    ) AS trimmed\n"
    "    WHERE item <> '';\n"
    "END;\n"
    "CREATE OR REPLACE FUNCTION reckoner.distance_from_zero_m" POINTS
    "RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC\n"
    "    SELECT " DISTANCE " FROM (SELECT " POINTS_OR_ZERO ") AS points;\n"
    "END;\n"
    "CREATE OR REPLACE FUNCTION reckoner.distance_m" POINTS
    "RETURNS double precision LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC\n"
    "    SELECT CASE WHEN " SMALLEST " >= " TINY " THEN " DISTANCE "\n"
    "    ELSE reckoner.distance_from_zero_m(lat1, lng1, lat2, lng2) END;\n"
    "END;\n"
    "CREATE OR REPLACE FUNCTION reckoner.decimal_as(value numeric, places integer) RETURNS numeric\n"
    "LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC\n"
    "    SELECT CASE WHEN pg_catalog.scale(pg_catalog.trim_scale(value)) <= places\n"
    "        AND pg_catalog.abs(value) < pg_catalog.power(10::numeric, 18 - places)\n"
    "    THEN pg_catalog.round(value, places)\n"
    "    ELSE CAST('decimal_of: ' || CAST(value AS text) || ' has more digits than it has room for' AS numeric) END;\n"
    "END;\n"
    "CREATE OR REPLACE FUNCTION reckoner.decimal_of(value numeric, places integer) RETURNS numeric\n"
    "LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC SELECT reckoner.decimal_as(value, places); END;\n"
    "CREATE OR REPLACE FUNCTION reckoner.decimal_of(value text, places integer) RETURNS numeric\n"
    "LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC\n"
    "    SELECT reckoner.decimal_as(CAST(value AS numeric), places);\n"
    "END;\n"
    "CREATE OR REPLACE FUNCTION reckoner.decimal_round(value numeric, places_from integer, places_to integer)\n"
    "RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC\n"
    "    SELECT pg_catalog.round(value, places_to);\n"
    "END;\n"
    "CREATE OR REPLACE FUNCTION reckoner.month_of(day date) RETURNS text\n"
    "LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC\n"
    "    SELECT " MONTH ";\n"
    "END;\n"
    "CREATE OR REPLACE FUNCTION reckoner.week_of(day date) RETURNS text\n"
    "LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC\n"
    "    SELECT " WEEK ";\n"
    "END;\n"
    "CREATE OR REPLACE FUNCTION reckoner.day_in(at timestamp with time zone, zone text) RETURNS date\n"
    "LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC\n" DATE_SHOWN "END;\n"
    "CREATE OR REPLACE FUNCTION reckoner.clock_in(at timestamp with time zone, zone text) RETURNS time\n"
    "LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC\n" TIME_SHOWN "END;\n"
    "CREATE OR REPLACE FUNCTION reckoner.search_vector(words text) RETURNS tsvector\n"
    "LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC\n"
    "    SELECT coalesce((SELECT pg_catalog.array_to_tsvector(pg_catalog.array_agg(DISTINCT word))\n" WORDS
    "        ), '');\n"
    "END;\n"
    "CREATE OR REPLACE FUNCTION reckoner.search_terms(words text) RETURNS tsquery\n"
    "LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC\n" ALL_WORDS "END;\n"
    "CREATE OR REPLACE FUNCTION reckoner.search_prefix(words text) RETURNS tsquery\n"
    "LANGUAGE sql IMMUTABLE PARALLEL SAFE BEGIN ATOMIC\n" BEGINNINGS "END;\n"
    "GRANT USAGE ON SCHEMA reckoner TO PUBLIC;\n";
