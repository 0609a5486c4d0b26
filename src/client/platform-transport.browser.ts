/** Bundlers for browsers take this file in place of `platform-transport` (package.json, "browser"). */
export { fetchTransport as platformTransport } from './fetch-transport'
