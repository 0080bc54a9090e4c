/** Valid vectors that are refused on purpose, by id: with which code, and why. There is none now. */
export const exceptions: Readonly<Record<string, { readonly code: string; readonly reason: string }>> = {}
