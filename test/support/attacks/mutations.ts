import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { type Mutation, mutatedDist } from '../mutated-dist.js'
import type { AttackFile } from './format.js'
import type { Result } from './run.js'

/** A rule that is taken out of a copy of the build. */
export interface Removal {
  readonly concept: string
  readonly mutations: readonly Mutation[]
  /** Cases that are to find it; all of a file that has none of them. */
  readonly cases: readonly string[]
}

/** The build as it is: what it comes out wrong in says nothing of a rule. */
export const nothingRemoved: Removal = { concept: 'nothing', cases: [], mutations: [] }

export const removals: readonly Removal[] = [
  {
    concept: 'source: ids of any form',
    cases: ['A020'],
    mutations: [
      {
        file: 'sources/engine/ids.js',
        find: 'text === undefined || text.length > 256 || !pattern.matches(text)',
        replace: 'text === undefined',
      },
    ],
  },
  {
    concept: 'scope: an id that is not there is made up',
    cases: ['A020', 'A030'],
    mutations: [
      {
        file: 'tools/request.js',
        find: "? ids[name] : undefined;\n    if (value === undefined || value === '') {",
        replace: "? ids[name] : 'made_up';\n    if (value === '') {",
      },
    ],
  },
  {
    concept: 'tool: arguments of any form',
    cases: ['A041', 'A015'],
    mutations: [{ file: 'tools/arguments.js', find: 'if (!fits(value, spec))', replace: 'if (false)' }],
  },
  {
    concept: 'grant: no condition',
    cases: ['A032'],
    mutations: [
      {
        file: 'policy/grant.js',
        find: 'const { condition } = grant;',
        replace: 'const condition = undefined;',
      },
    ],
  },
  {
    concept: 'budget: nothing reserved',
    cases: ['A038', 'A040'],
    mutations: [{ file: 'policy/budget.js', find: 'return [...counts, ...sums];', replace: 'return [];' }],
  },
  {
    concept: 'label: everybody may see everything',
    cases: ['A044', 'A048'],
    mutations: [
      {
        file: 'domain/label.js',
        find: 'return labels.indexOf(label) <= labels.indexOf(audience);',
        replace: 'return true;',
      },
    ],
  },
  {
    concept: 'gate: nobody is asked',
    cases: ['A088', 'A010'],
    mutations: [
      {
        file: 'policy/gate.js',
        find: "return reasonsToAsk.length > 0 || rules.some(({ gate }) => gate === 'approve') ? 'approve' : 'auto';",
        replace: "return 'auto';",
      },
    ],
  },
  {
    concept: 'ledger: no idempotency key sent',
    cases: ['A113', 'B01'],
    mutations: [
      {
        file: 'tools/http.js',
        find: 'headers[tool.idempotency.header.toLowerCase()] = idempotencyKey;',
        replace: '',
      },
    ],
  },
  {
    concept: 'text: any text',
    cases: ['A050', 'A023'],
    mutations: [{ file: 'runs/texts.js', find: 'if (fault)', replace: 'if (false)' }],
  },
  {
    concept: 'secrets: not looked for',
    cases: ['A105'],
    mutations: [
      {
        file: 'runs/secrets.js',
        find: 'const redact = createRedactor(secretValues);',
        replace: 'const redact = (text) => text;',
      },
    ],
  },
  {
    concept: 'egress: any address',
    cases: ['A067'],
    mutations: [
      {
        file: 'util/address.js',
        find: 'export function isAllowedAddress(text, allowPrivate) {',
        replace: 'export function isAllowedAddress(text, allowPrivate) { return true;',
      },
    ],
  },
  {
    concept: 'approval: one digest for all',
    cases: ['A079', 'A080'],
    mutations: [
      {
        file: 'policy/gate.js',
        find: "return sha256(stringifyJson(framed)).toString('hex');",
        replace: "return 'a'.repeat(64);",
      },
    ],
  },
]

export interface RemovalResult {
  readonly concept: string
  /** The cases that came out wrong; none where the list does not find it. */
  readonly found: readonly string[]
  /** Those that could not be played at all, which shows nothing. */
  readonly unplayed: readonly string[]
  readonly played: number
}

/** Plays the cases without one of the rules, each in a process of its own that runs the changed copy. */
export async function playWithout(
  removal: Removal,
  path: string,
  { enforcement, benign }: AttackFile,
): Promise<RemovalResult> {
  const build = mutatedDist(removal.mutations)
  try {
    const ids = [...enforcement, ...benign].map(({ id }) => id)
    const wanted = removal.cases.filter((id) => ids.includes(id))
    const only = wanted.length > 0 ? ['--only', wanted.join()] : []
    const results = await resultsOf([path, '--json', ...only], build.main)
    const wrong = results.filter(({ isRight }) => !isRight)
    const isUnplayed = ({ faults }: Result) => faults.some((fault) => fault.startsWith('could not be played'))
    return {
      concept: removal.concept,
      found: wrong.filter((result) => !isUnplayed(result)).map(({ id }) => id),
      unplayed: wrong.filter(isUnplayed).map(({ id }) => id),
      played: results.length,
    }
  } finally {
    build.remove()
  }
}

async function resultsOf(args: readonly string[], program: string): Promise<Result[]> {
  const script = resolve(import.meta.dirname, 'main.ts')
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...args], {
    cwd: resolve(import.meta.dirname, '../../..'),
    env: { ...process.env, ROUSE_TEST_MAIN: program },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8')
  })
  await new Promise((done) => child.once('close', done))
  return JSON.parse(text) as Result[]
}
