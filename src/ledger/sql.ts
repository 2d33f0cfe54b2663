/** How names and values are written into SQL. It stands on the ground, because sources write SQL too. */
export { columns, ident, literal, qualified } from '../project/sql.ts';
