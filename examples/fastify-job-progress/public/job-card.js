import { count, duration, percent, size } from './format.js'
import { followFiles } from './streams.js'

/** Rows of the list of files; there may be many more. */
const maxRows = 200
const words = {
  queued: 'Waiting',
  running: 'Running',
  done: 'Done',
  cancelled: 'Cancelled',
  failed: 'Failed',
}

/** One job on the page. `end(job)` is called when it is to be cancelled or, once it is over, removed. */
export function createJobCard(id, { end }) {
  const element = document.getElementById('job-template').content.firstElementChild.cloneNode(true)
  const part = (name) => element.querySelector(`.${name}`)
  const bar = part('bar')
  let job
  let following = null
  let fileCount = 0

  part('checksums').href = `api/jobs/${id}/checksums`
  part('show').addEventListener('click', () => setOpen(following === null))
  part('end').addEventListener('click', () => end(job))

  function setOpen(isOpen) {
    part('show').ariaExpanded = String(isOpen)
    part('files').hidden = !isOpen
    following?.close()
    following = isOpen ? followFiles(id, { restarted: clearFiles, packed: addFiles }) : null
  }

  function clearFiles() {
    fileCount = 0
    element.querySelector('tbody').replaceChildren()
    addFiles([])
  }

  /** Newest first. */
  function addFiles(files) {
    fileCount += files.length
    const body = element.querySelector('tbody')
    body.prepend(...files.slice(-maxRows).reverse().map(rowOf))
    while (body.rows.length > maxRows) body.lastElementChild.remove()
    const left = fileCount > maxRows ? `, the newest ${maxRows} of them here` : ''
    say('files-note', fileCount === 0 ? 'No file is finished yet.' : `${count(fileCount)} finished${left}`)
  }

  function say(name, text) {
    if (part(name).textContent !== text) part(name).textContent = text
  }

  return {
    element,
    close: () => following?.close(),
    show(now) {
      job = now
      const isOver = job.finishedAt !== null
      const done = job.state === 'done' ? 100 : percent(job.doneBytes, job.totalBytes)
      element.dataset.state = job.state
      say('job-name', job.folder)
      say('job-state', words[job.state])
      say('job-percent', job.state === 'queued' ? '' : `${done} %`)
      bar.ariaLabel = job.folder
      bar.value = done
      say('job-figures', figures(job))
      say('job-detail', detail(job))
      part('job-interrupted').hidden = job.interruptions === 0
      say('job-interrupted', interrupted(job))
      say('end', isOver ? 'Remove' : 'Cancel')
      part('end').ariaLabel = `${isOver ? 'Remove' : 'Cancel'} ${job.folder}`
      part('show').ariaLabel = `Files of ${job.folder}`
      part('checksums').ariaLabel = `Checksums of ${job.folder}`
      part('files-scroll').ariaLabel = `Finished files of ${job.folder}`
    },
  }
}

function rowOf({ name, bytes, packedBytes, sha256 }) {
  const row = document.createElement('tr')
  for (const [tag, text] of [
    ['th', name],
    ['td', size(bytes)],
    ['td', size(packedBytes)],
    ['td', sha256.slice(0, 12)],
  ]) {
    row.append(Object.assign(document.createElement(tag), { textContent: text }))
  }
  row.firstElementChild.scope = 'row'
  row.lastElementChild.title = sha256
  return row
}

function figures({
  state,
  doneFiles,
  totalFiles,
  doneBytes,
  totalBytes,
  packedBytes,
  createdAt,
  finishedAt,
}) {
  if (state === 'queued') return 'It begins when another one is over.'
  if (state === 'done') {
    const took = duration(finishedAt - createdAt)
    return `${count(totalFiles)} files, ${size(totalBytes)} → ${size(packedBytes)} (${percent(packedBytes, totalBytes)} %) in ${took}`
  }
  return `${count(doneFiles)} of ${count(totalFiles)} files, ${size(doneBytes)} of ${size(totalBytes)}`
}

function detail({ state, method, file, error, bytesPerSecond, doneBytes, totalBytes }) {
  if (state === 'failed') return error
  const how = method === 'brotli' ? 'Brotli' : 'gzip'
  if (state !== 'running' || bytesPerSecond === 0) return how
  const left = duration(((totalBytes - doneBytes) / bytesPerSecond) * 1000)
  return `${how}, ${size(bytesPerSecond)}/s, ${left} left${file ? `: ${file}` : ''}`
}

function interrupted({ interruptions, state }) {
  const times = interruptions === 1 ? '' : `${interruptions} times `
  const then = state === 'queued' ? 'it will go on' : 'it went on'
  return `The server was restarted ${times}meanwhile: ${then} with the file that it had been at.`
}
