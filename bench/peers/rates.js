// GET /rates over the SQLite file of apps/rates, read only. Settings: PORT, DATABASE, PROCESSES; APP: its SQL is run
// as it stands.
const cluster = require('node:cluster')

if (cluster.isPrimary && Number(process.env.PROCESSES) > 1) {
  for (let i = 0; i < Number(process.env.PROCESSES); i++) cluster.fork()
  process.on('SIGTERM', () => process.exit())
} else {
  serve()
}

function serve() {
  const fastify = require('fastify')({ logger: false })
  const rates = require('./rates_sql.js')(process.env.DATABASE, process.env.APP)
  const answer = process.env.APP ? rates.sameAnswer() : rates.answer

  fastify.get('/rates', { schema: rates.schema }, (request, reply) => {
    const problem = rates.problemOf(request.query)
    if (problem) return reply.code(400).send({ message: problem })
    const days = answer(request.query)
    return days || reply.code(404).send({ message: 'unknown place' })
  })
  fastify.listen({ port: Number(process.env.PORT), host: '127.0.0.1', backlog: 4096 })
}
