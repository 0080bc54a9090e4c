/** What can happen that a page may want to know of. */
export const changes = ['event', 'run', 'call', 'approval', 'alert'] as const
export type Change = (typeof changes)[number]
