import type { mongo } from 'mongoose'
import { storeCall } from '../mongo/store-call'
import type { DeletedUserDocument, UserDocument } from './user.model'

/**
 * E-mails that deleted users keep until they are purged. There is no transaction over users and tombstones, so the order
 * decides: a deletion writes the tombstone before the user goes, and whoever takes an e-mail looks for tombstones after
 * the unique index let it have the e-mail, which is after the user went. So it sees the tombstone, and gives it back.
 */
export class EmailReservations {
  constructor(
    private readonly users: mongo.Collection<UserDocument>,
    private readonly deleted: mongo.Collection<DeletedUserDocument>,
    private readonly deadlineMs: number,
  ) {}

  /** Whether somebody else who was deleted keeps the e-mail. */
  async isReserved(email: string, butBy: mongo.ObjectId): Promise<boolean> {
    const keeps = { reserved_email: email, purge_at: { $gt: new Date() }, _id: { $ne: butBy } }
    const keepers = await this.within(this.deleted.find(keeps, { projection: { _id: 1 } }).toArray())
    if (keepers.length === 0) return false
    // Beside a living user a tombstone is what an interrupted deletion left: that user has another e-mail by now.
    const ids = keepers.map(({ _id }) => _id)
    const living = await this.within(this.users.countDocuments({ _id: { $in: ids } }))
    return living < ids.length
  }

  private within<T>(work: Promise<T>): Promise<T> {
    return storeCall(work, this.deadlineMs)
  }
}
