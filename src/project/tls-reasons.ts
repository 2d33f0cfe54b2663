/** Why a server's certificate was not accepted. */
export interface TlsReason {
  kind: 'authority' | 'time' | 'name' | 'revoked';
  /** Goes on 'The certificate was not accepted:'. */
  words: string;
}

const UNKNOWN_AUTHORITY: TlsReason = {
  kind: 'authority',
  words: 'it is signed by an authority that this machine does not know',
};

/** By the code of Node's error: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const REASONS: Readonly<Record<string, TlsReason>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: { kind: 'authority', words: 'it is self-signed' },
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: { kind: 'time', words: 'it has expired' },
  CERT_NOT_YET_VALID: { kind: 'time', words: 'it is not valid yet' },
  CERT_REVOKED: { kind: 'revoked', words: 'it was revoked' },
  ERR_TLS_CERT_ALTNAME_INVALID: { kind: 'name', words: 'it is for another host name' },
};

/** What the code of a failed connection says of the certificate; undefined when it is no failure of TLS. */
export function tlsReason(code: string): TlsReason | undefined {
  return Object.hasOwn(REASONS, code) ? REASONS[code] : undefined;
}
