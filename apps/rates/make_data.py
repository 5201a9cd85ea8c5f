#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the sample data of the rates service: data/{regions,ports,currencies,prices}.csv beside this file.

Port codes are real ones (UN/LOCODE); the regions are a plausible tree. The prices are made up, for a quarter
of a year: every route has a few carriers, each of which changes its price once in a while along with its
lane, is silent on some days, and now and then is recorded twice. The same code gives the same bytes on any
machine: of the random module only random() is used, and of arithmetic nothing but what IEEE 754 fixes.
"""
import csv
import datetime
import pathlib
import random

SEED = 2026
FIRST_DAY = datetime.date(2026, 1, 1)
DAYS = 90

# Slug and name of each region, indented below the one that it lies in; then the ports directly in it, the
# main one first.
PLACES = """
asia Asia
  china China
    china_north China North: CNTXG Tianjin Xingang, CNDLC Dalian, CNTAO Qingdao, CNLYG Lianyungang
    china_east China East: CNSHA Shanghai, CNNGB Ningbo, CNNKG Nanjing, CNFOC Fuzhou, CNTAG Taicang
    china_south China South: CNYTN Yantian, CNSHK Shekou, CNNSA Nansha, CNXMN Xiamen, HKHKG Hong Kong
  northeast_asia Northeast Asia: TWKHH Kaohsiung, TWKEL Keelung, TWTXG Taichung, RUVVO Vladivostok
    japan Japan: JPTYO Tokyo, JPYOK Yokohama, JPNGO Nagoya, JPOSA Osaka, JPUKB Kobe, JPHKT Hakata
    korea Korea: KRPUS Busan, KRINC Incheon, KRKAN Gwangyang, KRUSN Ulsan
  southeast_asia Southeast Asia: IDJKT Jakarta, IDSUB Surabaya, PHMNL Manila, MYBKI Kota Kinabalu
    malacca_strait Malacca Strait: SGSIN Singapore, MYPKG Port Klang, MYTPP Tanjung Pelepas, MYPEN Penang
    indochina Indochina: VNSGN Ho Chi Minh City, VNHPH Haiphong, THLCH Laem Chabang, THBKK Bangkok
  south_asia South Asia: INNSA Nhava Sheva, INMUN Mundra, INMAA Chennai, INCOK Kochi, LKCMB Colombo
europe Europe
  northern_europe Northern Europe: ISREY Reykjavík, FOTHO Tórshavn
    north_range North Range: NLRTM Rotterdam, BEANR Antwerpen, DEHAM Hamburg, DEBRV Bremerhaven
    british_isles British Isles: GBFXT Felixstowe, GBSOU Southampton, GBLIV Liverpool, IEDUB Dublin
    scandinavia Scandinavia: SEGOT Göteborg, SEHEL Helsingborg, DKAAR Aarhus, NOOSL Oslo, NOBGO Bergen
    baltic Baltic: PLGDN Gdańsk, PLGDY Gdynia, LTKLJ Klaipėda, LVRIX Rīga, EETLL Tallinn, FIHEL Helsinki
  southern_europe Southern Europe
    iberia Iberia: ESVLC Valencia, ESBCN Barcelona, ESALG Algeciras, ESBIO Bilbao, PTSIE Sines, PTLIS Lisboa
    west_med Western Mediterranean: ITGOA Genova, ITSPE La Spezia, ITLIV Livorno, FRFOS Fos-sur-Mer
    east_med Eastern Mediterranean: GRPIR Piraeus, SIKOP Koper, HRRJK Rijeka, TRMER Mersin
americas Americas
  north_america North America
    west_coast West Coast: USLAX Los Angeles, USLGB Long Beach, USOAK Oakland, USSEA Seattle, CAVAN Vancouver
    east_coast East Coast: USNYC New York, USSAV Savannah, USORF Norfolk, USCHS Charleston, CAHAL Halifax
    gulf_coast Gulf Coast: USHOU Houston, USMSY New Orleans, USMOB Mobile, MXVER Veracruz
  south_america South America
    south_america_east South America East: BRSSZ Santos, BRPNG Paranaguá, ARBUE Buenos Aires
    south_america_west South America West: PECLL Callao, CLSAI San Antonio, CLVAP Valparaíso, ECGYE Guayaquil
"""

# From, to, a usual price, its change over the quarter, and the routes among a hundred pairs of ports.
LANES = """
china northern_europe 2300 -0.25 14
china southern_europe 2500 -0.20 8
china west_coast 1900 0.15 18
china east_coast 2900 0.10 9
northeast_asia northern_europe 2100 -0.15 7
southeast_asia northern_europe 2200 -0.20 6
south_asia europe 1500 -0.05 6
northern_europe east_coast 1700 0.05 12
europe south_america_east 1100 0.20 8
north_range china_east 450 -0.10 30
china_south malacca_strait 240 0.05 40
"""

CURRENCIES = """
AUD 1.5205, BRL 5.3850, CAD 1.3910, CHF 0.7968, CNY 7.0820, DKK 6.3980, EUR 0.8567, GBP 0.7462, HKD 7.7905
IDR 16612.5, INR 88.620, JPY 151.35, KRW 1438.6, NOK 10.046, PLN 3.6420, SEK 9.4215, SGD 1.2968, USD 1
"""


def read_places():
    regions, ports, main_ports, above = [], [], set(), []
    for line in PLACES.strip().splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        region, _, inside = line.strip().partition(': ')
        slug, name = region.split(' ', 1)
        above[depth:] = [slug]
        regions.append((slug, name, above[depth - 1] if depth else ''))
        ports += [(*port.split(' ', 1), slug) for port in inside.split(', ') if port]
        main_ports.add(inside[:5])
    return regions, sorted(ports), main_ports


def ports_in(place, regions, ports):
    """Codes of all ports in the region, at any depth."""
    inside = {place}
    for slug, _, parent in regions:  # parents come first
        if parent in inside:
            inside.add(slug)
    return [code for code, _, region in ports if region in inside]


def carrier_prices(chance, base, change):
    """(day number, price) of one carrier on one route."""
    price, silent_until = 0, int(chance() * 30) if chance() < .15 else 0
    for day in range(DAYS):
        if not price or chance() < .14:
            price = round(base * (1 + change * day / DAYS) * (.94 + .12 * chance()))
        if chance() < .012:
            silent_until = day + 3 + int(chance() * 12)
        if day >= silent_until and chance() >= .08:
            yield from [(day, price)] * (2 if chance() < .004 else 1)


def make_prices(regions, ports, main_ports):
    chance = random.Random(SEED).random
    rows = []
    for line in LANES.strip().splitlines():
        start, end, base, change, percent = line.split()
        for orig in ports_in(start, regions, ports):
            for dest in ports_in(end, regions, ports):
                busy = {orig, dest} <= main_ports
                if not busy and chance() * 100 >= float(percent):
                    continue
                usual = float(base) * (.8 + .4 * chance())
                for _ in range(5 if busy else 1 + int(chance() * 4)):
                    carrier = usual * (.93 + .14 * chance())
                    quotes = carrier_prices(chance, carrier, float(change))
                    rows += [(day, orig, dest, price) for day, price in quotes]
    rows.sort(key=lambda row: row[:3])
    dates = [(FIRST_DAY + datetime.timedelta(day)).isoformat() for day in range(DAYS)]
    return [(orig, dest, dates[day], price) for day, orig, dest, price in rows]


def write(name, header, rows):
    folder = pathlib.Path(__file__).resolve().parent / 'data'
    folder.mkdir(exist_ok=True)
    with open(folder / name, 'w', encoding='utf-8', newline='') as file:
        out = csv.writer(file, lineterminator='\n')
        out.writerow(header.split(','))
        out.writerows(rows)
    print(f'{name}: {len(rows)} rows')


def main():
    regions, ports, main_ports = read_places()
    currencies = [row.split() for row in CURRENCIES.replace('\n', ', ').strip(', ').split(', ')]
    write('regions.csv', 'slug,name,parent_slug', regions)
    write('ports.csv', 'code,name,parent_slug', ports)
    write('currencies.csv', 'currency,per_usd', currencies)
    prices = make_prices(regions, ports, main_ports)
    write('prices.csv', 'orig_code,dest_code,day,price', prices)


if __name__ == '__main__':
    main()
