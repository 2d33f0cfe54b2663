/** Who does something: shown to others who look at the same ledger. */
export interface Actor {
  user: string;
  host: string;
  pid: number;
}
