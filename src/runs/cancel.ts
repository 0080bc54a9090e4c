/** Why a run ends that a person cancelled, as the ledger keeps it. */
export function cancelReason(by: string, reason: string | undefined): string {
  return reason === undefined ? `cancelled by ${by}` : `cancelled by ${by}: ${reason}`
}
