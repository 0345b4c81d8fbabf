import { EXIT } from './exit-codes.ts'

const HELP = `Web server, reverse proxy and process supervisor: many apps, one YAML file.
Usage: navigator [command] [file] [options]

Commands
  run [file]      serve until told to stop; the command may be left out
  check [file]    say what is wrong with a configuration, without starting (-t)
  reload [file]   let the running instance take its configuration up anew
  stop [file]     let it end its requests, then stop it (also -s stop|reload)
  start, stop NAME…   tenants; restart NAME… also processes; * is any name
  ps [file]       tenants and processes of the running instance
  logs [NAME…]    their last lines: -n 100, -f to follow
  inspect [file]  watch them live; --web in a browser; --once, --json, -f
  metrics [file]  what they count, as Prometheus reads it
  reopen [file]   open the log files anew, after they were moved
  schema          JSON Schema of configurations; also: version (-V), help (-h)

Options
  -c, --config FILE   the configuration; else config/navigator.yml and others
      --json          ps, check, version, logs, inspect: print JSON
      --no-color      no colours, as with NO_COLOR
Examples
  navigator config/navigator.yml
  navigator check -c staging.yml && navigator reload -c staging.yml
`

/** `navigator help`: one screen. */
export const printHelp = async (): Promise<number> => {
  process.stdout.write(HELP)
  return EXIT.ok
}
