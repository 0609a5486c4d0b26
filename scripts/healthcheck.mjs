// What the container's HEALTHCHECK runs: ends with 0 when the service can serve requests.
const TIMEOUT_MS = 4_000
const port = process.env.PORT?.trim() || '8000'

try {
  const { status } = await fetch(`http://127.0.0.1:${port}/health/ready`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
  process.exitCode = status === 200 ? 0 : 1
} catch {
  process.exitCode = 1
}
