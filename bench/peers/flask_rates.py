"""GET /rates by Flask and psycopg2: a connection for each thread of gunicorn, with statements prepared on it. Settings: DATABASE."""
import os
import threading

import flask
import psycopg2
import rates_sql

NAMES = {name: f'${i}' for i, name in enumerate(('date_from', 'date_to', 'origin', 'destination', 'min_prices'), 1)}
app = flask.Flask(__name__)
held = threading.local()


def cursor():
    if not hasattr(held, 'cursor'):
        connection = psycopg2.connect(os.environ['DATABASE'])
        connection.autocommit = True
        held.cursor = connection.cursor()
        held.cursor.execute('PREPARE days (date, date, text, text, bigint) AS ' + rates_sql.DAYS.format(**NAMES))
        held.cursor.execute('PREPARE places (text, text) AS ' + rates_sql.PLACES.format(origin='$1', destination='$2'))
    return held.cursor


@app.get('/rates')
def rates():
    asked = flask.request.args
    try:
        first, last, origin, destination = (asked[name] for name in ('date_from', 'date_to', 'origin', 'destination'))
        least = int(asked.get('min_prices', 3))
    except (KeyError, ValueError):
        return {'message': 'a parameter is missing or wrong'}, 400
    problem = rates_sql.check(first, last)
    if problem:
        return {'message': problem}, 400
    database = cursor()
    database.execute('EXECUTE days (%s, %s, %s, %s, %s)', (first, last, origin, destination, least))
    rows = database.fetchall()
    if all(row[1] is None for row in rows):
        database.execute('EXECUTE places (%s, %s)', (origin, destination))
        if database.fetchone()[0] < len({origin, destination}):
            return {'message': 'unknown place'}, 404
    return app.response_class(rates_sql.encode(rows), mimetype='application/json')
