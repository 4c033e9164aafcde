/** What `connectContract` runs with another environment: asks a server with a plain client and with ours. */
import https from "node:https";
import process from "node:process";
import { detectRuntime } from "../../src/runtime/detect.ts";

const origin = process.argv[2] ?? "";
const plain = await new Promise<string>((resolve) => {
  https.get(origin, { agent: false }, (response) => {
    response.resume();
    resolve(String(response.statusCode));
  }).on("error", (error) => resolve(error.message));
});
const connection = (await detectRuntime()).connect({ ca: process.env["CERTGEN_TEST_CA"] ?? "" });
const ours = await connection.fetch(new Request(origin)).then(
  (response) => String(response.status),
  (error: unknown) => error instanceof Error && "code" in error ? String(error.code) : String(error),
);
connection.close();
console.log(`plain ${plain}, ours ${ours}`);
