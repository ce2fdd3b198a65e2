import { integer } from '../checks.ts'
import type { ListPage } from '../scheduler/inspector.ts'
import type { ListQuery } from '../scheduler/list-query.ts'
import type { TaskView } from '../task/view.ts'

const MAX_PAGE = 1_000

/** A page over several partitions, one after another; the cursor says in which it ended. */
export async function listPages(
  partitions: readonly number[],
  query: ListQuery,
  listOne: (partition: number, query: ListQuery) => Promise<ListPage>,
): Promise<ListPage> {
  const limit = integer('limit', query.limit ?? 100, 1, MAX_PAGE)
  const { cursor: from, ...rest } = query
  let [at, cursor] = from === undefined ? [0, undefined] : readCursor(from)
  const tasks: TaskView[] = []
  while (at < partitions.length) {
    const left = limit - tasks.length
    if (left === 0) return { tasks, cursor: `${at}:${cursor ?? ''}` }
    const one = { ...rest, limit: left, ...(cursor !== undefined && { cursor }) }
    const page: ListPage = await listOne(partitions[at] ?? 0, one)
    tasks.push(...page.tasks)
    // A page that has looked through much ends, however little it has found.
    if (page.cursor !== undefined) return { tasks, cursor: `${at}:${page.cursor}` }
    at += 1
    cursor = undefined
  }
  return { tasks, cursor: undefined }
}

function readCursor(cursor: string): [at: number, inner: string | undefined] {
  const found = /^(\d+):(.*)$/.exec(cursor)
  if (found === null) throw new RangeError('cursor must come from an earlier page')
  return [Number(found[1]), found[2] === '' ? undefined : found[2]]
}
