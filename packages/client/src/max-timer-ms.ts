/** What Node's and browsers' timers can wait: longer times overflow, and are over at once. */
export const maxTimerMs = 2 ** 31 - 1
