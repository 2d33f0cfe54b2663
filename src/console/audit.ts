import type { AuditEntry } from '../plan/audit.ts';
import { matches } from './filter.ts';
import type { ConsoleState } from './state.ts';

/** What people did, as the audit screen lists it. */
export function auditRows(state: ConsoleState): AuditEntry[] {
  const filter = state.filters.audit ?? '';
  return (state.audit ?? []).filter((entry) => matches(filter, auditText(entry)));
}

function auditText({ at, by, host = '', context = '', did, what, run = '', state }: AuditEntry): string {
  return `${at.slice(0, 10)} ${by}@${host} ${context} ${did} ${what} ${run} ${state ?? ''}`;
}
