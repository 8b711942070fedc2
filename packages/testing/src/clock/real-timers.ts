import timers from 'node:timers'

/**
 * Timers that go by real time, whatever a test has faked: what ends a wait must not wait for the test's own clock. Taken
 * once, because some fakes replace the members of `node:timers` too.
 */
export const { setTimeout, clearTimeout } = timers
