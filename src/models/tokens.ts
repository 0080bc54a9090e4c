/** A rough count where nobody counted: four bytes a token, which is near for English and high for code. */
export function estimateTokens(bytes: number): number {
  return Math.ceil(bytes / 4)
}
