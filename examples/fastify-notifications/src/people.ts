/** Who there is. In your own app this is your user table; nothing else here knows where people come from. */

export interface Person {
  readonly id: string
  readonly name: string
  readonly teams: readonly string[]
}

export interface Team {
  readonly id: string
  readonly name: string
}

export const teams: readonly Team[] = [
  { id: 'design', name: 'Design' },
  { id: 'platform', name: 'Platform' },
  { id: 'support', name: 'Support' },
]

export const people: readonly Person[] = [
  { id: 'ada', name: 'Ada Okafor', teams: ['design', 'platform'] },
  { id: 'ben', name: 'Ben Larsen', teams: ['platform'] },
  { id: 'chi', name: 'Chi Nguyen', teams: ['design', 'support'] },
]

export function findPerson(id: string): Person | undefined {
  return people.find((person) => person.id === id)
}

/**
 * What a person listens to: one topic of their own and one of each team. It is the permission, so it is made of the session's
 * person and never of what a request says.
 */
export function topicsOf({ id, teams }: Person): string[] {
  return [`user:${id}`, ...teams.map((team) => `team:${team}`)]
}

/** Who gets what is sent to a topic; nobody where there is no such topic. */
export function membersOf(topic: string): string[] {
  return people.filter((person) => topicsOf(person).includes(topic)).map(({ id }) => id)
}
