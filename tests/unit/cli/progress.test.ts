import { Progress, progressLine, spanText } from '../../../src/cli/progress'
import { textWidth } from '../../../src/cli/text'
import type { Terminal } from '../../../src/cli/terminal'

function testTerminal(noteColumns: number | undefined) {
  const notes: string[] = []
  const terminal: Terminal = {
    write: (text) => void notes.push(`result ${text}`),
    note: (text) => void notes.push(text),
    columns: Infinity,
    colours: false,
    noteColumns,
  }
  return { notes, terminal }
}

describe('the line', () => {
  it('says how far it is, how fast, and how much time is left', () => {
    const state = { label: 'Deleting', done: 412, total: 1_000, perSecond: 87 }

    expect(progressLine(state, 80)).toBe('Deleting  ━━━━━━━━━━━━──────────────────  412/1,000  87/s  7 s left')
  })

  it.each([20, 40, 60, 80, 200])('is narrower than %d columns', (columns) => {
    const state = { label: 'Deleting 山田', done: 412, total: 1_000_000, perSecond: 8.66 }

    expect(textWidth(progressLine(state, columns))).toBeLessThan(columns)
  })

  it('promises no time where nobody knows how much there is, or nothing has moved', () => {
    expect(progressLine({ label: 'Importing', done: 7, total: undefined, perSecond: 2 }, 80)).toBe(
      'Importing  7  2.0/s',
    )
    expect(progressLine({ label: 'Importing', done: 0, total: 7, perSecond: 0 }, 80)).not.toContain('left')
  })

  it.each([
    [0.2, '1 s'],
    [59.5, '1 min 0 s'],
    [200, '3 min 20 s'],
    [7_500, '2 h 5 min'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(spanText(seconds)).toBe(text)
  })
})

describe('progress', () => {
  it('is drawn on a terminal, not at every step, and is gone at the end', () => {
    let now = 0
    const { notes, terminal } = testTerminal(80)
    const progress = new Progress({ label: 'Deleting', total: 10, terminal, quiet: false, clock: { now: () => now } })
    for (let step = 0; step < 10; step += 1) {
      now += 50
      progress.tick()
    }
    progress.above(() => terminal.write('Deleted 7'))
    progress.end()

    const drawn = notes.filter((text) => text.startsWith('\r\u001b[2KDeleting'))
    expect(drawn).toHaveLength(1 + 5 + 1)
    expect(drawn.at(-2)).toContain('10/10  20/s  0 s left')
    expect(notes.slice(-4)).toEqual(['\r\u001b[2K', 'result Deleted 7', drawn.at(-1), '\r\u001b[2K'])
  })

  it('follows a server that gets slower', () => {
    let now = 0
    const { notes, terminal } = testTerminal(80)
    const progress = new Progress({ label: 'Slow', total: 2_000, terminal, quiet: false, clock: { now: () => now } })
    const go = (steps: number, ms: number) => {
      for (let step = 0; step < steps; step += 1) {
        now += ms
        progress.tick()
      }
    }
    go(1_000, 10)
    expect(notes.at(-1)).toContain('100/s  10 s left')
    go(30, 1_000)
    expect(notes.at(-1)).toContain('1.0/s')
  })

  it.each([
    ['in a pipe', undefined, false],
    ['with --json', 80, true],
  ])('is not drawn %s', (_, columns, quiet) => {
    const { notes, terminal } = testTerminal(columns)
    const progress = new Progress({ label: 'Deleting', total: 10, terminal, quiet })
    progress.tick()
    progress.above(() => terminal.write('Deleted'))
    progress.end()

    expect(notes).toEqual(['result Deleted'])
  })
})
