import { OutgoingMessage } from 'node:http'

/**
 * What responses of `node:http` have from Node, to be called on them without being looked up: in Express on Node 20 and 22, where each has a
 * hidden class of its own, that takes up to a microsecond.
 */
export const { write: nodeWrite, end: nodeEnd, removeHeader: nodeRemoveHeader } = OutgoingMessage.prototype

export const readHeadersSent = getterOf('headersSent')
export const readWritableEnded = getterOf('writableEnded')
export const readWritableCorked = getterOf('writableCorked')

function getterOf<Name extends keyof OutgoingMessage>(
  name: Name,
): (message: Pick<OutgoingMessage, Name>) => OutgoingMessage[Name] {
  const getter = Object.getOwnPropertyDescriptor(OutgoingMessage.prototype, name)?.get
  if (getter === undefined) return (message) => message[name]
  return (message) => (message instanceof OutgoingMessage ? getter.call(message) : message[name])
}
