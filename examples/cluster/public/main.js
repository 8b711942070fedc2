import { createLedger } from './ledger.js'
import { createNodes } from './nodes.js'
import { countOrders, placeOrder } from './order.js'
import { follow } from './stream.js'

const maxRows = 12
const maxHistory = 40
/** How long "Keep ordering" waits between two orders. */
const orderEveryMs = 300
const comparePatienceMs = 3_000

const element = (id) => document.getElementById(id)
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' })
const ledger = createLedger()
const nodes = createNodes(element('nodes'))
const products = new Map()
/** Orders that came as a state, and not one by one. */
let countBefore = 0
let servedBy = null
let reconnected = 0
let awaySince = null
let isOrdering = false
let isRenderDue = false

follow({
  servedBy(node, isFirst) {
    servedBy = node
    if (!isFirst) reconnected += 1
    const away = awaySince === null ? '' : `, after ${((Date.now() - awaySince) / 1000).toFixed(1)} s`
    awaySince = null
    enter('live', `Live at node ${node.node}`)
    note(`${isFirst ? 'Connected' : 'Reconnected'} to node ${node.node} (process ${node.pid})${away}`)
    renderSoon()
  },
  away() {
    if (awaySince === null) {
      awaySince = Date.now()
      if (servedBy !== null) note(`Lost node ${servedBy.node}`)
    }
    servedBy = null
    enter('away', 'Reconnecting')
    renderSoon()
  },
  shop(state) {
    for (const { name, stock } of state.products) products.set(name, stock)
    countBefore = state.count - ledger.orders.arrived
    ledger.orders.startAfter(state.orders.at(-1)?.number ?? 0)
    element('orders').replaceChildren(...state.orders.map((order) => rowOf(order, false)).reverse())
    showProducts()
    renderSoon()
  },
  order(order, isLate) {
    products.set(order.product, order.stock)
    if (ledger.orders.take(order.number)) element('orders').prepend(rowOf(order, isLate))
    while (element('orders').children.length > maxRows) element('orders').lastElementChild.remove()
    showProducts()
    renderSoon()
  },
  pulse(pulse, isLate) {
    if (ledger.pulsesOf(pulse.run).take(pulse.count)) nodes.pulse(pulse, isLate)
    renderSoon()
  },
  gap: ({ channel, reason, missed }) =>
    note(`Told of a gap in ${channel}: ${reason}${missed === null ? '' : `, ${missed} missed`}`),
})

// Nodes fall silent without an event that says so.
setInterval(renderSoon, 500)

/** However many events come, the page is drawn once per frame. */
function renderSoon() {
  if (isRenderDue) return
  isRenderDue = true
  requestAnimationFrame(() => {
    isRenderDue = false
    render()
  })
}

function render() {
  const { arrived, missing, twice } = ledger.totals()
  say('arrived', arrived.toLocaleString())
  say('missing', missing.toLocaleString())
  say('twice', twice.toLocaleString())
  say('reconnected', reconnected.toLocaleString())
  element('missing-card').classList.toggle('bad', missing > 0)
  element('twice-card').classList.toggle('bad', twice > 0)
  element('empty').hidden = element('orders').children.length > 0
  nodes.show(servedBy?.node)
}

function rowOf({ number, product, quantity, node, at }, isLate) {
  const row = document.createElement('li')
  const part = (className, text) => {
    const span = document.createElement('span')
    span.className = className
    span.textContent = text
    return span
  }
  row.append(
    part('number', `#${number}`),
    part('what', `${quantity} × ${product}`),
    part('note', `node ${node}, ${clock.format(at)}${isLate ? ', caught up' : ''}`),
  )
  row.classList.toggle('late', isLate)
  return row
}

function showProducts() {
  for (const [name, stock] of products) {
    const select = element('product')
    const option = [...select.options].find(({ value }) => value === name) ?? new Option(name, name)
    option.textContent = `${name} (${stock.toLocaleString()} left)`
    if (option.parentNode === null) select.append(option)
  }
}

function note(words) {
  const row = document.createElement('li')
  const time = document.createElement('time')
  time.textContent = clock.format(Date.now())
  row.append(time, ` ${words}`)
  element('history').prepend(row)
  while (element('history').children.length > maxHistory) element('history').lastElementChild.remove()
}

function enter(state, words) {
  element('state').closest('.state').dataset.state = state
  say('state', words)
}

element('order-form').addEventListener('submit', (event) => {
  event.preventDefault()
  order()
})

element('keep-ordering').addEventListener('click', async () => {
  isOrdering = !isOrdering
  element('keep-ordering').ariaPressed = String(isOrdering)
  while (isOrdering) {
    await order()
    await new Promise((resolve) => setTimeout(resolve, orderEveryMs))
  }
})

async function order() {
  const wish = { product: element('product').value, quantity: element('quantity').valueAsNumber }
  try {
    const { number, node, tries } = await placeOrder(wish)
    say('result', `Order #${number} was taken by node ${node}${tries > 1 ? `, asked ${tries} times` : ''}.`)
  } catch (error) {
    say('result', `Not ordered, and nothing was published: ${error.message}`)
  }
}

element('compare').addEventListener('click', async () => {
  say('comparison', 'Counting …')
  try {
    const inDatabase = await countOrders()
    const here = () => countBefore + ledger.orders.arrived
    // What was committed just now is on its way.
    const deadline = Date.now() + comparePatienceMs
    while (here() < inDatabase && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 100))
    const time = clock.format(Date.now())
    if (here() >= inDatabase) say('comparison', `${time}: all ${inDatabase} orders of the database are here.`)
    else say('comparison', `${time}: ${inDatabase} orders are in the database, ${here()} here.`)
  } catch (error) {
    say('comparison', error.message)
  }
})

/** Touches the page only where something is new, so that screen readers hear it once. */
function say(id, words) {
  if (element(id).textContent !== words) element(id).textContent = words
}
