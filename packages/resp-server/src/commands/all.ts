import { ACL_COMMANDS } from './acl.ts'
import { BITFIELD_COMMANDS } from './bitfield.ts'
import { BITMAP_COMMANDS } from './bitmaps.ts'
import { CLIENT_COMMANDS } from './client.ts'
import { CLUSTER_COMMANDS } from './cluster.ts'
import type { CommandDefinition } from './command.ts'
import { CONFIG_COMMANDS } from './config.ts'
import { CONNECTION_COMMANDS } from './connection.ts'
import { COUNTER_COMMANDS } from './counters.ts'
import { DEBUG_COMMANDS } from './debug.ts'
import { DUMP_COMMANDS } from './dump.ts'
import { EXPIRY_COMMANDS } from './expiry.ts'
import { FUNCTION_COMMANDS } from './functions.ts'
import { GEO_COMMANDS } from './geo.ts'
import { GEO_SEARCH_COMMANDS } from './geo-search.ts'
import { HASH_EXPIRY_COMMANDS } from './hash-expiry.ts'
import { HASH_COMMANDS } from './hashes.ts'
import { HYPERLOGLOG_COMMANDS } from './hyperloglog.ts'
import { INFO_COMMANDS } from './info.ts'
import { INTROSPECTION_COMMANDS } from './introspection.ts'
import { KEY_COMMANDS } from './keys.ts'
import { LATENCY_COMMANDS } from './latency.ts'
import { LCS_COMMANDS } from './lcs.ts'
import { LIST_COMMANDS } from './lists.ts'
import { BLOCKING_LIST_COMMANDS } from './lists-blocking.ts'
import { LOLWUT_COMMANDS } from './lolwut.ts'
import { MEMORY_COMMANDS } from './memory.ts'
import { MIGRATE_COMMANDS } from './migrate.ts'
import { MONITOR_COMMANDS } from './monitor.ts'
import { OBJECT_COMMANDS } from './object.ts'
import { PUBSUB_COMMANDS } from './pubsub.ts'
import { REPLICATION_COMMANDS } from './replication.ts'
import { SCAN_COMMANDS } from './scan.ts'
import { SCRIPTING_COMMANDS } from './scripting.ts'
import { SERVER_COMMANDS } from './server.ts'
import { SET_ALGEBRA_COMMANDS } from './set-algebra.ts'
import { SET_COMMANDS } from './sets.ts'
import { SLOWLOG_COMMANDS } from './slowlog.ts'
import { SNAPSHOT_COMMANDS } from './snapshot.ts'
import { SORT_COMMANDS } from './sort.ts'
import { SORTED_SET_ALGEBRA_COMMANDS } from './sorted-set-algebra.ts'
import { SORTED_SET_COMMANDS } from './sorted-sets.ts'
import { SORTED_SET_POP_COMMANDS } from './sorted-sets-pop.ts'
import { SORTED_SET_RANGE_COMMANDS } from './sorted-sets-range.ts'
import { STREAM_COMMANDS } from './streams.ts'
import { STREAM_GROUP_COMMANDS } from './streams-groups.ts'
import { STREAM_INFO_COMMANDS } from './streams-info.ts'
import { STREAM_PENDING_COMMANDS } from './streams-pending.ts'
import { STREAM_READ_COMMANDS } from './streams-read.ts'
import { STRING_COMMANDS } from './strings.ts'
import { STRING_PART_COMMANDS } from './strings-parts.ts'
import { TRANSACTION_COMMANDS } from './transactions.ts'

/** The command table: one file per group, and nothing is dispatched that does not stand here. */
export const ALL_COMMANDS: readonly CommandDefinition[] = [
  ...STRING_COMMANDS,
  ...STRING_PART_COMMANDS,
  ...COUNTER_COMMANDS,
  ...LCS_COMMANDS,
  ...BITMAP_COMMANDS,
  ...BITFIELD_COMMANDS,
  ...KEY_COMMANDS,
  ...OBJECT_COMMANDS,
  ...EXPIRY_COMMANDS,
  ...DUMP_COMMANDS,
  ...SORT_COMMANDS,
  ...SCAN_COMMANDS,
  ...HASH_COMMANDS,
  ...HASH_EXPIRY_COMMANDS,
  ...LIST_COMMANDS,
  ...BLOCKING_LIST_COMMANDS,
  ...SET_COMMANDS,
  ...SET_ALGEBRA_COMMANDS,
  ...SORTED_SET_COMMANDS,
  ...SORTED_SET_RANGE_COMMANDS,
  ...SORTED_SET_POP_COMMANDS,
  ...SORTED_SET_ALGEBRA_COMMANDS,
  ...STREAM_COMMANDS,
  ...STREAM_READ_COMMANDS,
  ...STREAM_GROUP_COMMANDS,
  ...STREAM_PENDING_COMMANDS,
  ...STREAM_INFO_COMMANDS,
  ...HYPERLOGLOG_COMMANDS,
  ...GEO_COMMANDS,
  ...GEO_SEARCH_COMMANDS,
  ...PUBSUB_COMMANDS,
  ...TRANSACTION_COMMANDS,
  ...SCRIPTING_COMMANDS,
  ...FUNCTION_COMMANDS,
  ...CONNECTION_COMMANDS,
  ...CLIENT_COMMANDS,
  ...CONFIG_COMMANDS,
  ...INTROSPECTION_COMMANDS,
  ...ACL_COMMANDS,
  ...SERVER_COMMANDS,
  ...INFO_COMMANDS,
  ...DEBUG_COMMANDS,
  ...CLUSTER_COMMANDS,
  ...LATENCY_COMMANDS,
  ...LOLWUT_COMMANDS,
  ...MEMORY_COMMANDS,
  ...MIGRATE_COMMANDS,
  ...MONITOR_COMMANDS,
  ...REPLICATION_COMMANDS,
  ...SLOWLOG_COMMANDS,
  ...SNAPSHOT_COMMANDS,
]
