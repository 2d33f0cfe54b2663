/** What an element holds: text, or elements in order; an absent value leaves the element out. */
export type XmlContent = string | number | boolean | XmlElements;
export type XmlElements = readonly (readonly [name: string, content: XmlContent | undefined])[];

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Text as XML character data. Control characters become numeric references, as S3 writes them. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"'\p{Cc}]/gu, (char) => ESCAPES[char] ?? `&#${char.charCodeAt(0)};`);
}

/** A whole document: one root element in S3's name space (errors have none). */
export function xmlDocument(root: string, content: XmlElements, namespace: boolean = true): string {
  const attribute = namespace ? ` xmlns="${NAMESPACE}"` : '';
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attribute}>${elements(content)}</${root}>`;
}

function elements(content: XmlElements): string {
  return content
    .map(([name, value]) => (value === undefined ? '' : `<${name}>${inner(value)}</${name}>`))
    .join('');
}

function inner(value: XmlContent): string {
  return typeof value === 'object' ? elements(value) : escapeXml(String(value));
}

const REFERENCES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(#x[0-9a-f]+|#[0-9]+|[a-z]+);/gi, (whole, name: string) => {
    if (name.startsWith('#x')) return String.fromCodePoint(Number.parseInt(name.slice(2), 16));
    if (name.startsWith('#')) return String.fromCodePoint(Number(name.slice(1)));
    return REFERENCES[name] ?? whole;
  });
}

/** The inner XML of each element of that name, wherever it stands. For the flat documents that S3 clients send. */
export function xmlSections(document: string, name: string): string[] {
  const pattern = new RegExp(`<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>`, 'g');
  return [...document.matchAll(pattern)].map((match) => match[1] ?? '');
}

/** The text of the first element of that name. */
export function xmlText(document: string, name: string): string | undefined {
  const section = xmlSections(document, name)[0];
  return section === undefined ? undefined : unescapeXml(section).trim();
}
