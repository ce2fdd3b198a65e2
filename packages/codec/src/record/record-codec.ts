import { Packr } from 'msgpackr/pack'
import { CodecError } from '../error.ts'

export interface RecordCodecOptions<T> {
  readonly version: number
  readonly upgrade?: Readonly<Record<number, (value: never) => unknown>>
  readonly maxBytes?: number
  readonly maxDepth?: number
  /** Checks what was decoded and upgraded, before it is handed out. Default: trusts it. */
  readonly parse?: (value: unknown) => T
}

export interface RecordCodec<T> {
  encode(value: T): Uint8Array
  decode(bytes: Uint8Array): T
}

export function createRecordCodec<T>(options: RecordCodecOptions<T>): RecordCodec<T> {
  const { version, upgrade = {}, maxBytes = 64 * 1024 * 1024 } = options
  const packr = new Packr({ useRecords: false, variableMapSize: true })
  return {
    encode(value) {
      const body = packr.pack(value)
      if (body.length + 2 > maxBytes) throw new CodecError('RECORD_TOO_LARGE', 'record too large')
      const out = new Uint8Array(body.length + 2)
      out[0] = version >>> 8
      out[1] = version
      out.set(body, 2)
      return out
    },
    decode(bytes) {
      if (bytes.length > maxBytes) throw new CodecError('RECORD_TOO_LARGE', 'record too large')
      let found = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)
      if (found > version || found === 0) {
        throw new CodecError('RECORD_VERSION', `record of version ${found}, known is ${version}`)
      }
      let value: unknown
      try {
        value = packr.unpack(bytes.subarray(2))
      } catch (cause) {
        throw new CodecError('RECORD_CORRUPT', 'the record is not valid MessagePack', { cause })
      }
      for (; found < version; found++) {
        const step = upgrade[found] as ((value: unknown) => unknown) | undefined
        if (!step) throw new CodecError('RECORD_VERSION', `no upgrade from version ${found}`)
        value = step(value)
      }
      return options.parse === undefined ? (value as T) : options.parse(value)
    },
  }
}
