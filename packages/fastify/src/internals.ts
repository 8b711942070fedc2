/**
 * What an instance keeps under a symbol that Fastify made for itself, found by the symbol's description. Not part of its API:
 * `undefined` where it looks different.
 */
export function internalOf(instance: object, description: string): unknown {
  // An instance of a plugin has those of the instance around it as its prototype.
  for (let owner: object | null = instance; owner !== null; owner = Reflect.getPrototypeOf(owner)) {
    const key = Object.getOwnPropertySymbols(owner).find((symbol) => symbol.description === description)
    if (key !== undefined) return Reflect.get(owner, key)
  }
  return undefined
}
