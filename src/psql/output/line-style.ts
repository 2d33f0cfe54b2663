import type { LineStyleName, PrintSettings, StrokeName } from './result.ts';

/** The strokes of one horizontal line, or (for data) the vertical strokes between cells. */
export interface Rule {
  horizontal: string;
  left: string;
  middle: string;
  right: string;
}

/** Everything that a line style draws with. */
export interface LineStyle {
  name: LineStyleName;
  top: Rule;
  /** Below the headers, and between records in expanded form. */
  middle: Rule;
  bottom: Rule;
  data: Rule;
  /** Between columns where the right one goes on from the line above: after a newline, wrapped, or with nothing left. */
  middleAfterNewline: string;
  middleAfterWrap: string;
  middleAfterEnd: string;
  headerLeft: string;
  headerRight: string;
  newlineLeft: string;
  newlineRight: string;
  wrapLeft: string;
  wrapRight: string;
  /** Header cells leave room for a mark on their right also without borders. */
  marksOnTheRight: boolean;
}

const ASCII_RULE: Rule = { horizontal: '-', left: '+', middle: '+', right: '+' };
const ASCII_DATA: Rule = { horizontal: '', left: '|', middle: '|', right: '|' };

const ASCII: LineStyle = {
  name: 'ascii',
  top: ASCII_RULE,
  middle: ASCII_RULE,
  bottom: ASCII_RULE,
  data: ASCII_DATA,
  middleAfterNewline: '|',
  middleAfterWrap: '|',
  middleAfterEnd: '|',
  headerLeft: ' ',
  headerRight: '+',
  newlineLeft: ' ',
  newlineRight: '+',
  wrapLeft: '.',
  wrapRight: '.',
  marksOnTheRight: true,
};

const OLD_ASCII: LineStyle = {
  ...ASCII,
  name: 'old-ascii',
  middleAfterNewline: ':',
  middleAfterWrap: ';',
  middleAfterEnd: ' ',
  headerLeft: '+',
  headerRight: ' ',
  newlineLeft: ' ',
  newlineRight: ' ',
  wrapLeft: ' ',
  wrapRight: ' ',
  marksOnTheRight: false,
};

/** The crossing strokes of a box, by which of their two directions is double. */
const STROKES: Record<StrokeName, { across: string; down: string }> = {
  single: { across: '─', down: '│' },
  double: { across: '═', down: '║' },
};
const CORNERS: Record<
  StrokeName,
  { topLeft: string; topRight: string; bottomLeft: string; bottomRight: string }
> = {
  single: { topLeft: '┌', topRight: '┐', bottomLeft: '└', bottomRight: '┘' },
  double: { topLeft: '╔', topRight: '╗', bottomLeft: '╚', bottomRight: '╝' },
};
/** Keyed by the stroke that goes down, then the stroke that goes across. */
const JOINTS: Record<
  StrokeName,
  Record<StrokeName, { left: string; right: string; cross: string; top: string; bottom: string }>
> = {
  single: {
    single: { left: '├', right: '┤', cross: '┼', top: '┬', bottom: '┴' },
    double: { left: '╞', right: '╡', cross: '╪', top: '╤', bottom: '╧' },
  },
  double: {
    single: { left: '╟', right: '╢', cross: '╫', top: '╥', bottom: '╨' },
    double: { left: '╠', right: '╣', cross: '╬', top: '╦', bottom: '╩' },
  },
};

function unicodeStyle(border: StrokeName, column: StrokeName, header: StrokeName): LineStyle {
  const corners = CORNERS[border];
  const edges = JOINTS[column][border];
  const horizontal = STROKES[border].across;
  const side = STROKES[border].down;
  const down = STROKES[column].down;
  return {
    ...ASCII,
    name: 'unicode',
    top: { horizontal, left: corners.topLeft, middle: edges.top, right: corners.topRight },
    middle: {
      horizontal: STROKES[header].across,
      left: JOINTS[border][header].left,
      middle: JOINTS[column][header].cross,
      right: JOINTS[border][header].right,
    },
    bottom: { horizontal, left: corners.bottomLeft, middle: edges.bottom, right: corners.bottomRight },
    data: { horizontal: '', left: side, middle: down, right: side },
    middleAfterNewline: down,
    middleAfterWrap: down,
    middleAfterEnd: down,
    headerRight: '↵',
    newlineRight: '↵',
    wrapLeft: '…',
    wrapRight: '…',
  };
}

/** The strokes and marks that the settings name. */
export function lineStyle(settings: PrintSettings): LineStyle {
  switch (settings.linestyle) {
    case 'ascii':
      return ASCII;
    case 'old-ascii':
      return OLD_ASCII;
    case 'unicode':
      return unicodeStyle(
        settings.unicodeBorderLinestyle,
        settings.unicodeColumnLinestyle,
        settings.unicodeHeaderLinestyle,
      );
  }
}
