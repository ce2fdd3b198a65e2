/** Small enough that a payload which somebody keeps does not hold much more than itself. */
const SLAB_BYTES: number = 32 * 1024

/** Memory in which records are written one behind the other; what was written stays as it is. */
export class Slab {
  bytes: Buffer = Buffer.alloc(0)
  view: DataView = new DataView(this.bytes.buffer)
  /** Where the next record goes. */
  used = 0

  fits(bytes: number): boolean {
    return this.used + bytes <= this.bytes.length
  }

  /** Goes on in new memory that has room for so many bytes at least. */
  renew(bytes: number): void {
    this.bytes = Buffer.allocUnsafeSlow(Math.max(bytes, SLAB_BYTES))
    this.view = new DataView(this.bytes.buffer)
    this.used = 0
  }
}
