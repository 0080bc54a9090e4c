/**
 * Valid vectors that are refused on purpose, by id: with which code, and why, which is printed. A code keeps them from
 * hiding a refusal for another reason.
 */
export const exceptions: Readonly<Record<string, { readonly code: string; readonly reason: string }>> = {}
