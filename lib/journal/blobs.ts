/** Immutable objects by key: a key is written once, or again with the same bytes. */
export interface Blobs {
  /** Resolves when the object is durable: a reader finds all of it or none. */
  put(key: string, bytes: Uint8Array): Promise<void>
  get(key: string): Promise<Uint8Array | undefined>
}
