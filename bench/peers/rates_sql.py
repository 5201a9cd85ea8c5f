"""The question of apps/rates on PostgreSQL over a closure that was worked out before: each port with all places that it counts for."""
import datetime
import json

DAYS = """
SELECT c.day::date::text, CASE WHEN count(r.price) >= {min_prices} THEN round(avg(r.price))::bigint END
FROM generate_series({date_from}::timestamp, {date_to}::timestamp, '1 day') c (day)
LEFT JOIN (
    SELECT p.day, p.price
    FROM port_places o
    JOIN prices p ON p.orig_code = o.port
    JOIN port_places d ON d.port = p.dest_code AND d.place = {destination}
    WHERE o.place = {origin} AND p.day BETWEEN {date_from} AND {date_to}
) r ON r.day = c.day
GROUP BY c.day
ORDER BY c.day
"""
PLACES = 'SELECT count(*) FROM places WHERE code IN ({origin}, {destination})'


def check(date_from, date_to):
    """What is wrong with a range, or None."""
    try:
        first, last = datetime.date.fromisoformat(date_from), datetime.date.fromisoformat(date_to)
    except ValueError:
        return 'no such day'
    if first > last:
        return 'date_from is after date_to'
    if last.year - first.year > 10:
        return 'range over more than ten new years'
    return None


def encode(rows):
    return json.dumps([{'day': day, 'average_price': price} for day, price in rows], separators=(',', ':'))
