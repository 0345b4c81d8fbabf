import { fromCallback } from 'xstate'
import { type ThreadCommand, type WorkerInput, type WorkerMachine, workerMachine } from '../../../machines/worker.ts'
import type { WorkerThread } from '../worker-pool.ts'

/** The worker machine joined to real threads. Supervisor thread. */
export const liveWorkerMachine = (open: (worker: number) => WorkerThread): WorkerMachine =>
  workerMachine.provide({
    actors: {
      thread: fromCallback<ThreadCommand, WorkerInput>(({ input, sendBack, receive }) => {
        const tellEnd = (error: string | undefined) =>
          sendBack({ type: 'thread.ended', ...(error === undefined ? {} : { error }), at: Date.now(), chance: Math.random() })
        const thread = tryTo(() => open(input.worker))
        if (!thread.ok) return tellEnd(String(thread.error))
        void thread.value.ended.then(tellEnd)
        receive((command) => {
          if (command.type === 'thread.drain') thread.value.tell({ type: 'worker.drain', graceMs: command.graceMs })
          else thread.value.cut()
        })
        return thread.value.cut
      }),
    },
  })

type Attempt<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown }

/** A throw in the actor would end its machine; no socket is a reason to try again later. */
const tryTo = <T>(action: () => T): Attempt<T> => {
  try {
    return { ok: true, value: action() }
  } catch (error) {
    return { ok: false, error }
  }
}
