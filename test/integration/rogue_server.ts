/**
 * Serves each certificate of a file on a port of its own, for `rogue.test.ts`: prints the ports, and then the name of whatever
 * was asked for anything. On Node, whose TLS can be told to show what nobody should.
 */
import { readFileSync } from "node:fs";
import https from "node:https";
import process from "node:process";
import type { SecureVersion } from "node:tls";
import type { Shown } from "../rogues.ts";

const shown = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as readonly Shown[];
const ports: [name: string, port: number][] = [];
for (const { name, certificate, privateKey, version } of shown) {
  const versions: readonly SecureVersion[] = version === undefined ? ["TLSv1.2", "TLSv1.3"] : [version];
  for (const one of versions) {
    const options = {
      cert: certificate,
      key: privateKey,
      minVersion: one,
      maxVersion: one,
      ciphers: "DEFAULT@SECLEVEL=0",
    };
    const server = https.createServer(options, (_, response) => {
      console.log(`ASKED ${name}`);
      response.end("ok");
    });
    server.on("tlsClientError", () => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (typeof address === "object" && address !== null) ports.push([name, address.port]);
  }
}
console.log(`PORTS ${JSON.stringify(ports)}`);
