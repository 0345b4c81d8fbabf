/** Which content codings a client takes (RFC 9110 §12.5.3). */
export type Coding = 'br' | 'zstd' | 'gzip'

type Weights = ReadonlyMap<string, number>

/** The coding of `offered` the client likes best; among equals, the first. Undefined: it is to get the plain octets. */
export const preferredCoding = <Offered extends Coding>(header: string | undefined, offered: readonly Offered[]): Offered | undefined => {
  if (header === undefined || header === '' || offered.length === 0) return undefined
  const weights = weightsOf(header)
  let best: Offered | undefined
  // The plain octets are as good as any coding unless the client says which it likes better.
  let bestWeight = weights.get('identity') ?? 0
  for (const coding of offered) {
    const weight = weightFor(coding, weights)
    if (weight > 0 && (best === undefined ? weight >= bestWeight : weight > bestWeight)) {
      best = coding
      bestWeight = weight
    }
  }
  return best
}

const weightFor = (coding: Coding, weights: Weights): number =>
  weights.get(coding) ?? (coding === 'gzip' ? weights.get('x-gzip') : undefined) ?? weights.get('*') ?? 0

const weightsOf = (header: string): Weights => {
  const weights = new Map<string, number>()
  for (const part of header.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';')
    if (name.trim() !== '') weights.set(name.trim(), weightIn(parameters))
  }
  return weights
}

/** What cannot be read as a weight refuses: an encoding a client cannot read is worse than a longer answer. */
const weightIn = (parameters: readonly string[]): number => {
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=')
    if (name.trim() === 'q') return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(value.trim()) ? Number(value) : 0
  }
  return 1
}
