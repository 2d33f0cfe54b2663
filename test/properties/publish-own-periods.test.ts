import { describe } from 'vitest';
import { itHolds } from './publish.ts';

describe('deliveries of one period into tables that dayboard made', () => {
  itHolds(['period', 'period with key'], ['by day', 'by instant', 'plain']);
});
