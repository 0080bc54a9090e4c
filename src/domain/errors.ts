import type { JsonValue } from '../util/json.js'

/** What the worker asks an error: never again, later with back-off, or not before a stated time. */
export type Retry = 'never' | 'later' | { readonly afterMs: number }

/** Every code that rouse can show, with what it means and what to do. The docs are checked against it. */
export const errorCodes = {
  'config.invalid':
    'config.yaml does not load. The message has file, line, column and what to write instead.',
  'config.unavailable':
    'A configuration that an unfinished run began with no longer loads. Set what it needs, or cancel the run.',
  'verification.missing_header': 'A header that the scheme needs is not there.',
  'verification.duplicate_header': 'A header that the scheme needs came twice.',
  'verification.malformed_signature': 'The signature is not of the form that the sender documents.',
  'verification.signature_mismatch': 'No configured secret gives this signature for these bytes.',
  'verification.stale_timestamp': 'The signed time is further in the past than the tolerance.',
  'verification.future_timestamp': 'The signed time is further in the future than the tolerance.',
  'verification.malformed_timestamp': 'The signed time is not of the form that the sender documents.',
  'verification.bad_credentials': 'The token or the basic credentials are not the configured ones.',
  'verification.not_a_delivery': 'Neither a delivery nor a handshake that this sender makes, by its method.',
  'verification.secret_out_of_time':
    'A secret proves the delivery that is not valid yet, or not any more: its not_before or not_after says so.',
  'verification.untrusted_key':
    'The request names a key or certificate that is not of the sender: another host, another subject, or expired.',
  'verification.key_unavailable':
    'The sender’s key could not be fetched just now; the sender is asked to come back.',
  'source.cannot_sign': 'Only the sender can sign a delivery of this kind; send a captured one.',
  'delivery.malformed':
    'A verified delivery that cannot be read: bad UTF-8, bad or too deep JSON, duplicate keys, or no event in it. Its bytes are kept.',
  'limit.body_size': 'The body is larger than the source allows.',
  'limit.in_flight': 'Too many bytes are being received at once; the sender is asked to come back.',
  'limit.turns': 'The run used all its turns.',
  'limit.calls': 'The run used all its tool calls.',
  'limit.tokens': 'The run used all its tokens.',
  'limit.cost': 'The run used all its money.',
  'limit.time': 'The run used all its time.',
  'limit.identical_calls': 'The model made the same call with the same arguments too often.',
  'limit.consecutive_errors': 'Too many of the run’s tool calls failed in a row.',
  'limit.denials': 'Too many of the run’s tool calls were denied.',
  'limit.attempts': 'The run failed as often as it may; it is dead until a person replays it.',
  'limit.crashes': 'The process died while it worked on this run, more often than it may.',
  'limit.chain':
    'The event was caused by our own writes, one upon the other, more often than the agent allows.',
  'run.echo': 'The run’s event turned out to be caused by one of our own writes; it does nothing.',
  'run.cancelled': 'A person ended the run.',
  'run.superseded': 'A newer event of the same subject took the place of the run’s own.',
  'agent.off': 'The agent’s mode is off; its events wait until it is on again.',
  'policy.unknown_tool': 'The model called a tool that does not exist.',
  'policy.not_granted': 'The tool exists, but this agent may not use it.',
  'policy.schema': 'The arguments do not fit what the tool declares.',
  'policy.scope': 'The tool needs an id that this event does not have.',
  'policy.constraint': 'The grant’s `if` is false, or could not be decided.',
  'policy.budget': 'The grant’s `max` or `sum` is used up.',
  'policy.flow': 'What the run has read may not be seen by those who would see what the tool sends.',
  'policy.text':
    'A text holds what the tool’s text may not: hidden characters, images, links, mentions, commands, secrets.',
  'policy.stale': 'The rules have changed since the run began, and the call would need the new ones.',
  'approval.waiting': 'A call waits for a person’s word, and its time is nearly over.',
  'approval.denied': 'A person denied the call.',
  'approval.expired': 'Nobody decided in time.',
  'approval.void': 'What was approved is no longer what would be sent; the call was not made.',
  'model.unreachable': 'The model endpoint could not be reached.',
  'model.timeout': 'The model endpoint did not answer in time.',
  'model.rate_limited': 'The model endpoint asked us to slow down.',
  'model.unavailable': 'The model endpoint answered with a server error.',
  'model.unauthorized': 'The model endpoint refused the key.',
  'model.rejected': 'The model endpoint refused the request.',
  'model.malformed': 'The model endpoint answered with something that is not an answer.',
  'model.truncated': 'The model’s answer was cut off at its length limit; none of its calls was made.',
  'model.filtered': 'The model’s answer was withheld by its vendor; none of its calls was made.',
  'model.script': 'The scripted model has no answer for this agent.',
  'tool.unreachable': 'The API could not be reached; nothing was sent.',
  'tool.paused':
    'The API or the credential is away or asked to wait; nothing was sent, and the run waits with it.',
  'tool.timeout': 'The API did not answer in time.',
  'tool.reset': 'The connection broke before the answer was complete.',
  'tool.egress': 'The address is not one that this tool may connect to.',
  'tool.status': 'The API answered with an error status.',
  'tool.redirect':
    'The API answered with a redirect that is not followed: only a read is, once, to a host in `redirect_hosts`.',
  'tool.too_large': 'The API’s answer is larger than the tool allows.',
  'tool.malformed': 'The API’s answer is not what the tool declares.',
  'tool.unknown_outcome': 'A write was sent and its outcome is not known.',
  'tool.held': 'A write with an unknown outcome waits for a person.',
  'source.silent': 'Nothing came from the source for longer than `alerts.rules.silence` allows.',
  'source.refused': 'More of the source’s deliveries were refused than `alerts.rules.refused` allows.',
  'run.backlog':
    'Events or runs wait for longer than `alerts.rules.backlog` allows, with nothing in their way.',
  'alert.undelivered': 'One of `alerts.to` cannot be told. It is tried again until it can.',
  'poll.failed': 'The polled API did not give a usable page. The cursor stays where it was.',
  'poll.gap': 'The poll could not see everything between two ticks. What may be missing is named.',
  'store.unavailable':
    'The ledger cannot be written (disk full, I/O error, read-only). Nothing is acknowledged until it can.',
  'store.locked': 'Another rouse has this ledger open.',
  'store.newer': 'The ledger was written by a newer rouse. Use that version, or restore a backup.',
  'store.invalid': 'The file is not a ledger of rouse, or is damaged.',
  'store.not_found': 'There is nothing with that id.',
  'store.conflict': 'It is no longer in the state that this needs.',
  'store.disk_low':
    'There is little room left on the disk of the ledger. Nothing is taken until there is; make room.',
  'store.replaced':
    'The file of the ledger was deleted or replaced while the daemon ran. Nothing is taken; start it again.',
  'store.restored':
    'The ledger is a backup: what happened after it was taken is not in it. See `rouse start --restored`.',
  'store.lease_lost': 'Another holder took the run over; this one’s write was refused.',
  'server.address_in_use': 'Another program listens on this address.',
  'request.invalid': 'A request to the API is not understood. The answer names the field.',
  'command.usage': 'The command line is not understood. See `rouse --help`.',
  'command.failed': 'The command could not do what was asked. The message says why.',
  'internal.unexpected': 'A fault in rouse itself. The log has its stack.',
} as const

export type ErrorCode = keyof typeof errorCodes

export interface AppErrorOptions {
  readonly retry?: Retry
  /** Safe to log and to show: no secret, no body. */
  readonly details?: Readonly<Record<string, JsonValue>>
  readonly cause?: unknown
}

/** Every error that rouse raises on purpose. Told apart by `code`, never by text. */
export class AppError extends Error {
  readonly retry: Retry
  readonly details: Readonly<Record<string, JsonValue>>

  constructor(
    readonly code: ErrorCode,
    message: string,
    { retry = 'never', details = {}, cause }: AppErrorOptions = {},
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.retry = retry
    this.details = details
  }
}

/** The configuration is wrong. `problems` lists every fault that was found, each with its place. */
export class ConfigError extends AppError {
  constructor(
    message: string,
    readonly problems: readonly ConfigProblem[] = [],
    options: AppErrorOptions = {},
  ) {
    super('config.invalid', message, options)
  }
}

export interface ConfigProblem {
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly column: number
  /** Where in the document, `agents.ci-doctor.on.type`. */
  readonly path: string
  readonly message: string
}

/** A delivery is not what the sender would send. The sender is told nothing of the reason. */
export class VerificationError extends AppError {}
/** A bound was reached. */
export class LimitError extends AppError {}
/** A tool call may not be made. */
export class PolicyError extends AppError {}
/** The model endpoint did not give an answer. */
export class ModelError extends AppError {}
/** An API call did not succeed. */
export class ToolError extends AppError {}
/** The ledger could not do it. */
export class StoreError extends AppError {}

/** Any thrown value as an AppError; what is not one of ours is `internal.unexpected` and tried again later. */
export function toAppError(cause: unknown): AppError {
  if (cause instanceof AppError) return cause
  const message = cause instanceof Error ? cause.message : String(cause)
  return new AppError('internal.unexpected', message, { retry: 'later', cause })
}
