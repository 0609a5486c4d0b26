import { isIPv6 } from 'node:net'

const GROUPS = 8
/** What one household or host is given: it may use any address below it (RFC 6177, RFC 4291 section 2.5.4). */
const NETWORK_GROUPS = 4
const IPV4_MAPPED = /^(?:0{0,4}:){2,5}ffff:(\d+\.\d+\.\d+\.\d+)$/i

/** Who counts as one caller: an IPv4 address, also where it is written as an IPv6 one; of an IPv6 address its /64. */
export function networkOf(address: string): string {
  const mapped = IPV4_MAPPED.exec(address)?.[1]
  if (mapped) return mapped
  const plain = address.split('%', 1)[0] ?? ''
  if (!isIPv6(plain)) return plain
  return `${expand(plain).slice(0, NETWORK_GROUPS).join(':')}::/64`
}

function expand(address: string): readonly string[] {
  const [head = '', tail] = address.split('::')
  const before = groups(head)
  const behind = tail === undefined ? [] : groups(tail)
  const zeros = Array.from({ length: GROUPS - before.length - behind.length }, () => '0')
  return [...before, ...zeros, ...behind].map((group) => Number.parseInt(group, 16).toString(16))
}

/** An IPv4 address at the end stands for two groups. */
function groups(part: string): readonly string[] {
  if (part === '') return []
  return part.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]))
}
