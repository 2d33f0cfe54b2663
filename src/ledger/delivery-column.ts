/** The last column of the raw tables that dayboard makes: the first day of the delivery that the row came from. */
export const DELIVERY = '_delivery';

/** The delivery of rows that were there before dayboard: older than every other. */
export const BEFORE = `'-infinity'::date`;
