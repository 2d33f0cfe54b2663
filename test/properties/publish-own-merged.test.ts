import { describe } from 'vitest';
import { itHolds } from './publish.ts';

describe('deliveries that are merged into tables that dayboard made', () => {
  itHolds(['newest', 'first'], ['by day', 'by instant', 'by day, keys move', 'plain']);
});
