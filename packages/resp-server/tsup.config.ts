import { build } from '../../tsup.base.ts'

export default build({ entry: ['src/index.ts', 'src/cli.ts', 'src/http/index.ts'] })
