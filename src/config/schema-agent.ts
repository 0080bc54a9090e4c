import { z } from 'zod'
import { count, duration, oneOrList, perDay, quotas, text, usd } from './scalars.js'

const triggerSchema = z
  .strictObject({
    source: text('the name of a source', 64).describe('Name of an entry under `sources`.'),
    type: oneOrList(
      text('a type such as workflow_run.completed', 200),
      'expected a type such as workflow_run.completed, or a list of them',
    )
      .prefault('*')
      .describe('The types of events that wake it, one or a list; `*` stands for any run of characters.'),
    if: text('a CEL expression', 2000)
      .optional()
      .describe('CEL over `id source type subject time data ids`. An error or a missing value is no match.'),
    echoes: z
      .boolean()
      .prefault(false)
      .describe('Whether events that our own writes caused wake it too. See `limits.chain`.'),
  })
  .describe('What wakes it.')

const grantSchema = z
  .strictObject({
    gate: z
      .enum(['auto', 'approve', 'shadow'])
      .optional()
      .describe(
        '`auto`; `approve`: a person decides on each call; or `shadow`: a write is decided on and recorded as it would be sent, and is not sent. Default: `auto` for reads, else `approve`.',
      ),
    if: text('a CEL expression', 2000)
      .optional()
      .describe('CEL over `args facts ids event`. An error or a missing value is a denial.'),
    max: quotas().optional().describe('At most this many calls: `1/subject`, `3/run`, `200/day`, or a list.'),
    sum: z
      .record(z.string(), quotas())
      .optional()
      .describe('At most this much of an argument: `{ amount: 20000/day }`.'),
    expires: duration({ min: 60_000, max: 30 * 86_400_000 })
      .prefault('24h')
      .describe('How long a person has to decide.'),
    remind: duration({ min: 60_000, max: 30 * 86_400_000 })
      .optional()
      .describe('How long before that they are reminded. Default: a quarter of `expires`.'),
  })
  .describe('How the agent may use the tool.')

export const limitsSchema = z
  .strictObject({
    turns: z.int().min(1).max(200).prefault(12).describe('Answers of the model in one run.'),
    calls: z.int().min(0).max(1000).prefault(40).describe('Tool calls in one run.'),
    tokens: count({ min: 1000, max: 100_000_000 })
      .prefault('200k')
      .describe('Input and output tokens of one run.'),
    cost: usd({ min: 0.0001, max: 10_000 })
      .prefault('0.50 USD')
      .describe('Money for one run. Not counted where the model’s price is unknown.'),
    time: duration({ min: 1000, max: 86_400_000 })
      .prefault('10m')
      .describe('Time spent running, in one run; waiting is left out.'),
    runs: perDay()
      .prefault('200/day')
      .describe('Runs of the agent in a day, UTC; more events wait for the next.'),
    runs_per_source: perDay()
      .optional()
      .describe('Of these, runs of events of one source. Default: no bound of its own.'),
    runs_per_actor: perDay()
      .prefault('50/day')
      .describe('Of these, runs of events that one actor caused, where the sender says who did it.'),
    chain: z
      .int()
      .min(0)
      .max(20)
      .prefault(3)
      .describe(
        'With `echoes`: how many of our own writes may stand between a run and an event that nobody here caused.',
      ),
    identical_calls: z
      .int()
      .min(1)
      .max(100)
      .prefault(3)
      .describe('The same tool with the same arguments, in one run.'),
    consecutive_errors: z.int().min(1).max(100).prefault(5).describe('Failed tool calls in a row.'),
    denials: z.int().min(1).max(100).prefault(5).describe('Denied tool calls in one run.'),
    attempts: z.int().min(1).max(50).prefault(5).describe('Failed tries before the run is dead.'),
  })
  .describe('Bounds; ending on one is a visible state.')

export const agentSchema = z
  .strictObject({
    on: oneOrList(triggerSchema, 'expected { source: …, type: … }, or a list of them').describe(
      'What wakes it: one trigger or a list.',
    ),
    instructions: text('the path of a Markdown file', 500)
      .optional()
      .describe(
        'Path of its instructions, inside the directory of config.yaml. Default: `agents/<name>.md`.',
      ),
    model: text('the name of a model', 64).prefault('default').describe('Name of an entry under `models`.'),
    tools: z
      .array(
        z.union([text('the name of a tool', 64), z.record(z.string(), grantSchema.nullable())], {
          error: 'expected the name of a tool, or { name: { gate: …, max: … } }',
        }),
      )
      .max(200)
      .prefault([])
      .describe('The tools that it may use: a name, or a name with how it may be used.'),
    mailbox: z
      .strictObject({
        when_busy: z
          .enum(['queue', 'coalesce', 'supersede'])
          .prefault('queue')
          .describe(
            'What happens to events of a subject that has an unfinished run. `queue`: a run for each, in order. `coalesce`: those that wait are one run, which sees all of them. `supersede`: the newest takes the place of those before it.',
          ),
        quiet: duration({ min: 0, max: 86_400_000 })
          .optional()
          .describe('With `coalesce`: the run begins when no event came for so long. Default: at once.'),
        max_wait: duration({ min: 0, max: 30 * 86_400_000 })
          .optional()
          .describe('With `quiet`: at the latest so long after its first event. Default: ten times `quiet`.'),
      })
      .prefault({})
      .describe('One run for each subject at a time.'),
    refresh: text('the name of a read tool', 64)
      .optional()
      .describe(
        'A read tool without required args, bound to ids of the event: called by rouse just before a run acts, so that the model sees the state of now.',
      ),
    limits: limitsSchema.prefault({}),
    mode: z
      .enum(['live', 'shadow', 'off'])
      .prefault('live')
      .describe(
        '`shadow`: its reads are made, its writes are recorded as they would be sent, and not sent. `off`: its events wait until it is on again.',
      ),
  })
  .describe('An agent: when to wake, instructions, tools, limits.')

export type AgentEntry = z.output<typeof agentSchema>
export type GrantEntry = z.output<typeof grantSchema>
