import type { FlyConfig, ReverseProxyConfig, RoutesConfig } from './config.ts'
import { meantGroup, translateTemplate } from './go-template.ts'
import type { Surroundings } from './resolve-tenants.ts'
import type { File } from './schema.ts'
import { type Path, pathText, positionOf } from './tree.ts'

/** Rules with their replacements translated and checked against their patterns; what Fly.io calls this machine. */
export const resolveRoutes = ({ routes, server }: File, around: Surroundings): RoutesConfig => {
  const { reverse_proxies, redirects, rewrites, fly } = routes
  return {
    reverse_proxies: reverse_proxies.map(resolveProxy),
    ...(redirects && { redirects: redirects.map((rule, index) => resolveRedirect(rule, ['routes', 'redirects', index], around)) }),
    ...(rewrites && { rewrites: rewrites.map((rule, index) => resolveRewrite(rule, ['routes', 'rewrites', index], around)) }),
    ...(fly && { fly: resolveFly(fly, server.listen.port, around) }),
  }
}

const resolveProxy = (proxy: File['routes']['reverse_proxies'][number]): ReverseProxyConfig => ({
  ...proxy,
  name: proxy.name ?? proxy.prefix ?? proxy.path ?? '',
  // The schema refuses a rule without any.
  target: proxy.target ?? proxy.targets![0]!,
})

type Redirect = NonNullable<File['routes']['redirects']>[number]
type Rewrite = NonNullable<File['routes']['rewrites']>[number]
type Fly = NonNullable<File['routes']['fly']>

const resolveRedirect = (rule: Redirect, path: Path, around: Surroundings): Redirect => {
  const resolved = { ...rule, to: resolveTemplate(rule.to, rule.from, { path: [...path, 'to'], around }) }
  checkDestination(resolved, path, around)
  return resolved
}

const resolveRewrite = (rule: Rewrite, path: Path, around: Surroundings): Rewrite => {
  if (rule.to === undefined) return rule
  const to = resolveTemplate(rule.to, rule.from, { path: [...path, 'to'], around })
  const { status = 0 } = rule
  if (rule.redirect || rule.flag === 'redirect' || rule.flag === 'permanent' || (status >= 300 && status < 400))
    checkDestination({ from: rule.from, to }, path, around)
  else if (/^\w+:\/\//.test(to))
    around.findings.error(`"${rule.to}" is a URL, which no path can become`, at([...path, 'to'], around), 'write proxy: or redirect: true')
  else if (status >= 400)
    around.findings.warn(
      `${pathText(path)}.to is not used: with status ${status} the request is answered with an error`,
      at([...path, 'to'], around),
    )
  return { ...rule, to }
}

const resolveTemplate = (text: string, source: string, { path, around }: { path: Path; around: Surroundings }): string => {
  const { template, unknown } = translateTemplate(text, source)
  for (const name of unknown)
    around.findings.warn(
      `"${text}" has a group "${name}", which the pattern has not: it stands for nothing`,
      at(path, around),
      `write ${meantGroup(name)}`,
    )
  return template
}

/** A redirect must lead to a place of its own, and not from one of its results to the next for ever. */
const checkDestination = ({ from, to }: { from: string; to: string }, path: Path, around: Surroundings): void => {
  const fault = (message: string, hint: string) => around.findings.error(message, at([...path, 'to'], around), hint)
  const scheme = /^([a-z][\w+.-]*):/i.exec(to)?.[1]?.toLowerCase()
  if (/^[/\\]{2}/.test(to)) fault(`"${to}" leaves it to the browser which scheme is meant`, `write https:${to}`)
  else if (scheme !== undefined && !/^https?:\/\/./i.test(to))
    fault(`"${to}" is no place to redirect to`, 'write a path or an https:// URL')
  else if (scheme === undefined && !to.includes('$') && isEndless(from, to))
    fault(`"${to}" is redirected again by the same rule, and so on`, 'anchor from: with ^ and $')
}

const isEndless = (from: string, to: string): boolean => {
  const path = to.replace(/[?#].*/s, '')
  const pattern = new RegExp(from, 'g')
  return pattern.test(path) && path.replace(pattern, path) !== path
}

const resolveFly = ({ secret, internal_port, ...fly }: Fly, listenPort: number, around: Surroundings): FlyConfig => {
  const { FLY_APP_NAME: app, FLY_REGION: region, FLY_MACHINE_ID: machine, FLY_IMAGE_REF: image } = around.env
  const key = secret ?? (app && image && `${app} ${image}`)
  return {
    ...fly,
    replay: fly.replay.map((rule, index) => resolveReplay(rule, ['routes', 'fly', 'replay', index], around)),
    internal_port: internal_port ?? listenPort,
    here: { ...(app && { app }), ...(region && { region }), ...(machine && { machine }), ...(key && { secret: key }) },
  }
}

const resolveReplay = (rule: Fly['replay'][number], path: Path, around: Surroundings): Fly['replay'][number] => {
  const { app, region, replacement } = rule
  const machine = rule.machine ?? rule.instance
  const translate = (text: string, key: string) => resolveTemplate(text, rule.path, { path: [...path, key], around })
  return {
    ...rule,
    ...(app !== undefined && { app: translate(app, 'app') }),
    ...(region !== undefined && { region: region.map((name) => translate(name, 'region')) }),
    ...(machine !== undefined && { machine: translate(machine, rule.machine === undefined ? 'instance' : 'machine') }),
    ...(replacement !== undefined && { replacement: translate(replacement, 'replacement') }),
  }
}

const at = (path: Path, { root }: Surroundings) => positionOf(root, path)
