/** What may still have work of the present write to do. */
export interface Owing {
  readonly isOwing: boolean
  /** Inside Environment.write: does some of it. */
  pay(): void
  /** The write has failed. */
  forgive(): void
}

/** What the write that has run last has not done yet: nothing else is written before it is. */
export class OwedWork {
  private readonly owing = new Set<Owing>()
  /** Why it could not be done: a fault, since whoever owes has seen to it beforehand that it can. */
  fault: unknown

  get isLeft(): boolean {
    return this.owing.size > 0
  }

  add(one: Owing): void {
    this.owing.add(one)
  }

  /** Does some of it. Never throws. */
  run(): void {
    try {
      for (const one of this.owing) {
        one.pay()
        if (one.isOwing) return
        this.owing.delete(one)
      }
    } catch (error) {
      this.fault = error
    }
  }

  forgive(): void {
    for (const one of this.owing) one.forgive()
    this.owing.clear()
    this.fault = undefined
  }
}
