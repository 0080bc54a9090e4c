/**
 * Who may see something, from everybody to nobody but those it is for. `subject` is who may see the object that the
 * event is about: the default of what is bound to that object. In `config.yaml` only the other three are written.
 */
export const labels = ['public', 'subject', 'internal', 'private'] as const
export type Label = (typeof labels)[number]
export type DeclaredLabel = Exclude<Label, 'subject'>

/** Whether who sees `audience` may see what is labelled `label`. */
export function covers(audience: Label, label: Label): boolean {
  return labels.indexOf(label) <= labels.indexOf(audience)
}
