import type { Task } from '../task/task.ts'

/** Tasks by (time, sequence), earliest on top: a binary heap. */
export class DueHeap {
  #tasks: Task[] = []

  get size(): number {
    return this.#tasks.length
  }

  peek(): Task | undefined {
    return this.#tasks[0]
  }

  push(task: Task): void {
    const tasks = this.#tasks
    let index = tasks.length
    while (index > 0) {
      const parentIndex = (index - 1) >> 1
      const parent = tasks[parentIndex] as Task
      if (!before(task, parent)) break
      tasks[index] = parent
      index = parentIndex
    }
    tasks[index] = task
  }

  pop(): Task | undefined {
    const tasks = this.#tasks
    const top = tasks[0]
    const last = tasks.pop()
    if (last === undefined || tasks.length === 0) return top
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= tasks.length) break
      if (child + 1 < tasks.length && before(tasks[child + 1] as Task, tasks[child] as Task)) {
        child += 1
      }
      if (!before(tasks[child] as Task, last)) break
      tasks[index] = tasks[child] as Task
      index = child
    }
    tasks[index] = last
    return top
  }

  /** Keeps what `keep` says, in one pass. */
  filter(keep: (task: Task) => boolean): void {
    const kept = this.#tasks.filter(keep)
    this.#tasks = []
    // Sorted order is heap order.
    kept.sort((a, b) => (before(a, b) ? -1 : 1))
    this.#tasks = kept
  }
}

function before(a: Task, b: Task): boolean {
  return a.at === b.at ? a.seq < b.seq : a.at < b.at
}
