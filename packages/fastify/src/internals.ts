/** The symbol that Fastify made for a property of its own, found by its description. Not part of its API: `undefined` where there is none. */
export function keyOf(owner: object, description: string): symbol | undefined {
  return Object.getOwnPropertySymbols(owner).find((symbol) => symbol.description === description)
}

/**
 * What an instance keeps under a symbol that Fastify made for itself, found by the symbol's description. Not part of its API:
 * `undefined` where it looks different.
 */
export function internalOf(instance: object, description: string): unknown {
  // An instance of a plugin has those of the instance around it as its prototype.
  for (let owner: object | null = instance; owner !== null; owner = Reflect.getPrototypeOf(owner)) {
    const key = keyOf(owner, description)
    if (key !== undefined) return Reflect.get(owner, key)
  }
  return undefined
}
