import type { Config } from '../config/config.js'
import { blastRadius } from '../runs/blast-radius.js'
import { agentDocument, sourceDocument } from '../runs/config-documents.js'
import { timeOrNull } from '../runs/documents.js'
import { reachDocument } from '../runs/reach-document.js'
import type { JsonObject } from '../util/json.js'
import { hookUrl } from './configuration.js'
import { problemDocument } from './document.js'

/** When sources that come by the clock are next due, by name; polls that never ran are due at the start. */
export type NextTimes = ReadonlyMap<string, number>

/** What `rouse check --json` prints. No secret is in it. */
export function checkDocument(
  config: Config,
  next: NextTimes,
  backupTakenAt: number | undefined,
): JsonObject {
  return {
    config: { file: config.file, digest: config.digest },
    server: {
      hooks: `${config.server.hooks.host}:${config.server.hooks.port}`,
      public_url: config.server.publicUrl,
    },
    store: {
      engine: config.store.engine,
      file: config.store.file,
      backup_taken_at: timeOrNull(backupTakenAt),
    },
    sources: [...config.sources.values()].map((source) =>
      sourceDocument(source, {
        url: hookUrl(config, source.name, source.kind),
        nextAt: next.get(source.name),
      }),
    ),
    agents: [...config.agents.values()].map((agent) => ({
      ...agentDocument(agent, config),
      reach: reachDocument(blastRadius(agent, config)),
    })),
    warnings: config.warnings.map(problemDocument),
  }
}
