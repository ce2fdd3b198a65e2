import { build } from '../../tsup.base.ts'

export default build({
  entry: [
    'src/index.ts',
    'src/testing/index.ts',
    'src/level/index.ts',
    'src/cli.ts',
    'src/compaction/worker.ts',
  ],
})
