import { missingFor, startCluster } from './cluster.js'

// PORT=0 takes any free port.
const port = Number(process.env.PORT ?? 3000)
const engines = { redisUrl: process.env.REDIS_URL, databaseUrl: process.env.DATABASE_URL }

const missing = missingFor(engines)
if (missing !== '') {
  console.error(missing)
  process.exit(1)
}

let isStopping = false
const starting = startCluster({
  ...engines,
  port,
  print: (line) => {
    if (!isStopping) console.log(line)
  },
})

async function shutDown(): Promise<void> {
  if (isStopping) return
  isStopping = true
  await (await starting).stop()
}
process.on('SIGINT', shutDown)
process.on('SIGTERM', shutDown)

const { url } = await starting
console.log(`Cluster: ${url}`)
console.log(`Kill its processes while you watch: PORT=${new URL(url).port} npm run chaos`)
