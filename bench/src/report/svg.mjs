/** Width of one panel of a picture, in pixels. */
export const panelWidth = 400

export function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

/** Those that are drawn in colour. */
export function ownClass(label) {
  return label.startsWith('rivulet') ? 'own' : ''
}

export function rounded(value) {
  if (value >= 100) return value.toFixed(0)
  return value.toFixed(value >= 10 ? 1 : 2)
}
