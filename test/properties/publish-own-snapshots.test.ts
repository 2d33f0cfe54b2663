import { describe } from 'vitest';
import { itHolds } from './publish.ts';

describe('snapshots and their rows in tables that dayboard made', () => {
  itHolds(['merge newest'], ['by day', 'by instant', 'by day, keys move', 'plain']);
  itHolds(['replace'], ['by day', 'by instant', 'plain']);
});
