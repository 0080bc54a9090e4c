import type { Purpose } from './agents.js'
import type { ChosenSource } from './sources.js'

export interface Choice {
  readonly source: ChosenSource
  readonly purpose: Purpose
  /** The endpoint of the model. */
  readonly model: string
  /** Whether it asks for a key. */
  readonly hasKey: boolean
}

/** The files of a new directory, by their path in it. Pure. */
export function filesOf(choice: Choice, configName: string): ReadonlyMap<string, string> {
  const config = configOf(choice)
  return new Map([
    [configName, config],
    [`agents/${choice.purpose.name}.md`, choice.purpose.instructions],
    ['.env.example', environmentOf(config, choice)],
  ])
}

export const defaultModelUrl = 'https://api.openai.com/v1'

function configOf({ source, purpose, model, hasKey }: Choice): string {
  const { credentials, tools } = purpose.sections(source)
  const type = source.type === undefined ? '' : `, type: ${JSON.stringify(source.type)}`
  const sections = [
    ['models', ['default:', ...indented(modelLines(model, hasKey))]],
    ['credentials', credentials],
    ['sources', [`${source.name}:`, ...indented(source.lines)]],
    ['tools', tools],
    [
      'agents',
      [
        `${purpose.name}:`,
        ...indented([
          `on: { source: ${source.name}${type} }`,
          `instructions: agents/${purpose.name}.md`,
          ...(purpose.grants.length === 0
            ? ['tools: []']
            : ['tools:', ...indented(purpose.grants.map((grant) => `- ${grant}`))]),
          'limits: { cost: 0.20 USD, runs: 50/day }',
        ]),
      ],
    ],
  ] as const
  const text = sections
    .filter(([, lines]) => lines.length > 0)
    .map(([name, lines]) => `${name}:\n${indented(lines).join('\n')}\n`)
  return `# Made by \`rouse init\`. What may be done is decided here; how the agent goes about it stands in agents/.\n# \`rouse check\` says what this means; docs/config.md has every key.\nversion: 1\n\n${text.join('\n')}`
}

function modelLines(url: string, hasKey: boolean): string[] {
  return [
    `base_url: \${OPENAI_BASE_URL:-${url}}`,
    hasKey
      ? `api_key: \${OPENAI_API_KEY}`
      : `api_key: \${OPENAI_API_KEY:-}    # where the endpoint asks for one`,
    `model: \${ROUSE_MODEL:-gpt-5-mini}`,
  ]
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`)
}

/** As a shell, Node and systemd read it alike. */
function quoted(value: string): string {
  return /[#\s]/.test(value) ? `"${value}"` : value
}

/** One line for each variable of the file; those with a default are commented out. */
function environmentOf(config: string, { source }: Choice): string {
  const lines = new Map<string, string>()
  for (const [, name = '', fallback] of config.matchAll(/\$\{([A-Z][A-Z0-9_]*)(?::-([^}]*))?\}/g)) {
    if (!lines.has(name))
      lines.set(name, fallback === undefined ? `${name}=` : `#${name}=${quoted(fallback)}`)
  }
  return `# The variables of config.yaml. Copy to .env, fill in, and keep it out of version control:
#   cp .env.example .env && chmod 600 .env
# rouse reads its environment, not this file: \`set -a; . ./.env; set +a\`, or systemd's EnvironmentFile=.
# What ${source.title} signs with is shown or typed where its webhook is made; where you choose it: openssl rand -hex 32

${[...lines.values()].join('\n')}
`
}
