#!/bin/sh
# Makes what MongoDB and the service must know of each other, once: later runs leave everything as it is. Runs as root,
# for the two read their files as users of their own.
set -eu
umask 077

MONGO=/secrets/mongo
API=/secrets/api
readonly MONGO_UID=999 # of the mongo image
readonly API_UID=10001 # of the Dockerfile

random() { head -c "$1" /dev/urandom | base64 | tr -d '\n'; }
# No `+`, `/` or `=`: the password stands in a connection string.
password() { random 32 | tr '+/' '-_' | tr -d '='; }

# put FILE OWNER: writes what it reads, whole or not at all.
put() {
  cat >"$1.new"
  chown "$2:$2" "$1.new"
  chmod 400 "$1.new"
  mv "$1.new" "$1"
}

[ -s "$MONGO/keyfile" ] || random 567 | put "$MONGO/keyfile" "$MONGO_UID"
[ -s "$MONGO/root-password" ] || password | put "$MONGO/root-password" "$MONGO_UID"
[ -s "$MONGO/service-password" ] || password | put "$MONGO/service-password" "$MONGO_UID"
[ -s "$API/mongo-uri" ] ||
  printf 'mongodb://rollcall:%s@mongo:27017/rollcall?replicaSet=rs0' "$(cat "$MONGO/service-password")" |
  put "$API/mongo-uri" "$API_UID"
# Encrypts signing keys and authenticator secrets: without it they are lost. Keep a copy with the backups.
[ -s "$API/encryption-key" ] || random 32 | put "$API/encryption-key" "$API_UID"
chown "$MONGO_UID:$MONGO_UID" "$MONGO"
chown "$API_UID:$API_UID" "$API"
