/** MongoDB's bound for a document, and for the documents of one batch. */
export const DOCUMENT_BYTES_MAX = 16 * 1_024 * 1_024

/** The documents of one answer of a cursor. */
export class Batch {
  readonly documents: Uint8Array[] = []
  private bytes = 0

  /** `countMax`: Infinity for as many as fit. */
  constructor(private readonly countMax: number) {}

  get isFull(): boolean {
    return this.documents.length >= this.countMax
  }

  /** False when it does not fit any more. The first one always does. */
  add(document: Uint8Array): boolean {
    if (this.isFull || (this.documents.length > 0 && this.bytes + document.length > DOCUMENT_BYTES_MAX)) return false
    this.documents.push(document)
    this.bytes += document.length
    return true
  }
}
