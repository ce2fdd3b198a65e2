import { parentPort } from 'node:worker_threads'
import { nodeFileSystem } from '../fs/node-file-system.ts'
import { serveJobs, type WorkerPort } from './serve-jobs.ts'

// A shell only: what it runs is tested where coverage can see it.
serveJobs(parentPort as WorkerPort, nodeFileSystem())
