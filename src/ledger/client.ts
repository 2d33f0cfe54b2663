import type { ClientBase } from 'pg';

/** The part of a pg client that single statements need. */
export type Queryable = Pick<ClientBase, 'query'>;
