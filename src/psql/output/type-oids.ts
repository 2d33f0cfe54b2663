/** Type OIDs of pg_type that psql aligns to the right; they never change. */
export const INT8 = 20;
export const INT2 = 21;
export const INT4 = 23;
export const OID = 26;
export const XID = 28;
export const CID = 29;
export const FLOAT4 = 700;
export const FLOAT8 = 701;
export const MONEY = 790;
export const NUMERIC = 1700;
export const XID8 = 5069;
