import type { Module } from '@ashlar/resp-server'
import { mirrorModule } from './mirror-module.ts'

/** For `--loadmodule`. */
export default (): Module => mirrorModule().module
