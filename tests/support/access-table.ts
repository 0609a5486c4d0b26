import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A cell that says who is let in: a status that refuses, or undefined where the call is let in. */
export type Verdict = number | undefined

export interface AccessRow {
  readonly method: string
  readonly path: string
  readonly anonymous: Verdict
  readonly self: Verdict
  /** 'none': the path names nobody. */
  readonly other: Verdict | 'none'
  readonly custom: Cell
  readonly key: Cell
  readonly admin: Verdict
  readonly rank: boolean
  readonly stepUp: boolean
}

/** With a permission the caller is let in, and without it `otherwise`; without a permission in it, a plain verdict. */
export interface Cell {
  readonly permission: string | undefined
  readonly otherwise: Verdict
}

/** The table of docs/ACCESS.md. */
export function readAccessTable(): readonly AccessRow[] {
  const text = readFileSync(join(__dirname, '../../docs/ACCESS.md'), 'utf8')
  return [...text.matchAll(/^\| ([A-Z]+) (\/\S*) \|(.+)\|$/gm)].map(([, method, path, rest]) => {
    const cells = rest!.split('|').map((cell) => cell.trim())
    if (cells.length !== 7) throw new Error(`${method} ${path} has ${cells.length} cells`)
    const [anonymous, self, other, custom, key, admin, also] = cells as [string, ...string[]]
    return {
      method: method!,
      path: path!,
      anonymous: verdict(anonymous),
      self: verdict(self!),
      other: other === '–' ? 'none' : verdict(other!),
      custom: cell(custom!),
      key: cell(key!),
      admin: verdict(admin!),
      rank: also!.includes('rank'),
      stepUp: also!.includes('step-up'),
    }
  })
}

function cell(text: string): Cell {
  const [, permission, otherwise] = /^`([a-z]+:[a-z]+)`, else (\d{3})$/.exec(text) ?? []
  if (permission !== undefined) return { permission, otherwise: Number(otherwise) }
  return { permission: undefined, otherwise: verdict(text) }
}

function verdict(text: string): Verdict {
  if (text === 'allowed') return undefined
  if (!/^40[134]$/.test(text)) throw new Error(`"${text}" is no verdict`)
  return Number(text)
}
