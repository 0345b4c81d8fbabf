import type { StaticFilesConfig } from '../../src/config/config.ts'

/**
 * Compiles `server.static.cache_control` to a look-up by the whole path of a URL. Undefined: no such header. What only some may
 * have is `private`: `public` would let caches in front give it to everybody.
 */
export const compileCacheControl = (config: StaticFilesConfig): ((path: string, isGuarded: boolean) => string | undefined) => {
  const { default: defaultAgeMs, default_immutable, overrides } = config.cache_control
  const byLength = [...overrides, ...directoryAges(config)].sort((one, other) => other.path.length - one.path.length)
  const usual = directive(defaultAgeMs, default_immutable)
  return (path, isGuarded) => {
    const override = byLength.find((candidate) => path.startsWith(candidate.path))
    const value = override === undefined ? usual : directive(override.max_age, override.immutable)
    return isGuarded ? value?.replace(/^public/, 'private') : value
  }
}

const directoryAges = ({ directories }: StaticFilesConfig) =>
  directories.flatMap(({ path, cache }) => (cache === undefined ? [] : [{ path, max_age: cache, immutable: false }]))

const directive = (ageMs: number | undefined, isImmutable: boolean): string | undefined =>
  ageMs === undefined ? undefined : `public, max-age=${Math.floor(ageMs / 1_000)}${isImmutable ? ', immutable' : ''}`
