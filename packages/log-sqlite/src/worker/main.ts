import { parentPort, workerData } from 'node:worker_threads'
import { findDriver } from '../file/driver/find-driver.ts'
import { asFailure } from '../file/failure.ts'
import type { NumberedRequest, WorkerMessage, WorkerSettings } from '../file/protocol.ts'
import { FileWorker } from './file-worker.ts'

/** The thread that a log starts: takes its requests one by one until it is told to close. */
async function serve(): Promise<void> {
  const port = parentPort
  if (port === null) throw new Error('This file is started as a worker thread by createSqliteLog().')
  const say = (message: WorkerMessage) => port.postMessage(message)
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
