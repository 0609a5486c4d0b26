/** The folder cannot be opened. The message is for whoever starts the engine. */
export class StorageOpenError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StorageOpenError'
  }
}
