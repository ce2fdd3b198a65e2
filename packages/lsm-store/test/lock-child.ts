// Holds a store open until it is killed.
import { Store } from '@ashlar/lsm-store'

const store = await Store.open(process.argv[2] ?? '')
process.send?.(store.state)
setInterval(() => {}, 1000)
