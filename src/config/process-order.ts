import type { ManagedProcessConfig } from './config.ts'
import type { Findings } from './findings.ts'
import { type MapNode, positionOf } from './tree.ts'

type Around = { readonly root: MapNode; readonly findings: Findings }

/** Those that others depend on before them, otherwise in the order of the file. An error for each name unknown and each circle. */
export const orderProcesses = (processes: readonly ManagedProcessConfig[], around: Around): readonly ManagedProcessConfig[] => {
  const known = new Map(processes.map((process, index) => [process.name, { process, index }]))
  const ordered = new Set<ManagedProcessConfig>()
  const refuse = (index: number, message: string, hint: string) =>
    around.findings.error(message, positionOf(around.root, ['managed_processes', index, 'depends_on']), hint)

  const place = (name: string, above: readonly string[]): void => {
    const { process, index } = known.get(name)!
    if (ordered.has(process)) return
    for (const other of process.depends_on ?? []) {
      const circle = [...above, name, other]
      if (!known.has(other)) refuse(index, `no managed process is called "${other}"`, `write one of ${[...known.keys()].join(', ')}`)
      else if (circle.indexOf(other) < circle.length - 1)
        refuse(index, `they wait for each other: ${circle.join(' → ')}`, 'take one of them out')
      else place(other, [...above, name])
    }
    ordered.add(process)
  }

  for (const { name } of processes) place(name, [])
  return [...ordered]
}
