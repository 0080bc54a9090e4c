/** A test by its exact title, as it stands in its file. */
export interface NamedTest {
  readonly file: string
  readonly name: string
}

/** What shows that a fault does what is expected of it; or what is still to come, and why. */
export interface Coverage {
  readonly tests: readonly NamedTest[]
  /** What of the fault is left, and which part of rouse it waits for. */
  readonly waitsFor?: { readonly part: string; readonly because: string }
}

const from = (file: string, ...names: string[]): NamedTest[] => names.map((name) => ({ file, name }))

const senders = 'test/http/senders.test.ts'
const protection = 'test/runs/protection.test.ts'
const resume = from(
  'test/runs/resume.test.ts',
  'goes on with the answer that is recorded, whatever the model would say now',
)
const kills = from(
  'test/e2e/kill.test.ts',
  'loses and doubles nothing when it is killed at random moments under load',
)
const afterSend = from(protection, '%s at %s: after the send nobody knows')
const modelFailures = 'test/contract/model-failures.ts'
const model = 'test/contract/model.ts'
const claims = 'test/contract/store-claims.ts'
const power = 'test/store/power.test.ts'
const disk = 'test/e2e/disk.test.ts'
const besideDisk = 'test/e2e/disk-beside.test.ts'
const stop = 'test/e2e/stop.test.ts'
const cursors = 'test/poller/poll-cursor.test.ts'
const poll = 'test/poller/poll.test.ts'
const outage = 'test/poller/outage.test.ts'
const mailboxes = 'test/e2e/mailbox.test.ts'
const replays = 'test/cli/replay.test.ts'
const upgrade = 'test/e2e/upgrade.test.ts'
const backup = 'test/store/backup.test.ts'

/** One life for each point, on the real process. */
const everyPoint = from('test/e2e/kill.test.ts', 'loses and doubles nothing when it is killed at every point')
const migration = from(
  'test/e2e/kill.test.ts',
  'leaves the old schema or the new one, never one between, when it is killed in a migration',
)

/** Every fault of `test/fixtures/faults.json`, with the tests that inject it. */
export const faultCoverage: Readonly<Record<string, Coverage>> = {
  F001: {
    tests: [
      ...from(senders, 'that is reset in the middle of the body leaves nothing, and its redelivery is new'),
      ...everyPoint,
    ],
  },
  F002: {
    tests: [
      ...from('test/ingest/receive.test.ts', 'is not acknowledged when the ledger cannot be written'),
      ...everyPoint,
    ],
  },
  F003: {
    tests: [
      ...from(senders, 'that is gone before it heard the answer sends again, and it is one event'),
      ...everyPoint,
    ],
  },
  F004: {
    tests: [
      ...from(
        'test/ingest/dispatch.test.ts',
        'finds in the ledger, in order, what was recorded before it began',
      ),
      ...everyPoint,
    ],
  },
  F005: {
    tests: [
      ...from(
        claims,
        'gives back the runs whose lease ran out, and counts the crash',
        'gives back all runs of other nodes to a node that is alone, and keeps its own',
      ),
      ...everyPoint,
    ],
  },
  F006: { tests: everyPoint },
  F007: { tests: everyPoint },
  F008: { tests: [...resume, ...everyPoint] },
  F009: {
    tests: [
      ...from(protection, '%s at K09: what is only prepared is sent once, as it was frozen'),
      ...everyPoint,
    ],
  },
  F010: { tests: [...afterSend, ...everyPoint] },
  F011: { tests: [...from(protection, '%s, %s, effect: %s'), ...everyPoint] },
  F012: {
    tests: [
      ...from(protection, '%s, %s, effect: %s', '%s, again and again: still one effect'),
      ...everyPoint,
    ],
  },
  F013: { tests: [...afterSend, ...everyPoint] },
  F014: { tests: [...from(protection, '%s at K14: what has its outcome is not done again'), ...everyPoint] },
  F015: { tests: everyPoint },
  F016: { tests: everyPoint },
  F017: { tests: everyPoint },
  F018: {
    tests: [
      ...everyPoint,
      ...from(
        'test/runs/approve.test.ts',
        'parks the run, shows the exact request, and sends those bytes once approved',
      ),
    ],
  },
  F019: {
    tests: [
      ...from(cursors, 'killed before the commit it left nothing, and the next one does the same'),
      ...everyPoint,
    ],
  },
  F020: {
    tests: [
      ...everyPoint,
      ...from(cursors, 'killed before the commit it left nothing, and the next one does the same'),
    ],
  },
  F021: {
    tests: [
      ...migration,
      ...from(
        upgrade,
        'is the older one or the newer one after a kill in the middle of the migration, and its copy is there',
      ),
    ],
  },
  F022: {
    tests: [
      ...from(
        'test/store/checkpoints.test.ts',
        'loses nothing when the process is killed while it is written back',
      ),
      ...from(
        'test/store/retention.test.ts',
        'leaves everything there or nothing of it, and the next pass goes on',
        'deletes all that is old and over and nothing else, gives no budget back, and forgets no event that is there',
      ),
    ],
  },
  F023: { tests: everyPoint },
  F024: {
    tests: [
      ...everyPoint,
      ...from('test/contract/source.ts', 'accepts the second secret and says that it was the second'),
    ],
  },
  F025: {
    tests: [
      ...from(protection, '%s, %s, effect: %s', '%s at %s: after the send nobody knows'),
      ...everyPoint,
    ],
  },
  F026: { tests: [...kills, ...from('test/e2e/kill.test.ts', 'is found out where a promise is taken away')] },
  F027: {
    tests: from(
      'test/e2e/poison.test.ts',
      'sets an event aside that kills the process twice, names it, and works on all others',
    ),
  },
  F028: {
    tests: from(
      stop,
      'an exception that nothing catches is logged and ends the process with 1, and the next goes on',
    ),
    waitsFor: {
      part: 'the admin listener',
      because:
        'a watchdog for an event loop that stands still needs its health page; the process manager restarts what ended',
    },
  },
  F029: {
    tests: from(
      stop,
      'refuses deliveries with a time to come back, lets what is under way end or park, and exits 0',
      'a second time ends the process at once, and everything goes on at the next start',
    ),
  },
  F030: {
    tests: [
      ...from(
        'test/e2e/paused-process.test.ts',
        'refuses the late results of a process that slept while another took its run over, and sends nothing',
      ),
      ...from(claims, 'refuses every write of a holder that was taken over, and writes nothing'),
    ],
  },
  F031: {
    tests: from(
      power,
      'takes nothing that was acknowledged, and leaves every write that began to leave marked as sent',
      'takes acknowledged deliveries from a build that writes the log through as the library does',
    ),
  },
  F032: {
    tests: from(
      power,
      'between a write and its answer leaves it unknown: the same key goes out again, and nothing else',
    ),
  },
  F033: {
    tests: [
      ...from(
        power,
        '%s ends at the start and says so',
        'synchronous is FULL on every connection of a ledger that is opened again',
      ),
      ...from(
        'test/store/open.test.ts',
        'sets what is needed on every connection, also of a file that was there',
      ),
    ],
  },
  F035: {
    tests: from(
      'test/cli/doctor.test.ts',
      'knows the file systems that a ledger should not lie on, and lets the local ones be',
    ),
  },
  F036: {
    tests: from(
      'test/http/disk-full.test.ts',
      'answers 503 and never 2xx to what it cannot write, and has everything that it answered 2xx',
    ),
  },
  F037: {
    tests: [
      ...from(
        disk,
        'full before an intent is recorded: nothing is sent, deliveries are refused, and it goes on when there is room',
        'full before an outcome is recorded: it is kept, nothing else is begun, and it is written when there is room',
        'full before an outcome is recorded, and killed: the outcome is unknown and a person is asked, nothing is sent again',
        'full for the checkpoints: the log keeps everything',
      ),
      ...from(besideDisk, 'neither stops the daemon nor ends it'),
    ],
  },
  F038: {
    tests: [
      ...from(
        'test/store/disk-faults.test.ts',
        'at %s: says so, keeps what it told, and goes on when it works',
        'after a failed fsync writes the log again, and through, before it adds to it',
        'loses nothing when a commit that the disk did not take is read back by the next process',
      ),
      ...from(
        disk,
        'that %s: refuses, sends nothing, and goes on when it works',
        'that fails while it starts: ends and says so, and the next start loses nothing',
      ),
      ...from(
        besideDisk,
        'that has no descriptors left refuses connections, and takes deliveries when it has some again',
      ),
      ...from('test/store/open.test.ts', 'says so when %s is read-only'),
    ],
  },
  F039: {
    tests: [
      ...from(stop, 'a ledger that is %s under the running daemon ends it with 1'),
      ...from(
        backup,
        'is not started by mistake, says what may be done twice, and stays as it is',
        'marks what its events wake where nothing was decided on them when it was taken, and no later one',
      ),
      ...from(
        'test/runs/restored.test.ts',
        'is held where nothing could tell: no byte leaves',
        'goes out with its key while that lives: what was done before is not done again',
      ),
    ],
  },
  F040: {
    tests: from(
      besideDisk,
      'refuses while another program holds the ledger for longer than it waits, and loses nothing',
      'keeps everything in its log while somebody reads for long, and cuts the log when they are done',
    ),
  },
  F042: {
    tests: [
      ...from(power, '%s ends at the start and says so'),
      ...from('test/store/open.test.ts', 'compares engine versions by their numbers'),
      ...from('test/store/lock.test.ts', 'keeps a second daemon off, and says who has it and what to do'),
    ],
  },
  F045: {
    tests: [
      ...from(upgrade, 'goes on where it stood: each run from its own step, each write under its own key'),
      ...from(
        'test/store/migrate.test.ts',
        'is brought up to date with everything that is in it',
        'is the way back: the older schema reads it, and it can be brought up to date again',
      ),
    ],
  },
  F047: {
    tests: [
      ...from('test/cli/doctor.test.ts', 'finds a clock that is %i ms off by what others answer'),
      ...from(poll, 'goes by the API when the clock here is a year behind'),
    ],
  },
  F049: {
    tests: [
      ...from(
        modelFailures,
        'takes %i for %s',
        'is unreachable when nobody listens, or there is no such host',
        'is unreachable when TLS does not come about',
      ),
      ...from(
        'test/runs/circuits.test.ts',
        'of a model is asked by few, all wait for it by name, one alert tells, and all go on',
      ),
      ...from(
        'test/runs/finish.test.ts',
        'parks the run, however often it failed before: %s',
        'is asked at growing intervals, up to ten minutes',
      ),
      ...from('test/runs/loop.test.ts', 'wait for a model that is away, and go on by themselves'),
    ],
  },
  F050: {
    tests: from(
      'test/models/silence.test.ts',
      '%s is given up at the timeout, and asked again later',
      'and sends a byte now and then is given up at the timeout all the same',
    ),
  },
  F051: {
    tests: [
      ...from(modelFailures, 'never takes the beginning of an answer for an answer, wherever it is cut'),
      ...from(
        'test/runs/cut-answers.test.ts',
        'a run acts on no answer that was cut, wherever it was cut, and once on the whole one',
      ),
    ],
  },
  F053: {
    tests: [
      ...from(
        'test/runs/bad-answers.test.ts',
        'is told so, and nothing is sent, when the arguments are %s',
        'has a few tries to mend its arguments, and then the run is dead with the reason: %s',
        'does nothing by text that looks like a call',
      ),
      ...from('test/runs/loop.test.ts', 'denies %s, tells the model, sends nothing, and goes on'),
      ...from(
        model,
        'hands over malformed arguments and an unknown tool as the model wrote them',
        'finds %s malformed and comes back later',
      ),
    ],
  },
  F054: {
    tests: [
      ...from(
        'test/runs/bad-answers.test.ts',
        'gets no more of a hundred calls in one answer than its limits and its grant allow',
        'is ended by its bound of %s, with the reason',
      ),
      ...from(
        'test/runs/loop.test.ts',
        'ends a model that makes the same call again and again',
        'holds %s within one answer too',
      ),
    ],
  },
  F056: { tests: resume },
  F058: {
    tests: [
      ...from(
        'test/models/variants.test.ts',
        'that %s is understood',
        'that answers %s, though none was asked for, is told apart, and nothing of it is taken',
      ),
      ...from(
        model,
        'names calls without an id, or with one that an earlier turn used, and writes the name into the item',
        'estimates from the bytes where usage is %j, so that limits still bind',
        'takes an error status that came inside a 200 for what it says',
      ),
      ...from(
        'test/models/openai-chat.test.ts',
        'takes calls for calls when the server says "stop", or nothing',
        'sends instructions, input and tools in the form that most servers know',
      ),
    ],
  },
  F060: {
    tests: from(
      protection,
      '%s, %s, effect: %s',
      'is asked of the probe when the API gives its saved 500 again and again',
      'ends in a hold where the saved 500 is all that there is',
    ),
  },
  F061: { tests: from(protection, '%s, %s, effect: %s') },
  F062: {
    tests: from(
      protection,
      'is waited for while the first request is still under way: 409, the same key, one effect',
      'holds where the API has the key for other bytes',
      'rejects on 400, which speaks of the same bytes',
    ),
  },
  F063: {
    tests: from(
      protection,
      'is not asked for when the key’s life is over: held, and nothing is sent',
      'is asked of the probe when the key’s life is over',
    ),
  },
  F065: {
    tests: [
      ...from(
        'test/tools/strange-answers.test.ts',
        'with a redirect to itself (%i) is asked once',
        'with a redirect to another host never speaks to it',
        'with a 304 to a request that asked for none has answered so, without a body',
        'with %s ahead is waited for until its answer',
        'with a 204 that has a body: the status stands, and the body is no answer to the next request',
      ),
      ...from(
        'test/tools/http.test.ts',
        'with a redirect (%i) is not followed, and the credential goes nowhere else',
      ),
    ],
  },
  F068: {
    tests: from(protection, '%i rejects: nothing happened, and it is not sent again'),
    waitsFor: {
      part: 'credentials that are refreshed',
      because: 'a credential is a fixed secret; there is no token to refresh, so no race over one',
    },
  },
  F071: {
    tests: [
      ...from(mailboxes, 'has its run in turn, which is told that the state has moved on'),
      ...from(
        'test/runs/loop.test.ts',
        'reads the subject before the model is asked, shows it, and keeps it',
        'of one subject happen one after the other, of different subjects at once',
      ),
      ...from(claims, 'tells of a newer event that an earlier run of the subject was about'),
    ],
  },
  F074: {
    tests: from(
      outage,
      'for four days finds everything that came meanwhile, over several pages and ticks, each once',
      'for longer than an API keeps its cursors says from when on something may be missing',
    ),
    waitsFor: {
      part: 'polling that reconciles',
      because:
        'what a webhook source missed is found by its own `reconcile`, which is still to come; polled sources catch up',
    },
  },
  F075: {
    tests: from(
      outage,
      'for four days finds everything that came meanwhile, over several pages and ticks, each once',
    ),
    waitsFor: {
      part: 'polling that reconciles',
      because: 'an event that the sender never sends is found only by a poll beside its webhook',
    },
  },
  F076: {
    tests: [
      ...from(
        'test/e2e/burst.test.ts',
        'stores every event of a burst that it acknowledged, and answers the others 503',
      ),
      ...from(
        mailboxes,
        'wakes one run after the other where the mailbox queues, in order and never two at once',
      ),
    ],
  },
  F077: {
    tests: [
      ...from(
        senders,
        'that sends byte by byte is answered after the last one, and nothing of it is stored before',
        'that closes its side after the whole request is recorded like any other',
        'that closes its side %i bytes into the body gets no 2xx, and nothing is stored',
        'that is gone before it heard the answer sends again, and it is one event',
        'whose signature is wrong leaves nothing, however it sent it',
      ),
      ...from(
        'test/http/server.test.ts',
        'closes a connection whose headers do not end, though bytes keep coming',
        'closes a connection whose body does not end, though bytes keep coming, and gives its bytes back',
      ),
    ],
  },
  F079: {
    tests: [
      ...from(
        outage,
        'that is lost is a gap that is said: what came since the last event is read again, each once',
        'from the future of one record hides no other',
        'that %s is a gap that is said, and polling goes on',
      ),
      ...from(
        cursors,
        'a token that expired is a gap; without a since the log is primed, and polling goes on',
        'with a since, everything since the last good tick is read again and nothing is missed',
      ),
    ],
  },
  F081: {
    tests: [
      ...from(poll, 'an API that does not follow the page number is noticed at the third page'),
      ...from(outage, '%s end the walk, and are a trouble that is said'),
    ],
  },
  F083: {
    tests: [
      ...from(
        poll,
        'an unchanged list costs no page, and every twentieth request is a full one',
        'the first of several pages is never taken for all of them',
      ),
      ...from(
        'test/poller/nothing-lost.test.ts',
        'loses nothing with a strict filter, an ETag and a server whose clock is five minutes ahead',
      ),
    ],
  },
  F084: {
    tests: from(
      poll,
      'wakes nobody for what is there, and everybody for what comes after',
      'wakes for what comes while a first walk of many ticks is under way',
      'goes back exactly as far as it is told to',
    ),
  },
  F086: {
    tests: [
      ...from(
        'test/runs/circuits.test.ts',
        'of an API gets no write while it asked to wait, and each write exactly once after',
      ),
      ...from(
        'test/tools/http.test.ts',
        'a credential with a rate sends so many and no more, whatever the tool; the rest can be given up unsent',
      ),
      ...from(poll, 'never sooner than X-Poll-Interval, and the reset of a limit that is used up'),
    ],
    waitsFor: {
      part: 'rate budgets',
      because:
        'polls and tools that share a credential do not yet share what is left of its limit, with a reserve for writes',
    },
  },
  F088: {
    tests: [
      ...from(
        'test/config/edits.test.ts',
        'is taken over whole where an editor renames its file over the old one',
        'stays as it was while its file is empty, cut off or gone, and goes on with the whole one',
        'that is written in many pieces is read once it has come to rest',
        'is taken over where the link that it is leads to another file, as volumes of a container do',
        'warns of a secret that others may read, and takes it',
      ),
      ...from('test/daemon.test.ts', 'that does not load leaves the old one in force and says why'),
    ],
  },
  F089: {
    tests: from(
      'test/runs/two-agents.test.ts',
      'two agents that one event wakes both run, each write under a key of its own',
    ),
  },
  F092: {
    tests: [
      ...from('test/store/lock.test.ts', 'keeps a second daemon off, and says who has it and what to do'),
      ...from('test/store/open.test.ts', 'refuses the ledger of a newer rouse, and leaves it as it is'),
      ...from('test/daemon.test.ts', 'does not touch a run that began before it, not even over a restart'),
    ],
  },
  F094: {
    tests: [
      ...from(
        'test/e2e/backup.test.ts',
        'has every event that was acknowledged before it began, while deliveries go on',
        'is started only by a word, does nothing twice, and goes on',
      ),
      ...from(
        backup,
        'can be one without a mark, as another program copies it',
        'knows what comes again from before it, by delivery or by poll, and takes what came after for new',
      ),
    ],
  },
  F096: {
    tests: [],
    waitsFor: {
      part: 'a long run',
      because: 'three days do not fit into a test; `npm run faults -- --minutes` is what to leave running',
    },
  },
  F097: {
    tests: [
      ...from(
        replays,
        'names the last run, why it is dead, and what its writes did, and then asks',
        'keeps its event out until a person has said what became of it',
        'is never replayed, and the way to end it is said',
        'makes no second replay when the command is given again, whatever became of the first',
      ),
      ...from(
        'test/cli/deciding.test.ts',
        '%s says what it means for keys before it is done, and keeps who said so',
      ),
      ...from(
        'test/runs/ordinals.test.ts',
        'gives a resumed run its old keys and a replayed one new keys and markers',
      ),
    ],
  },
}
