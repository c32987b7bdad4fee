declare module 'dynalite' {
  import type { Server } from 'node:http'

  /** DynamoDB on LevelDB. Closing the server closes the database, too. */
  function dynalite(options?: {
    /** The folder of the database; in memory without one. */
    path?: string
    createTableMs?: number
    deleteTableMs?: number
    updateTableMs?: number
  }): Server
  export = dynalite
}
