export {
  type Fault,
  type FaultPlan,
  type FaultyFileSystem,
  type FileSystemCall,
  faultyFileSystem,
} from '../fs/faulty-file-system.ts'
export { type FileSystemCheck, fileSystemChecks } from './file-system-checks.ts'
