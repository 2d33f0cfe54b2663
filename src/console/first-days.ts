/** Days of history that the board reads at first: what a wide terminal shows, and four months to be counted. */
export const FIRST_DAYS = 120;
