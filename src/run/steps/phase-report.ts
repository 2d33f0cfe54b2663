import type { StepReport } from '../run-context.ts';
import type { BackendState } from '../watch-backend.ts';

/** What a derived relation's computing is at by its own account, with what the server says of it. */
export class PhaseReport {
  private own = 'starting';
  private readonly report: StepReport;
  private blocked = '';

  constructor(report: StepReport) {
    this.report = report;
  }

  phase(phase: string): void {
    this.own = phase;
    this.report.progress({ phase });
  }

  backend({ phase, share, blockedBy = '' }: BackendState): void {
    if (blockedBy !== '' && blockedBy !== this.blocked) this.report.note(`waiting for ${blockedBy}`);
    this.blocked = blockedBy;
    const at = blockedBy !== '' ? ', waiting for a lock' : phase === undefined ? '' : `: ${phase}`;
    this.report.progress({
      phase: `${this.own}${at}`,
      ...(share === undefined || blockedBy !== '' ? {} : { phaseShare: share }),
    });
  }
}
