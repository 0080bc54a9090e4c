import { openSqliteStore } from './sqlite/open.js'

/** The engines that `store:` in config.yaml can name. */
export const storeEngines = {
  sqlite: openSqliteStore,
} as const

export type StoreEngine = keyof typeof storeEngines
