import { Worker } from 'node:worker_threads'
import type { Database, Statement } from 'better-sqlite3'
import { faultPoint } from '../../util/fault-point.js'

/** 8 MiB: smaller batches write the same pages more often, larger ones leave more to read after a crash. */
const pagesToWrite = 1000
/** 32 MiB: a log of this size is begun anew, or it would grow as long as there is load. */
const pagesToRestart = 4000
/** So little is written between two commits without anybody noticing (2 ms). */
const pagesBetween = 200
/** Under load each pass of the thread leaves a third of the one before; a slow disk must not keep it at that for ever. */
const mostPasses = 5

interface LogState {
  /** Pages in the log. */
  readonly log: number
  /** Of these, pages that are in the file already. */
  readonly checkpointed: number
}

/**
 * Writes the write-ahead log back into the file. SQLite's own way does it inside a commit, with everybody
 * waiting; a thread with a connection of its own does it beside the commits (measured at full load: a sixth of the
 * processor time, 8,200 → 10,000 deliveries a second). The thread is started when there is something to do and
 * takes 8 MB; where there can be none, the writer does its work between two commits. Failures lose nothing: the
 * log keeps what is not in the file yet.
 */
export class Checkpoints {
  #worker: Worker | undefined
  #isWorking = false
  #passes = 0
  #hasNoThread = false
  readonly #state: Statement<[], LogState>
  readonly #write: Statement<[], LogState>

  constructor(
    db: Database,
    private readonly file: string,
  ) {
    db.pragma('wal_autocheckpoint = 0')
    this.#state = db.prepare('PRAGMA wal_checkpoint(NOOP)')
    this.#write = db.prepare('PRAGMA wal_checkpoint(PASSIVE)')
  }

  /** To be called between two commits. */
  look(): void {
    if (this.#isWorking) return
    try {
      const { log, checkpointed } = this.#state.get() ?? { log: 0, checkpointed: 0 }
      if (log - checkpointed < pagesToWrite) return
      if (this.#hasNoThread) this.#write.all()
      else this.#thread().postMessage('write')
      faultPoint('K22')
    } catch {
      // Tried again after the next commit.
      this.#isWorking = false
    }
  }

  async close(): Promise<void> {
    this.#isWorking = true
    await this.#worker?.terminate()
  }

  #thread(): Worker {
    this.#isWorking = true
    if (this.#worker) return this.#worker
    const worker = new Worker(new URL('./checkpoint-worker.js', import.meta.url), { workerData: this.file })
    worker.unref()
    worker.on('message', () => {
      this.#isWorking = false
      this.#restart()
    })
    worker.on('error', () => {
      this.#isWorking = false
      this.#hasNoThread = true
    })
    this.#worker = worker
    return worker
  }

  /**
   * A commit begins the log anew only when all of it is in the file, which never happens by itself while there is
   * load. So the thread goes after what was written meanwhile until little is left, and that is written here.
   */
  #restart(): void {
    try {
      const { log, checkpointed } = this.#state.get() ?? { log: 0, checkpointed: 0 }
      if (log < pagesToRestart) return
      this.#passes++
      if (log - checkpointed > pagesBetween && this.#passes < mostPasses) {
        this.#thread().postMessage('write')
        return
      }
      this.#passes = 0
      this.#write.all()
    } catch {
      // Tried again after a later batch.
      this.#isWorking = false
    }
  }
}
