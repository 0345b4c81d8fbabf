/** Stands for an actor that src/supervisor/actors has yet to provide: says which one was forgotten. */
export const notProvided = (machine: string, actor: string) => (): never => {
  throw new Error(`${machine}Machine: provide the "${actor}" actor before starting it`)
}
