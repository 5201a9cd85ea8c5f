// The same string for each request, with its ETag. Settings: PORT, BODY, HEADERS (JSON).
const fastify = require('fastify')({ logger: false })
const body = process.env.BODY
const headers = JSON.parse(process.env.HEADERS)

fastify.get('*', (request, reply) => {
  reply.headers(headers)
  if (request.headers['if-none-match'] === headers.ETag) return reply.code(304).send()
  reply.send(body)
})
fastify.listen({ port: Number(process.env.PORT), host: '127.0.0.1', backlog: 4096 })
