/** RFC 3339, section 5.6: a date, a time and an offset. ISO 8601 has many more forms; they are not taken. */
const INSTANT = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/

/** The point in time that an RFC 3339 text names, and undefined when it names none. Digits below 1 ms are dropped. */
export function parseInstant(text: string): Date | undefined {
  const match = INSTANT.exec(text.toUpperCase())
  if (!match || Number(match[3]) > daysIn(Number(match[1]), Number(match[2])) || Number(match[4]) > 23) return undefined
  const instant = new Date(match[0])
  return Number.isNaN(instant.getTime()) ? undefined : instant
}

/** JavaScript reads the 30th of February as the 2nd of March. */
function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate()
}
