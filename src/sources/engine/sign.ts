/** What a sender would send: for `trigger`, tests and the demo. */
export interface SignRequest {
  readonly body: Uint8Array
  readonly type: string
  /** The sender's delivery or event id. */
  readonly id: string
  readonly secretIndex?: number
}

export interface SignedRequest {
  readonly headers: Readonly<Record<string, string>>
  /** Where the proof stands in the body; the request's own where it is left out. */
  readonly body?: Uint8Array
  /** Goes behind the `?` of the URL. */
  readonly query?: string
}
