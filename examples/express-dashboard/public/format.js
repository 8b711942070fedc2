const wholeNumber = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const oneDecimal = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 })
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })

export const whole = (value) => wholeNumber.format(value)
export const decimal = (value) => (value < 100 ? oneDecimal : wholeNumber).format(value)
export const gibibytes = (bytes) => oneDecimal.format(bytes / 1024 ** 3)
export const mebibytes = (bytes) => wholeNumber.format(bytes / 1024 ** 2)
export const seconds = (ms) => `${oneDecimal.format(ms / 1000)} s`
export const timeOfDay = (ms) => clock.format(ms)
export const count = (number, noun) => `${wholeNumber.format(number)} ${noun}${number === 1 ? '' : 's'}`

/** 90 s, 4 min, 1 h 20 min */
export function duration(ms) {
  const total = Math.max(0, Math.floor(ms / 1000))
  if (total < 120) return `${total} s`
  const minutes = Math.floor(total / 60)
  if (minutes < 60) return `${minutes} min`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
