// The question of apps/rates/get_rates.sql and the batch of post_prices.sql, by better-sqlite3 on the file that Reckoner has made.
// answer() counts days here and not by a recursive query, and looks for places only where there is no price: both are quicker.
// sameAnswer() runs the statements of the app as they stand, with a recursive query for the calendar that Reckoner brings.
const fs = require('node:fs')
const path = require('node:path')
const Database = require('better-sqlite3')

const DAY_MS = 24 * 3600 * 1000
const dayOf = ms => new Date(ms).toISOString().slice(0, 10)
const isDay = text => !Number.isNaN(Date.parse(text)) && dayOf(Date.parse(text)) === text

const day = { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\d$' }
const schema = {
  querystring: {
    type: 'object',
    required: ['date_from', 'date_to', 'origin', 'destination'],
    properties: {
      date_from: day, date_to: day, origin: { type: 'string' }, destination: { type: 'string' },
      min_prices: { type: 'integer', minimum: 1, default: 3 }
    }
  },
  response: {
    200: {
      type: 'array',
      items: { type: 'object', properties: { day: { type: 'string' }, average_price: { type: 'integer', nullable: true } } }
    }
  }
}

module.exports = function open(file, app) {
  const db = new Database(file)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.pragma('cache_size = -16000')
  const days = db.prepare(`SELECT day, total, prices FROM route_days
    WHERE origin = ? AND destination = ? AND day BETWEEN ? AND ? ORDER BY day`).raw()
  const places = db.prepare('SELECT count(*) FROM places WHERE code IN (?, ?)').pluck()

  function problemOf(query) {
    if (!isDay(query.date_from) || !isDay(query.date_to)) return 'no such day'
    if (query.date_from > query.date_to) return 'date_from is after date_to'
    if (query.date_to.slice(0, 4) - query.date_from.slice(0, 4) > 10) return 'range over more than ten new years'
  }

  // Undefined: a place is unknown.
  function answer({ date_from, date_to, origin, destination, min_prices }) {
    const found = days.all(origin, destination, date_from, date_to)
    if (found.length === 0 && places.get(origin, destination) < (origin === destination ? 1 : 2)) return
    const answer = []
    let next = 0
    for (let ms = Date.parse(date_from), end = Date.parse(date_to); ms <= end; ms += DAY_MS) {
      const day = dayOf(ms)
      let average = null
      if (next < found.length && found[next][0] === day) {
        const [, total, prices] = found[next++]
        if (prices >= min_prices) average = Math.floor((2 * total + prices) / (2 * prices))
      }
      answer.push({ day, average_price: average })
    }
    return answer
  }

  // The statements of a file of the app, in order: { kind, sql }.
  function statements(file) {
    const text = fs.readFileSync(path.join(app, file), 'utf8')
    return text.split(/^-- @(?=(?:reject|write|answer)\b)/m).slice(1).map(part => {
      const [, kind, sql] = part.match(/^(\w+).*\n([^]*)$/)
      return { kind, sql }
    })
  }

  function sameAnswer() {
    const all = statements('get_rates.sql')
    const rejects = all.filter(one => one.kind === 'reject').map(one => db.prepare(one.sql))
    const answer = db.prepare(`WITH RECURSIVE calendar (day) AS (
        SELECT :date_from UNION ALL SELECT date(day, '+1 day') FROM calendar WHERE day < :date_to
      )` + all.find(one => one.kind === 'answer').sql.replace('calendar(:date_from, :date_to)', 'calendar'))
    const run = db.transaction(query => rejects.some(reject => reject.get(query)) ? undefined : answer.all(query))
    return query => run({ ...query }) // a plain object
  }

  // A batch of POST /prices, by the SQL of the app itself, which gives what its rejects have found: nothing, if it was written.
  function writer() {
    db.exec('CREATE TEMP TABLE batch (orig_code text, dest_code text, day text, price integer, line integer)')
    const all = statements('post_prices.sql')
    const [rejects, writes] = ['reject', 'write'].map(kind => all.filter(one => one.kind === kind).map(one => db.prepare(one.sql)))
    const insert = db.prepare('INSERT INTO batch VALUES (?, ?, ?, ?, ?)')
    const empty = db.prepare('DELETE FROM batch')
    return db.transaction(rows => {
      empty.run()
      rows.forEach((row, i) => insert.run(row.orig_code, row.dest_code, row.day, row.price, i + 1))
      const found = rejects.flatMap(reject => reject.all())
      if (found.length === 0) for (const write of writes) write.run()
      return found
    }).immediate
  }

  // { port: the places that it counts for }.
  function placesOf() {
    const found = {}
    for (const [port, place] of db.prepare('SELECT port, place FROM port_places').raw().all()) (found[port] ??= []).push(place)
    return found
  }

  return { schema, problemOf, answer, sameAnswer, writer, placesOf }
}
