import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** The network between a browser and the daemon, which can be lost. */
export class Cable {
  readonly #open = new Set<Socket>()
  #isCut = false
  #to = 0
  readonly #server: Server = createServer((near) => {
    if (this.#isCut) {
      near.destroy()
      return
    }
    const far = connect(this.#to, '127.0.0.1')
    for (const [from, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#open.add(from)
      from.pipe(other)
      from.on('error', () => other.destroy())
      from.on('close', () => {
        this.#open.delete(from)
        other.destroy()
      })
    }
  })

  static async lay(): Promise<Cable> {
    const cable = new Cable()
    await new Promise<void>((laid) => cable.#server.listen(0, '127.0.0.1', laid))
    return cable
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  leadTo(port: number): void {
    this.#to = port
  }

  /** Ends what is under way, and lets nothing through until it is mended. */
  cut(): void {
    this.#isCut = true
    for (const socket of this.#open) socket.destroy()
  }

  mend(): void {
    this.#isCut = false
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise((closed) => this.#server.close(closed))
  }
}
