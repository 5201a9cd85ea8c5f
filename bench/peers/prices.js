// POST /prices over the SQLite file of apps/rates, JSON and CSV: rows are checked by a schema, then go into a temporary table, in one
// transaction with the statements of the app. Of the parsers of CSV that are used most, papaparse is the quickest by far; fields are
// coerced to their types by the same schema. Settings: PORT, DATABASE, APP.
const fastify = require('fastify')({ logger: false, bodyLimit: 64 << 20 })
const papaparse = require('papaparse')
const write = require('./rates_sql.js')(process.env.DATABASE, process.env.APP).writer()

const code = { type: 'string', minLength: 1 }
const row = {
  type: 'object',
  required: ['orig_code', 'dest_code', 'day', 'price'],
  additionalProperties: false,
  properties: {
    orig_code: code, dest_code: code, day: { type: 'string', format: 'date' },
    price: { type: 'integer', minimum: 0, maximum: 2147483647 }
  }
}
const inserted = { type: 'array', items: { type: 'object', properties: { inserted: { type: 'integer' } } } }

fastify.addContentTypeParser('text/csv', { parseAs: 'string' }, (request, text, done) => {
  const { data, errors } = papaparse.parse(text, { header: true, skipEmptyLines: true })
  done(errors.length > 0 ? Object.assign(new Error(errors[0].message), { statusCode: 400 }) : null, data)
})
fastify.post('/prices', { schema: { body: { type: 'array', items: row }, response: { 201: inserted } } }, (request, reply) => {
  const faults = write(request.body)
  return faults.length > 0 ? reply.code(422).send(faults) : reply.code(201).send([{ inserted: request.body.length }])
})
fastify.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
