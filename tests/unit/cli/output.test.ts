import { recordText, tableText } from '../../../src/cli/output'
import { cut, jsonText, textWidth, wrapped } from '../../../src/cli/text'

// eslint-disable-next-line no-control-regex -- what must not be there
const COMMANDS = /[\u001b\u009b\u2028\u202e]/

const widest = (text: string) => Math.max(...text.trimEnd().split('\n').map(textWidth))

describe('a table', () => {
  const id = '66f0c1a2b3c4d5e6f7a8b9c0'
  const row = {
    id,
    name: 'x'.repeat(60),
    email: 'y'.repeat(60),
    roles: ['ADMIN', 'CLIENT'],
    is_active: false,
    note: null,
  }

  it('keeps to the width of the terminal, and shows its first column whole', () => {
    const text = tableText(Object.keys(row), [row], 80)
    const [heading, line] = text.split('\n')

    expect(widest(text)).toBeLessThanOrEqual(80)
    expect(heading).toMatch(/^ID +NAME +EMAIL +ROLES +ACTIVE +NOTE$/)
    expect(line).toMatch(new RegExp(`^${id}  x+…  y+…  .+  no      -$`))
  })

  it('does without spare columns before it cuts', () => {
    const short = { id, email: 'ada@example.com', note: 'n'.repeat(20), more: 'm'.repeat(20) }
    const spare = ['note', 'more']

    expect(tableText(Object.keys(short), [short], 200, { spare })).toMatch(/NOTE +MORE/)
    expect(tableText(Object.keys(short), [short], 70, { spare })).toMatch(/^ID +EMAIL +NOTE\n/)
    expect(tableText(Object.keys(short), [short], 50, { spare })).toBe(
      `ID                        EMAIL\n${id}  ada@example.com\n`,
    )
  })

  it('is as wide as its rows where no terminal shows it', () => {
    expect(widest(tableText(Object.keys(row), [row], Infinity))).toBeGreaterThan(150)
  })

  it('knows that some characters take two columns, and some none', () => {
    const rows = ['山田 太郎', '한국어', '🙂🙂', 'Zoe\u0301', '\ufeff\u200b'].map((name) => ({ name, last: '|' }))
    const lines = tableText(['name', 'last'], rows, 80).trimEnd().split('\n').slice(1)

    expect(new Set(lines.map((line) => textWidth(line.slice(0, line.indexOf('|')))))).toEqual(new Set([11]))
  })

  it.each([
    ['escape sequences', 'a\u001b[2Jb', 'a\uFFFD[2Jb'],
    ['sequences of one character', 'a\u009b2Jb', 'a\uFFFD2Jb'],
    ['another line', 'a\nb\u2028c', 'a\uFFFDb\uFFFDc'],
    ['what turns the direction of writing around', 'a\u202egpj.exe', 'a\uFFFDgpj.exe'],
  ])('lets nothing that the server keeps command the terminal: %s', (_, name, shown) => {
    expect(tableText(['name'], [{ name }], 80)).toBe(`NAME\n${shown}\n`)
    expect(recordText({ name, metadata: { [name]: 1 } })).not.toMatch(COMMANDS)
  })
})

it('JSON for scripts commands no terminal either, and says the same', () => {
  const value = { name: 'a\u001b[2J\u009b2J\u202e\u2028', emoji: '🙂' }

  expect(jsonText(value)).not.toMatch(COMMANDS)
  expect(JSON.parse(jsonText(value))).toEqual(value)
})

it('text is cut between two characters as people see them', () => {
  expect(cut('👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 5)).toBe('👩‍👩‍👧‍👦👩‍👩‍👧‍👦…')
  expect(cut('山田太郎', 4)).toBe('山…')
  expect(cut('Ada', 3)).toBe('Ada')
})

it('text is broken between words', () => {
  expect(wrapped('one two three', 8)).toEqual(['one two', 'three'])
  expect(wrapped('incomprehensible to me', 5)).toEqual(['incomprehensible', 'to me'])
})
