/** The bytes of MessagePack that both the writer and the reader of records look at. */
export const TOKEN = {
  shape: 0x40,
  map: 0x80,
  array: 0x90,
  string: 0xa0,
  null: 0xc0,
  unused: 0xc1,
  false: 0xc2,
  true: 0xc3,
  bytes8: 0xc4,
  bytes16: 0xc5,
  bytes32: 0xc6,
  extension8: 0xc7,
  extension16: 0xc8,
  extension32: 0xc9,
  float32: 0xca,
  float64: 0xcb,
  uint8: 0xcc,
  uint16: 0xcd,
  uint32: 0xce,
  uint64: 0xcf,
  int8: 0xd0,
  int16: 0xd1,
  int32: 0xd2,
  int64: 0xd3,
  fixExtension1: 0xd4,
  fixExtension16: 0xd8,
  string8: 0xd9,
  string16: 0xda,
  string32: 0xdb,
  array16: 0xdc,
  array32: 0xdd,
  map16: 0xde,
  map32: 0xdf,
  negative: 0xe0,
} as const

/** Extension types, as msgpackr assigns them. */
export const EXTENSION = {
  undefined: 0x00,
  bigint: 0x42,
  shape: 0x72,
  set: 0x73,
  typedArray: 0x74,
  timestamp: 0xff,
} as const

/** Shapes that a record's table may hold: their tokens are 0x40 to 0x7f. */
export const SHAPES_MAX = 64

/** Longest bigint in a record: 8,192 bits, sign included. */
export const BIGINT_BYTES_MAX = 1024

/** By their code in a typed array extension. */
export const TYPED_ARRAYS: readonly (new (buffer: ArrayBuffer) => ArrayBufferView)[] = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
]

/** The code of a plain ArrayBuffer in a typed array extension. */
export const ARRAY_BUFFER_CODE = 16
