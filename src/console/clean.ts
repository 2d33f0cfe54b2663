/** A terminal sequence that ends: OSC, DCS, SOS, PM and APC strings, CSI, and the two-byte escapes. */
const SEQUENCES =
  // oxlint-disable-next-line no-control-regex
  /(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)|(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|\u001b[ -/]*[0-~]/gu;

/** What moves or splits a line becomes a space. */
const BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]+/gu;

/** What prints nothing or reorders its neighbours: controls, zero-width and bidirectional marks, variation selectors. */
const INVISIBLE = /[\p{Control}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}]/gu;

const PLAIN = /^[\u0020-\u007e]*$/u;
const SUSPECT = /[\p{Control}\p{Surrogate}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\u2028\u2029]/u;

/**
 * Text from data (object keys, server messages, values of files) as one line that a terminal only prints: whole escape
 * sequences go, whatever their spelling (C0 or C1), and so do controls and characters that nobody sees.
 */
export function clean(text: string): string {
  if (PLAIN.test(text) || !SUSPECT.test(text)) return text;
  return text.toWellFormed().replaceAll(SEQUENCES, '').replaceAll(BREAKS, ' ').replaceAll(INVISIBLE, '');
}
