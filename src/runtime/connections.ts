import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Seconds a peer may take to close its half of a connection at a stop. */
const END_SECONDS = 1;

interface Connection {
  readonly answering: Set<ServerResponse>;
  timer?: ReturnType<typeof setTimeout>;
}

/**
 * The connections of one server: who is idle, who is being answered. `node:http` counts none of this for sockets that
 * were handed to it, looks at slow headers every 30 seconds only, and knows no limit for an idle first request.
 */
export class Connections {
  readonly #idleSeconds: number;
  readonly #bodySeconds: number;
  readonly #open = new Map<Socket, Connection>();
  /** What `connection` showed, TLS handshakes under way included. */
  readonly #raw = new Set<Socket>();
  #stopping = false;
  #emptied: (() => void) | undefined;

  /** Both limits in seconds. */
  constructor(idleSeconds: number, bodySeconds: number) {
    this.#idleSeconds = idleSeconds;
    this.#bodySeconds = bodySeconds;
  }

  /** Whether no further request is taken. */
  get stopping(): boolean {
    return this.#stopping;
  }

  /** A connection that may still have its TLS handshake before it. */
  addRaw(socket: Socket): void {
    this.#raw.add(socket);
    socket.on("close", () => this.#raw.delete(socket));
    socket.on("error", () => {}); // an error nobody listens for ends the process; `close` follows it
  }

  /** A connection that a request can come over. */
  add(socket: Socket): void {
    if (this.#stopping) return void socket.destroy();
    const connection: Connection = { answering: new Set() };
    this.#open.set(socket, connection);
    this.#waitForRequest(socket, connection);
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(connection.timer);
      this.#open.delete(socket);
      if (this.#open.size === 0) this.#emptied?.();
    });
  }

  /** A request whose headers are there. */
  begin(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { socket } = incoming;
    const connection = this.#open.get(socket);
    if (connection === undefined) return void socket.destroy();
    connection.answering.add(outgoing);
    clearTimeout(connection.timer);
    const slow = setTimeout(() => {
      if (!incoming.complete) socket.destroy();
    }, this.#bodySeconds * 1000);
    outgoing.on("close", () => {
      clearTimeout(slow);
      connection.answering.delete(outgoing);
      if (connection.answering.size > 0 || socket.destroyed) return;
      if (this.#stopping) this.#end(socket, connection);
      else this.#waitForRequest(socket, connection);
    });
  }

  /** Whether raw bytes may be written: no answer has begun on this connection. */
  canRefuse(socket: Socket): boolean {
    const connection = this.#open.get(socket);
    if (connection === undefined || !socket.writable) return false;
    for (const outgoing of connection.answering) if (outgoing.headersSent) return false;
    return true;
  }

  /** Ends what is idle, waits until the rest is answered or the seconds are over, and drops what is left. */
  async stop(graceSeconds: number): Promise<void> {
    this.#stopping = true;
    const emptied = new Promise<void>((resolve) => this.#emptied = resolve);
    for (const [socket, connection] of this.#open) if (connection.answering.size === 0) this.#end(socket, connection);
    if (this.#open.size > 0) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const limit = new Promise<void>((resolve) => timer = setTimeout(resolve, graceSeconds * 1000));
      await Promise.race([emptied, limit]);
      clearTimeout(timer);
    }
    for (const socket of this.#open.keys()) socket.destroy();
    for (const socket of this.#raw) socket.destroy();
  }

  /** Ended rather than destroyed, so that the end of an answer is not lost; but a peer may leave its half open for ever. */
  #end(socket: Socket, connection: Connection): void {
    socket.end();
    clearTimeout(connection.timer);
    connection.timer = setTimeout(() => socket.destroy(), END_SECONDS * 1000);
  }

  /** Neither a trickle of header bytes nor a kept-alive connection moves this limit. */
  #waitForRequest(socket: Socket, connection: Connection): void {
    clearTimeout(connection.timer);
    connection.timer = setTimeout(() => socket.destroy(), this.#idleSeconds * 1000);
  }
}
