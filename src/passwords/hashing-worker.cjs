// What a thread of the hashing pool runs. Plain JavaScript, because a thread loads its file itself, without whatever
// loader the process has for TypeScript.
const { setPriority } = require('node:os')
const { workerData } = require('node:worker_threads')
const { compareSync, hashSync } = require('bcrypt')

if (workerData && workerData.niceness) {
  try {
    // On Linux 0 is the calling thread, and this lowers it alone. Where it would be the whole process, nothing is done.
    if (process.platform === 'linux') setPriority(0, workerData.niceness)
  } catch {
    // A container may forbid it: then hashes compete with requests, and nothing else changes.
  }
}

/** A hash of the password. */
exports.hash = ({ password, cost }) => hashSync(password, cost)

/** Whether the first hash is of the password. The others are compared for the time that it takes. */
exports.compare = ({ password, hashes }) => hashes.map((hash) => compareSync(password, hash))[0]
