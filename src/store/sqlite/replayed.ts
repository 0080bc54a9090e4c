/**
 * That a dead run of the table `t` waits for nobody: a later replay of its event for its agent goes on, is completed, or
 * is dead itself and waits in its place. One that was cancelled did not do what was wanted, and does not count.
 */
export const isReplayed = `EXISTS (SELECT 1 FROM runs n
  WHERE n.event_id = t.event_id AND n.agent = t.agent AND n.replay > t.replay AND n.state <> 'cancelled')`
