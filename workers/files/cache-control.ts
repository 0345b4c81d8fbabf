import type { StaticFilesConfig } from '../../src/config/config.ts'

/** Compiles `server.static.cache_control` to a look-up by the whole path of a URL. Undefined: no such header. */
export const compileCacheControl = (config: StaticFilesConfig): ((path: string) => string | undefined) => {
  const { default: defaultAgeMs, default_immutable, overrides } = config.cache_control
  const byLength = [...overrides, ...directoryAges(config)].sort((one, other) => other.path.length - one.path.length)
  const usual = directive(defaultAgeMs, default_immutable)
  return (path) => {
    const override = byLength.find((candidate) => path.startsWith(candidate.path))
    return override === undefined ? usual : directive(override.max_age, override.immutable)
  }
}

const directoryAges = ({ directories }: StaticFilesConfig) =>
  directories.flatMap(({ path, cache }) => (cache === undefined ? [] : [{ path, max_age: cache, immutable: false }]))

const directive = (ageMs: number | undefined, isImmutable: boolean): string | undefined =>
  ageMs === undefined ? undefined : `public, max-age=${Math.floor(ageMs / 1_000)}${isImmutable ? ', immutable' : ''}`
