import { type XmlElements, xmlDocument } from './xml.ts';

/** What an operation answers. */
export interface Answer {
  status: number;
  headers: Readonly<Record<string, string>>;
  /** Absent for an answer without a body. */
  body?: AnswerBody;
}

export interface AnswerBody {
  /** In bytes; becomes Content-Length. */
  size: number;
  /** Opens the bytes; called at most once. */
  open(): AsyncIterable<Buffer>;
  /** Frees what the body holds, whether it was opened or not. */
  close(): Promise<void>;
}

export function emptyAnswer(status: number, headers: Answer['headers'] = {}): Answer {
  return { status, headers };
}

export function xmlAnswer(root: string, content: XmlElements, headers: Answer['headers'] = {}): Answer {
  return textAnswer(200, xmlDocument(root, content), headers);
}

export function textAnswer(status: number, text: string, headers: Answer['headers'] = {}): Answer {
  const bytes = Buffer.from(text);
  return {
    status,
    headers: { 'content-type': 'application/xml', ...headers },
    body: {
      size: bytes.length,
      open: async function* () {
        yield bytes;
      },
      close: async () => undefined,
    },
  };
}
