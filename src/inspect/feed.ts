/** What happens, on its way to somebody who may read slowly: bounded, the oldest lost first. Any thread. */
export type Feed<Item> = AsyncIterableIterator<Item> & {
  push(item: Item): void
  /** Nothing more comes: the reader leaves after what waits. */
  end(): void
  /** Items lost since the last look. */
  takeDropped(): number
}

const MOST_WAITING = 10_000

/** `onEnd` is called once, when the reader has left. */
export const createFeed = <Item>(onEnd: () => void = () => {}): Feed<Item> => {
  let waiting: Item[] = []
  let wanted: PromiseWithResolvers<void> | undefined
  let isOver = false
  let isEnded = false
  let dropped = 0

  return {
    push(item) {
      if (isOver) return
      waiting.push(item)
      // Half at once: to take one off the front for each that comes would cost more than it keeps.
      if (waiting.length > MOST_WAITING) dropped += waiting.splice(0, MOST_WAITING / 2).length
      wanted?.resolve()
    },
    end() {
      isEnded = true
      wanted?.resolve()
    },
    takeDropped() {
      const lost = dropped
      dropped = 0
      return lost
    },
    async next() {
      while (waiting.length === 0 && !isOver && !isEnded) {
        wanted = Promise.withResolvers()
        await wanted.promise
      }
      return waiting.length === 0 ? { done: true, value: undefined } : { done: false, value: waiting.shift()! }
    },
    async return() {
      if (!isOver) onEnd()
      isOver = true
      waiting = []
      wanted?.resolve()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
