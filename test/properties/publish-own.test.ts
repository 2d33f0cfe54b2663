import { describe } from 'vitest';
import { itHolds } from './publish.ts';

describe('deliveries into tables that dayboard made', () => {
  itHolds(['newest', 'first', 'merge newest'], ['by day', 'by instant', 'by day, keys move', 'plain']);
  itHolds(['replace', 'period', 'period with key'], ['by day', 'by instant', 'plain']);
});
