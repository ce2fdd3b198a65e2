/** What the play schedules. */
export interface Reminder {
  readonly handler: 'remind'
  readonly key: string
  readonly payload: string
  readonly dueAt: number
}

export const PEOPLE = ['ada', 'bob', 'cleo', 'dan', 'eve', 'finn'] as const
const EACH = 50
const SPREAD_MS = 3_000
export const TOTAL: number = PEOPLE.length * EACH

/** Reminder 1 of everybody, then 2 of everybody, ...: due one after the other within three seconds. */
export function reminders(now: number): Reminder[] {
  return Array.from({ length: TOTAL }, (_, index) => ({
    handler: 'remind',
    key: PEOPLE[index % PEOPLE.length] ?? '',
    payload: String(Math.floor(index / PEOPLE.length) + 1),
    dueAt: now + (index * SPREAD_MS) / TOTAL,
  }))
}
