export interface Finding {
  readonly check: string
  readonly ok: boolean
  readonly detail: string
  /** What to do about it. */
  readonly advice?: string
  /** It could not be looked at, and that is no fault. */
  readonly skipped?: true
}

export function well(check: string, detail: string): Finding {
  return { check, ok: true, detail }
}

export function skipped(check: string, detail: string): Finding {
  return { check, ok: true, detail, skipped: true }
}

export function ill(check: string, detail: string, advice: string): Finding {
  return { check, ok: false, detail, advice }
}
