import type { Systems } from '../project/load-config.ts';

/** The systems that come with dayboard, by the name that --config takes. */
export const systems: Systems = {
  'tchap-stats': async () => (await import('./tchap-stats/index.ts')).default,
  'pass-emploi': async () => (await import('./pass-emploi/index.ts')).default,
};
