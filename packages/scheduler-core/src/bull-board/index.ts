export {
  type AshlarAdapterOptions,
  AshlarQueueAdapter,
  bullBoardQueues,
} from './queue-adapter.ts'
