// timeout: 120
import { detectRuntime } from "../../../src/runtime/detect.ts";
import { executeContract } from "../../contract/runtime_execute.ts";

const runtime = await detectRuntime();
executeContract(`${runtime.name} execute`, runtime);
