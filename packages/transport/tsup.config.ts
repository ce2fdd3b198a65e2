import { build } from '../../tsup.base.ts'

export default build({
  entry: [
    'src/index.ts',
    'src/cli.ts',
    'src/driver.ts',
    'src/nats/index.ts',
    'src/testing/index.ts',
  ],
})
