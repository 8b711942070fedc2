// Makes a model's text readable: paragraphs, lists, headings as bold lines, code, **bold**. It builds nodes and never
// HTML, so that nothing a model says can become a script. For all of Markdown put a library here, such as marked with DOMPurify.

/** Nodes for a text that may not be complete yet. */
export function readable(text) {
  return text.split(/^```/m).flatMap((part, index) => {
    if (index % 2 === 0) return blocks(part)
    const [, code = ''] = /^[^\n]*\n?([\s\S]*)$/.exec(part) ?? []
    const block = make('pre', [make('code', [code.replace(/\n$/, '')])])
    // Code may be wider than the page: it scrolls, and the keyboard gets there.
    block.tabIndex = 0
    return [block]
  })
}

function blocks(text) {
  return text
    .split(/\n{2,}/)
    .map((block) => block.trim())
    .filter((block) => block !== '')
    .map((block) => {
      const lines = block.split('\n')
      if (lines.every((line) => /^[-*] /.test(line))) return list('ul', lines, /^[-*] /)
      if (lines.every((line) => /^\d+[.)] /.test(line))) return list('ol', lines, /^\d+[.)] /)
      const [, heading] = /^#{1,6} (.*)$/.exec(block) ?? []
      return heading === undefined ? make('p', inline(block)) : make('p', [make('strong', inline(heading))])
    })
}

function list(name, lines, bullet) {
  return make(
    name,
    lines.map((line) => make('li', inline(line.replace(bullet, '')))),
  )
}

function inline(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
    if (/^`[^`]+`$/.test(part)) return make('code', [part.slice(1, -1)])
    return /^\*\*[^*]+\*\*$/.test(part) ? make('strong', [part.slice(2, -2)]) : part
  })
}

function make(name, children) {
  const element = document.createElement(name)
  element.append(...children)
  return element
}
