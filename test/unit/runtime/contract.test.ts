import { detectRuntime } from "../../../src/runtime/detect.ts";
import { runtimeContract } from "../../contract/runtime.ts";

const runtime = await detectRuntime();
runtimeContract(runtime.name, runtime);
