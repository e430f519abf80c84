// Runs inside the app's own Node (NODE_OPTIONS=--require), and writes down what it does, with file
// and line: files opened for writing, addresses, programs. One JSON line for each sight and place.
'use strict';
const log = process.env.LOCALKU_DOCTOR_LOG;
const slug = process.env.LOCALKU_DOCTOR_SLUG || '';
const real = process.env.LOCALKU_DOCTOR_REAL || '';
if (log) {
  const fs = require('fs');
  const net = require('net');
  const path = require('path');
  const url = require('url');
  const childProcess = require('child_process');
  const denied = new Set((process.env.LOCALKU_DOCTOR_DENIED || '').split(','));
  const append = fs.appendFileSync.bind(fs);
  const said = new Set();
  let busy = false;

  const within = (name, folder) => folder && (name === folder || name.startsWith(folder + path.sep));

  function where() {
    for (const line of (new Error().stack || '').split('\n').slice(2)) {
      const found = /\(?((?:file:\/\/)?\/[^():]+):(\d+):\d+\)?$/.exec(line);
      if (!found) continue;
      const name = found[1].startsWith('file:') ? url.fileURLToPath(found[1]) : found[1];
      if (within(name, slug) && !name.includes('/node_modules/')) {
        return `${path.relative(slug, name)}:${found[2]}`;
      }
    }
    return '';
  }

  function say(event, more) {
    if (busy) return;
    busy = true;
    try {
      const sight = { event, where: where(), ...more };
      const key = JSON.stringify(sight);
      if (!said.has(key) && said.size < 5000) {
        said.add(key);
        const known = { pid: process.pid, dyno: process.env.DYNO || '' };
        append(log, JSON.stringify({ ...sight, ...known }) + '\n');
      }
    } catch { /* the trial is over */ } finally { busy = false; }
  }

  function wrote(target) {
    if (busy || typeof target === 'number' || target === undefined || target === null) return;
    const text = target instanceof URL ? url.fileURLToPath(target) : String(target);
    const name = path.resolve(text);
    if (name.startsWith('/dev/')) return;
    say('write', { path: name });
    if (within(name, real)) throw new Error("localku doctor: the app's own folder is not written to");
  }

  const writes = (flags) => (typeof flags === 'number' ? (flags & 3) !== 0 : /[wa+]/.test(String(flags || 'r')));

  function wrap(owner, name, look) {
    const plain = owner[name];
    if (typeof plain !== 'function') return;
    owner[name] = function (...args) {
      look(args, this);
      return plain.apply(this, args);
    };
    Object.assign(owner[name], plain);
  }

  for (const each of ['writeFile', 'appendFile', 'createWriteStream', 'mkdir', 'unlink', 'rm', 'truncate']) {
    wrap(fs, each, (args) => wrote(args[0]));
    wrap(fs, `${each}Sync`, (args) => wrote(args[0]));
    wrap(fs.promises, each, (args) => wrote(args[0]));
  }
  for (const each of ['rename', 'copyFile', 'symlink']) {
    wrap(fs, each, (args) => wrote(args[1]));
    wrap(fs, `${each}Sync`, (args) => wrote(args[1]));
    wrap(fs.promises, each, (args) => wrote(args[1]));
  }
  const opened = (args) => { if (writes(args[1])) wrote(args[0]); };
  wrap(fs, 'open', opened);
  wrap(fs, 'openSync', opened);
  wrap(fs.promises, 'open', opened);

  wrap(net.Server.prototype, 'listen', (args) => {
    const first = args[0];
    const options = first && typeof first === 'object' ? first : { port: first, host: args[1] };
    if (options.port !== undefined && !Number.isNaN(Number(options.port))) {
      const host = typeof options.host === 'string' ? options.host : '::';
      say('bind', { host, port: Number(options.port) });
    }
  });
  // a Unix socket that was there before the trial is that of a service of this machine
  const isAlien = (name) => {
    try {
      const began = fs.statSync(path.join(path.dirname(log), 'config.env')).mtimeMs;
      return process.env.LOCALKU_DOCTOR_NETWORK !== 'open' && fs.statSync(name).mtimeMs < began;
    } catch { return false; }
  };

  const connect = net.Socket.prototype.connect;
  net.Socket.prototype.connect = function (...args) {
    const first = Array.isArray(args[0]) ? args[0][0] : args[0];
    const options = first && typeof first === 'object' ? first : { port: first, host: args[1] };
    const socket = options.path || (typeof first === 'string' && !/^\d+$/.test(first) ? first : '');
    let refused = false;
    let place = socket;
    if (socket) {
      refused = isAlien(socket);
      if (refused) say('connect', { host: path.resolve(socket), port: 0, refused });
    } else if (options.port !== undefined) {
      const host = typeof options.host === 'string' ? options.host : 'localhost';
      const near = /^(127\.|::1$|localhost$)/.test(host);
      refused = process.env.LOCALKU_DOCTOR_NETWORK !== 'open'
        && (!near || denied.has(String(options.port)));
      place = `${host}:${options.port}`;
      say('connect', { host, port: Number(options.port), refused });
    }
    if (refused) {
      const error = new Error(`connect ECONNREFUSED ${place} (localku doctor)`);
      error.code = 'ECONNREFUSED';
      process.nextTick(() => this.destroy(error));
      return this;
    }
    return connect.apply(this, args);
  };

  wrap(childProcess.ChildProcess.prototype, 'spawn', ([options]) => {
    const command = ((options && options.args) || []).join(' ').slice(0, 4000);
    say('spawn', { program: String(options && options.file), command });
  });
  for (const each of ['spawnSync', 'execFileSync', 'execSync']) {
    wrap(childProcess, each, (args) => {
      const command = [args[0], ...(Array.isArray(args[1]) ? args[1] : [])].join(' ').slice(0, 4000);
      say('spawn', { program: each === 'execSync' ? 'sh' : String(args[0]), command });
    });
  }
  // the web process answers late while that file is there: a request can be in hand at SIGTERM
  const hold = process.env.LOCALKU_DOCTOR_HOLD;
  const exists = fs.existsSync.bind(fs);
  const http = require('http');
  const end = http.ServerResponse.prototype.end;
  http.ServerResponse.prototype.end = function (...args) {
    if (!hold || this.localkuHeld || !exists(hold)) return end.apply(this, args);
    this.localkuHeld = true;
    setTimeout(() => end.apply(this, args), 900);
    return this;
  };
  say('node', { executable: process.execPath, version: process.versions.node });
}
