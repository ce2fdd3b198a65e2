/** Type bytes of values in RDB, by Redis' names. */
export const STRING = 0
export const LIST = 1
export const SET = 2
export const ZSET = 3
export const HASH = 4
export const ZSET_2 = 5
/** Of a module, in a form that can be read over. */
export const MODULE_2 = 7
export const LIST_ZIPLIST = 10
export const SET_INTSET = 11
export const ZSET_ZIPLIST = 12
export const HASH_ZIPLIST = 13
export const LIST_QUICKLIST = 14
export const STREAM_LISTPACKS = 15
export const HASH_LISTPACK = 16
export const ZSET_LISTPACK = 17
export const LIST_QUICKLIST_2 = 18
export const STREAM_LISTPACKS_2 = 19
export const SET_LISTPACK = 20
export const STREAM_LISTPACKS_3 = 21
/** Hashes with expiring fields, since Redis 7.4. */
export const HASH_METADATA = 24
export const HASH_LISTPACK_EX = 25
