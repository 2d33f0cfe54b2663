import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  /** PEM. */
  key: string;
  cert: string;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** A private certificate authority, made with openssl for one test file. Nothing on any machine knows it. */
export class Authority implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'dayboard-test-ca-'));
  /** The file with its own certificate. */
  readonly file = join(this.directory, 'ca.crt');

  constructor() {
    this.openssl(
      'req',
      '-x509',
      ...NEW_KEY,
      '-keyout',
      'ca.key',
      '-out',
      'ca.crt',
      '-days',
      '2',
      '-subj',
      '/CN=tests',
    );
  }

  /** A server's certificate for names such as 'DNS:localhost'; with -1 days it has expired when it is made. */
  issue(names: string, days = 2): Certificate {
    this.openssl('req', ...NEW_KEY, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=server');
    writeFileSync(join(this.directory, 'names'), `subjectAltName=${names}`);
    const from = ['-in', 'server.csr', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'];
    this.openssl('x509', '-req', ...from, '-days', String(days), '-extfile', 'names', '-out', 'server.crt');
    return this.read();
  }

  /** One that nobody but itself vouches for. */
  selfSigned(names: string): Certificate {
    const subject = ['-subj', '/CN=server', '-addext', `subjectAltName=${names}`];
    this.openssl(
      'req',
      '-x509',
      ...NEW_KEY,
      '-keyout',
      'server.key',
      '-out',
      'server.crt',
      '-days',
      '2',
      ...subject,
    );
    return this.read();
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  private openssl(...args: string[]): void {
    execFileSync('openssl', args, { cwd: this.directory, stdio: 'pipe' });
  }

  private read(): Certificate {
    const [key, cert] = ['server.key', 'server.crt'].map((file) =>
      readFileSync(join(this.directory, file), 'utf8'),
    );
    return { key: key as string, cert: cert as string };
  }
}
