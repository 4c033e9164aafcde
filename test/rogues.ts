/** Certificates that no client may trust for localhost, and some that it must, from the `openssl` command. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inDirectory, makeCa, openssl, type OpensslPair } from "./openssl.ts";

/** What a server shows. */
export interface Shown {
  readonly name: string;
  /** The certificate, and what follows it. */
  readonly certificate: string;
  readonly privateKey: string;
  /** Versions of TLS in which a server can show it at all; both unless said. */
  readonly version?: "TLSv1.2" | "TLSv1.3";
  /** Whether some runtime gives up in the handshake, before it has a word for the certificate. */
  readonly endsHandshake?: boolean;
}

/** A CA, the certificates that it does and does not vouch for, and one that it does not know. */
export interface Rogues {
  readonly ca: OpensslPair;
  readonly good: readonly Shown[];
  readonly rogue: readonly Shown[];
}

const SERVER = ["basicConstraints=critical,CA:FALSE", "extendedKeyUsage=serverAuth"];
const NAMED = [...SERVER, "subjectAltName=DNS:localhost,IP:127.0.0.1"];
const CA = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"];
const LATER = ["-startdate", "20400101000000Z", "-enddate", "20410101000000Z"];
const EARLIER = ["-startdate", "20200101000000Z", "-enddate", "20210101000000Z"];
const WEEK = ["-days", "7"];

/** How a certificate is made. */
interface Making {
  readonly ca?: OpensslPair;
  readonly key?: "ec" | "rsa512" | "rsa1024" | "rsa2048";
  readonly subject?: string;
  /** Of `openssl ca`: the digest and the dates. */
  readonly args?: readonly string[];
}

/** Makes all of them: a few seconds at most. */
export function makeRogues(): Rogues {
  return inDirectory((directory) => {
    const at = (name: string): string => join(directory, name);
    const ca = makeCa("certgen test CA");
    const keys = new Map<string, string>();
    const csrs = new Map<string, string>();
    let serial = 0x1000;
    writeFileSync(at("index"), "");
    // one name may have many certificates
    writeFileSync(at("index.attr"), "unique_subject = no\n");
    const keyOf = (kind: string): string => {
      const bits = kind.slice("rsa".length);
      const args = kind === "ec"
        ? ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
        : ["RSA", "-pkeyopt", `rsa_keygen_bits:${bits}`];
      const key = keys.get(kind) ?? text(openssl(["genpkey", "-algorithm", ...args]));
      keys.set(kind, key);
      return key;
    };
    const make = (extensions: readonly string[], making: Making = {}): OpensslPair => {
      const { ca: issuer = ca, key = "ec", subject = "/CN=localhost", args = [] } = making;
      const privateKey = keyOf(key);
      writeFileSync(at("key"), privateKey, { mode: 0o600 });
      writeFileSync(at("ca"), issuer.certificate);
      writeFileSync(at("ca.key"), issuer.privateKey, { mode: 0o600 });
      writeFileSync(at("extensions"), extensions.join("\n") + "\n");
      writeFileSync(at("serial"), (serial++).toString(16) + "\n");
      writeFileSync(
        at("conf"),
        `[ca]\ndefault_ca=d\n[d]\ndatabase=${at("index")}\nserial=${
          at("serial")
        }\nnew_certs_dir=${directory}\npolicy=p\n` +
          "[p]\ncommonName=supplied\n",
      );
      const csr = csrs.get(key + subject) ?? text(openssl(["req", "-new", "-key", at("key"), "-subj", subject]));
      csrs.set(key + subject, csr);
      writeFileSync(at("csr"), csr);
      const digest = args.includes("-md") ? [] : ["-md", "sha256"];
      const dates = args.includes("-startdate") ? [] : WEEK;
      openssl([
        ...["ca", "-batch", "-notext", "-config", at("conf"), "-cert", at("ca"), "-keyfile", at("ca.key")],
        ...["-in", at("csr"), "-out", at("crt"), "-extfile", at("extensions"), ...digest, ...dates, ...args],
      ]);
      return { certificate: readFileSync(at("crt"), "utf8"), privateKey };
    };
    /** A certificate of a CA between, with the certificates that lead from there to the CA after it. */
    const under = (
      nearest: OpensslPair,
      above: readonly OpensslPair[] = [],
      args: readonly string[] = [],
    ): OpensslPair => {
      const { certificate, privateKey } = make(NAMED, { ca: nearest, args });
      return {
        certificate: [certificate, nearest.certificate, ...above.map((one) => one.certificate)].join(""),
        privateKey,
      };
    };
    const between = make(CA, { key: "rsa2048", subject: "/CN=between" });
    const ending = make(["basicConstraints=critical,CA:TRUE,pathlen:0", "keyUsage=critical,keyCertSign"], {
      subject: "/CN=path ends here",
    });
    const sha1 = ["-md", "sha1"];
    return {
      ca,
      good: [
        { name: "good", ...make(NAMED) },
        { name: "RSA of 2048 bits", ...make(NAMED, { key: "rsa2048" }) },
        { name: "under a CA between", ...under(between) },
      ],
      rogue: [
        { name: "of another CA", ...make(NAMED, { ca: makeCa("another CA") }) },
        { name: "of another CA of the same name", ...make(NAMED, { ca: makeCa("certgen test CA") }) },
        { name: "signed by itself", ...selfSigned(at("self")) },
        { name: "expired", ...make(NAMED, { args: EARLIER }) },
        { name: "not valid yet", ...make(NAMED, { args: LATER }) },
        {
          name: "for another name",
          ...make([...SERVER, "subjectAltName=DNS:other.test"], { subject: "/CN=other.test" }),
        },
        { name: "for another name but its common name", ...make([...SERVER, "subjectAltName=DNS:other.test"]) },
        { name: "without a subjectAltName", ...make(SERVER) },
        { name: "with an address alone", ...make([...SERVER, "subjectAltName=IP:127.0.0.1"]) },
        { name: "for any name", ...make([...SERVER, "subjectAltName=DNS:*"]) },
        { name: "for clients", ...make(["extendedKeyUsage=clientAuth", "subjectAltName=DNS:localhost"]) },
        {
          name: "for no server, by its key usage",
          ...make([...NAMED, "keyUsage=critical,cRLSign"]),
          version: "TLSv1.3",
          endsHandshake: true,
        },
        { name: "with a critical extension that nobody knows", ...make([...NAMED, "1.2.3.4=critical,DER:0500"]) },
        { name: "signed with SHA-1", ...make(NAMED, { args: sha1 }) },
        { name: "signed with SHA-1 and RSA", ...under(between, [], sha1) },
        { name: "signed with MD5 and RSA", ...under(between, [], ["-md", "md5"]) },
        // too short for the signatures of TLS 1.3
        { name: "RSA of 512 bits", ...make(NAMED, { key: "rsa512" }), version: "TLSv1.2" },
        { name: "RSA of 1024 bits", ...make(NAMED, { key: "rsa1024" }) },
        { name: "without the CA between", ...make(NAMED, { ca: between }) },
        { name: "under a certificate of no CA", ...under(make(NAMED, { key: "rsa2048", subject: "/CN=no CA" })) },
        { name: "under a CA signed with SHA-1", ...under(make(CA, { subject: "/CN=old", args: sha1 })) },
        { name: "under a CA with RSA of 1024 bits", ...under(make(CA, { subject: "/CN=weak", key: "rsa1024" })) },
        {
          name: "under a CA that may have none under it",
          ...under(make(CA, { ca: ending, subject: "/CN=one too many" }), [ending]),
        },
        {
          name: "under a CA for other names",
          ...under(
            make([...CA, "nameConstraints=critical,permitted;DNS:example.test"], { subject: "/CN=constrained" }),
          ),
        },
      ],
    };
  });
}

function selfSigned(key: string): OpensslPair {
  const names = ["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"];
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key];
  const certificate = openssl(["req", "-x509", ...newKey, "-subj", "/CN=localhost", "-days", "7", ...names]);
  return { certificate: text(certificate), privateKey: readFileSync(key, "utf8") };
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
