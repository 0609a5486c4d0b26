import { RoleTakenError } from '../../src/errors'
import { type Filter, allOf, compare } from '../../src/filter/filter'
import { parseSort, type Position } from '../../src/filter/sort'
import { type Role, ROLE_SORTABLE, roleSortValue, type RoleSortableField } from '../../src/roles/role'
import type { RoleDao } from '../../src/roles/role.dao'

export interface RoleDaoBinding {
  /** Without roles. */
  readonly dao: RoleDao
  readonly close: () => Promise<void>
}

const at = (day: number) => new Date(Date.UTC(2026, 0, day))

function newRole(name: string, change: Partial<Role> = {}): Role {
  return {
    name,
    description: '',
    permissions: [],
    is_system: false,
    created_at: at(1),
    updated_at: at(1),
    version: 1,
    leaving: false,
    ...change,
  }
}

const ROLES: readonly Role[] = [
  newRole('AUDITOR', {
    description: 'Reads (all) of it',
    permissions: ['users:read', 'audit:read'],
    updated_at: at(9),
  }),
  newRole('BOSS', { description: 'Is an auditor too', permissions: ['users:write'], created_at: at(2) }),
  newRole('CHEF', { permissions: ['users:read'], created_at: at(3), updated_at: at(3) }),
]

const names = (roles: readonly Role[]) => roles.map(({ name }) => name)
const page = (sort: string) => ({ sort: parseSort(sort, ROLE_SORTABLE), skip: 0, limit: 100 })

export function describeRoleDao(binding: string, bind: () => Promise<RoleDaoBinding>): void {
  describe(`roles in ${binding}`, () => {
    let dao: RoleDao
    let close: () => Promise<void>
    beforeEach(async () => {
      ;({ dao, close } = await bind())
      for (const role of ROLES) await dao.insert(role)
    })
    afterEach(async () => close())

    test('one is found as it was inserted', async () => {
      expect(await dao.find('AUDITOR')).toEqual(ROLES[0])
      expect(await dao.find('NOPE')).toBeUndefined()
    })

    test('a name is taken once', async () => {
      await expect(dao.insert(newRole('BOSS', { description: 'Another' }))).rejects.toThrow(RoleTakenError)
      expect(await dao.find('BOSS')).toEqual(ROLES[1])
    })

    test('one is replaced in the version that is expected', async () => {
      const changed = newRole('BOSS', { description: 'New', permissions: ['a:b'], version: 2, updated_at: at(5) })
      expect(await dao.replace(changed, 2)).toBe(false)
      expect(await dao.find('BOSS')).toEqual(ROLES[1])
      expect(await dao.replace(changed, 1)).toBe(true)
      expect(await dao.find('BOSS')).toEqual(changed)
      expect(await dao.replace(newRole('NOPE'), 1)).toBe(false)
    })

    test('one that is about to leave does not count as existing, and only it can be removed', async () => {
      expect([...(await dao.existing(['BOSS', 'NOPE', 'CHEF']))].sort()).toEqual(['BOSS', 'CHEF'])
      expect(await dao.remove('BOSS', 1)).toBe(false)
      expect(await dao.mark('BOSS', 2, true)).toBe(false)
      expect(await dao.mark('BOSS', 1, true)).toBe(true)
      expect(await dao.existing(['BOSS'])).toEqual([])
      expect(await dao.find('BOSS')).toEqual({ ...ROLES[1], leaving: true })
      expect(await dao.mark('BOSS', 1, false)).toBe(true)
      expect(await dao.existing(['BOSS'])).toEqual(['BOSS'])
      await dao.mark('BOSS', 1, true)
      expect(await dao.remove('BOSS', 2)).toBe(false)
      expect(await dao.remove('BOSS', 1)).toBe(true)
      expect(await dao.find('BOSS')).toBeUndefined()
    })

    test.each([
      ['name', ['AUDITOR', 'BOSS', 'CHEF']],
      ['-name', ['CHEF', 'BOSS', 'AUDITOR']],
      ['-created_at', ['CHEF', 'BOSS', 'AUDITOR']],
      ['updated_at,-name', ['BOSS', 'CHEF', 'AUDITOR']],
    ])('sorted by %s, whole and walked', async (text, expected) => {
      expect(names((await dao.list(undefined, page(text))).items)).toEqual(expected)
      const sort = parseSort(text, ROLE_SORTABLE)
      const walked: Role[] = []
      let after: Position | undefined
      for (;;) {
        const { items, more } = await dao.list(undefined, { sort, skip: 0, limit: 1, after })
        walked.push(...items)
        if (!more) break
        const last = items[0]!
        after = { values: sort.map(({ field }) => roleSortValue(last, field as RoleSortableField)), id: last.name }
      }
      expect(names(walked)).toEqual(expected)
    })

    test.each<[string, Filter | undefined, string[]]>([
      ['nothing', undefined, ['AUDITOR', 'BOSS', 'CHEF']],
      ['name', compare('name', 'eq', 'BOSS'), ['BOSS']],
      ['permission', compare('permission', 'eq', 'users:read'), ['AUDITOR', 'CHEF']],
      ['text', compare('text', 'co', 'Auditor'), ['AUDITOR', 'BOSS']],
      ['text that would be a pattern', compare('text', 'co', '(ALL)'), ['AUDITOR']],
      ['two of them', allOf([compare('permission', 'eq', 'users:read'), compare('text', 'co', 'c')]), ['CHEF']],
    ])('filtered by %s', async (_what, filter, expected) => {
      expect(names((await dao.list(filter, page('name'))).items)).toEqual(expected)
      expect(await dao.count(filter)).toBe(expected.length)
    })
  })
}
