// Hypercore on the work that `scripts/bench` gives a node: records of 200 bytes into a log, the log to an empty peer,
// then single records. Two processes on loopback, both with files on disk. Prints one figure a line.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import path from 'node:path'
import Hypercore from 'hypercore'

const RECORD_BYTES = 200
const BATCH = 1_000
/** Single records sent one after the other. */
const SINGLES = 200

const [count, folder, key, port] = process.argv.slice(2)
const records = Number(count)
await (key ? read() : author())
process.exit(0)

async function author() {
  const core = new Hypercore(path.join(folder, 'author'))
  await core.ready()
  let begun = performance.now()
  for (let at = 0; at < records; at += BATCH) {
    await core.append(Array.from({ length: Math.min(BATCH, records - at) }, (_, number) => record(at + number)))
  }
  tell('publish', 'publish, 1000 a batch', rate(begun))

  const server = net.createServer((socket) => pipe(socket, core, false)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const reader = fork(process.argv[1], [count, folder, core.key.toString('hex'), server.address().port])
  const [caughtUp] = await once(reader, 'message')
  tell('catch_up', 'catch-up', caughtUp)

  const waits = []
  for (let number = records; number < records + SINGLES; number++) {
    begun = performance.now()
    const seen = once(reader, 'message')
    await core.append(record(number))
    await seen
    waits.push(performance.now() - begun)
  }
  waits.sort((a, b) => a - b)
  tell('live', 'one record, at both, p50', waits[SINGLES / 2])
  reader.kill()
}

async function read() {
  const core = new Hypercore(path.join(folder, 'reader'), Buffer.from(key, 'hex'))
  await core.ready()
  const begun = performance.now()
  pipe(net.connect(Number(port), '127.0.0.1'), core, true)
  await core.download({ start: 0, end: records }).done()
  process.send(rate(begun))
  for (let number = records; number < records + SINGLES; number++) {
    await core.get(number)
    process.send(number)
  }
  await once(process, 'disconnect')
}

function pipe(socket, core, isInitiator) {
  const stream = core.replicate(isInitiator)
  stream.on('error', () => socket.destroy())
  socket.on('error', () => stream.destroy())
  socket.setNoDelay(true)
  stream.pipe(socket).pipe(stream)
}

function record(number) {
  const bytes = Buffer.alloc(RECORD_BYTES, 4)
  bytes.writeBigUInt64BE(BigInt(number))
  return bytes
}

function rate(begun) {
  return records / ((performance.now() - begun) / 1_000)
}

function tell(work, figure, value) {
  console.log(JSON.stringify({ work, figure, value }))
}
