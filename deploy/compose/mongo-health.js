// The healthcheck, in mongosh: makes the replica set of one, the first time, and is content when it takes writes.
const password = require('node:fs').readFileSync('/secrets/mongo/root-password', 'utf8').trim()
const NOT_YET_INITIALIZED = 94

const admin = db.getSiblingDB('admin')
admin.auth('root', password)
try {
  rs.status()
} catch (error) {
  if (error.code !== NOT_YET_INITIALIZED) throw error
  rs.initiate({ _id: 'rs0', members: [{ _id: 0, host: 'mongo:27017' }] })
}
quit(admin.hello().isWritablePrimary ? 0 : 1)
