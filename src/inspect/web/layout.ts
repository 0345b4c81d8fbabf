import dagre from '@dagrejs/dagre'
import type { Chart, ChartArrow, ChartState } from '../statechart.ts'

/** A state's box. Coordinates in px from the upper left corner of the drawing. */
export type Box = {
  readonly path: string
  readonly name: string
  readonly kind: 'state' | 'final' | 'initial' | 'any'
  readonly isCompound: boolean
  readonly invokes: readonly string[]
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}
type Point = { readonly x: number; readonly y: number }
/** Arrows between the same two boxes, drawn as one line. */
export type Line = {
  readonly points: readonly Point[]
  readonly label?: Point & { readonly texts: readonly string[] }
  readonly arrows: readonly ChartArrow[]
}
export type Drawing = { readonly width: number; readonly height: number; readonly boxes: readonly Box[]; readonly lines: readonly Line[] }

const TITLE = 30
const PADDING = 18
const CHARACTER = 6.6
const LINE_HEIGHT = 14
const ACTOR_HEIGHT = 15

/** Where the states and arrows of a chart are drawn: each compound state is laid out by itself, from the inside out. */
export const layOut = ({ root, arrows }: Chart): Drawing => layOutInside(root, arrows)

/** Width to height of the place it is shown in. */
const SHAPE = 0.9

/** A state's inside, with its own upper left corner at 0, 0: downwards or to the right, whichever needs less room. */
const layOutInside = (state: ChartState, arrows: readonly ChartArrow[]): Drawing => {
  const drawings = (['TB', 'LR'] as const).map((direction) => layOutTowards(direction, state, arrows))
  const sizeOf = ({ width, height }: Drawing) => Math.max(width, height * SHAPE)
  return drawings.reduce((best, other) => (sizeOf(other) < sizeOf(best) ? other : best))
}

const layOutTowards = (direction: 'TB' | 'LR', state: ChartState, arrows: readonly ChartArrow[]): Drawing => {
  const graph = new dagre.graphlib.Graph({ multigraph: true })
  graph.setGraph({ rankdir: direction, nodesep: 26, ranksep: 30, edgesep: 14, marginx: 0, marginy: 0 })
  const insides = new Map<string, Drawing>()
  for (const inner of state.states) {
    const inside = inner.states.length === 0 ? leaf(inner) : layOutInside(inner, arrows)
    insides.set(inner.path, inside)
    graph.setNode(inner.path, { width: inside.width, height: inside.height })
  }
  const bundles = bundleArrows(state, arrows)
  if ([...bundles.keys()].some((key) => key.startsWith(`${ANY}\n`))) graph.setNode(ANY, { width: 64, height: 22 })
  for (const [key, bundle] of bundles) {
    const [from, to] = key.split('\n') as [string, string]
    graph.setEdge(from, to, labelSize(textsOf(bundle, from, to)), key)
  }
  if (state.initial !== undefined) {
    graph.setNode(INITIAL, { width: 12, height: 12 })
    graph.setEdge(INITIAL, childOn(state, state.initial)!, { width: 0, height: 0 }, 'initial')
  }
  dagre.layout(graph)
  return gather(state, graph as Graph, { insides, bundles })
}

const INITIAL = '\u0000initial'
const ANY = '\u0000any'

const leaf = ({ name, invokes }: ChartState): Drawing => ({
  width: Math.max(96, ...[name, ...invokes].map((text) => text.length * 7.6 + 34)),
  height: 34 + invokes.length * ACTOR_HEIGHT,
  boxes: [],
  lines: [],
})

/** The child of `state` that `path` is, or lies in. */
const childOn = (state: ChartState, path: string): string | undefined =>
  state.states.find((inner) => path === inner.path || path.startsWith(`${inner.path}.`))?.path

const contains = (state: ChartState, path: string): boolean => state.path === '' || path === state.path || path.startsWith(`${state.path}.`)

/** The arrows to be drawn inside this state and no deeper, by the two children they join. */
const bundleArrows = (state: ChartState, arrows: readonly ChartArrow[]): ReadonlyMap<string, readonly ChartArrow[]> => {
  const bundles = new Map<string, ChartArrow[]>()
  for (const arrow of arrows) {
    if (!contains(state, arrow.from) || !contains(state, arrow.to)) continue
    const from = arrow.from === state.path ? ANY : childOn(state, arrow.from)
    const to = childOn(state, arrow.to)
    if (from === undefined || to === undefined || from === to) continue
    const key = `${from}\n${to}`
    bundles.set(key, [...(bundles.get(key) ?? []), arrow])
  }
  return bundles
}

/** Where an arrow begins or ends deeper than its line does, its text says so. */
const textsOf = (bundle: readonly ChartArrow[], from: string, to: string): readonly string[] =>
  bundle.map(({ from: source, to: target, event, guard }) => {
    const start = source === from || from === ANY ? '' : `${source.slice(from.length + 1)}: `
    const end = target === to ? '' : ` → ${target.slice(to.length + 1)}`
    return `${start}${event}${guard === undefined ? '' : ` [${guard}]`}${end}`
  })

const labelSize = (texts: readonly string[]) => ({
  texts,
  width: Math.max(...texts.map((text) => text.length * CHARACTER)) + 10,
  height: texts.length * LINE_HEIGHT + 4,
  labelpos: 'c',
})

/** What of dagre's graph is read after its layout. */
type Graph = {
  nodes(): readonly string[]
  node(path: string): unknown
  edges(): readonly { readonly name?: string }[]
  edge(edge: { readonly name?: string }): unknown
  graph(): unknown
}
type Parts = { readonly insides: ReadonlyMap<string, Drawing>; readonly bundles: ReadonlyMap<string, readonly ChartArrow[]> }

const gather = (state: ChartState, graph: Graph, { insides, bundles }: Parts): Drawing => {
  const isRoot = state.path === ''
  const shift = { x: PADDING, y: isRoot ? PADDING : TITLE + 6 + state.invokes.length * ACTOR_HEIGHT }
  const boxes = graph.nodes().flatMap((path) => {
    const { x, y, width, height } = graph.node(path) as Box
    const corner = { x: x - width / 2 + shift.x, y: y - height / 2 + shift.y }
    const inner = state.states.find((child) => child.path === path)
    const inside = insides.get(path)
    return [boxOf(path, inner, { ...corner, width, height }), ...(inside ? moved(inside, corner).boxes : [])]
  })
  const deeper = graph.nodes().flatMap((path) => {
    const { x, y, width, height } = graph.node(path) as Box
    const inside = insides.get(path)
    return inside ? moved(inside, { x: x - width / 2 + shift.x, y: y - height / 2 + shift.y }).lines : []
  })
  const own = graph.edges().map((edge) => {
    const { points, x, y, texts } = graph.edge(edge) as Point & { points: readonly Point[]; texts?: readonly string[] }
    const label = texts === undefined ? {} : { label: { x: x + shift.x, y: y + shift.y, texts } }
    return { points: points.map((point) => plus(point, shift)), ...label, arrows: bundles.get(edge.name ?? '') ?? [] }
  })
  const size = graph.graph() as { width?: number; height?: number }
  const titles = [state.name, ...state.invokes].map((text) => text.length * 7.6 + 34)
  return {
    width: Math.max((size.width ?? 0) + 2 * PADDING, ...titles),
    height: (size.height ?? 0) + shift.y + PADDING,
    boxes,
    lines: [...own, ...deeper],
  }
}

type Place = Point & { readonly width: number; readonly height: number }

const boxOf = (path: string, state: ChartState | undefined, place: Place): Box => ({
  path,
  name: state?.name ?? (path === ANY ? 'any state' : ''),
  kind: state === undefined ? (path === ANY ? 'any' : 'initial') : state.isFinal ? 'final' : 'state',
  isCompound: (state?.states.length ?? 0) > 0,
  invokes: state?.invokes ?? [],
  ...place,
})

const plus = (a: Point, b: Point): Point => ({ x: a.x + b.x, y: a.y + b.y })

const moved = (drawing: Drawing, by: Point): Drawing => ({
  ...drawing,
  boxes: drawing.boxes.map((box) => ({ ...box, ...plus(box, by) })),
  lines: drawing.lines.map((line) => ({
    ...line,
    points: line.points.map((point) => plus(point, by)),
    ...(line.label ? { label: { ...line.label, ...plus(line.label, by) } } : {}),
  })),
})
