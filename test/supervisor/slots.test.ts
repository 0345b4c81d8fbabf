import { expect, test } from 'vitest'
import { SLOTS, type TrafficReading } from '../../src/protocol/counters.ts'
import { createSlots } from '../../src/supervisor/slots.ts'

const quiet: TrafficReading = { inFlight: 0, started: 7, sockets: 0 }

test.each([
  ['requests', { ...quiet, inFlight: 1 }],
  ['open sockets', { ...quiet, sockets: 1 }],
])('a slot that still counts %s of its last process is passed over', (_, reading) => {
  const slots = createSlots((slot) => (slot === 1 ? reading : quiet))
  expect([slots.lend(), slots.lend()]).toEqual([0, 2])
})

test('one just given back rests longest', () => {
  const slots = createSlots(() => quiet)
  const first = slots.lend()
  slots.giveBack(first)
  expect(slots.lend()).not.toBe(first)
})

test('when all are lent, the next is refused with the reason', () => {
  const slots = createSlots(() => quiet)
  for (let lent = 0; lent < SLOTS; lent++) slots.lend()
  expect(() => slots.lend()).toThrow(expect.objectContaining({ code: 'NAV_CAPACITY_EXHAUSTED' }))
  slots.giveBack(5)
  expect(slots.lend()).toBe(5)
})
