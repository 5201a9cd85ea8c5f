"""GET /rates by FastAPI and asyncpg, which prepares what it runs. Settings: DATABASE, CONNECTIONS of each worker."""
import datetime
import os

import asyncpg
import fastapi
import rates_sql

NAMES = {name: f'${i}' for i, name in enumerate(('date_from', 'date_to', 'origin', 'destination', 'min_prices'), 1)}
DAYS = rates_sql.DAYS.format(**{**NAMES, 'date_from': '$1::date', 'date_to': '$2::date'})
PLACES = rates_sql.PLACES.format(origin='$1', destination='$2')
app = fastapi.FastAPI()


@app.on_event('startup')
async def connect():
    app.state.pool = await asyncpg.create_pool(os.environ['DATABASE'], min_size=1, max_size=int(os.environ['CONNECTIONS']))


@app.get('/rates')
async def rates(date_from: str, date_to: str, origin: str, destination: str, min_prices: int = fastapi.Query(3, ge=1)):
    problem = rates_sql.check(date_from, date_to)
    if problem:
        raise fastapi.HTTPException(400, problem)
    first, last = datetime.date.fromisoformat(date_from), datetime.date.fromisoformat(date_to)
    async with app.state.pool.acquire() as database:
        rows = await database.fetch(DAYS, first, last, origin, destination, min_prices)
        if all(row[1] is None for row in rows) and await database.fetchval(PLACES, origin, destination) < len({origin, destination}):
            raise fastapi.HTTPException(404, 'unknown place')
    return fastapi.Response(rates_sql.encode(rows), media_type='application/json')
