/** The last lines of what a program said, without control bytes, for an error's facts. */
export function lastLines(text: string, count: number): string {
  const lines = text
    .split('\n')
    .map((line) => line.replaceAll(/\p{Cc}/gu, ' ').trimEnd())
    .filter((line) => line !== '');
  return lines.slice(-count).join('\n');
}
