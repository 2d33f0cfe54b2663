import type { RunState } from './events.ts';

/** Something that somebody did, as the ledger has it. */
export interface AuditEntry {
  /** RFC 3339, UTC. */
  at: string;
  by: string;
  /** Where it was done from. */
  host?: string;
  context?: string;
  /** A run's command ('sync', 'undo', 'script', …); or 'cancelled', 'forced', 'took back', 'deleted' of one. */
  did: string;
  /** The command line; what was cancelled; the guards; the version; the rows and their place. */
  what: string;
  run?: string;
  /** How that run stands. */
  state?: RunState;
}
