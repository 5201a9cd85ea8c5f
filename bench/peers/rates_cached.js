// GET /rates and POST /prices with Redis in front, cache-aside: a question that is not there is asked of SQLite and kept for a
// minute; a batch deletes the answers of the routes that it changes. One hash for each route, so that they go at once.
// This may give what is stale: an answer that was read before a commit and is kept after the deletion stays for its minute.
// Settings: PORT, DATABASE, APP, REDIS.
const fastify = require('fastify')({ logger: false, bodyLimit: 16 << 20 })
const Redis = require('ioredis')
const rates = require('./rates_sql.js')(process.env.DATABASE, process.env.APP)

const TTL_SECONDS = 60
const redis = new Redis(Number(process.env.REDIS), '127.0.0.1', { enableAutoPipelining: true })
const write = rates.writer()
const placesOf = rates.placesOf()

fastify.get('/rates', { schema: { querystring: rates.schema.querystring } }, async (request, reply) => {
  const query = request.query
  const problem = rates.problemOf(query)
  if (problem) return reply.code(400).send({ message: problem })
  const key = `rates:${query.origin}:${query.destination}`
  const field = `${query.date_from}:${query.date_to}:${query.min_prices}`
  reply.type('application/json')
  const kept = await redis.hget(key, field)
  if (kept !== null) return reply.header('X-Cache', 'hit').send(kept)
  const days = rates.answer(query)
  if (!days) return reply.code(404).send({ message: 'unknown place' })
  const body = JSON.stringify(days)
  redis.multi().hset(key, field, body).expire(key, TTL_SECONDS).exec()
  return reply.header('X-Cache', 'miss').send(body)
})

fastify.post('/prices', async (request, reply) => {
  const faults = write(request.body)
  if (faults.length > 0) return reply.code(422).send(faults)
  const keys = new Set()
  for (const row of request.body) {
    for (const origin of placesOf[row.orig_code]) {
      for (const destination of placesOf[row.dest_code]) keys.add(`rates:${origin}:${destination}`)
    }
  }
  await redis.del(...keys)
  return reply.code(201).send([{ inserted: request.body.length }])
})
fastify.listen({ port: Number(process.env.PORT), host: '127.0.0.1', backlog: 4096 })
