// SPDX-License-Identifier: Apache-2.0
// distance_m(lat1, lng1, lat2, lng2): metres along the great circle between two points, which are given in
// degrees, on a sphere. The connection's thread.
#include "store/sqlite/distance.h"

#include <math.h>

#include "store/sqlite/conn.h"

static const double EARTH_M = 6371000, TINY = 1e-100; // TINY: degrees

static double square(double x)
{
    return x * x;
}

static double radians(double degrees)
{
    return degrees * (M_PI / 180);
}

// Takes angles below TINY for 0: PostgreSQL has to give the same distances, and refuses the square of such a
// number as an underflow.
static double or_zero(double degrees)
{
    return fabs(degrees) < TINY ? 0 : degrees;
}

// The haversine formula twice: for the angle between the points, and for what it lacks to a half circle, that
// is from one point to the other's antipode. Each loses its digits where the other has them, so that both
// points that are next to each other and points at opposite ends come out to the micrometre.
static double distance_m(double lat1, double lng1, double lat2, double lng2)
{
    lat1 = or_zero(lat1), lng1 = or_zero(lng1), lat2 = or_zero(lat2), lng2 = or_zero(lng2);
    double half_lng = radians(lng2 - lng1) / 2;
    double across = cos(radians(lat1)) * cos(radians(lat2));
    double near = square(sin(radians(lat2 - lat1) / 2)) + across * square(sin(half_lng));
    double far = square(sin(radians(lat2 + lat1) / 2)) + across * square(cos(half_lng));
    return 2 * EARTH_M * atan2(sqrt(near), sqrt(far));
}

enum { ARGUMENTS = 4 };

// Reads an argument; false after it has made the function fail, because the argument is not a number.
static bool read_number(sqlite3_context *context, const char *name, sqlite3_value *value, double *ret_number)
{
    int type = sqlite3_value_numeric_type(value); // a text that is a number is one
    *ret_number = sqlite3_value_double(value);
    if ((type == SQLITE_INTEGER || type == SQLITE_FLOAT) && isfinite(*ret_number))
        return true;
    const void *text = sqlite3_value_text(value);
    char *message = sqlite3_mprintf(
        "distance_m: %s is \"%.40s\", which is not a number", name, text != NULL ? (const char *)text : "");
    if (message != NULL)
        sqlite3_result_error(context, message, -1);
    else
        sqlite3_result_error_nomem(context);
    sqlite3_free(message);
    return false;
}

static void on_call(sqlite3_context *context, int count, sqlite3_value **values)
{
    static const char *const names[ARGUMENTS] = {"lat1", "lng1", "lat2", "lng2"};
    double numbers[ARGUMENTS] = {0};
    (void)count; // as it was installed
    for (int i = 0; i < ARGUMENTS; i++) {
        if (sqlite3_value_type(values[i]) == SQLITE_NULL)
            return; // null
    }
    for (int i = 0; i < ARGUMENTS; i++) {
        if (!read_number(context, names[i], values[i], &numbers[i]))
            return;
    }
    sqlite3_result_double(context, distance_m(numbers[0], numbers[1], numbers[2], numbers[3]));
}

int sqlite_distance_install(struct sqlite_conn *conn)
{
    return sqlite3_create_function_v2(conn->db, "distance_m", ARGUMENTS,
        SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL, on_call, NULL, NULL, NULL);
}
