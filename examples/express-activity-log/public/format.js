const wholeNumber = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const clock = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
})

export const whole = (value) => wholeNumber.format(value)
export const timeOfDay = (ms) => clock.format(ms)
