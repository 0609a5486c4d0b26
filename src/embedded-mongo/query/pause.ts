/** What long work yields when others want their turn. Whoever pulls it goes on later, as if nothing had been. */
export const PAUSE = Symbol('pause')
export type Pause = typeof PAUSE

/** True when others want their turn. */
export type IsOver = () => boolean
