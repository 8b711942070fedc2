/**
 * What the log scenarios need of an engine. Each module of this folder exports one as `engine`, and `index.mjs` lists it. They are
 * imported by every process of a run, so they import drivers and logs only where they open them.
 *
 * @typedef {object} Engine
 * @property {string} name Also what `--only` takes.
 * @property {readonly string[]} packages Those whose versions are printed.
 * @property {readonly string[]} [programs] Those too.
 * @property {() => string | null} missing Why it can't be measured on this machine, and how to get it; `null` where it can.
 * @property {Readonly<Record<string, () => Promise<EngineServer>>>} servers
 *   Start a server, or make a file, of one's own and empty; by how durable they are set to be, which `log-append` compares. The other
 *   scenarios take the first. Called in the main process, again for each run.
 * @property {readonly string[]} [withoutBars] Those of `servers` that are shown for information.
 * @property {readonly LogContestant[]} logs Rivulet, over each driver.
 * @property {readonly BareContestant[]} bares The drivers alone.
 * @property {EngineBars} bars
 *
 * @typedef {object} EngineServer
 * @property {unknown} address Where contestants find it; is sent to other processes.
 * @property {string} [cores] Of the process that appends in `log-append`, as `taskset` takes them. The first unless told otherwise: the server
 *   is on the second.
 * @property {() => Promise<EngineCounts>} [counts] Where the engine counts.
 * @property {() => Promise<void>} stop Ends it and removes what it stored. Called once.
 *
 * @typedef {object} EngineCounts As the engine itself counts.
 * @property {number} connections Open now, without the one that asks.
 * @property {number} commands Executed since it was started, without those that ask.
 *
 * @typedef {object} LogContestant
 * @property {string} label `rivulet-<engine>`, and which driver where there are several; no commas.
 * @property {string} bare Label of the driver alone that it is compared with. That one's `appendMany` loads for it.
 * @property {(address: unknown) => Promise<import('@rivulet/core').EventLog>} open On a client of its own. Nothing is closed: processes
 *   end, and then the server does.
 *
 * @typedef {object} BareContestant
 * @property {string} label The driver, and behind a colon what it does where that is less; no commas.
 * @property {readonly ('log-append' | 'log-latency')[]} in The scenarios that show it.
 * @property {(address: unknown, channel: string) => Promise<Feed>} open
 *
 * @typedef {object} Feed One channel, as the scenarios use it through Rivulet and through drivers alike.
 * @property {(data: string) => Promise<unknown>} append
 *   Stores one event as durably as the log does, and tells those who listen. Any number of calls at once.
 * @property {(data: readonly string[]) => Promise<unknown>} [appendMany]
 *   Stores them as fast as the engine can, such that a log that follows finds them: needed of those that a log is compared with.
 * @property {(onData: (data: string) => void) => Promise<void>} [listen]
 *   What is appended from then on, in order, by the engine's own way of telling. Needed for `log-latency`.
 * @property {() => Promise<number>} stored How many events were stored, trimmed ones too.
 *
 * @typedef {object} EngineBars
 * @property {number} latencyMs How much later than the driver's own round trip the median event may be at the client.
 * @property {number} [followRate] Events a second that one process must follow.
 * @property {number} [idleCommands] Commands a second that following 1,000 silent channels may cost; the module says why. Left out
 *   where the engine does not count.
 */
export {}
