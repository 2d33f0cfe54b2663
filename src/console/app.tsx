import { Box, Text, useApp, useInput, usePaste } from 'ink';
import { memo, useEffect, useMemo, useSyncExternalStore } from 'react';
import { createClock } from './clock.ts';
import { draw } from './draw.ts';
import { keyNames } from './keys.ts';
import type { Store } from './store.ts';
import type { Theme } from './theme.ts';
import { pasted } from './typing.ts';

/** A row of the screen. Its text is all there is to it: rows that did not change are not rendered. */
const Row = memo(function Row({ text }: { text: string }) {
  return <Text wrap="truncate">{text}</Text>;
});

/** The console: the frame of the state, and keys for the controller. */
export function App({
  store,
  controller,
  theme,
  onTerminal,
}: {
  store: Store;
  controller: { press: (key: string) => void };
  theme: Theme;
  /** Given once what hands the terminal over for a while and draws anew afterwards. */
  onTerminal?: (suspend: (whileAway: () => Promise<void>) => Promise<void>) => void;
}) {
  const state = useSyncExternalStore(store.subscribe, store.snapshot);
  const clock = useMemo(() => createClock(state.project.timeZone), [state.project.timeZone]);
  const { suspendTerminal } = useApp();
  useEffect(() => onTerminal?.(suspendTerminal), [onTerminal, suspendTerminal]);
  useInput((input, key) => {
    for (const name of keyNames(input, key)) controller.press(name);
  });
  usePaste((text) => store.update((current) => pasted(current, text)));
  const { lines, overlay } = draw(state, theme, clock);
  const { columns, rows } = state.size;
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      {lines.map((text, index) => (
        // The place on the screen is what a row is.
        <Row key={index} text={text} />
      ))}
      {overlay === undefined ? null : (
        <Box position="absolute" flexDirection="column" top={overlay.top} left={overlay.left}>
          {overlay.lines.map((text, index) => (
            <Row key={index} text={text} />
          ))}
        </Box>
      )}
    </Box>
  );
}
