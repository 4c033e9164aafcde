import { detectRuntime } from "../../../src/runtime/detect.ts";
import { peerCertificateContract } from "../../contract/runtime_peer_certificate.ts";

const runtime = await detectRuntime();
peerCertificateContract(`${runtime.name} peerCertificate`, runtime);
