/** A name as SQL reads it: what is outside of double quotes in lower case (ASCII only), the quotes gone. */
export function foldIdentifier(text: string): string {
  let folded = '';
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '"') {
      if (quoted && text.charAt(at + 1) === '"') {
        folded += '"';
        at += 1;
      } else quoted = !quoted;
    } else folded += quoted ? character : asciiLower(character);
  }
  return folded;
}

export function asciiLower(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}
