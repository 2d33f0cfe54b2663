#!/usr/bin/env node
'use strict';
// The launcher. It is CommonJS in old syntax, so that any Node from 16 up can read it and say what is missing.
// Node 24 or newer goes on in this process; an older one hands over to the Node that npm brought with dayboard.

var path = require('path');

var NEEDED = 24;
var FLUSH_AFTER_MS = 5000;
var SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

if (Number(process.versions.node.split('.')[0]) >= NEEDED) {
  run();
} else {
  handOver();
}

function run() {
  if (!process.env.NODE_ENV) process.env.NODE_ENV = 'production';
  enableCompileCache();
  import('../dist/main.js').catch(function (error) {
    var built = require('fs').existsSync(path.join(__dirname, '..', 'dist', 'main.js'));
    if (built) throw error;
    quit(
      'dayboard is not built: dist/main.js is missing. From a checkout, start it with ./scripts/dayboard.',
    );
  });
}

/** Keeps compiled code in the user's own cache: a shared temporary directory could be filled by someone else. */
function enableCompileCache() {
  var enable = require('module').enableCompileCache;
  if (process.env.NODE_COMPILE_CACHE) {
    enable();
    return;
  }
  try {
    var cache = process.env.XDG_CACHE_HOME || path.join(require('os').homedir(), '.cache');
    enable(path.join(cache, 'dayboard', 'compiled'));
    // It is written when the process ends; that of a console that is killed, or stays for days, helps no other start.
    var flush = require('module').flushCompileCache;
    setTimeout(function () {
      if (flush) flush();
    }, FLUSH_AFTER_MS).unref();
  } catch {
    // A user without a home directory starts a little slower.
  }
}

function handOver() {
  var node = findNode();
  if (!node) {
    quit(
      'dayboard needs Node ' +
        NEEDED +
        ' or newer; this is ' +
        process.version +
        ', and the Node that npm installs ' +
        'with dayboard (an optional dependency) is missing or does not run on ' +
        process.platform +
        ' ' +
        process.arch +
        '. Install Node ' +
        NEEDED +
        ', or install dayboard again without --omit=optional.',
    );
  }
  var args = [__filename].concat(process.argv.slice(2));
  if (process.execve) {
    // Becoming the new Node leaves no second process. Its warning that this is experimental would be noise here.
    process.emitWarning = function () {};
    process.execve(node, [node].concat(args), process.env);
  } else {
    runAsChild(node, args);
  }
}

/** The first of the platform packages' binaries that starts here (glibc builds do not on Alpine). */
function findNode() {
  var platform = process.platform + '-' + process.arch;
  var names = ['node-' + platform, 'node-bin-' + platform];
  for (var i = 0; i < names.length; i++) {
    var file;
    try {
      file = path.join(path.dirname(require.resolve(names[i] + '/package.json')), 'bin', 'node');
    } catch {
      continue;
    }
    var version = require('child_process').spawnSync(file, ['--version'], { encoding: 'utf8' });
    if (version.status === 0 && Number(version.stdout.slice(1).split('.')[0]) >= NEEDED) return file;
  }
  return undefined;
}

function runAsChild(node, args) {
  var child = require('child_process').spawn(node, args, { stdio: 'inherit' });
  // A terminal sends Ctrl-C and hang-up to the whole foreground group: the child has them already. Either way
  // this process stays until the child, which may still be cleaning up, has ended.
  var terminal = require('tty').isatty(0) || require('tty').isatty(1) || require('tty').isatty(2);
  SIGNALS.forEach(function (signal) {
    process.on(signal, function () {
      if (signal === 'SIGTERM' || !terminal) child.kill(signal);
    });
  });
  child.on('error', function (error) {
    quit('dayboard could not start ' + node + ': ' + error.message);
  });
  child.on('exit', function (code, signal) {
    if (!signal) process.exit(code);
    SIGNALS.forEach(function (name) {
      process.removeAllListeners(name);
    });
    process.kill(process.pid, signal);
  });
}

function quit(message) {
  process.stderr.write(message + '\n');
  process.exit(2);
}
