import { describe } from 'vitest';
import { itHolds } from './publish.ts';

describe('deliveries of one day each, of people who come and go', () => {
  itHolds(['newest', 'first'], ['by day'], 'people of days');
});
