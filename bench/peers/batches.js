// POST /t: JSON rows, checked by a schema, into a SQLite file in one transaction, which is on the disk before the answer: as safe as
// Reckoner's, and as better-sqlite3 is used, one after the other on the only thread. Settings: PORT, DATABASE.
const fastify = require('fastify')({ logger: false, bodyLimit: 64 << 20 })
const database = require('better-sqlite3')(process.env.DATABASE)

database.pragma('journal_mode = WAL')
database.pragma('synchronous = FULL')
database.exec('CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)')
const insert = database.prepare('INSERT INTO t VALUES (?, ?)')
const write = database.transaction(rows => { for (const row of rows) insert.run(row.id, row.n) })

const integer = { type: 'integer' }
const body = { type: 'array', items: { type: 'object', required: ['id'], additionalProperties: false, properties: { id: integer, n: integer } } }
const stored = { type: 'array', items: { type: 'object', properties: { n: integer } } }

fastify.post('/t', { schema: { body, response: { 201: stored } } }, (request, reply) => {
  write(request.body)
  return reply.code(201).send([{ n: request.body.length }])
})
fastify.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
