/** Environment variables, handed in: the core never reads the process's own. */
export type Environment = Readonly<Record<string, string | undefined>>;
