import type { Settings } from '../../src/demo/postgres/settings.ts';

/** For servers whose data nobody will miss. */
export const FAST: Settings = {
  fsync: false,
  synchronous_commit: false,
  full_page_writes: false,
  max_connections: 200,
};
