// Runs in mongosh when the database is empty: the service gets a user that knows its own database alone.
const password = require('node:fs').readFileSync('/secrets/mongo/service-password', 'utf8').trim()
db.getSiblingDB('rollcall').createUser({
  user: 'rollcall',
  pwd: password,
  roles: [{ role: 'readWrite', db: 'rollcall' }],
})
