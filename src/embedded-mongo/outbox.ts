import { atEndOfTurn } from './execution/turn'

/** How long an answer waits, in milliseconds, before it leaves without those that are still being made. */
const HELD_MS_MAX = 0.2

/** Who has answers to send. */
export interface Sender {
  flush(): void
}

/**
 * Answers that are made in one turn leave together, at its end. To send one wakes its client, which costs more than to
 * make it; a client that is awake and has several connections finds the others without being woken again.
 */
export class Outbox {
  private waiting: Sender[] = []
  private since = 0

  add(sender: Sender): void {
    if (this.waiting.length === 0) {
      this.since = performance.now()
      atEndOfTurn(() => this.flush())
    }
    this.waiting.push(sender)
  }

  /** To be called before there is more to do: what has waited for long enough must not wait for that. */
  flushOverdue(): void {
    if (this.waiting.length > 0 && performance.now() - this.since > HELD_MS_MAX) this.flush()
  }

  private flush(): void {
    const senders = this.waiting
    this.waiting = []
    for (const sender of senders) sender.flush()
  }
}
