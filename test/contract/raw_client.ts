/** A client that sends any bytes it is told to: what `fetch` would never send, and as slowly as a test wants. */
import net from "node:net";
import tls from "node:tls";
import type { Socket } from "node:net";

/** A connection of raw bytes. */
export interface RawClient {
  readonly socket: Socket;
  /** Common name of the server's certificate; empty over plain HTTP. */
  readonly serverName: string;
  send(text: string): void;
  /** All that has come, once it fits the expression. Rejects when the connection closes before, or after 5 seconds. */
  until(expression: RegExp): Promise<string>;
  /** Forgets what has come. */
  forget(): void;
  /** Milliseconds from the opening to the close; rejects after 5 seconds. */
  closed(): Promise<number>;
  /** All that has come, when it has been closed. */
  all(): Promise<string>;
}

/** Connects to 127.0.0.1, over TLS where there is a server name to ask for (empty: none). */
export async function rawClient(
  port: number,
  serverName?: string,
  options: tls.ConnectionOptions = {},
): Promise<RawClient> {
  const opened = Date.now();
  const socket = serverName === undefined ? net.connect(port, "127.0.0.1") : tls.connect({
    port,
    host: "127.0.0.1",
    rejectUnauthorized: false,
    ...options,
    ...(serverName === "" ? {} : { servername: serverName }),
  });
  let received = "";
  let closedAfter: number | undefined;
  let heard = (): void => {};
  socket.on("data", (bytes: Uint8Array) => {
    received += new TextDecoder("latin1").decode(bytes);
    heard();
  });
  socket.on("error", () => {}); // a reset is an answer, too; `close` follows
  socket.on("close", () => {
    closedAfter = Date.now() - opened;
    heard();
  });
  const when = <T>(what: string, test: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        clearTimeout(timer);
        reject(new Error(`${why} before ${what}; received ${JSON.stringify(received)}`));
      };
      const timer = setTimeout(() => fail("5 seconds"), 5000);
      heard = () => {
        const found = test();
        if (found === undefined) return closedAfter === undefined ? undefined : fail("closed");
        clearTimeout(timer);
        resolve(found);
      };
      heard();
    });
  await new Promise<void>((resolve, reject) => {
    socket.once(serverName === undefined ? "connect" : "secureConnect", resolve);
    socket.once("error", reject);
  });
  const subject = socket instanceof tls.TLSSocket ? socket.getPeerCertificate().subject : undefined;
  return {
    socket,
    serverName: String(subject?.CN ?? ""),
    send: (text) => void socket.write(text, "latin1"),
    until: (expression) => when(String(expression), () => expression.test(received) ? received : undefined),
    forget: () => void (received = ""),
    closed: () => when("the close", () => closedAfter),
    all: () => when("the close", () => closedAfter === undefined ? undefined : received),
  };
}

/** A request's head. */
export function head(method: string, target: string, ...headers: string[]): string {
  return [`${method} ${target} HTTP/1.1`, "Host: localhost", ...headers, "", ""].join("\r\n");
}

/** Passes one connection on to a port of 127.0.0.1, until it is told to read no more answers. */
export async function stallableRelay(port: number): Promise<{ port: number; stall(): void; close(): void }> {
  const upstream = net.connect(port, "127.0.0.1");
  upstream.on("error", () => {});
  const relay = net.createServer((socket) => {
    socket.on("error", () => {});
    upstream.on("data", (bytes: Uint8Array) => socket.write(bytes));
    socket.on("data", (bytes: Uint8Array) => upstream.write(bytes));
    socket.on("close", () => upstream.destroy());
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  const address = relay.address();
  return {
    port: typeof address === "object" ? address?.port ?? 0 : 0,
    stall: () => void upstream.pause(),
    close: () => void relay.close(),
  };
}
