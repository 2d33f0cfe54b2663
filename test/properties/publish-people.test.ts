import { describe } from 'vitest';
import { itHolds } from './publish.ts';

describe('deliveries of one day each, of people who come and go', () => {
  itHolds(['newest', 'first', 'replace'], ['by day'], 'people of days');
});
