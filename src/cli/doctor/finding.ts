/** One thing that `doctor` looked at. */
export interface Finding {
  readonly area: string
  readonly state: 'ok' | 'warn' | 'fail'
  /** What was found. Safe to print. */
  readonly text: string
  /** What to do about it. */
  readonly advice?: string
}
