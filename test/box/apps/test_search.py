# SPDX-License-Identifier: Apache-2.0
"""The search service: answers compared with a plain reading of the rule over shops at awkward places, whatever plan
is taken; and what its write endpoints make of batches."""
import json
import math
import random
import subprocess
import sys
import urllib.parse

import pytest

from server import ROOT, Server, run

EARTH_M = 6371000
ANYWHERE = 20100000
TAGS = ['common', 'half', 'rare', 'lone', 'a b', 'å☃', '%', "'"]


def distance_m(lat1, lng1, lat2, lng2):
    """Haversine; towards the far side of the globe from the other point's antipode, where it keeps its digits."""
    across = math.cos(math.radians(lat1)) * math.cos(math.radians(lat2))
    half = math.radians(lng2 - lng1) / 2
    near = math.sin(math.radians(lat2 - lat1) / 2) ** 2 + across * math.sin(half) ** 2
    far = math.sin(math.radians(lat2 + lat1) / 2) ** 2 + across * math.cos(half) ** 2
    return 2 * EARTH_M * math.atan2(math.sqrt(near), math.sqrt(far))


class World:
    """Shops, tags and products, and the rule."""

    def __init__(self, seed):
        self.rnd = random.Random(seed)
        self.shops, self.products, self.tags = {}, {}, {}

    def add_shop(self, lat, lng, tags=()):
        shop = f's{len(self.shops)}'
        self.shops[shop] = {'id': shop, 'name': f'Shop {shop}', 'lat': lat, 'lng': lng}
        self.tags[shop] = set(tags)
        for _ in range(self.rnd.randrange(4)):
            product = f'p{self.rnd.randrange(10 ** 9)}'  # ids in no order
            self.products[product] = {
                'id': product, 'shop_id': shop, 'title': f'Thing "{product}"',
                'popularity': self.rnd.randrange(40) / 40, 'quantity': self.rnd.randrange(3)}

    def add_around(self, lat, lng, count, spread):
        """Shops some way off; where latitudes or longitudes run out they go on at the other end or stop."""
        for _ in range(count):
            tags = [tag for tag, share in zip(TAGS, (.9, .5, .05, 0, .2, .2, .2, .2)) if self.rnd.random() < share]
            at = max(-90, min(90, lat + self.rnd.uniform(-spread, spread)))
            turn = lng + self.rnd.uniform(-spread, spread) / max(.01, math.cos(math.radians(at)))
            self.add_shop(at, (turn + 180) % 360 - 180, tags)

    def search(self, lat, lng, radius=500, count=10, tags=(), in_stock=False):
        near = {shop['id'] for shop in self.shops.values() if distance_m(lat, lng, shop['lat'], shop['lng']) <= radius
                and (not tags or self.tags[shop['id']] & set(tags))}
        found = [p for p in self.products.values() if p['shop_id'] in near and (p['quantity'] > 0 or not in_stock)]
        found.sort(key=lambda p: (-p['popularity'], p['id']))
        return [{'id': p['id'], 'title': p['title'], 'popularity': p['popularity'], 'quantity': p['quantity'],
                 'shop': self.shops[p['shop_id']]} for p in found[:count]]

    def margin(self, lat, lng, radius):
        """How far the shop that is nearest to the rim is from it: too close is a matter of rounding."""
        return min(abs(distance_m(lat, lng, shop['lat'], shop['lng']) - radius) for shop in self.shops.values())

    def send(self, server):
        post(server, '/shops', list(self.shops.values()))
        post(server, '/tags', [{'id': f't{i}', 'tag': tag} for i, tag in enumerate(TAGS)])
        post(server, '/products', list(self.products.values()))
        post(server, '/taggings', [{'id': f'{shop}/{i}', 'shop_id': shop, 'tag_id': f't{i}'}
                                   for shop, tags in self.tags.items() for i, tag in enumerate(TAGS) if tag in tags])


def post(server, path, rows, status=201):
    answer = server.post(path, rows)
    assert answer.status == status, answer.body
    if status == 201:
        assert answer.json() == [{'saved': len(rows)}]
    return answer


def ask(server, lat, lng, **params):
    given = {'lat': lat, 'lng': lng, **params}
    if 'tags' in given:
        given['tags'] = ','.join(given['tags'])
    if 'in_stock' in given:
        given['in_stock'] = str(given['in_stock']).lower()
    answer = server.get('/search?' + urllib.parse.urlencode(given))
    assert answer.status == 200, answer.body
    return answer.json()['products']


@pytest.fixture(scope='module')
def empty(tmp_path_factory):
    """Files with headers alone: a store with nothing in it."""
    folder = tmp_path_factory.mktemp('empty')
    for name, header in (('shops', 'id,name,lat,lng'), ('tags', 'id,tag'), ('products', 'id,shop_id,title,popularity,quantity'),
                         ('taggings', 'id,shop_id,tag_id')):
        (folder / f'{name}.csv').write_text(header + '\n')
    return folder


PLACES = [(0, 0), (0, 180), (0, -180), (-16.8, 179.99), (-16.8, -179.99), (90, 0), (90, 77), (89.999, -120), (-90, 180), (-89.99, 3),
          (59.33, 18.06), (71, -180), (-45, 90), (37.8, -122.4)]


@pytest.fixture(scope='module')
def world(empty, tmp_path_factory):
    world = World(3)
    for lat, lng in PLACES:
        world.add_around(lat, lng, 12, .004)
    world.add_around(59.33, 18.06, 400, .02)  # a town
    world.add_around(0, 180, 200, .02)
    for lat, lng in ((90, 0), (90, 180), (-90, -33), (0, 180), (0, -180), (0, 0)):
        world.add_shop(lat, lng, ['common', 'lone'][:1 + (lat == 90)])
    server = Server('apps/search', '--quiet', '--data', empty, var=tmp_path_factory.mktemp('var'))
    world.send(server)
    yield world, server
    assert server.stop() == 0


@pytest.mark.parametrize('lat, lng', PLACES)
def test_each_place_and_size_gives_what_the_rule_says(world, lat, lng):
    rule, server = world
    rnd = random.Random(f'{lat} {lng}')
    checked = 0
    for radius in (0, .5, 10, 100, 400, 500, 1500, 5000, 1e5, 2e6, 9e6, 15e6, 2e7, ANYWHERE):
        for tags in ([], ['common'], ['lone'], ['rare', 'lone'], ['half', 'å☃', '%', "'", 'a b', 'nobody has this']):
            question = {'radius': radius, 'count': rnd.choice((1, 3, 10, 100, 1000)), 'in_stock': rnd.random() < .3}
            at = (lat, lng) if rnd.random() < .5 else (max(-90, min(90, lat + rnd.uniform(-.003, .003))), lng)
            if radius > 0 and rule.margin(*at, radius) < 1e-4:
                continue
            found = ask(server, *at, tags=tags, **question)
            assert found == rule.search(*at, tags=tags, **question), (at, tags, question)
            checked += 1
    assert checked > 40


def test_a_shop_on_the_rim_is_inside(world):
    """The distance itself as the radius: every shop of the town, from a place in it and from afar."""
    rule, server = world
    for lat, lng in ((59.33, 18.06), (-16.8, 180)):
        nearest = sorted({distance_m(lat, lng, shop['lat'], shop['lng']) for shop in rule.shops.values()})
        for distance in [0, *nearest[1:200:11], *nearest[-40::13]]:
            for radius in (distance * (1 - 1e-12) - 1e-5, distance * (1 + 1e-12) + 1e-5):
                if radius >= 0:
                    found = ask(server, lat, lng, radius=repr(radius), count=1000)
                    assert found == rule.search(lat, lng, radius, 1000), (lat, lng, radius)


def test_the_pole_is_one_place_whatever_its_longitude(world):
    rule, server = world
    at_pole = [shop for shop in rule.shops.values() if shop['lat'] == 90]
    assert len(at_pole) >= 2
    for lng in (-180, -33, 0, 120, 180):
        found = ask(server, 90, lng, radius=0.001, count=1000)
        assert found == rule.search(90, 0, .001, 1000)


def test_the_meridian_has_two_names(world):
    rule, server = world
    for radius in (.001, 1, 300, 2000, 1e6):
        assert ask(server, 0, 180, radius=radius) == ask(server, 0, -180, radius=radius)


def test_every_plan_is_taken(world):
    """Few shops near, few shops with the tag, and many of both: else the tests above would test one thing thrice."""
    _, server = world
    taken = set()
    for question in ('radius=100&lat=-45&lng=90', 'radius=20100000&lat=59.33&lng=18.06&tags=lone',
                     'radius=5000&lat=59.33&lng=18.06', 'radius=20100000&lat=0&lng=0&tags=common'):
        taken.add(plan_of(server, question))
    assert len(taken) == 3


def plan_of(server, question):
    """The line of the answer that is run, as `reckoner explain` tells it."""
    var = server.process.args[server.process.args.index('--var') + 1]
    done = run('explain', '--var', var, 'apps/search', f'GET /search?{question}')
    assert done.returncode == 0, done.stderr
    ran = [line for line in done.stdout.splitlines() if ': @answer' in line and not line.endswith('not run')]
    return next(line.split(':')[1] for line in ran if ': the condition:' not in line)


@pytest.mark.parametrize('query, errors', [
    ('', [('lat', 'required'), ('lng', 'required')]),
    ('lat=&lng=0', [('lat', 'required')]),
    ('lat=90.0000001&lng=-180.0000001', [('lat', 'max'), ('lng', 'min')]),
    ('lat=-91&lng=181', [('lat', 'min'), ('lng', 'max')]),
    ('lat=0&lng=0&radius=-0.001', [('radius', 'min')]),
    ('lat=0&lng=0&radius=20100001', [('radius', 'max')]),
    ('lat=0&lng=0&radius=1e400', [('radius', 'type')]),
    ('lat=0&lng=0&count=0', [('count', 'min')]),
    ('lat=0&lng=0&count=1001', [('count', 'max')]),
    ('lat=0&lng=0&count=2.5', [('count', 'type')]),
    ('lat=0&lng=0&count=99999999999999999999', [('count', 'type')]),
    ('lat=0&lng=0&in_stock=1', [('in_stock', 'type')]),
    ('lat=0&lng=0&count=', [('count', 'type')]),
    ('lat=0&lng=0&radius=', [('radius', 'type')]),
    *((f'lat={word}&lng=0', [('lat', 'type')]) for word in
      ('nan', 'NaN', 'inf', '-inf', 'Infinity', '0x10', '1_0', '%2B-1', '1,5', '%D9%A1', '1%00', 'null', '--1', '%20')),
    ('lat=0&lng=0&tags=' + ','.join(str(i) for i in range(1001)), [('tags', 'items')]),
])
def test_questions_that_are_refused(world, query, errors):
    answer = world[1].get('/search?' + query)
    assert answer.status == 400
    assert answer.errors('parameter', 'code') == errors


def test_a_thousand_tags_are_a_question_like_any_other(world):
    rule, server = world
    tags = [str(i) for i in range(999)] + ['lone']
    assert ask(server, 90, 0, tags=tags, radius=ANYWHERE, count=1000) == rule.search(90, 0, ANYWHERE, 1000, ['lone'])


def test_an_empty_service_finds_nothing(start, empty):
    server = start('apps/search', '--quiet', '--data', empty)
    for radius in (0, 500, ANYWHERE):
        for tags in ([], ['x']):
            assert ask(server, 10, 10, radius=radius, tags=tags) == []
    assert server.get('/tags').json() == {'tags': []}


@pytest.fixture
def village(start, empty):
    """Three shops, each with a product, and two tags."""
    server = start('apps/search', '--quiet', '--data', empty)
    post(server, '/shops', [{'id': f's{i}', 'name': f'Shop {i}', 'lat': 10 + i / 10000, 'lng': 20} for i in (1, 2, 3)])
    post(server, '/products', [{'id': f'p{i}', 'shop_id': f's{i}', 'title': f'T{i}', 'popularity': .5, 'quantity': i} for i in (1, 2, 3)])
    post(server, '/tags', [{'id': 't1', 'tag': 'red'}, {'id': 't2', 'tag': 'blue'}])
    post(server, '/taggings', [{'id': 'g1', 'shop_id': 's1', 'tag_id': 't1'}, {'id': 'g2', 'shop_id': 's2', 'tag_id': 't2'}])
    return server


def found(server, lat=10, lng=20, **params):
    return [product['id'] for product in ask(server, lat, lng, **params)]


def test_the_same_files_twice_change_nothing(village):
    before = ask(village, 10, 20)
    post(village, '/shops', [{'id': 's1', 'name': 'Shop 1', 'lat': 10.0001, 'lng': 20}])
    post(village, '/products', [{'id': 'p1', 'shop_id': 's1', 'title': 'T1', 'popularity': .5, 'quantity': 1}])
    post(village, '/tags', [{'id': 't1', 'tag': 'red'}])
    post(village, '/taggings', [{'id': 'g1', 'shop_id': 's1', 'tag_id': 't1'}])
    assert ask(village, 10, 20) == before
    assert found(village, tags=['red']) == ['p1']


def test_a_product_changes_and_changes_its_shop(village):
    post(village, '/products', [{'id': 'p1', 'shop_id': 's2', 'title': 'New', 'popularity': 1, 'quantity': 0}])
    first = ask(village, 10, 20)[0]
    assert first == {'id': 'p1', 'title': 'New', 'popularity': 1, 'quantity': 0,
                     'shop': {'id': 's2', 'name': 'Shop 2', 'lat': 10.0002, 'lng': 20}}
    assert found(village, tags=['red']) == []
    assert found(village, tags=['blue']) == ['p1', 'p2']
    assert found(village, in_stock=True) == ['p2', 'p3']
    assert found(village, radius=15) == []


def crowd(server):
    """So many shops that from here on products are looked for by their popularity."""
    post(server, '/shops', [{'id': f'x{i}', 'name': 'X', 'lat': 10, 'lng': 20} for i in range(200)])


def test_a_shop_moves_for_every_plan(village):
    post(village, '/shops', [{'id': 's1', 'name': 'Away', 'lat': -50, 'lng': -179.9999}])
    assert found(village) == ['p2', 'p3']
    assert found(village, -50, 179.9999) == ['p1']
    assert found(village, -50, 179.9999, radius=ANYWHERE, tags=['red']) == ['p1']
    crowd(village)
    assert found(village, radius=1e5) == ['p2', 'p3']
    assert found(village, radius=ANYWHERE) == ['p1', 'p2', 'p3']
    assert found(village, radius=1e5, tags=['red'], count=100) == []
    post(village, '/taggings', [{'id': 'g1', 'shop_id': 's2', 'tag_id': 't1'}])
    assert found(village, radius=1e5, tags=['red'], count=100) == ['p2']
    post(village, '/shops', [{'id': 's2', 'name': 'Away', 'lat': 10.0002, 'lng': 22}])
    assert found(village, radius=1e5, tags=['red'], count=100) == []


@pytest.mark.parametrize('lat, lng', [(10.0001, 20.1), (10.1, 20)])
def test_products_move_with_their_shop_and_from_shop_to_shop(village, lat, lng):
    crowd(village)
    assert found(village, radius=50) == ['p1', 'p2', 'p3']
    post(village, '/shops', [{'id': 's1', 'name': 'Away', 'lat': lat, 'lng': lng}])
    assert found(village, radius=50) == ['p2', 'p3']
    post(village, '/products', [{'id': 'p2', 'shop_id': 's1', 'title': 'T', 'popularity': .5, 'quantity': 1}])
    assert found(village, radius=50) == ['p3']
    post(village, '/products', [{'id': 'p1', 'shop_id': 's3', 'title': 'T', 'popularity': .5, 'quantity': 1}])
    assert found(village, radius=50) == ['p1', 'p3']


def test_a_radius_of_nothing_holds_what_stands_there_however_many(village):
    post(village, '/products', [{'id': 'p2', 'shop_id': 's1', 'title': 'T', 'popularity': .5, 'quantity': 1}])
    assert found(village, 10.0001, radius=0) == ['p1', 'p2']
    post(village, '/shops', [{'id': f'x{i}', 'name': 'X', 'lat': 10.0001, 'lng': 20} for i in range(200)])
    assert found(village, 10.0001, radius=0) == ['p1', 'p2']


def test_a_shop_with_several_of_the_tags_is_found_once(village):
    def found_by_tags():
        both = {'tags': ['red', 'blue', 'red'], 'count': 100}
        return found(village, **both), found(village, in_stock=True, **both)

    post(village, '/taggings', [{'id': 'g3', 'shop_id': 's1', 'tag_id': 't2'}, {'id': 'g4', 'shop_id': 's1', 'tag_id': 't1'}])
    post(village, '/products', [{'id': 'p2', 'shop_id': 's2', 'title': 'T', 'popularity': .5, 'quantity': 0}])
    assert found_by_tags() == (['p1', 'p2'], ['p1'])
    crowd(village)
    assert found_by_tags() == (['p1', 'p2'], ['p1'])
    post(village, '/taggings', [{'id': f'x{i}', 'shop_id': f'x{i}', 'tag_id': 't1'} for i in range(200)])
    assert found_by_tags() == (['p1', 'p2'], ['p1'])


def test_tags_and_taggings_change(village):
    post(village, '/taggings', [{'id': 'g1', 'shop_id': 's3', 'tag_id': 't1'}])
    assert found(village, tags=['red']) == ['p3']
    post(village, '/tags', [{'id': 't1', 'tag': 'crimson'}])
    assert found(village, tags=['red']) == []
    assert found(village, tags=['crimson', 'blue']) == ['p2', 'p3']
    post(village, '/tags', [{'id': 't3', 'tag': 'blue'}])  # another one of that name
    post(village, '/taggings', [{'id': 'g3', 'shop_id': 's1', 'tag_id': 't3'}, {'id': 'g4', 'shop_id': 's1', 'tag_id': 't2'}])
    assert found(village, tags=['blue']) == ['p1', 'p2']
    assert village.get('/tags').json() == {'tags': ['blue', 'crimson']}


@pytest.mark.parametrize('path, row, field, code', [
    ('/shops', {'id': 's1', 'name': 'Twice', 'lat': 0, 'lng': 0}, 'id', 'unique'),
    ('/shops', {'id': 's9', 'name': 'North', 'lat': 90.1, 'lng': 0}, 'lat', 'max'),
    ('/shops', {'id': 's9', 'name': 'West', 'lat': 0, 'lng': -180.1}, 'lng', 'min'),
    ('/shops', {'id': 's9', 'name': '', 'lat': 0, 'lng': 0}, 'name', 'required'),
    ('/shops', {'id': 's9', 'name': 'Text', 'lat': '0', 'lng': 0}, 'lat', 'type'),
    ('/tags', {'id': 't9', 'tag': 'a,b'}, 'tag', 'pattern'),
    ('/tags', {'id': 't9', 'tag': ' a'}, 'tag', 'pattern'),
    ('/products', {'id': 'p9', 'shop_id': 's9', 'title': 'T', 'popularity': 1, 'quantity': 1}, 'shop_id', 'unknown_shop'),
    ('/products', {'id': 'p9', 'shop_id': 's1', 'title': 'T', 'popularity': 1, 'quantity': -1}, 'quantity', 'min'),
    ('/products', {'id': 'p9', 'shop_id': 's1', 'title': 'T', 'popularity': None, 'quantity': 1}, 'popularity', 'required'),
    ('/taggings', {'id': 'g9', 'shop_id': 's9', 'tag_id': 't1'}, 'shop_id', 'unknown_shop'),
    ('/taggings', {'id': 'g9', 'shop_id': 's1', 'tag_id': 't9'}, 'tag_id', 'unknown_tag'),
])
def test_one_wrong_row_and_nothing_is_written(village, path, row, field, code):
    good = {'/shops': {'id': 's1', 'name': 'Gone', 'lat': 0, 'lng': 0}, '/tags': {'id': 't1', 'tag': 'gone'},
            '/products': {'id': 'p1', 'shop_id': 's1', 'title': 'Gone', 'popularity': 0, 'quantity': 0},
            '/taggings': {'id': 'g1', 'shop_id': 's3', 'tag_id': 't2'}}[path]
    before = [ask(village, 10, 20), ask(village, 10, 20, tags=['red']), village.get('/tags').json()]
    answer = post(village, path, [good, row], 422)
    assert answer.errors('line', 'field', 'code') == [(2, field, code)]
    assert [ask(village, 10, 20), ask(village, 10, 20, tags=['red']), village.get('/tags').json()] == before


def test_the_generator_makes_the_sample_again(tmp_path):
    app = ROOT / 'apps/search'
    copy = tmp_path / 'make_data.py'
    copy.write_bytes((app / 'make_data.py').read_bytes())
    subprocess.run([sys.executable, copy], check=True, stdout=subprocess.DEVNULL)
    for path in (app / 'data').iterdir():
        assert (tmp_path / 'data' / path.name).read_bytes() == path.read_bytes(), path.name
        assert b'\r' not in path.read_bytes()


def test_the_page_asks_nobody_else(start):
    server = start('apps/search', '--quiet')
    for path in (ROOT / 'apps/search/public').iterdir():
        answer = server.get('/' + path.name)
        assert answer.status == 200
        text = answer.body.decode().replace('http://www.w3.org/2000/svg', '')
        assert '//' not in text.replace('// ', '').replace('/// ', ''), path.name
    assert json.loads(server.get('/search?lat=55.95&lng=-3.19&count=1').body)['products']
