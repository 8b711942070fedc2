const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 })
const oneDigit = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1, minimumFractionDigits: 1 })

export const count = (number) => whole.format(number)

/** 1,234,567 as `1.2 MB`. */
export function size(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const step = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1)
  const value = bytes / 1000 ** step
  return `${step === 0 ? whole.format(value) : oneDigit.format(value)} ${units[step]}`
}

export function duration(ms) {
  if (ms < 1000) return 'less than 1 s'
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
}

export const percent = (part, whole) => (whole === 0 ? 0 : Math.min(100, Math.floor((part / whole) * 100)))
