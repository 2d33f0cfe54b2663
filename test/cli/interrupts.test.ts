import { describe, expect, it } from 'vitest';
import { Interrupts } from '../../src/cli/interrupts.ts';
import { fakeIo } from './support.ts';

function setUp() {
  const { io, signal } = fakeIo();
  const heard: string[] = [];
  let now = 0;
  const interrupts = new Interrupts(
    io,
    (name) => heard.push(`base ${name}`),
    () => now,
  );
  return {
    heard,
    interrupts,
    send: (name: NodeJS.Signals, milliseconds = 1000) => {
      now += milliseconds;
      signal(name);
    },
  };
}

describe('signals', () => {
  it('get one answer after the other from what runs now', () => {
    const { heard, interrupts, send } = setUp();
    interrupts.answer([() => heard.push('cancel'), () => heard.push('leave')]);
    send('SIGINT');
    send('SIGINT');
    send('SIGINT');
    expect(heard).toEqual(['cancel', 'leave']);
  });

  it('that come twice within moments are one wish', () => {
    const { heard, interrupts, send } = setUp();
    interrupts.answer([() => heard.push('cancel'), () => heard.push('leave')]);
    send('SIGINT');
    send('SIGINT', 20);
    expect(heard).toEqual(['cancel']);
    send('SIGINT', 400);
    expect(heard).toEqual(['cancel', 'leave']);
  });

  it('of a hang-up are one wish, however many come and however late', () => {
    const { heard, interrupts, send } = setUp();
    interrupts.answer([() => heard.push('cancel'), () => heard.push('leave')]);
    send('SIGHUP');
    send('SIGHUP', 5000);
    expect(heard).toEqual(['cancel']);
    send('SIGTERM');
    expect(heard).toEqual(['cancel', 'leave']);
  });

  it('of two kinds are two wishes', () => {
    const { heard, interrupts, send } = setUp();
    interrupts.answer([(name) => heard.push(`first ${name}`), (name) => heard.push(`second ${name}`)]);
    send('SIGINT');
    send('SIGTERM', 20);
    expect(heard).toEqual(['first SIGINT', 'second SIGTERM']);
  });

  it('go back to what answered before', () => {
    const { heard, interrupts, send } = setUp();
    const stop = interrupts.answer([() => heard.push('cancel')]);
    stop();
    send('SIGTERM');
    expect(heard).toEqual(['base SIGTERM']);
    interrupts.stop();
    send('SIGTERM');
    expect(heard).toHaveLength(1);
  });
});
