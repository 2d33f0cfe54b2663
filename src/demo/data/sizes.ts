export interface Sizes {
  /** Any whole number: another one gives other people. */
  seed: number;
  /** Accounts at the end of growth; late in 2026, an ordinary day has about half as many visits. */
  users: number;
  /** Days that a delivery of visits, subscriptions or events carries, its own included. */
  windowDays: number;
}
