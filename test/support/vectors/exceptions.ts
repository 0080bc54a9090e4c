/** Valid vectors that are refused on purpose, by id: with which code, and why. */
export const exceptions: Readonly<Record<string, { readonly code: string; readonly reason: string }>> = {
  'travis/rsa-sha1': {
    code: 'verification.not_a_delivery',
    reason: 'its build names no owner of the repository, so it is of none that can be configured',
  },
}
