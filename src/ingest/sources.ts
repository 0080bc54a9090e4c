import type { SourceSettings } from '../config/config.js'
import type { SourceContext, SourceKind, WebhookSource } from '../sources/source.js'

/** The configured sources that receive deliveries, by name. What comes by the clock is not among them. */
export function openSources(
  settings: Iterable<SourceSettings>,
  kinds: readonly SourceKind[],
  contextOf: (source: string) => SourceContext,
): ReadonlyMap<string, WebhookSource> {
  const opened = new Map<string, WebhookSource>()
  for (const { name, kind, options } of settings) {
    const source = kinds.find((candidate) => candidate.kind === kind)?.open?.(options, contextOf(name))
    if (source) opened.set(name, source)
  }
  return opened
}
