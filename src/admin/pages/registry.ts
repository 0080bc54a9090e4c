import { eventPages } from './event.js'
import type { Page } from './page.js'
import { runPages } from './run.js'
import { waiting } from './waiting.js'

/** All pages, one line each. No two may take the same method and path. */
export const pages: readonly Page[] = [waiting, ...eventPages, ...runPages]
