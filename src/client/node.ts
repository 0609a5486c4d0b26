// What the SDK adds in Node: settings from the environment, and logs.
import type { Logs } from './logs'
import type { ClientOptions } from './rollcall-client'
import type { Settings } from './settings'

export { createLogs, type LogFormat, type LogLevel, type LogOptions, type Logs, redacted } from './logs'
export { readSettings, type Settings, SettingsError, type SettingsSources } from './settings'

/** What a client needs of the settings. `restUsersClient` also takes their `resourcePath` and `answers`. */
export function clientOptions(settings: Settings, logs?: Logs): ClientOptions {
  const { baseUrl, token, apiKey, timeoutMs, totalTimeoutMs, retries, httpLogLevel } = settings
  const log = httpLogLevel === 'silent' ? undefined : logs?.http
  return { baseUrl, token, apiKey, timeoutMs, totalTimeoutMs, retries, log }
}
