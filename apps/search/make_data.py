#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the sample data of the search service: data/{shops,tags,products,taggings}.csv beside this file.

The districts are Edinburgh's, with about where they lie; shops, products and all that is said of them are made up.
The same code gives the same bytes on any machine: of the random module only random() is used, and of arithmetic
nothing but what IEEE 754 fixes.
"""
import csv
import pathlib
import random

SEED = 2026
SHOPS = 600

# District, latitude, longitude, how many of a hundred shops, and how far they lie apart, in metres.
DISTRICTS = """
Old Town, 55.9496, -3.1900, 17, 320
New Town, 55.9541, -3.1985, 20, 420
Grassmarket, 55.9475, -3.1950, 7, 160
Stockbridge, 55.9586, -3.2093, 9, 230
Haymarket, 55.9458, -3.2180, 5, 250
Tollcross, 55.9432, -3.2035, 6, 220
Bruntsfield, 55.9363, -3.2087, 6, 220
Morningside, 55.9282, -3.2098, 5, 260
Newington, 55.9372, -3.1783, 6, 300
Leith Walk, 55.9637, -3.1787, 8, 330
Leith Shore, 55.9752, -3.1695, 6, 240
Portobello, 55.9532, -3.1140, 5, 280
"""

# Kind of shop: its tags (each shop has some of them), how it is called, then what it sells: how things are, and
# what they are.
KINDS = """
bakery: food, breakfast, gifts
  {who}'s Bakery, {place} Bakehouse, The {thing} Oven, {who} & Daughters
  Sourdough, Rye, Oat, Seeded, Cinnamon, Cardamom, Almond, Salted, Buttery, Dark
  Loaf, Bun, Rowie, Shortbread, Croissant, Bannock, Tattie Scone, Knot, Tart, Crispbread
cafe: coffee, breakfast, food
  {who}'s Coffee, {place} Roasters, The {thing} Cup, Cafe {who}
  Single-Origin, Washed, Natural, House, Decaf, Ethiopian, Guatemalan, Seasonal, Light Roast, Dark Roast
  Espresso 250 g, Filter 250 g, Beans 1 kg, Drip Bags, Cold Brew, Cascara, Gift Tin, Capsules
books: books, gifts, paper
  {who}'s Books, {place} Bookshop, The {thing} Page, {who} & {who2} Booksellers
  A Short History of, The Secret of, Walks around, Letters from, The Ghosts of, A Year in, Songs of, Maps of
  Arthur's Seat, the Water of Leith, Greyfriars, the Forth, Holyrood, the Pentlands, the Royal Mile, Calton Hill
clothes: clothes, knitwear, accessories, women
  {who} Clothing, {who} & {who2}, The {thing} Wardrobe, {place} Outfitters
  Merino, Lambswool, Linen, Organic Cotton, Waxed, Oversized, Striped, Charcoal, Moss Green, Heather
  Jumper, Cardigan, Overshirt, Trousers, Scarf, Dress, Raincoat, Socks, Skirt, Beanie
menswear: clothes, accessories, men, formal
  {who} Tailors, {who} & Sons, {place} Menswear
  Harris Tweed, Navy, Houndstooth, Slim, Three-Piece, Brushed, Oxford, Tartan, Grey Flannel, Silk
  Jacket, Waistcoat, Tie, Shirt, Kilt, Overcoat, Flat Cap, Pocket Square, Braces, Trousers
outdoor: outdoor, clothes, sports
  {thing} Outdoor, {who} Mountain Supply, {place} Trail & Hill
  Ultralight, Waterproof, Down, Two-Person, Insulated, Four-Season, Recycled, Trail, Midge-Proof, Winter
  Tent, Jacket, Rucksack 30 l, Sleeping Bag, Stove, Boots, Flask, Headtorch, Mat, Gaiters
bicycles: bicycles, sports, outdoor
  {thing} Cycles, {who}'s Bikes, {place} Cycle Works
  Steel, Carbon, Gravel, Touring, Children's, Folding, Tubeless, Reflective, Dynamo, Leather
  Bicycle, Saddle, Tyre 700x38, Pannier, Lamp, Helmet, Bell, Mudguards, Chain, Lock
records: music, gifts, vintage
  {thing} Records, {who}'s Vinyl, {place} Sound
  Remastered, Second-Hand, Limited, Live, Double, Test-Pressing, Mono, Signed, Early, Rare
  Folk LP, Jazz LP, Post-Punk LP, Piping Anthology, Soul 7-inch, Techno 12-inch, Fiddle Album, Indie LP
antiques: vintage, home, gifts
  {who} Antiques, The {thing} Attic, {place} Curios
  Victorian, Edwardian, Georgian, Mid-Century, Brass, Walnut, Enamel, Hand-Painted, Art Deco, Copper
  Mirror, Writing Desk, Barometer, Teapot, Candlestick, Map, Chest, Clock, Decanter, Print
home: home, lights, kitchenware
  {thing} & {thing2}, {who} Interiors, {place} Home Store
  Stoneware, Oak, Pleated, Smoked Glass, Speckled, Wool, Dimmable, Cast-Iron, Woven, Birch
  Plate, Table Lamp, Bowl, Throw, Pendant, Jug, Casserole, Stool, Cutlery Set, Vase
plants: plants, garden, home
  {thing} & Fern, {who}'s Plants, {place} Garden Room
  Trailing, Variegated, Rare, Hardy, Potted, Miniature, Scented, Climbing, Shade-Loving, Hanging
  Pothos, Fern, Monstera, Heather, Geranium, Cactus, Orchid, Ivy, Lavender, Thistle
whisky: whisky, food, gifts
  {who}'s Whiskies, The {thing} Cask, {place} Vaults
  Islay, Speyside, Highland, Lowland, Peated, Sherry Cask, 12-Year-Old, 18-Year-Old, Cask Strength, Blended
  Single Malt 70 cl, Miniature Set, Tasting Box, Single Grain 70 cl, Liqueur 50 cl, Nosing Glass, Marmalade, Fudge
toys: kids, games, gifts
  {who}'s Toys, The {thing} Box, {place} Toy Shop
  Wooden, Wind-Up, Glow-in-the-Dark, Hand-Sewn, Magnetic, Giant, Travel, Puzzle, Singing, Painted
  Train, Unicorn, Nessie, Tram, Marble Run, Chess Set, Dinosaur, Kite, Castle, Robot
paper: paper, posters, gifts
  {who} Press, {thing} Paper, {place} Print Studio
  Letterpress, Risograph, Screen-Printed, Linocut, Framed, A3, Dotted, Hand-Bound, Gold-Foil, Recycled
  Poster, Notebook, Card Set, City Map, Calendar, Wrapping Paper, Planner, Bookplate, Sketchbook, Print
"""

PEOPLE = """Abernethy Baird Cairns Dalgleish Erskine Fairlie Gillespie Haldane Imrie Jardine Kerr Lorimer Meikle Napier
Ogilvie Pringle Rankine Sinclair Tulloch Urquhart Veitch Wauchope Yuill Begbie Cockburn Dunlop Fettes Guthrie Heriot
Innes Kowalski Nowak Patel Rossi Singh Okafor Larsen Moreau Haddad Nakamura""".split()
THINGS = """Thistle Rowan Otter Heron Copper Lantern Anchor Puffin Juniper Bramble Clover Kestrel Harbour Slate Ember
Hawthorn Selkie Marigold Tinker Gannet Beacon Wren Bell Stag Pebble Linnet Acorn Compass Moth Gorse""".split()


def read_kinds():
    lines = KINDS.strip().splitlines()
    for head, names, how, what in zip(*[iter(lines)] * 4):
        kind, tags = head.split(': ')
        yield kind, tags.split(', '), [part.strip() for part in names.split(',')], how.strip().split(', '), what.strip().split(', ')


class Chance:
    """What random() gives, in the forms that are needed."""

    def __init__(self):
        self.roll = random.Random(SEED).random

    def below(self, count):
        return int(self.roll() * count)

    def pick(self, items):
        return items[self.below(len(items))]

    def some(self, items, count):
        left = list(items)
        return [left.pop(self.below(len(left))) for _ in range(min(count, len(left)))]

    def bell(self):
        """From -1.5 to 1.5, mostly near 0."""
        return self.roll() + self.roll() + self.roll() - 1.5


def make_shops(chance):
    """(id, name, lat, lng) of each shop, and the kind that it is of."""
    districts = [line.split(', ') for line in DISTRICTS.strip().splitlines()]
    places = [district for district in districts for _ in range(int(district[3]))]
    kinds, shops, of_kind, taken = list(read_kinds()), [], [], set()
    while len(shops) < SHOPS:
        kind = chance.pick(kinds)
        name, lat, lng, _, spread = chance.pick(places)
        who, who2 = chance.some(PEOPLE, 2)
        thing, thing2 = chance.some(THINGS, 2)
        title = chance.pick(kind[2]).format(place=name, who=who, who2=who2, thing=thing, thing2=thing2)
        # A degree of latitude is 111,195 m; here one of longitude is 0.56 of it.
        north, east = chance.bell() * float(spread) / 111195, chance.bell() * float(spread) / (111195 * .56)
        if title not in taken:
            taken.add(title)
            shops.append((f's{len(shops) + 1:03}', title, f'{float(lat) + north:.6f}', f'{float(lng) + east:.6f}'))
            of_kind.append(kind)
    return shops, of_kind


def make_products(chance, shops, of_kind):
    for shop, (_, _, _, how, what) in zip(shops, of_kind):
        titles, count = [], 5 + chance.below(6)
        while len(titles) < count:
            title = f'{chance.pick(how)} {chance.pick(what)}'
            if title not in titles:
                titles.append(title)
        for title in titles:
            popularity = (chance.roll() + chance.roll()) * chance.roll() / 2  # few are very popular
            yield shop[0], title, f'{popularity:.3f}', chance.below(11)


def make_taggings(chance, shops, of_kind, tags):
    for shop, kind in zip(shops, of_kind):
        first, *others = kind[1]
        for tag in [first, *chance.some(others, chance.below(len(others) + 1))]:
            yield shop[0], tags[tag]


def write(name, header, rows):
    folder = pathlib.Path(__file__).resolve().parent / 'data'
    folder.mkdir(exist_ok=True)
    with open(folder / name, 'w', encoding='utf-8', newline='') as file:
        out = csv.writer(file, lineterminator='\n')
        out.writerow(header.split(','))
        out.writerows(rows)
    print(f'{name}: {len(rows)} rows')


def main():
    chance = Chance()
    shops, of_kind = make_shops(chance)
    tags = {tag: f't{i:02}' for i, tag in enumerate(sorted({tag for kind in of_kind for tag in kind[1]}), 1)}
    products = list(make_products(chance, shops, of_kind))
    taggings = list(make_taggings(chance, shops, of_kind, tags))
    write('shops.csv', 'id,name,lat,lng', shops)
    write('tags.csv', 'id,tag', [(id, tag) for tag, id in tags.items()])
    write('products.csv', 'id,shop_id,title,popularity,quantity', [(f'p{i:04}', *row) for i, row in enumerate(products, 1)])
    write('taggings.csv', 'id,shop_id,tag_id', [(f'g{i:04}', *row) for i, row in enumerate(taggings, 1)])


if __name__ == '__main__':
    main()
