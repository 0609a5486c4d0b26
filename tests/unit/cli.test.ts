import { tableText } from '../../src/cli/output'

it('a table keeps to the width of the terminal, and shows its first column whole', () => {
  const id = '66f0c1a2b3c4d5e6f7a8b9c0'
  const row = { id, name: 'x'.repeat(60), email: 'y'.repeat(60), roles: ['ADMIN', 'CLIENT'], note: null }
  const lines = tableText(Object.keys(row), [row], 80).trimEnd().split('\n')

  expect(lines).toHaveLength(2)
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80)
  expect(lines[1]).toMatch(new RegExp(`^${id}  x+…  y+…  `))
})

it('lets nothing that the server keeps command the terminal', () => {
  expect(tableText(['name'], [{ name: 'a\u001b[2Jb\nc' }], 80)).toBe('NAME\na\uFFFD[2Jb\uFFFDc\n')
})
