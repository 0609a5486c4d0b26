import { EmailTakenError } from '../../src/errors'
import { parseFilter } from '../../src/filter/scim-filter'
import { parseSort, type Position } from '../../src/filter/sort'
import { SORTABLE, type SortableField, sortValue, type User } from '../../src/users/user'
import { FILTERABLE } from '../../src/users/user-query'
import type { NewUser, UserDao } from '../../src/users/user.dao'

export interface UserDaoBinding {
  /** Without users. */
  readonly dao: UserDao
  readonly close: () => Promise<void>
}

// Far ahead: what is kept until then is not swept away by the server's own clock.
const NOW = new Date('2100-03-01T12:00:00.000Z')
const LATER = new Date('2100-03-02T12:00:00.000Z')
const PAST = new Date('2026-02-01T00:00:00.000Z')
const FUTURE = new Date('2101-01-01T00:00:00.000Z')
const NOBODY = 'ffffffffffffffffffffffff'

export function newUser(change: Partial<NewUser> = {}): NewUser {
  return {
    name: 'John Doe',
    first_name: null,
    last_name: null,
    name_derived: false,
    email: 'john.doe@example.com',
    email_verified: false,
    has_password: true,
    age: 30,
    is_active: true,
    grants: [{ role: 'CLIENT', granted_at: PAST, expires_at: null }],
    metadata: {},
    created_at: PAST,
    updated_at: PAST,
    version: 1,
    ...change,
  }
}

const grant = (role: string, expires_at: Date | null = null) => ({ role, granted_at: PAST, expires_at })
const at = (day: number) => new Date(Date.UTC(2026, 0, day))

/** Names in any case, ties, nulls, letters beyond ASCII, grants that have ended. */
const PEOPLE: readonly NewUser[] = [
  newUser({ name: 'Ann Lee', first_name: 'Ann', last_name: 'Lee', name_derived: true, email: 'ann@users.internal', age: 20, created_at: at(1), updated_at: at(9), metadata: { plan: 'pro', seats: 5, tags: ['x', 'y'], deep: { list: [{ k: 1 }, { k: 7 }] } } }), // prettier-ignore
  newUser({ name: 'bob', email: 'bob@example.com', age: null, created_at: at(2), updated_at: at(8), is_active: false, metadata: { plan: 'Pro', seats: '5', on: true } }), // prettier-ignore
  newUser({ name: 'Bob', email: 'bob2@example.com', age: 20, created_at: at(2), updated_at: at(7), grants: [grant('ADMIN'), grant('CLIENT', PAST)] }), // prettier-ignore
  newUser({ name: 'Çelik (x+y)$', first_name: 'Çelik', email: 'celik@example.org', age: 41, created_at: at(3), updated_at: at(7), grants: [] }), // prettier-ignore
  newUser({ name: 'élodie', last_name: 'LEE', email: 'elodie@example.org', age: 150, created_at: at(4), updated_at: at(6), grants: [grant('EDITOR', FUTURE)] }), // prettier-ignore
  newUser({ name: '😀 joy', first_name: 'anna', last_name: 'Öz', email: 'joy@example.org', age: 1, created_at: at(5), updated_at: at(5), email_verified: true, metadata: { gone: null } }), // prettier-ignore
]

const names = (users: readonly User[]) => users.map(({ name }) => name)

export function describeUserDao(binding: string, bind: () => Promise<UserDaoBinding>): void {
  describe(`users in ${binding}`, () => {
    let dao: UserDao
    let close: () => Promise<void>
    beforeEach(async () => {
      ;({ dao, close } = await bind())
    })
    afterEach(async () => close())

    describe('one user', () => {
      test('is found as it was inserted', async () => {
        const user = newUser({
          first_name: 'John',
          metadata: { text: 'é', number: 1.5, big: 2 ** 40, yes: true, none: null, list: [1, { a: [] }], empty: {} },
          grants: [grant('ADMIN'), grant('CLIENT', FUTURE)],
        })
        const inserted = await dao.insert(user, 'hash')
        expect(inserted).toEqual({ ...user, id: expect.stringMatching(/^[0-9a-f]{24}$/) })
        expect(await dao.find(inserted.id)).toEqual(inserted)
        expect(await dao.passwordHash(inserted.id)).toBe('hash')
      })

      test.each([NOBODY, 'nope', '', '66F0C1A2B3C4D5E6F7A8B9C0'])('%p is nobody', async (id) => {
        expect(await dao.find(id)).toBeUndefined()
        expect(await dao.passwordHash(id)).toBeUndefined()
        expect(await dao.findDeleted(id, NOW)).toBeUndefined()
        expect(await dao.setScalars(id, { age: 1 }, NOW, undefined)).toBeUndefined()
      })

      test('reads that arrive together each get their own', async () => {
        const ann = await dao.insert(newUser({ email: 'ann@example.com' }), null)
        const bob = await dao.insert(newUser({ email: 'bob@example.com' }), null)
        const found = await Promise.all([bob.id, NOBODY, ann.id, bob.id].map((id) => dao.find(id)))
        expect(found).toEqual([bob, undefined, ann, bob])
      })

      test('its e-mail is its own', async () => {
        await dao.insert(newUser(), null)
        await expect(dao.insert(newUser({ name: 'Another' }), null)).rejects.toThrow(EmailTakenError)
        expect(await dao.count(undefined, NOW)).toBe(1)
      })

      test('under an id that is given it is made once; whoever is late finds the one who is there', async () => {
        const id = '66f0c1a2b3c4d5e6f7a8b9c0'
        const first = await dao.insert(newUser(), 'hash', id)
        expect(first).toEqual({ ...newUser(), id })
        expect(await dao.insert(newUser(), 'another hash', id)).toEqual(first)
        expect(await dao.insert(newUser({ email: 'moved@example.com' }), null, id)).toEqual(first)
        await expect(dao.insert(newUser(), null, '66f0c1a2b3c4d5e6f7a8b9c1')).rejects.toThrow(EmailTakenError)
        expect(await dao.passwordHash(id)).toBe('hash')
        expect(await dao.count(undefined, NOW)).toBe(1)
      })
    })

    describe('setting scalars', () => {
      test('changes the name, the age, the date and the version, and nothing else', async () => {
        const user = await dao.insert(newUser({ name_derived: true, first_name: 'John', last_name: 'Doe' }), 'hash')
        const named = { ...user, name: 'Zoe', name_derived: false, updated_at: NOW, version: 2 }
        expect(await dao.setScalars(user.id, { name: 'Zoe' }, NOW, undefined)).toEqual(named)
        const aged = { ...named, age: null, updated_at: LATER, version: 3 }
        expect(await dao.setScalars(user.id, { age: null }, LATER, undefined)).toEqual(aged)
        expect(await dao.find(user.id)).toEqual(aged)
        expect(await dao.passwordHash(user.id)).toBe('hash')
        const sorted = await dao.list(parseFilter('name eq "ZOE" and age eq null', FILTERABLE), page('name'), NOW)
        expect(sorted.items).toEqual([aged])
      })

      test('in one of the versions that are asked for', async () => {
        const user = await dao.insert(newUser(), null)
        expect(await dao.setScalars(user.id, { age: 31 }, NOW, [2, 3])).toBeUndefined()
        expect(await dao.find(user.id)).toEqual(user)
        expect(await dao.setScalars(user.id, { age: 31 }, NOW, [3, 1])).toMatchObject({ age: 31, version: 2 })
      })

      test('a version is asked for in vain once a grant has ended', async () => {
        const user = await dao.insert(newUser({ grants: [grant('CLIENT', NOW)] }), null)
        expect(await dao.setScalars(user.id, { age: 31 }, NOW, [1, 2])).toBeUndefined()
        expect(await dao.setScalars(user.id, { age: 31 }, NOW, undefined)).toMatchObject({ age: 31, version: 2 })
      })
    })

    describe('replacing', () => {
      test('writes the whole user in the version that is expected', async () => {
        const user = await dao.insert(newUser(), 'hash')
        const changed = { ...user, ...PEOPLE[4], id: user.id, version: 7 }
        expect(await dao.replace(changed, 1)).toBe(true)
        expect(await dao.find(user.id)).toEqual(changed)
        expect(await dao.passwordHash(user.id)).toBe('hash')
        expect(await dao.replace({ ...changed, version: 8 }, 7, 'another')).toBe(true)
        expect(await dao.passwordHash(user.id)).toBe('another')
      })

      test('does nothing in another version, or to nobody', async () => {
        const user = await dao.insert(newUser(), 'hash')
        expect(await dao.replace({ ...user, name: 'Late' }, 2, 'another')).toBe(false)
        expect(await dao.replace({ ...user, id: NOBODY }, 1)).toBe(false)
        expect(await dao.find(user.id)).toEqual(user)
        expect(await dao.passwordHash(user.id)).toBe('hash')
      })

      test('cannot take the e-mail of somebody else', async () => {
        await dao.insert(newUser({ email: 'taken@example.com' }), null)
        const user = await dao.insert(newUser(), null)
        await expect(dao.replace({ ...user, email: 'taken@example.com', version: 2 }, 1)).rejects.toThrow(
          EmailTakenError,
        )
        expect(await dao.find(user.id)).toEqual(user)
      })
    })

    describe('deleting', () => {
      test('in the version that is expected', async () => {
        const user = await dao.insert(newUser(), null)
        expect(await dao.remove(user.id, 2, NOW, FUTURE)).toBe(false)
        expect(await dao.find(user.id)).toEqual(user)
        expect(await dao.remove(user.id, 1, NOW, FUTURE)).toBe(true)
        expect(await dao.find(user.id)).toBeUndefined()
        expect(await dao.count(undefined, NOW)).toBe(0)
        expect(await dao.remove(user.id, 1, NOW, FUTURE)).toBe(false)
      })

      test('can be undone, password and all, until its time is over', async () => {
        const user = await dao.insert(newUser({ metadata: { a: 1 } }), 'hash')
        await dao.remove(user.id, 1, NOW, LATER)
        expect(await dao.findDeleted(user.id, LATER)).toBeUndefined()
        expect(await dao.findDeleted(user.id, NOW)).toEqual(user)
        const restored = { ...user, version: 2, updated_at: NOW }
        expect(await dao.restore(restored, 1)).toBe(true)
        expect(await dao.find(user.id)).toEqual(restored)
        expect(await dao.passwordHash(user.id)).toBe('hash')
        expect(await dao.findDeleted(user.id, NOW)).toBeUndefined()
        expect(await dao.restore(restored, 1)).toBe(false)
      })

      test('frees the e-mail; whoever has it now keeps it', async () => {
        const user = await dao.insert(newUser(), null)
        await dao.remove(user.id, 1, NOW, LATER)
        const next = await dao.insert(newUser(), null)
        await expect(dao.restore({ ...user, version: 2 }, 1)).rejects.toThrow(EmailTakenError)
        await dao.remove(next.id, 1, NOW, LATER)
        expect(await dao.restore({ ...user, version: 2 }, 1)).toBe(true)
      })

      test('only the deletion that was read is undone', async () => {
        const user = await dao.insert(newUser(), null)
        await dao.remove(user.id, 1, NOW, LATER)
        expect(await dao.restore({ ...user, version: 3 }, 2)).toBe(false)
        expect(await dao.restore({ ...user, version: 2 }, 1)).toBe(true)
        await dao.remove(user.id, 2, NOW, LATER)
        expect(await dao.restore({ ...user, version: 2 }, 1)).toBe(false)
        expect(await dao.findDeleted(user.id, NOW)).toMatchObject({ version: 2 })
      })
    })

    describe('lists', () => {
      let people: readonly User[]
      beforeEach(async () => {
        const inserted: User[] = []
        for (const person of PEOPLE) inserted.push(await dao.insert(person, null))
        people = inserted
      })

      test.each([
        ['name', ['Ann Lee', 'bob', 'Bob', 'Çelik (x+y)$', 'élodie', '😀 joy']],
        ['-name', ['😀 joy', 'élodie', 'Çelik (x+y)$', 'Bob', 'bob', 'Ann Lee']],
        ['first_name,-email', ['élodie', 'bob', 'Bob', 'Ann Lee', '😀 joy', 'Çelik (x+y)$']],
        ['last_name,name', ['bob', 'Bob', 'Çelik (x+y)$', 'Ann Lee', 'élodie', '😀 joy']],
        ['email', ['Ann Lee', 'Bob', 'bob', 'Çelik (x+y)$', 'élodie', '😀 joy']],
        ['age,-created_at', ['bob', '😀 joy', 'Bob', 'Ann Lee', 'Çelik (x+y)$', 'élodie']],
        ['-created_at', ['😀 joy', 'élodie', 'Çelik (x+y)$', 'Bob', 'bob', 'Ann Lee']],
        ['updated_at', ['😀 joy', 'élodie', 'Bob', 'Çelik (x+y)$', 'bob', 'Ann Lee']],
      ])('sorted by %s', async (sort, expected) => {
        const { items, more } = await dao.list(undefined, page(sort), NOW)
        expect(names(items)).toEqual(expected)
        expect(more).toBe(false)
        expect(items.find(({ name }) => name === 'Ann Lee')).toEqual(people[0])
      })

      test.each([...SORTABLE.flatMap((field) => [field, `-${field}`]), 'age,-name', '-first_name,last_name,age'])(
        'walked by position, sorted by %s, show everybody once and in order',
        async (text) => {
          const sort = parseSort(text, SORTABLE)
          const whole = (await dao.list(undefined, page(text), NOW)).items
          const walked: User[] = []
          let after: Position | undefined
          for (;;) {
            const { items, more } = await dao.list(undefined, { sort, skip: 0, limit: 2, after }, NOW)
            walked.push(...items)
            if (!more) break
            const last = items.at(-1)!
            after = { values: sort.map(({ field }) => sortValue(last, field as SortableField)), id: last.id }
          }
          expect(names(walked)).toEqual(names(whole))
        },
      )

      test('pages by number', async () => {
        const { items, more } = await dao.list(undefined, { ...page('name'), skip: 3, limit: 2 }, NOW)
        expect(names(items)).toEqual(['Çelik (x+y)$', 'élodie'])
        expect(more).toBe(true)
      })

      test.each<[string, string[]]>([
        ['name eq "BOB"', ['bob', 'Bob']],
        ['name ne "bob"', ['Ann Lee', 'Çelik (x+y)$', 'élodie', '😀 joy']],
        ['name co "(x+y)$"', ['Çelik (x+y)$']],
        ['name co "\\u0000"', []],
        ['name sw "ÇEL"', ['Çelik (x+y)$']],
        ['name sw "😀"', ['😀 joy']],
        ['name ew "LEE"', ['Ann Lee']],
        ['name ew "."', []],
        ['name gt "bob"', ['Çelik (x+y)$', 'élodie', '😀 joy']],
        ['name le "bob"', ['Ann Lee', 'bob', 'Bob']],
        ['first_name pr', ['Ann Lee', 'Çelik (x+y)$', '😀 joy']],
        ['first_name eq null', ['bob', 'Bob', 'élodie']],
        ['first_name ne null', ['Ann Lee', 'Çelik (x+y)$', '😀 joy']],
        ['first_name eq ""', []],
        ['first_name ne ""', ['Ann Lee', 'bob', 'Bob', 'Çelik (x+y)$', 'élodie', '😀 joy']],
        ['first_name sw ""', ['Ann Lee', 'Çelik (x+y)$', '😀 joy']],
        ['first_name lt "b"', ['Ann Lee', '😀 joy']],
        ['last_name eq "lee"', ['Ann Lee', 'élodie']],
        ['email eq "JOY@example.org"', ['😀 joy']],
        ['email co "@example.com"', ['bob', 'Bob']],
        ['email_verified eq true', ['😀 joy']],
        ['age eq 20', ['Ann Lee', 'Bob']],
        ['age ne 20', ['bob', 'Çelik (x+y)$', 'élodie', '😀 joy']],
        ['age eq null', ['bob']],
        ['age lt 20', ['😀 joy']],
        ['age ge 0', ['Ann Lee', 'Bob', 'Çelik (x+y)$', 'élodie', '😀 joy']],
        ['age gt -1', ['Ann Lee', 'Bob', 'Çelik (x+y)$', 'élodie', '😀 joy']],
        ['age le 0', []],
        ['age gt 20 and age le 41', ['Çelik (x+y)$']],
        ['age pr', ['Ann Lee', 'Bob', 'Çelik (x+y)$', 'élodie', '😀 joy']],
        ['is_active eq false', ['bob']],
        ['is_active ne false', ['Ann Lee', 'Bob', 'Çelik (x+y)$', 'élodie', '😀 joy']],
        ['roles eq "CLIENT"', ['Ann Lee', 'bob', '😀 joy']],
        ['role eq "ADMIN" or role eq "EDITOR"', ['Bob', 'élodie']],
        ['roles ne "CLIENT"', ['Bob', 'Çelik (x+y)$', 'élodie']],
        ['roles sw "ED"', ['élodie']],
        ['roles co "MI"', ['Bob']],
        ['roles ew "T"', ['Ann Lee', 'bob', '😀 joy']],
        ['roles pr', ['Ann Lee', 'bob', 'Bob', 'élodie', '😀 joy']],
        ['roles eq null', ['Çelik (x+y)$']],
        ['roles ne null', ['Ann Lee', 'bob', 'Bob', 'élodie', '😀 joy']],
        ['created_at gt "2026-01-04T00:00:00Z"', ['😀 joy']],
        ['created_at ge "2026-01-04T01:00:00+01:00"', ['élodie', '😀 joy']],
        ['updated_at eq "2026-01-07T00:00:00Z"', ['Bob', 'Çelik (x+y)$']],
        ['metadata.plan eq "pro"', ['Ann Lee']],
        ['metadata.plan sw "P"', ['bob']],
        ['metadata.seats ge 5', ['Ann Lee']],
        ['metadata.tags eq "y"', ['Ann Lee']],
        ['metadata.deep.list.k gt 5', ['Ann Lee']],
        ['metadata.on eq true', ['bob']],
        ['metadata.gone pr', []],
        ['metadata.plan eq null', ['Bob', 'Çelik (x+y)$', 'élodie', '😀 joy']],
        ['metadata.plan ne "pro"', ['bob', 'Bob', 'Çelik (x+y)$', 'élodie', '😀 joy']],
        ['not (name sw "b" or age ge 41)', ['Ann Lee', '😀 joy']],
        ['(name eq "bob" or name eq "ann lee") and age pr', ['Ann Lee', 'Bob']],
        ['id eq "nope"', []],
        ['id ne "nope" and name eq "bob"', ['bob', 'Bob']],
        ['id pr and name eq "ann lee"', ['Ann Lee']],
      ])('filtered by %s', async (text, expected) => {
        const filter = parseFilter(text, FILTERABLE)
        const { items } = await dao.list(filter, page('created_at'), NOW)
        expect(names(items)).toEqual(expected)
        expect(await dao.count(filter, NOW)).toBe(expected.length)
      })

      test('filtered by id', async () => {
        const ann = people[0]!
        const only = (text: string) => dao.list(parseFilter(text, FILTERABLE), page('created_at'), NOW)
        expect((await only(`id eq "${ann.id}"`)).items).toEqual([ann])
        expect((await only(`id ne "${ann.id}"`)).items).toEqual(people.slice(1))
      })

      test('counted', async () => {
        expect(await dao.count(undefined, NOW)).toBe(6)
        expect(await dao.count(parseFilter('age pr', FILTERABLE), NOW, 3)).toBe(3)
        expect(await dao.count(parseFilter('age eq 20', FILTERABLE), NOW, 3)).toBe(2)
      })
    })

    describe('roles', () => {
      test('their holders are counted, those of an ended grant not', async () => {
        for (const person of PEOPLE) await dao.insert(person, null)
        const counts = await dao.countHolders(['ADMIN', 'CLIENT', 'EDITOR', 'NOBODYS'], NOW)
        expect(Object.fromEntries(counts)).toEqual({ ADMIN: 1, CLIENT: 3, EDITOR: 1, NOBODYS: 0 })
        expect((await dao.countHolders(['EDITOR'], FUTURE)).get('EDITOR')).toBe(0)
      })

      test('one is taken from everybody', async () => {
        const one = await dao.insert(newUser({ grants: [grant('EDITOR'), grant('CLIENT')] }), null)
        const other = await dao.insert(newUser({ email: 'b@example.com' }), null)
        await dao.stripRole('EDITOR', NOW)
        expect(await dao.find(one.id)).toEqual({ ...one, grants: [grant('CLIENT')], updated_at: NOW, version: 3 })
        expect(await dao.find(other.id)).toEqual(other)
      })

      test('one is renamed', async () => {
        const one = await dao.insert(newUser({ grants: [grant('CLIENT'), grant('EDITOR', FUTURE)] }), null)
        const other = await dao.insert(newUser({ email: 'b@example.com' }), null)
        await dao.renameRole('EDITOR', 'WRITER', NOW)
        const grants = [grant('CLIENT'), grant('WRITER', FUTURE)]
        expect(await dao.find(one.id)).toEqual({ ...one, grants, updated_at: NOW, version: 2 })
        expect(await dao.find(other.id)).toEqual(other)
      })
    })
  })
}

function page(sort: string) {
  return { sort: parseSort(sort, SORTABLE), skip: 0, limit: 100 }
}
