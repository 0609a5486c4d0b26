interface Hub {
  readonly listeners: Set<() => void>
  readonly fire: () => void
}

const hubs = new WeakMap<AbortSignal, Hub>()

/**
 * Calls the listener when the signal aborts; what it gives back takes the listener off again. However many listen to one
 * signal, the signal has one listener: with hundreds of calls under way Node would warn of a leak.
 */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (!signal) return () => undefined
  const hub = hubs.get(signal) ?? openHub(signal)
  hub.listeners.add(listener)
  return () => {
    hub.listeners.delete(listener)
    if (hub.listeners.size > 0 || hubs.get(signal) !== hub) return
    signal.removeEventListener('abort', hub.fire)
    hubs.delete(signal)
  }
}

function openHub(signal: AbortSignal): Hub {
  const listeners = new Set<() => void>()
  const fire = () => {
    for (const listener of [...listeners]) listener()
  }
  const hub = { listeners, fire }
  hubs.set(signal, hub)
  signal.addEventListener('abort', fire, { once: true })
  return hub
}
