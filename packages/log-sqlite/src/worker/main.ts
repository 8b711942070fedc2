import { parentPort, workerData } from 'node:worker_threads'
import { findDriver } from './driver/find-driver.ts'
import { asFailure } from './failure.ts'
import { FileWorker } from './file-worker.ts'
import type { NumberedRequest, WorkerMessage, WorkerSettings } from './protocol.ts'

/** The thread that a log starts: takes its requests one by one until it is told to close. */
async function serve(): Promise<void> {
  const port = parentPort
  if (port === null) throw new Error('This file is started as a worker thread by createSqliteLog().')
  const say = (message: WorkerMessage) => port.postMessage(message)
  // Node 22 says of node:sqlite that it is experimental: no news to the log's users, whose process would print it.
  process.removeAllListeners('warning')
  try {
    const driver = await findDriver()
    const worker = new FileWorker(driver, workerData as WorkerSettings, say) // what the log has started it with
    port.on('message', (message: NumberedRequest) => {
      worker.take(message)
      if (message.request.do === 'close') port.close()
    })
  } catch (error) {
    const { code, message } = asFailure(error)
    port.on('message', ({ id, request }: NumberedRequest) => {
      say({ id, failure: { code, message } })
      if (request.do === 'close') port.close()
    })
  }
}

void serve()
