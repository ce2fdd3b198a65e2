export {
  type Fault,
  type FaultPlan,
  type FaultyFileSystem,
  type FileSystemCall,
  faultyFileSystem,
} from '../fs/faulty-file-system.ts'
