/* The page's own part: draws what it is told and knows nothing of its own about machines. */
const HISTORY = 300
const ROW_HEIGHT = 30
const $ = (id) => document.getElementById(id)
const json = async (path, options) => (await fetch(path, options)).json()

const drawings = await json('/charts')
const { allowControl } = await json('/rights')
const histories = new Map()
let report = { rows: [], own: [] }
let selected = location.hash.slice(1) && decodeURIComponent(location.hash.slice(1))
let drawn
let steps = []

const keyOf = ({ kind, name }) => `${kind}/${name}`
const all = () => [...report.rows, ...report.own]
const current = () => all().find((row) => keyOf(row) === selected)
const element = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children)
const shape = (name, attributes = {}, ...children) =>
  fill(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children)
const fill = (node, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value)
  node.append(...children)
  return node
}
const colourOf = (state) => `var(--${state ?? 'stopped'})`
const span = (ms) => {
  const s = Math.max(0, Math.round(ms / 1000))
  if (s < 60) return `${s}s`
  if (s < 3600) return `${Math.floor(s / 60)}m${String(s % 60).padStart(2, '0')}s`
  return `${Math.floor(s / 3600)}h${String(Math.floor((s % 3600) / 60)).padStart(2, '0')}m`
}

/* The list: only what is in sight is in the document, so that thousands of tenants cost no more than a few. */
const listed = () => {
  const wanted = $('filter').value.toLowerCase()
  const sort = $('sort').value
  const rows = all().filter(({ kind, name, state = '' }) => `${kind} ${name} ${state}`.toLowerCase().includes(wanted))
  if (sort === 'state') return rows.sort((a, b) => (a.state ?? '').localeCompare(b.state ?? ''))
  return sort ? rows.sort((a, b) => (b[sort] ?? 0) - (a[sort] ?? 0)) : rows
}
const drawList = () => {
  const rows = listed()
  const first = Math.floor($('rows').scrollTop / ROW_HEIGHT)
  const last = first + Math.ceil($('rows').clientHeight / ROW_HEIGHT) + 1
  $('space').style.height = `${rows.length * ROW_HEIGHT}px`
  $('space').replaceChildren(
    ...rows.slice(first, last).map((row, index) => {
      const line = element('div', { class: `row${keyOf(row) === selected ? ' selected' : ''}`, 'data-key': keyOf(row) })
      line.style.top = `${(first + index) * ROW_HEIGHT}px`
      line.style.setProperty('--of', colourOf(row.state ?? 'ready'))
      const rate = row.perSecond > 0 ? `${row.perSecond.toFixed(row.perSecond < 10 ? 1 : 0)}/s` : row.kind === 'tenant' ? '' : row.kind
      line.append(element('span', { class: 'dot' }), element('span', { class: 'label' }, row.name), element('small', {}, rate))
      return line
    }),
  )
}

/* The statechart, from the machine's own definition. */
const drawChart = (kind) => {
  const drawing = drawings[kind]
  const svg = $('chart')
  drawn = kind
  svg.setAttribute('viewBox', `0 0 ${drawing.width} ${drawing.height}`)
  const tip = shape(
    'marker',
    { id: 'tip', viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: 'auto' },
    shape('path', { d: 'M0 0 8 4 0 8z' }),
  )
  svg.replaceChildren(shape('defs', {}, tip), ...drawing.boxes.map(drawBox), ...drawing.lines.map(drawLine))
}
const drawBox = ({ path, name, kind, isCompound, invokes, x, y, width, height }) => {
  const group = shape('g', {
    class: `${kind}${isCompound ? ' compound' : ''}`,
    'data-path': kind === 'state' || kind === 'final' ? path : '',
  })
  group.append(shape('rect', { x, y, width, height, rx: kind === 'initial' ? 6 : 8 }))
  if (kind === 'initial') return group
  const middle = !isCompound && invokes.length === 0
  const top = middle ? y + height / 2 + 4 : y + 20
  group.append(shape('text', { x: isCompound ? x + 12 : x + width / 2, y: top, 'text-anchor': isCompound ? 'start' : 'middle' }, name))
  for (const [index, actor] of invokes.entries()) {
    const at = { x: isCompound ? x + 12 : x + width / 2, y: y + 35 + index * 15, 'text-anchor': isCompound ? 'start' : 'middle' }
    group.append(shape('text', { class: 'actor', ...at }, `▸ ${actor}`))
  }
  return group
}
const drawLine = ({ points, label, arrows }) => {
  const middles = points.slice(1, -1)
  const curve = middles.map((point, index) => {
    const next = middles[index + 1] ?? points.at(-1)
    const end = index === middles.length - 1 ? next : { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 }
    return `Q${point.x} ${point.y} ${end.x} ${end.y}`
  })
  const group = shape('g', { class: 'line', 'data-arrows': JSON.stringify(arrows.map(({ from, to }) => [from, to])) })
  group.append(
    shape('path', {
      d: `M${points[0].x} ${points[0].y}${curve.join('') || `L${points.at(-1).x} ${points.at(-1).y}`}`,
      'marker-end': 'url(#tip)',
    }),
  )
  for (const [index, text] of (label?.texts ?? []).entries()) {
    group.append(shape('text', { x: label.x, y: label.y + 4 + (index - (label.texts.length - 1) / 2) * 14, 'text-anchor': 'middle' }, text))
  }
  return group
}
const isOn = (active, path) => path !== '' && (active === path || active.startsWith(`${path}.`))
const markState = (active) => {
  for (const group of $('chart').querySelectorAll('g[data-path]')) {
    const { path } = group.dataset
    group.classList.toggle('active', path !== '' && path === active)
    group.classList.toggle('inside', path !== active && isOn(active, path))
  }
}
const markStep = ({ from, to }) => {
  for (const line of $('chart').querySelectorAll('.line')) {
    const isTaken = JSON.parse(line.dataset.arrows).some(
      ([start, end]) => (isOn(from, start) || start === '') && isOn(to, end) && !isOn(from, end),
    )
    line.classList.toggle('taken', isTaken)
    if (isTaken) setTimeout(() => line.classList.remove('taken'), 1500)
  }
}

/* What is known of the one that is open. */
const open = async (key) => {
  selected = key
  history.replaceState(null, '', `#${encodeURIComponent(key)}`)
  const [kind, ...rest] = key.split('/')
  const name = rest.join('/')
  drawChart(kind)
  drawList()
  drawOpen()
  const query = new URLSearchParams({ kind, name })
  steps = await json(`/steps?${query}`)
  drawSteps()
  drawLog(await json(`/logs?${query}`))
}
const whyOf = (row) => {
  const reason = row.failure?.reason
  const last = steps.at(-1)
  if (reason) return `${reason}${row.tail?.length ? `: ${row.tail.at(-1)}` : ''}`
  if (row.state === 'stopped' && row.kind === 'tenant') return last?.why ?? 'nobody has asked for it yet; the first request starts it'
  return last?.why && row.state !== 'ready' ? last.why : ''
}
const drawOpen = () => {
  const row = current()
  if (!row) return
  $('name').textContent = row.name
  $('state').textContent = row.state ?? row.path
  $('state').style.setProperty('--of', colourOf(row.state ?? 'ready'))
  $('state').dataset.path = row.path
  const facts = [
    row.since && `for ${span(report.at - row.since)}`,
    row.pid && `pid ${row.pid}`,
    row.port && `port ${row.port}`,
    row.restarts && `${row.restarts} crashes`,
  ]
  $('since').textContent = facts.filter(Boolean).join(' · ')
  $('why').textContent = whyOf(row)
  $('orders').hidden = !allowControl || row.kind !== 'tenant'
  markState(row.path)
  drawTimeline()
  drawCharts()
}
const drawTimeline = () => {
  const now = report.at ?? Date.now()
  const parts = steps.map(({ at, state }, index) => ({ state, ms: (steps[index + 1]?.at ?? now) - at }))
  $('timeline').replaceChildren(
    ...parts.map(({ state, ms }) => {
      const part = element('i', { title: `${state ?? ''} ${span(ms)}` })
      part.style.flexGrow = Math.sqrt(ms + 1)
      part.style.setProperty('--of', colourOf(state ?? 'ready'))
      return part
    }),
  )
}
const drawSteps = () => {
  const cells = ({ at, from, to, event, why = '' }) => [new Date(at).toTimeString().slice(0, 8), `${from || '·'} → ${to}`, event, why]
  const line = (step) => element('tr', {}, ...cells(step).map((text, index) => element('td', index === 2 ? { class: 'event' } : {}, text)))
  $('steps').replaceChildren(...[...steps].reverse().map(line))
  drawTimeline()
}
const drawLog = (lines) => {
  const isAtEnd = $('log').scrollTop + $('log').clientHeight > $('log').scrollHeight - 20
  $('log').replaceChildren(...lines.map(({ stream, line }) => element('div', { class: stream }, line ?? '…')))
  if (isAtEnd) $('log').scrollTop = $('log').scrollHeight
}

/* Charts of the last minutes. */
const remember = (row) => {
  const history = histories.get(keyOf(row)) ?? { at: [], perSecond: [], p50Ms: [], p99Ms: [], memory: [], cpu: [] }
  histories.set(keyOf(row), history)
  const values = {
    at: report.at / 1000,
    perSecond: row.perSecond ?? 0,
    p50Ms: row.p50Ms ?? 0,
    p99Ms: row.p99Ms ?? 0,
    memory: (row.memoryBytes ?? 0) / 1048576,
    cpu: row.cpuPercent ?? 0,
  }
  for (const [name, value] of Object.entries(values)) {
    history[name].push(value)
    if (history[name].length > HISTORY) history[name].shift()
  }
}
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name)
const plot = (id, title, series) => {
  const axis = {
    stroke: () => style('--faint'),
    grid: { stroke: () => style('--edge'), width: 1 },
    ticks: { show: false },
    font: '10px system-ui',
  }
  const lines = series.map(([label, colour]) => ({ label, stroke: () => style(colour), width: 1.6, points: { show: false } }))
  const options = {
    title,
    width: $(id).clientWidth - 16,
    height: 118,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_, __, top) => [0, Math.max(top * 1.1, 1)] } },
  }
  return new uPlot(
    {
      ...options,
      axes: [
        { ...axis, space: 70 },
        { ...axis, size: 44 },
      ],
      series: [{}, ...lines],
    },
    [[]],
    $(id),
  )
}
const plots = {
  requests: [plot('requests', 'requests/s', [['requests/s', '--accent']]), ['perSecond']],
  latency: [
    plot('latency', 'latency in ms: p50, p99', [
      ['p50', '--ready'],
      ['p99', '--starting'],
    ]),
    ['p50Ms', 'p99Ms'],
  ],
  memory: [plot('memory', 'memory in MB', [['memory', '--idle']]), ['memory']],
  cpu: [plot('cpu', 'CPU in % of a core', [['CPU', '--crashed']]), ['cpu']],
}
const drawCharts = () => {
  const history = histories.get(selected)
  if (history) for (const [chart, names] of Object.values(plots)) chart.setData([history.at, ...names.map((name) => history[name])])
}

const live = new EventSource('/live')
live.addEventListener('report', ({ data }) => {
  report = JSON.parse(data)
  for (const row of report.rows) remember(row)
  $('about').textContent =
    `${report.address.host}:${report.address.port} · pid ${report.pid} · ${report.rows.filter(({ kind }) => kind === 'tenant').length} tenants`
  drawList()
  if (!current()) open(keyOf(report.rows[0] ?? report.own[0]))
  else if (drawn === undefined) open(selected)
  else {
    drawOpen()
    const query = new URLSearchParams({ name: current().name })
    json(`/logs?${query}`).then(drawLog)
  }
})
live.addEventListener('step', ({ data }) => {
  const step = JSON.parse(data)
  const row = all().find((known) => keyOf(known) === keyOf(step))
  if (row) Object.assign(row, { path: step.to, since: step.at, ...(step.state ? { state: step.state } : {}) })
  if (keyOf(step) !== selected) return
  if (steps.some(({ number }) => number === step.number)) return
  steps.push(step)
  report.at = Math.max(report.at ?? 0, step.at)
  drawOpen()
  drawSteps()
  markStep(step)
})
$('rows').addEventListener('scroll', drawList)
$('rows').addEventListener('click', ({ target }) => {
  const line = target.closest('.row')
  if (line) open(line.dataset.key)
})
$('filter').addEventListener('input', drawList)
$('sort').addEventListener('change', drawList)
$('orders').addEventListener('click', ({ target }) => {
  const { verb } = target.dataset
  const row = current()
  if (verb && row)
    fetch('/order', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ verb, name: row.name }) })
})
addEventListener('resize', () => {
  for (const [id, [chart]] of Object.entries(plots)) chart.setSize({ width: $(id).clientWidth - 16, height: 118 })
})
