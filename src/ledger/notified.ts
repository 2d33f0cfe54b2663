import type { RunEvent } from '../plan/events.ts';

/** What a ledger tells whoever listens. */
export interface Notified {
  project: string;
  run?: string;
  /** There when it is not too long for a notification. */
  event?: RunEvent;
  /** The run is asked to end: how is in the ledger. */
  cancel?: 'step' | 'now';
}

/**
 * What a notification says; undefined for what is none of dayboard's: every role may notify on every channel, and a run
 * must not end because somebody did.
 */
export function notified(payload: string | undefined): Notified | undefined {
  let said: Partial<Record<keyof Notified, unknown>> | null;
  try {
    said = JSON.parse(payload ?? '') as typeof said;
  } catch {
    return undefined;
  }
  if (typeof said !== 'object' || said === null || typeof said.project !== 'string') return undefined;
  const { project, run, event, cancel } = said;
  return {
    project,
    ...(typeof run === 'string' ? { run } : {}),
    ...(isEvent(event) ? { event } : {}),
    ...(cancel === 'step' || cancel === 'now' ? { cancel } : {}),
  };
}

function isEvent(value: unknown): value is RunEvent {
  const { schema, type, run } = (value ?? {}) as Partial<Record<keyof RunEvent, unknown>>;
  return schema === 'dayboard.event/1' && typeof type === 'string' && typeof run === 'string';
}
