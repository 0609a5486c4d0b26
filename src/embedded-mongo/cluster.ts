import { Long, ObjectId, serialize, Timestamp } from 'bson'
import type { Doc } from './bson/doc'

/** What `hello` calls the replica set, of which this server is the only member. */
export const SET_NAME = 'embedded'
/** Terms and versions of the set never change within the life of a process. */
const TERM = Long.ONE
const SET_VERSION = 1

/**
 * The replica set of one: what makes drivers use sessions, retryable writes and transactions.
 * https://github.com/mongodb/specifications/blob/master/source/server-discovery-and-monitoring
 */
export class Cluster {
  /** Changes when what `hello` answers changes: never within the life of a process. */
  readonly topologyVersion = { processId: new ObjectId(), counter: Long.ZERO }
  private readonly electionId: ObjectId
  private trailerSecond = -1
  private trailerBytes: Uint8Array = new Uint8Array()

  constructor(startedAt: Date) {
    // A driver that outlives a restart takes the greater one for the present primary.
    this.electionId = new ObjectId(`7fffffff${startedAt.getTime().toString(16).padStart(16, '0')}`)
  }

  /** The fields of `hello` that make a member of a set, for a client that reached it at `address`. */
  describe(address: string): Doc {
    const opTime = { ts: timestamp(second()), t: TERM }
    const at = new Date()
    return {
      topologyVersion: this.topologyVersion,
      hosts: [address],
      setName: SET_NAME,
      setVersion: SET_VERSION,
      secondary: false,
      primary: address,
      me: address,
      electionId: this.electionId,
      lastWrite: { opTime, lastWriteDate: at, majorityOpTime: opTime, majorityWriteDate: at },
    }
  }

  /**
   * `operationTime` for the end of a reply: a BSON field, made once in a second. No `$clusterTime`: drivers would send
   * it back with every command, for a server that has nobody to agree with on the time.
   */
  times(): Uint8Array {
    const now = second()
    if (now !== this.trailerSecond) {
      this.trailerSecond = now
      this.trailerBytes = serialize({ operationTime: timestamp(now) }).subarray(4, -1)
    }
    return this.trailerBytes
  }
}

/** One node has nothing to wait for, so seconds are fine enough for its clock. */
function second(): number {
  return Math.floor(Date.now() / 1_000)
}

function timestamp(seconds: number): Timestamp {
  return new Timestamp({ t: seconds, i: 1 })
}
