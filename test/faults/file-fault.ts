/** What goes wrong with one file operation of the cache: an error of the system, or the process is killed there. */
export interface FileFault {
  point: string;
  kind: 'ENOSPC' | 'EIO' | 'EACCES' | 'EMFILE' | 'kill before' | 'kill after';
  /** A file that is written when it happened. */
  done: string;
}
