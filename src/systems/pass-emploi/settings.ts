export const SYSTEM = 'pass-emploi';

/** The zone of days, weeks and the schedule. The original takes weeks from sessions in UTC and its cron from Paris. */
export const TIME_ZONE = 'Europe/Paris';

/** The variables that the original has. */
export const SOURCE_URL = 'DUMP_RESTORE_DB_SOURCE';
export const TARGET_URL = 'DUMP_RESTORE_DB_TARGET';

/** The source database, as datasets name it. */
export const SOURCE = 'production';

/** The table of events at the target, and the dataset that fills it. */
export const EVENTS = 'evenement_engagement';
