import type { RunEvent } from '../../plan/events.ts';

/** Shows a run while it goes on; one of the readers of its events. */
export interface Reporter {
  event(event: RunEvent): void;
  /** Something about the run that is no event: that it is being cancelled, say. */
  message(text: string): void;
  /** Takes away what should not stay on the screen. No event comes after it. */
  end(): Promise<void>;
}

/** A step as texts name it: 'load sso 2024-11-13'. */
export function stepText(step: { kind: string; target: string; period?: string }): string {
  return [step.kind, step.target, step.period].filter((part) => part !== undefined).join(' ');
}
