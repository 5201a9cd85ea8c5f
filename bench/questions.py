# SPDX-License-Identifier: Apache-2.0
"""What is asked: questions to each service, drawn from its data, the same ones each time."""
import random
import re
import sqlite3
import urllib.parse

import measure

QUESTIONS = 20_000


class Reads:
    """One kind of question to one endpoint: prepare(db, rnd) gives a function that draws one, {name of a @param: value}."""

    def __init__(self, app, what, path, prepare):
        self.app, self.what, self.path, self.prepare = app, what, path, prepare

    def questions(self, database, count=QUESTIONS):
        """Distinct where there are that many; the same ones each time."""
        draw, seen = self.prepare(sqlite3.connect(database), random.Random(7)), {}
        for _ in range(2 * count):
            question = draw()
            seen[tuple(question.values())] = question
            if len(seen) == count:
                break
        return list(seen.values())

    def target(self, question):
        given = {name: value for name, value in question.items() if value is not None}
        path = re.sub(r'\{(\w+)\}', lambda part: urllib.parse.quote(str(given.pop(part.group(1))), safe=''), self.path)
        return path + ('?' + urllib.parse.urlencode(given) if given else '')

    def lines(self, asked):
        """For bare_sql."""
        names = self.params()
        return '\n'.join('\t'.join('' if question.get(name) is None else str(question[name]) for name in names) for question in asked)

    def params(self):
        """The @param names of the endpoint, in order."""
        for file in sorted((measure.ROOT / 'apps' / self.app).glob('*.sql')):
            text = file.read_text()
            if re.search(rf'^-- @endpoint GET {re.escape(self.path)}\s*$', text, re.MULTILINE):
                return re.findall(r'^-- @param (\w+)', text, re.MULTILINE)
        raise SystemExit(f'apps/{self.app} has no GET {self.path}')


def draw_rates(longest):
    def prepare(db, rnd):
        places = [row[0] for row in db.execute('SELECT code FROM places ORDER BY code')]
        first, last = db.execute('SELECT min(day), max(day) FROM prices').fetchone()
        days = [row[0] for row in db.execute(
            "WITH RECURSIVE d(day) AS (SELECT ? UNION ALL SELECT date(day, '+1 day') FROM d WHERE day < ?) SELECT day FROM d",
            (first, last))]

        def draw():
            start = rnd.randrange(len(days))
            end = min(start + rnd.randrange(longest), len(days) - 1)
            return {'date_from': days[start], 'date_to': days[end], 'origin': rnd.choice(places),
                    'destination': rnd.choice(places), 'min_prices': rnd.choice((1, 2, 3))}
        return draw
    return prepare


def draw_search(radius, tagged):
    def prepare(db, rnd):
        shops = db.execute('SELECT lat, lng FROM shops ORDER BY id').fetchall()
        tags = [row[0] for row in db.execute('SELECT tag FROM tags ORDER BY tag')]

        def draw():
            lat, lng = rnd.choice(shops)
            chosen = ','.join(rnd.sample(tags, rnd.choice((1, 2, 3)))) if tagged else None
            return {'lat': round(lat + rnd.uniform(-0.002, 0.002), 6), 'lng': round(lng + rnd.uniform(-0.004, 0.004), 6),
                    'radius': radius, 'count': 10, 'tags': chosen}
        return draw
    return prepare


def draw_names(db, rnd):
    names = [row[0] for row in db.execute("SELECT DISTINCT last FROM people WHERE last IS NOT NULL")]
    return lambda: {'lastname': rnd.choice(names) + rnd.choice(('', str(rnd.randrange(100_000))))}


def draw_genes(db, rnd):
    genes = db.execute('SELECT species, name FROM genes').fetchall()

    def draw():
        species, name = rnd.choice(genes)
        return {'species': species, 'query': name[:rnd.randrange(1, 5)].lower(), 'limit': rnd.choice((5, 10, 20))}
    return draw


READS = [
    Reads('rates', 'ranges up to a month', '/rates', draw_rates(31)),
    Reads('rates', 'ranges up to a year', '/rates', draw_rates(366)),
    *(Reads('search', f'radius {radius} m{", tags" if tagged else ""}', '/search', draw_search(radius, tagged))
      for radius in (100, 500, 2000, 10_000) for tagged in (False, True)),
    Reads('people', 'by last name', '/ids/lastname/{lastname}', draw_names),
    Reads('genes', 'a keystroke', '/gene_suggest', draw_genes),
]
