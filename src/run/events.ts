export type * from '../plan/events.ts';
