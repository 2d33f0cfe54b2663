import { describe } from 'vitest';
import { itHolds } from './publish.ts';

describe('deliveries into tables that were there before, with rows', () => {
  itHolds(['newest', 'first', 'merge first'], ['foreign', 'foreign, days of its own']);
  itHolds(['replace', 'period', 'period with key'], ['foreign']);
});
