import { NavigatorError } from '../errors.ts'

/** Everything that is wrong with a configuration, in the order of the file. */
export class ConfigError extends NavigatorError {
  /** As messages name it. */
  readonly file: string
  readonly errors: readonly NavigatorError[]

  constructor(file: string, errors: readonly NavigatorError[]) {
    super('NAV_CONFIG_INVALID', `${file} has ${errors.length === 1 ? 'an error' : `${errors.length} errors`}`, {
      hint: 'nothing was changed; correct the file and try again',
    })
    this.file = file
    this.errors = errors
  }

  /** One error a line, each with its hint. */
  override toString(): string {
    return this.errors.join('\n')
  }
}
